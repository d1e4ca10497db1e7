"""PersistentVolume (upstream: pkg/registry/core/persistentvolume, pkg/apis/core/validation: ValidatePersistentVolume*)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, SystemClock, rfc3339
from kcompat.apimachinery.field import ROOT, FieldError, Path, forbidden, invalid, not_supported, required
from kcompat.apimachinery.names import byte_length, is_in_range, name_is_dns_label, name_is_dns_subdomain
from kcompat.apimachinery.validation import immutable
from kcompat.registry.declare import Rules, Tree, keep
from kcompat.registry.rules.fields import dns_label, dns_subdomain, messages, one_of
from kcompat.registry.rules.immutability import changes
from kcompat.registry.rules.node_labels import expression_warnings
from kcompat.registry.rules.pod.defaults import default_volume
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod.options import NEW_TEMPLATE
from kcompat.registry.rules.pod.resource_list import round_up_to_milli
from kcompat.registry.rules.pod.scheduling import node_selector
from kcompat.registry.rules.pod.volumes import _SOURCES as POD_SOURCES
from kcompat.registry.rules.pod.volumes import csi_driver_name
from kcompat.registry.rules.quantities import basic, positive
from kcompat.registry.rules.volume_claim import ACCESS_MODES, VOLUME_MODES

Rule = Callable[[Tree, Path, str], list[FieldError]]
"""(source, its path, the volume's name) → errors."""
_SPEC: Final = Path("spec")
_TERMS: Final = _SPEC.child("nodeAffinity", "required", "nodeSelectorTerms")
_INITIATORS: Final = {
    "iqn": r"iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)$", "eui": "^eui.[a-zA-Z0-9]{16}$", "naa": "^naa.[a-zA-Z0-9]{32}$",
}
"""By how a name begins, what it looks like."""
_RECLAIM: Final = ("Delete", "Recycle", "Retain")
_SOURCE_FIXED: Final = "spec.persistentvolumesource is immutable after creation"
_TWICE: Final = "may not specify more than 1 volume type"
_MOUNT_OPTIONS: Final = "volume.beta.kubernetes.io/mount-options"
_DEPRECATED: Final = {
    "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead',
    _MOUNT_OPTIONS: 'deprecated since v1.31; use "mountOptions" attribute instead',
}
_GONE: Final = {
    "cephfs": "v1.28, non-functional in v1.31+", "photonPersistentDisk": "v1.11, non-functional in v1.16+",
    "scaleIO": "v1.16, non-functional in v1.22+", "storageos": "v1.22, non-functional in v1.25+",
    "glusterfs": "v1.25, non-functional in v1.26+", "rbd": "v1.28, non-functional in v1.31+",
}
_TAKE_OPTIONS: Final = (
    "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi", "cinder", "cephfs", "azureFile",
    "vsphereVolume", "azureDisk", "photonPersistentDisk",
)
_BETA_LABELS: Final = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch", "beta.kubernetes.io/os": "kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}


def _as_in_pods(name: str) -> Rule:
    return lambda source, path, volume_name: [*POD_SOURCES[name](source, path, NEW_TEMPLATE)]


def _with_namespaced_secret(name: str) -> Rule:
    def rule(source: Tree, path: Path, volume_name: str) -> list[FieldError]:
        errors, secret = [*POD_SOURCES[name](source, path, NEW_TEMPLATE)], source.get("secretRef")
        return errors + ([required(path.child("secretRef", "namespace"))] if secret is not None and not secret.get("namespace") else [])

    return rule


def _glusterfs(source: Tree, path: Path, volume_name: str) -> list[FieldError]:
    errors, namespace = [*POD_SOURCES["glusterfs"](source, path, NEW_TEMPLATE)], source.get("endpointsNamespace")
    at = path.child("endpointsNamespace")
    if namespace == "":
        errors.append(invalid(at, namespace, "if the endpointnamespace is set, it must be a valid namespace name"))
    return errors + (messages(namespace, at, name_is_dns_label) if namespace else [])


def _iscsi(source: Tree, path: Path, volume_name: str) -> list[FieldError]:
    """As in pods, in other words and another order (validateISCSIPersistentVolumeSource)."""
    portal, name, lun, initiator = source.get("targetPortal", ""), source.get("iqn", ""), source.get("lun", 0), source.get("initiatorName")
    errors = [] if portal else [required(path.child("targetPortal"))]
    if initiator is not None and byte_length(f"{volume_name}:{portal}") > 64:
        detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."
        errors.append(invalid(path.child("targetportal"), portal, detail))
    errors += _initiator(name, path.child("iqn")) if name else [required(path.child("iqn"))]
    errors += messages(lun, path.child("lun"), lambda number: is_in_range(number, 0, 255))
    secret = source.get("secretRef")
    if secret is None and (source.get("chapAuthDiscovery") or source.get("chapAuthSession")):
        errors.append(required(path.child("secretRef")))
    if secret is not None and not secret.get("name"):
        errors.append(required(path.child("secretRef", "name")))
    return errors + (_initiator(initiator, path.child("initiatorname")) if initiator is not None else [])


def _initiator(name: str, path: Path) -> list[FieldError]:
    pattern = _INITIATORS.get(name[:3])
    return [] if pattern and re.search(pattern, name) else [invalid(path, name, "must be valid format")]


def _azure_file(source: Tree, path: Path, volume_name: str) -> list[FieldError]:
    errors = [*POD_SOURCES["azureFile"](source, path, NEW_TEMPLATE)]
    return errors + ([required(path.child("secretNamespace"))] if source.get("secretNamespace") == "" else [])


def _local(source: Tree, path: Path, volume_name: str) -> list[FieldError]:
    where, at = source.get("path", ""), path.child("path")
    return [required(at)] if not where else [invalid(at, where, "must not contain '..'")] if ".." in where.split("/") else []


def _csi(source: Tree, path: Path, volume_name: str) -> list[FieldError]:
    errors = csi_driver_name(source.get("driver", ""), path.child("driver"))
    if not source.get("volumeHandle"):
        errors.append(required(path.child("volumeHandle")))
    for name in ("controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"):
        if source.get(name) is not None:
            errors += _secret_reference(source[name], path.child(name))
    return errors


def _secret_reference(reference: Tree, path: Path) -> list[FieldError]:
    """validatePVSecretReference."""
    name, namespace = reference.get("name"), reference.get("namespace")
    errors = dns_subdomain(name, path.child("name")) if name else [required(path.child("name"))]
    return errors + (dns_label(namespace, path.child("namespace")) if namespace else [required(path.child("namespace"))])


_SOURCES: Final[dict[str, Rule]] = {
    **{name: _as_in_pods(name) for name in ("hostPath", "gcePersistentDisk", "awsElasticBlockStore")},
    "glusterfs": _glusterfs,
    **{name: _as_in_pods(name) for name in ("flocker", "nfs", "rbd", "quobyte", "cephfs")},
    "iscsi": _iscsi,
    "cinder": _with_namespaced_secret("cinder"),
    **{name: _as_in_pods(name) for name in ("fc", "flexVolume")},
    "azureFile": _azure_file,
    **{name: _as_in_pods(name) for name in ("vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "scaleIO")},
    "local": _local,
    "storageos": _with_namespaced_secret("storageos"),
    "csi": _csi,
}
"""In the order upstream looks for them."""
_PLACES: Final = {"gcePersistentDisk": "persistentDisk"}
_CONFLICT_PLACES: Final = {"cephfs": "cephFS"}
"""Where upstream's paths differ from the fields' names."""


def _validate_sources(spec: Tree, path: Path, volume_name: str) -> list[FieldError]:
    present = [name for name in _SOURCES if spec.get(name) is not None]
    errors = []
    for index, name in enumerate(present):
        if index and name != "flexVolume":
            errors.append(forbidden(path.child(_CONFLICT_PLACES.get(name, name)), _TWICE))
            continue
        errors += _SOURCES[name](spec[name], path.child(_PLACES.get(name, name)), volume_name)
        if name == "local" and spec.get("nodeAffinity") is None:
            errors.append(required(path.child("nodeAffinity"), "Local volume requires node affinity"))
    return errors if present else [required(path, "must specify a volume type")]


def validate_access_modes(modes: Sequence[str], path: Path) -> list[FieldError]:
    errors = [not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        errors.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return errors


def _capacity(capacity: Tree, path: Path) -> list[FieldError]:
    errors = [] if capacity else [required(path)]
    if capacity.keys() != {"storage"}:
        errors.append(not_supported(path, dict(sorted(capacity.items())) or None, ("storage",)))
    for name, text in capacity.items():
        errors += basic(text, path.key(name)) + positive(text, path.key(name))
    return errors


def _node_affinity(affinity: Tree | None, path: Path, allow_invalid_values: bool = False) -> list[FieldError]:
    if affinity is None:
        return []
    if affinity.get("required") is None:
        return [required(path.child("required"), "must specify required node constraints")]
    return node_selector(affinity["required"], path.child("required"), allow_invalid_values=allow_invalid_values)


def _class_names(spec: Tree, path: Path) -> list[FieldError]:
    name, mode = spec.get("storageClassName"), spec.get("volumeMode")
    errors = messages(name, path.child("storageClassName"), name_is_dns_subdomain) if name else []
    return errors + (one_of(mode, path.child("volumeMode"), VOLUME_MODES) if mode is not None else [])


def _attributes_class(spec: Tree, path: Path) -> list[FieldError]:
    name, at = spec.get("volumeAttributesClassName"), path.child("volumeAttributesClassName")
    if name is None:
        return []
    errors = messages(name, at, name_is_dns_subdomain) if name else [required(at, "an empty string is disallowed")]
    missing = spec.get("csi") is None
    return errors + ([required(path.child("csi"), "has to be specified when using volumeAttributesClassName")] if missing else [])


def _common(spec: Tree, path: Path, volume_name: str) -> list[FieldError]:
    """Sources, and the one policy that a source rules out."""
    errors = _validate_sources(spec, path, volume_name)
    root = spec.get("hostPath") is not None and posixpath.normpath(spec["hostPath"].get("path") or ".") == "/"
    if root and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        errors.append(forbidden(path.child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'"))
    return errors


def _modes(spec: Tree, path: Path) -> list[FieldError]:
    modes, at = spec.get("accessModes") or (), path.child("accessModes")
    return validate_access_modes(modes, at) if modes else [required(at)]


def validate_inline_volume(spec: Tree, path: Path) -> list[FieldError]:
    """The spec of a volume inside a VolumeAttachment: CSI, and little else (ValidatePersistentVolumeSpec, inline)."""
    context = "in the context of inline volumes"
    errors = [forbidden(path.child(name), f"may not be specified {context}") for name in ("claimRef", "capacity") if spec.get(name)]
    if spec.get("csi") is None:
        errors.append(required(path.child("csi"), f"has to be specified {context}"))
    errors += _modes(spec, path)
    if spec.get("persistentVolumeReclaimPolicy") not in (None, "", "Retain"):
        errors.append(forbidden(path.child("persistentVolumeReclaimPolicy"), f"may only be Retain {context}"))
    if spec.get("nodeAffinity") is not None:
        errors.append(forbidden(path.child("nodeAffinity"), f"may not be specified {context}"))
    errors += _common(spec, path, "")
    if spec.get("storageClassName"):
        errors.append(forbidden(path.child("storageClassName"), f"may not be specified {context}"))
    if spec.get("volumeMode") not in (None, "Filesystem"):
        errors.append(forbidden(path.child("volumeMode"), f"may not specify volumeMode other than Filesystem {context}"))
    return errors


def _validate_volume(volume: Tree, allow_invalid_values: bool = False) -> list[FieldError]:
    spec, path = volume["spec"], _SPEC
    policy = spec.get("persistentVolumeReclaimPolicy")
    errors = _modes(spec, path) + _capacity(spec.get("capacity") or {}, path.child("capacity"))
    errors += one_of(policy, path.child("persistentVolumeReclaimPolicy"), _RECLAIM) if policy else []
    errors += _node_affinity(spec.get("nodeAffinity"), path.child("nodeAffinity"), allow_invalid_values)
    errors += _common(spec, path, meta.name(volume)) + _class_names(spec, path) + _attributes_class(spec, path)
    if _MOUNT_OPTIONS in meta.annotations(volume) and not any(spec.get(name) is not None for name in _TAKE_OPTIONS):
        at = Path("metadata", "annotations").child(_MOUNT_OPTIONS)
        errors.append(forbidden(at, "may not specify mount options for this volume type"))
    return errors


def _source_of(spec: Tree, old: Tree | None = None) -> Tree:
    """The spec's volume source alone; a secret for expansion that `old` lacks may be added."""
    source = {name: spec[name] for name in _SOURCES if spec.get(name) is not None}
    secret = "controllerExpandSecretRef"
    if old and "csi" in source and old.get("csi") is not None and old["csi"].get(secret) is None:
        source["csi"] = {name: value for name, value in source["csi"].items() if name != secret}
    return source


def _affinity_kept(new: Tree | None, old: Tree | None) -> bool:
    """Unchanged, but for labels that went from beta to GA (validatePvNodeAffinity)."""
    if new == old or not new or not old:
        return new == old
    terms, before = (meta.get(affinity, ("required", "nodeSelectorTerms"), ()) for affinity in (new, old))
    return len(terms) == len(before) and all(map(_term_kept, terms, before))


def _term_kept(new: Tree, old: Tree) -> bool:
    if (new.get("matchFields") or []) != (old.get("matchFields") or []):
        return False
    items, before = new.get("matchExpressions") or (), old.get("matchExpressions") or ()
    return len(items) == len(before) and all(map(_requirement_kept, items, before))


def _requirement_kept(new: Tree, old: Tree) -> bool:
    is_ga = new["key"] != old["key"] and _BETA_LABELS.get(old["key"]) == new["key"]
    return new == ({**old, "key": new["key"]} if is_ga else old)


class PersistentVolumeRules(Rules):
    """The clock tells when the phase changed."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def default(self, obj: Tree) -> None:
        spec, status = obj["spec"], obj["status"]
        status["phase"] = status.get("phase") or "Pending"
        spec["persistentVolumeReclaimPolicy"] = spec.get("persistentVolumeReclaimPolicy") or "Retain"
        spec.setdefault("volumeMode", "Filesystem")
        default_volume(spec)
        round_up_to_milli(spec.get("capacity") or {})

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {"phase": "Pending", "lastPhaseTransitionTime": rfc3339(self.clock.now())}

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "spec")
        status, before, name = new["status"], old["status"], "lastPhaseTransitionTime"
        if status.get("phase") == before.get("phase"):
            if status.get(name) is None and before.get(name) is not None:
                status[name] = before[name]
        elif status.get(name) in (None, before.get(name)):
            status[name] = rfc3339(self.clock.now())

    def validate(self, obj: Tree) -> list[FieldError]:
        return _validate_volume(obj)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        spec, before = new["spec"], old["spec"]
        known = before.get("nodeAffinity")
        errors = _validate_volume(new, allow_invalid_values=bool(known and _node_affinity(known, _SPEC)))
        source, was = _source_of(spec, before), _source_of(before)
        if source != was:
            shown = changes(*(go_form(tree, "core/v1.PersistentVolumeSource") for tree in (was, source)))
            errors.append(forbidden(_SPEC.child("persistentvolumesource"), f"{_SOURCE_FIXED}\n{shown}"))
        errors += immutable(spec.get("volumeMode"), before.get("volumeMode"), Path("volumeMode"))
        if known is not None and not _affinity_kept(spec.get("nodeAffinity"), known):
            shown = go_form(spec.get("nodeAffinity"), "core/v1.VolumeNodeAffinity")
            errors.append(invalid(Path("nodeAffinity"), shown, "field is immutable, except for updating from beta label to GA"))
        name = "volumeAttributesClassName"
        if before.get(name) is not None and spec.get(name) is None:
            errors.append(forbidden(_SPEC.child(name), "update from non-nil value to nil is forbidden"))
        return errors

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        spec, annotations = new["spec"], ROOT.child("metadata", "annotations")
        found = [f"{annotations.key(key)}: {text}" for key, text in _DEPRECATED.items() if key in meta.annotations(new)]
        if spec.get("persistentVolumeReclaimPolicy") == "Recycle":
            advice = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
            found.append(f"spec.persistentVolumeReclaimPolicy: {advice}")
        terms = meta.get(spec, ("nodeAffinity", "required", "nodeSelectorTerms"), ())
        for index, term in enumerate(terms):
            found += expression_warnings(term.get("matchExpressions"), _TERMS.index(index).child("matchExpressions"))
        for name, since in _GONE.items():
            if spec.get(name) is not None:
                found.append(f"spec.{'storageOS' if name == 'storageos' else name}: deprecated in {since}")
        return found
