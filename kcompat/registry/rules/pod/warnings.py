"""What a client is warned of in a pod or pod template that is accepted. Called by the Rules of pods and of every kind with a template.

Answers pkg/api/pod/warnings.go:GetWarningsForPod, GetWarningsForPodTemplate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from kcompat.apimachinery import names, quantity
from kcompat.apimachinery.field import ROOT, Path
from kcompat.apimachinery.ip import ip_warnings
from kcompat.apimachinery.quote import quote
from kcompat.registry.declare import Tree
from kcompat.registry.rules.node_labels import DEPRECATED
from kcompat.registry.rules.pod import apparmor, scheduling
from kcompat.registry.rules.pod.checks import each_container
from kcompat.registry.rules.pod.security import SECCOMP_CONTAINER, SECCOMP_POD

_ANNOTATIONS: Final = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_VOLUMES: Final = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_WARNED: Final = frozenset((*_VOLUMES, "ephemeral"))
_OF_FILES: Final = frozenset(("configMap", "secret", "downwardAPI", "projected"))
_SECCOMP: Final = 'non-functional in v1.27+; use the "seccompProfile" field instead'


def name_warnings(name: str, used: str) -> list[str]:
    """A name that is no DNS label where pods take it over."""
    messages = names.is_dns1123_label(name)
    if not messages:
        return []
    shown = " ".join(messages)
    return [f"metadata.name: this is used in {used}, which can result in surprising behavior; a DNS label is recommended: [{shown}]"]


def pod_warnings(pod: Tree) -> list[str]:
    """Warnings for a new Pod."""
    name = pod["metadata"].get("name") or ""
    return name_warnings(name, "the Pod's hostname") + list(_spec_warnings(pod["spec"], pod["metadata"], ROOT, is_template=False))


def template_warnings(template: Tree | None, at: Path) -> list[str]:
    """Warnings for a pod template."""
    if template is None:
        return []
    return list(_spec_warnings(template.get("spec") or {}, template.get("metadata") or {}, at, is_template=True))


def _spec_warnings(spec: Tree, metadata: Tree, at: Path, *, is_template: bool) -> Iterator[str]:
    annotations, here = metadata.get("annotations") or {}, at.child("spec")
    yield from _node_labels(spec, here)
    for key, message in _ANNOTATIONS.items():
        if key in annotations:
            yield f"{at.child('metadata', 'annotations').key(key)}: {message}"
    for index, volume in enumerate(spec.get("volumes") or ()):
        if not _WARNED.isdisjoint(volume):
            yield from _volume(volume, here.child("volumes").index(index))
    for volume in spec.get("volumes") or ():
        if not _OF_FILES.isdisjoint(volume):
            yield from _overlapping_paths(volume)
    yield from _duplicates(spec, here)
    yield from _fractions(spec.get("overhead") or {}, here, "overhead")
    if annotations:
        yield from _profiles(spec, annotations, at, is_template)
    for container, place in each_container(spec, here):
        yield from _container(container, place)
    yield from _ports(spec, here)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        yield f"{here.child('terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1"
    yield from _null_selectors(spec, here)
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        yield from ip_warnings(here.child("dnsConfig", "nameservers").index(index), server)
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        yield from ip_warnings(here.child("hostAliases").index(index).child("ip"), alias.get("ip") or "")


def _node_labels(spec: Tree, at: Path) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if message := DEPRECATED.get(key):
            yield f"{at.child('nodeSelector').key(key)}: {message}"
    if affinity := (spec.get("affinity") or {}).get("nodeAffinity"):
        yield from _node_affinity(affinity, at.child("affinity", "nodeAffinity"))
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        place, key = at.child("topologySpreadConstraints").index(index), constraint.get("topologyKey") or ""
        if message := DEPRECATED.get(key):
            yield f"{place.child('topologyKey')}: {key} is {message}"
        if constraint.get("labelSelector") is None:
            yield f"{place.child('labelSelector')}: a null labelSelector results in matching no pod"


def _node_affinity(affinity: Tree, here: Path) -> Iterator[str]:
    for index, term in enumerate((affinity.get(scheduling.REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        yield from node_selector_term_warnings(term, here.child(scheduling.REQUIRED, "nodeSelectorTerms").index(index), values=False)
    for index, term in enumerate(affinity.get(scheduling.PREFERRED) or ()):
        place = here.child(scheduling.PREFERRED).index(index).child("preference")
        yield from node_selector_term_warnings(term.get("preference") or {}, place, values=True)


def node_selector_term_warnings(term: Tree, at: Path, *, values: bool) -> Iterator[str]:
    """pkg/api/node: GetWarningsForNodeSelectorTerm; `values` looks at label values too."""
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here, key = at.child("matchExpressions").index(index), expression.get("key") or ""
        if message := DEPRECATED.get(key):
            yield f"{here.child('key')}: {key} is {message}"
        for position, value in enumerate((expression.get("values") or ()) if values else ()):
            for message in names.is_label_value(value):
                yield f"{here.child('values').index(position)}: {value} is invalid, {message}"


def _volume(volume: Tree, at: Path) -> Iterator[str]:
    for kind, message in _VOLUMES.items():
        if volume.get(kind) is not None:
            yield f"{at.child('storageOS' if kind == 'storageos' else kind)}: {message}"
    claim = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
    if claim is not None:
        yield from claim_warnings(claim.get("spec") or {}, at.child("ephemeral", "volumeClaimTemplate", "spec"))


def claim_warnings(spec: Tree, at: Path) -> Iterator[str]:
    """pkg/api/persistentvolumeclaim: GetWarningsForPersistentVolumeClaimSpec."""
    for member in ("requests", "limits"):
        values = (spec.get("resources") or {}).get(member) or {}
        yield from _fractions(values, at, "resources", member, wanted=("storage",))


def _fractions(values: Mapping[str, str], at: Path, *more: str, wanted: Sequence[str] = ("memory", "ephemeral-storage")) -> Iterator[str]:
    for name in wanted:
        if (value := values.get(name)) and quantity.parse(value).milli_value() % 1000:
            yield f"{at.child(*more).key(name)}: fractional byte value {quote(value)} is invalid, must be an integer"


def _duplicates(spec: Tree, at: Path) -> Iterator[str]:
    for list_name, member in (("hostAliases", "ip"), ("imagePullSecrets", "name")):
        seen: set[str] = set()
        for index, item in enumerate(spec.get(list_name) or ()):
            if (value := item.get(member) or "") in seen:
                yield f"{at.child(list_name).index(index).child(member)}: duplicate {member} {quote(value)}"
            seen.add(value)
    for index, item in enumerate(spec.get("imagePullSecrets") or ()):
        if not item.get("name"):
            yield f'{at.child("imagePullSecrets").index(index).child("name")}: invalid empty name ""'


def _profiles(spec: Tree, annotations: Mapping[str, str], at: Path, is_template: bool) -> Iterator[str]:
    """Annotations of profiles without the field; those of AppArmor in pods are warned of when they are copied."""
    place, context = at.child("metadata", "annotations"), spec.get("securityContext") or {}
    if SECCOMP_POD in annotations and context.get("seccompProfile") is None:
        yield f"{place.key(SECCOMP_POD)}: {_SECCOMP}"
    for container, _ in each_container(spec, at):
        name, own = container.get("name") or "", container.get("securityContext") or {}
        if (key := SECCOMP_CONTAINER + name) in annotations and own.get("seccompProfile") is None:
            yield f"{place.key(key)}: {_SECCOMP}"
        key = apparmor.ANNOTATION + name
        if is_template and key in annotations and own.get("appArmorProfile") is None:
            of_pod = context.get("appArmorProfile")
            if of_pod is None or of_pod != apparmor.profile_of(annotations[key]):
                yield apparmor.deprecation(place.key(key))


def _container(container: Tree, at: Path) -> Iterator[str]:
    if resources := container.get("resources"):
        for name in ("memory", "ephemeral-storage"):
            for member in ("limits", "requests"):
                yield from _fractions(resources.get(member) or {}, at, "resources", member, wanted=(name,))
    seen: set[str] = set()
    for index, variable in enumerate(container.get("env") or ()):
        name, value = variable.get("name") or "", variable.get("value") or ""
        reference = f"$({name})"
        hidden = variable.get("valueFrom") is not None or value == reference or reference not in value
        if name in seen and hidden:
            place = at.child("env").index(index)
            yield f"{place}: hides previous definition of {quote(name)}, which may be dropped when using apply"
        seen.add(name)


def _ports(spec: Tree, at: Path) -> Iterator[str]:
    """Ports of different containers that collide, by number or by name."""
    everything = [
        (port, place.child("ports").index(index))
        for container, place in each_container(spec, at) for index, port in enumerate(container.get("ports") or ())
    ]
    known: dict[tuple[int, str], list[tuple[Tree, Path]]] = {}
    for port, place in everything:
        if port.get("hostIP") and not port.get("hostPort"):
            yield f"{place}: hostIP set without hostPort: {_shown(port)}"
        others = known.setdefault((port.get("containerPort") or 0, port.get("protocol") or ""), [])
        for other, other_place in others:
            if kind := _collision(port, other):
                yield f"{place}: {kind} port definition with {other_place}"
        others.append((port, place))
    by_name: dict[str, Path] = {}
    for port, place in everything:
        if not (name := port.get("name")):
            continue
        if first := by_name.get(name):
            yield f"{place}: duplicate port name {quote(name)} with {first}, services and probes that select ports by name will use {first}"
        by_name.setdefault(name, place)


def _shown(port: Tree) -> str:
    """The port as Go's %+v prints the struct."""
    return (
        f"{{Name:{port.get('name') or ''} HostPort:{port.get('hostPort') or 0} ContainerPort:{port.get('containerPort') or 0} "
        f"Protocol:{port.get('protocol') or ''} HostIP:{port.get('hostIP') or ''}}}"
    )


def _collision(port: Tree, other: Tree) -> str:
    address, other_address = port.get("hostIP") or "", other.get("hostIP") or ""
    host, other_host = port.get("hostPort") or 0, other.get("hostPort") or 0
    if address == other_address and host == other_host:
        return "duplicate"
    if not host or not other_host:
        return "overlapping"
    return "dangerously ambiguous" if host == other_host and bool(address) != bool(other_address) else ""


def _null_selectors(spec: Tree, at: Path) -> Iterator[str]:
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        if not (pods := affinity.get(name)):
            continue
        here = at.child("affinity", name)
        terms: list[tuple[Tree, Path]] = [
            (term, here.child(scheduling.REQUIRED).index(i)) for i, term in enumerate(pods.get(scheduling.REQUIRED) or ())
        ]
        terms += [
            (weighted.get("podAffinityTerm") or {}, here.child(scheduling.PREFERRED).index(i).child("podAffinityTerm"))
            for i, weighted in enumerate(pods.get(scheduling.PREFERRED) or ())
        ]
        for term, place in terms:
            if term.get("labelSelector") is None:
                yield f"{place.child('labelSelector')}: a null labelSelector results in matching no pod"


_Entry = tuple[str, str]
"""A path and where it comes from, "" if there is but one source."""


def _overlapping_paths(volume: Tree) -> Iterator[str]:
    """Files of one volume that hide one another (warningsForOverlappingVirtualPaths)."""
    name = quote(volume.get("name") or "")
    for kind, title, member in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName"), ("downwardAPI", "DownwardAPI", "")):
        source = volume.get(kind) or {}
        described = f"{title} {quote(source.get(member) or '')}" if member else title
        for overlap in _overlaps((item.get("path") or "", "") for item in source.get("items") or ()):
            yield f"volume {name} ({described}): overlapping paths: {overlap}"
    entries: list[_Entry] = []
    for source in (volume.get("projected") or {}).get("sources") or ():
        if not source:
            yield f"volume {name} (Projected) has no sources provided"
        entries += _projected_entries(source)
    for overlap in _overlaps(entries):
        yield f"volume {name} (Projected): overlapping paths: {overlap}"


def _projected_entries(source: Tree) -> list[_Entry]:
    for kind, title in (("configMap", "ConfigMap"), ("secret", "Secret"), ("downwardAPI", "")):
        if (keys := source.get(kind)) is not None and keys.get("items"):
            described = f"{title} {quote(keys.get('name') or '')}" if title else "DownwardAPI"
            return [(item.get("path") or "", described) for item in keys["items"]]
    if (token := source.get("serviceAccountToken")) is not None:
        return [(token.get("path") or "", "ServiceAccountToken")]
    if (bundle := source.get("clusterTrustBundle")) is not None:
        return [(bundle.get("path") or "", f"ClusterTrustBundle {quote(bundle.get('name') or bundle.get('signerName') or '')}")]
    certificate = source.get("podCertificate") or {}
    parts = (("certificateChainPath", "chain"), ("keyPath", "key"), ("credentialBundlePath", "credential bundle"))
    return [(certificate[member], f"PodCertificate {what}") for member, what in parts if certificate.get(member)]


def _overlaps(entries: Iterable[_Entry]) -> Iterator[str]:
    seen: list[_Entry] = []
    for path, source in entries:
        entry = (path.rstrip("/"), source)
        for other in seen:
            if entry[0] and other[0] and _is_within(entry[0], other[0]):
                yield f"{_entry_text(entry)} with {_entry_text(other)}"
        seen.append(entry)


def _is_within(left: str, right: str) -> bool:
    return f"{left}/".startswith(f"{right}/") or f"{right}/".startswith(f"{left}/")


def _entry_text(entry: _Entry) -> str:
    return f"{quote(entry[0])} ({entry[1]})" if entry[1] else quote(entry[0])
