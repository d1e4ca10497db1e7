"""What a pod asks for in all, as resource lists. Called by LimitRanger and by the measuring of quotas.

Upstream: component-helpers/resource/helpers.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kcompat.apimachinery.quantity import Quantity, from_json

Tree = Mapping[str, Any]
ResourceList = dict[str, Quantity]

_POD_LEVEL = frozenset(("cpu", "memory"))
_NONE: Tree = {}


def quantities(amounts: Mapping[str, Any] | None) -> ResourceList:
    return {name: from_json(amount) for name, amount in (amounts or {}).items()}


def of_container(container: Tree, kind: str) -> ResourceList:
    """kind: requests or limits."""
    return quantities((container.get("resources") or _NONE).get(kind))


def of_pod(spec: Tree, kind: str, pod_level: Iterable[str] = _POD_LEVEL) -> ResourceList:
    """From the spec alone: what its containers need together; what the pod itself states for the `pod_level` resources replaces the sum."""
    stated = of_container(spec, kind)
    return together(spec, lambda container: of_container(container, kind)) | {name: stated[name] for name in stated if name in pod_level}


def together(spec: Tree, amounts_of: Callable[[Tree], ResourceList]) -> ResourceList:
    """Containers and sidecars in sum, at least what each init container needs beside the sidecars before it."""
    total: ResourceList = {}
    for container in spec.get("containers") or ():
        total = added(total, amounts_of(container))
    sidecars: ResourceList = {}
    starting: ResourceList = {}
    for container in spec.get("initContainers") or ():
        own = amounts_of(container)
        if container.get("restartPolicy") == "Always":
            total, sidecars = added(total, own), added(sidecars, own)
            starting = greatest(starting, sidecars)
        else:
            starting = greatest(starting, added(sidecars, own))
    return greatest(total, starting)


def requests(pod: Tree) -> ResourceList:
    """What the pod holds now: the most of what it wants, was allocated and has, since a resize may be under way; with overhead."""
    spec = pod.get("spec") or _NONE
    allocated = _by_status(pod, lambda status: status.get("allocatedResources"), "requests")
    actual = _by_status(pod, lambda status: _actual(status, "requests", status.get("allocatedResources")), "requests")
    total = greatest(together(spec, actual), together(spec, allocated))
    return added(_with_wanted(pod, total, "requests"), quantities(spec.get("overhead")))


def limits(pod: Tree) -> ResourceList:
    """As requests; overhead is added to limits that are set."""
    spec = pod.get("spec") or _NONE
    total = _with_wanted(pod, together(spec, _by_status(pod, lambda status: _actual(status, "limits"), "limits")), "limits")
    overhead = {name: amount for name, amount in quantities(spec.get("overhead")).items() if name in total and not total[name].is_zero}
    return added(total, overhead)


def _with_wanted(pod: Tree, total: ResourceList, kind: str) -> ResourceList:
    spec = pod.get("spec") or _NONE
    if not _is_infeasible(pod):
        total = greatest(together(spec, lambda container: of_container(container, kind)), total)
    return total | {name: amount for name, amount in of_container(spec, kind).items() if is_pod_level(name)}


def _actual(status: Tree, kind: str, otherwise: Any = None) -> Any:
    found = (status.get("resources") or _NONE).get(kind)
    return otherwise if found is None else found


def _by_status(pod: Tree, found: Callable[[Tree], Any], kind: str) -> Callable[[Tree], ResourceList]:
    """Amounts of a container: what its status says, else what it wants unless that cannot be had."""
    status = pod.get("status") or _NONE
    statuses = {each.get("name"): each for field in ("initContainerStatuses", "containerStatuses") for each in status.get(field) or ()}
    infeasible = _is_infeasible(pod)

    def amounts(container: Tree) -> ResourceList:
        known = found(statuses.get(container.get("name"), _NONE))
        if known is not None:
            return quantities(known)
        return {} if infeasible else of_container(container, kind)

    return amounts


def _is_infeasible(pod: Tree) -> bool:
    """Whether a resize was asked for that the node can never do."""
    for condition in (pod.get("status") or _NONE).get("conditions") or ():
        if condition.get("type") == "PodResizePending":
            return bool(condition.get("reason") == "Infeasible")
    return False


def is_pod_level(name: str) -> bool:
    """Whether a pod can state this resource for all its containers (upstream: IsSupportedPodLevelResource)."""
    return name in _POD_LEVEL or name.startswith("hugepages-")


def has_pod_level(spec: Tree) -> bool:
    """Whether the pod states resources for all its containers (upstream: IsPodLevelResourcesSet)."""
    stated = spec.get("resources") or _NONE
    return any(is_pod_level(name) for kind in ("requests", "limits") for name in stated.get(kind) or ())


def added(left: ResourceList, right: ResourceList) -> ResourceList:
    return left | {name: left[name] + amount if name in left else amount for name, amount in right.items()}


def greatest(left: ResourceList, right: ResourceList) -> ResourceList:
    return left | {name: amount for name, amount in right.items() if name not in left or amount > left[name]}
