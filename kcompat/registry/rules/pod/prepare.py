"""What a pod's creator or updater may not decide, and what creation works out. Called by the Rules of pods and of kinds with a template.

Answers pkg/registry/core/pod/strategy.go (PrepareForCreate, PrepareForUpdate) and pkg/api/pod/util.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import resource_list
from kcompat.registry.rules.pod.apparmor import sync_apparmor

_INIT_CONTAINER_ANNOTATIONS = tuple(
    f"pod.{stage}.kubernetes.io/{what}" for stage in ("alpha", "beta") for what in ("init-containers", "init-container-statuses")
)

Pattern = tuple[str, ...]
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


def _each(lists: Iterable[str], *steps: str) -> tuple[Pattern, ...]:
    return tuple((name, "*", *steps) for name in lists)


_USER_FIELDS: tuple[Pattern, ...] = (
    *(("volumes", "*", kind, "defaultUser") for kind in ("secret", "configMap", "downwardAPI", "projected")),
    *(("volumes", "*", kind, "items", "*", "user") for kind in ("secret", "configMap", "downwardAPI")),
    *(("volumes", "*", "projected", "sources", "*", kind, "items", "*", "user") for kind in ("secret", "configMap", "downwardAPI")),
    *(("volumes", "*", "projected", "sources", "*", k, "user") for k in ("serviceAccountToken", "clusterTrustBundle", "podCertificate")),
)

DISABLED_SPEC_FIELDS: Mapping[str, tuple[Pattern, ...]] = {
    "AtomicWriteVolumeUserFields": _USER_FIELDS,
    "ContainerStopSignals": _each(_CONTAINERS, "lifecycle", "stopSignal"),
    "EmptyDirVolumeMode": (("volumes", "*", "emptyDir", "mode"),),
    "EvictionRequestAPI": (("evictionResponders",),),
    "GenericWorkload": (("schedulingGroup",),),
    "GRPCContainerProbeTLS": tuple(p for probe in _PROBES for p in _each(_CONTAINERS, probe, "grpc", "mode")),
    "H2CContainerProbe": (
        *(p for probe in _PROBES for p in _each(_CONTAINERS, probe, "httpGet", "protocol")),
        *(p for hook in ("postStart", "preStop") for p in _each(_CONTAINERS, "lifecycle", hook, "httpGet", "protocol")),
    ),
    "VolumeBindMountOptions": _each(_CONTAINERS, "volumeMounts", "*", "bindMountOptions"),
}
"""Fields of a pod spec whose feature gate is off in 1.37, by gate: dropped unless the old object uses one of them."""

DISABLED_STATUS_FIELDS: Mapping[str, tuple[Pattern, ...]] = {
    "CSIVolumeHealth": (("volumeHealth",),),
    "DRANodeAllocatableResources": (("nodeAllocatableResourceClaimStatuses",),),
    "ImageVolumeWithDigest": _each(_STATUSES, "volumeMounts", "*", "volumeStatus"),
}

_Trie = dict[str, Any]


def _trie(patterns: Iterable[tuple[str, Pattern]]) -> _Trie:
    """Patterns that share their beginning are walked once. A leaf is the gate's name."""
    root: _Trie = {}
    for gate, pattern in patterns:
        node = root
        for step in pattern[:-1]:
            node = node.setdefault(step, {})
        node[pattern[-1]] = gate
    return root


def _compiled(table: Mapping[str, tuple[Pattern, ...]]) -> _Trie:
    return _trie((gate, pattern) for gate, patterns in table.items() for pattern in patterns)


_SPEC_TRIE, _STATUS_TRIE = _compiled(DISABLED_SPEC_FIELDS), _compiled(DISABLED_STATUS_FIELDS)


def _find(tree: Tree, trie: _Trie) -> Iterator[tuple[Tree, str, str]]:
    """(holder, member, gate) of every disabled field that is set."""
    for step in trie.keys() & tree.keys():
        below, value = trie[step], tree[step]
        if isinstance(below, str):
            yield tree, step, below
        elif "*" in below:
            for item in value or ():
                yield from _find(item, below["*"])
        elif value:
            yield from _find(value, below)


def _drop_disabled(tree: Tree, old: Tree | None, trie: _Trie) -> None:
    found = list(_find(tree, trie))
    if not found:
        return
    in_use = {gate for _, _, gate in _find(old, trie)} if old else set()
    for holder, member, gate in found:
        if gate not in in_use:
            del holder[member]


def drop_disabled_spec_fields(spec: Tree, old: Tree | None) -> None:
    """Removes what disabled features would add, unless the old spec has it already (dropDisabledFields)."""
    with_signal = [c for name in _CONTAINERS for c in spec.get(name) or () if "stopSignal" in (c.get("lifecycle") or ())]
    _drop_disabled(spec, old, _SPEC_TRIE)
    for container in with_signal:  # a lifecycle that held nothing else goes with it
        if not container["lifecycle"]:
            del container["lifecycle"]


def drop_disabled_template_fields(template: Tree | None, old: Tree | None) -> None:
    """DropDisabledTemplateFields."""
    if template:
        drop_disabled_spec_fields(template.get("spec") or {}, (old or {}).get("spec"))
        _drop_init_container_annotations(template)


def drop_disabled_pod_fields(pod: Tree, old: Tree | None) -> None:
    """DropDisabledPodFields."""
    spec, before = pod.get("spec") or {}, (old or {}).get("spec")
    if spec is not before:
        drop_disabled_spec_fields(spec, before)
    _drop_init_container_annotations(pod)
    _drop_disabled(pod.get("status") or {}, (old or {}).get("status"), _STATUS_TRIE)


def _drop_init_container_annotations(tree: Tree) -> None:
    annotations = (tree.get("metadata") or {}).get("annotations")
    if annotations and not annotations.keys().isdisjoint(_INIT_CONTAINER_ANNOTATIONS):
        kept = {key: value for key, value in annotations.items() if key not in _INIT_CONTAINER_ANNOTATIONS}
        tree["metadata"] = {**tree["metadata"], "annotations": kept}


def prepare_pod_for_create(pod: Tree) -> None:
    """podStrategy.PrepareForCreate. The store sets metadata.generation to 1."""
    spec = pod["spec"]
    status: Tree = {"phase": "Pending"}
    pod["status"] = status
    drop_disabled_pod_fields(pod, None)
    if spec.get("schedulingGates"):
        status["conditions"] = [_gated_condition(pod)]
    _merge_label_keys(pod)
    sync_apparmor(pod)
    default_pod_level_resources(spec)
    status["qosClass"] = resource_list.qos_class(spec)


def _gated_condition(pod: Tree) -> Tree:
    """applySchedulingGatedCondition; the moment is that of creation."""
    return {
        "type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": meta.creation_timestamp(pod) or None,
        "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates",
    }


def _merge_label_keys(pod: Tree) -> None:
    """Turns matchLabelKeys into requirements of the selectors (mutatePodAffinity, mutateTopologySpreadConstraints)."""
    spec, labels = pod["spec"], meta.labels(pod)
    if affinity := spec.get("affinity"):
        for name in ("podAffinity", "podAntiAffinity"):
            kind = affinity.get(name) or {}
            for weighted in kind.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
                _merge_into_selector(weighted.get("podAffinityTerm") or {}, labels)
            for term in kind.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
                _merge_into_selector(term, labels)
    for constraint in spec.get("topologySpreadConstraints") or ():
        _merge_into_selector(constraint, labels)


def _merge_into_selector(term: Tree, labels: Mapping[str, str]) -> None:
    selector = term.get("labelSelector")
    if selector is None:  # matches nothing, so there is nothing to narrow
        return
    added = [
        {"key": key, "operator": operator, "values": [labels[key]]}
        for member, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in term.get(member) or () if key in labels
    ]
    if added:
        term["labelSelector"] = {**selector, "matchExpressions": [*(selector.get("matchExpressions") or ()), *added]}


def default_pod_level_resources(spec: Tree) -> None:
    """Completes spec.resources from the containers, in the order that each step needs (DefaultPodLevelResources)."""
    resources = spec.get("resources") or {}
    if resources.get("requests") or resources.get("limits"):
        _default_huge_page_limits(spec, resources)
        _default_pod_requests(spec, resources)
        _default_pod_limits(spec, resources)


def _set(resources: Tree, member: str, values: Mapping[str, str]) -> None:
    if values:
        resources[member] = {**(resources.get(member) or {}), **values}


def _default_huge_page_limits(spec: Tree, resources: Tree) -> None:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    _set(resources, "limits", {
        name: str(total) for name, total in resource_list.aggregate(spec, "limits").items()
        if resource_list.is_huge_page(name) and name not in requests and name not in limits
    })


def _default_pod_requests(spec: Tree, resources: Tree) -> None:
    requests = resources.get("requests") or {}
    _set(resources, "requests", {
        name: str(total) for name, total in resource_list.aggregate(spec, "requests").items()
        if name not in requests and resource_list.is_supported_at_pod_level(name) and resource_list.is_overcommit_allowed(name)
    })
    requests = resources.get("requests") or {}
    _set(resources, "requests", {
        name: limit for name, limit in (resources.get("limits") or {}).items()
        if name not in requests and resource_list.is_supported_at_pod_level(name)
    })


def _default_pod_limits(spec: Tree, resources: Tree) -> None:
    """Where every container has a limit, so has the pod: their sum, or the pod's request if that is more."""
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    containers = [c for name in _CONTAINERS for c in spec.get(name) or ()]
    candidates = [
        name for name in requests
        if name not in limits and resource_list.is_supported_at_pod_level(name)
        and all(name in resource_list.limits_of(container) for container in containers)
    ]
    if candidates:
        totals = resource_list.aggregate(spec, "limits")
        _set(resources, "limits", {
            name: str(max(resource_list.amount(requests, name), totals[name])) for name in candidates if name in totals
        })
