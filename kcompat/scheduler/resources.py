"""How much a pod asks for. Called by the snapshot, the queue and the resource plugins.

Answers component-helpers/resource/helpers.go. Amounts are integers: cpu in thousandths, everything else whole units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from kcompat.apimachinery import quantity

Tree = Mapping[str, Any]
Amounts = dict[str, int]

CPU = "cpu"
MEMORY = "memory"
EPHEMERAL_STORAGE = "ephemeral-storage"
PODS = "pods"

DEFAULT_MILLI_CPU = 100
"""What a container without requests counts as in scores (pkg/scheduler/util/pod_resources.go)."""
DEFAULT_MEMORY = 200 * 1024 * 1024

_DEFAULTS = {CPU: DEFAULT_MILLI_CPU, MEMORY: DEFAULT_MEMORY}
_EMPTY: Mapping[str, Any] = {}


@lru_cache(maxsize=4096)
def amount(resource: str, text: str | int | float) -> int:
    """A quantity in the resource's unit, rounded up."""
    value = quantity.from_json(text)
    return value.milli_value() if resource == CPU else value.value()


def amounts(quantities: Mapping[str, Any] | None) -> Amounts:
    """A resource list (`{"cpu": "1"}`) in integers."""
    return {name: amount(name, text) for name, text in quantities.items()} if quantities else {}


def is_scalar(name: str) -> bool:
    """Is it a resource the scheduler counts beside cpu, memory and ephemeral storage (util.IsScalarResourceName)?"""
    return "/" in name or name.startswith(("hugepages-", "attachable-volumes-"))


def is_counted(name: str) -> bool:
    return name in (CPU, MEMORY, EPHEMERAL_STORAGE) or is_scalar(name)


def is_extended(name: str) -> bool:
    """Is it a resource from outside kubernetes.io (v1helper.IsExtendedResourceName)?"""
    if "/" not in name or "kubernetes.io/" in name:
        return False
    return not name.startswith("requests.")


def is_sidecar(container: Tree) -> bool:
    """An init container that keeps running beside the others."""
    return container.get("restartPolicy") == "Always"


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value


def _maximum(total: Amounts, other: Mapping[str, int]) -> None:
    for name, value in other.items():
        if value > total.get(name, -1):
            total[name] = value


def _aggregate(spec: Tree, requests_of: Callable[[Tree], Amounts]) -> Amounts:
    """Containers together, or the init container that needs most beside the sidecars before it (aggregateContainerResourcesByFn)."""
    total: Amounts = {}
    for container in spec.get("containers", ()):
        _add(total, requests_of(container))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        requests = requests_of(container)
        if is_sidecar(container):
            _add(total, requests)
            _add(sidecars, requests)
            _maximum(peak, sidecars)
        else:
            _add(requests, sidecars)
            _maximum(peak, requests)
    _maximum(total, peak)
    return total


def _spec_requests(container: Tree) -> Amounts:
    return amounts((container.get("resources") or _EMPTY).get("requests"))


def _statuses(pod: Tree) -> dict[str, Tree]:
    status = pod.get("status") or _EMPTY
    return {entry["name"]: entry for key in ("initContainerStatuses", "containerStatuses") for entry in status.get(key) or ()}


def _resize_infeasible(pod: Tree) -> bool:
    for condition in (pod.get("status") or _EMPTY).get("conditions") or ():
        if condition.get("type") == "PodResizePending":
            return bool(condition.get("reason") == "Infeasible")
    return False


def _running_requests(pod: Tree, complete: Callable[[Amounts], Amounts]) -> Amounts:
    """The largest of wanted, allocated and actuated, since a resize may be under way (AggregateContainerRequests)."""
    statuses, infeasible = _statuses(pod), _resize_infeasible(pod)

    def allocated(container: Tree) -> Amounts:
        found = statuses.get(container["name"], _EMPTY).get("allocatedResources")
        if found is not None:
            return complete(amounts(found))
        return complete({} if infeasible else _spec_requests(container))

    def actuated(container: Tree) -> Amounts:
        found = (statuses.get(container["name"], _EMPTY).get("resources") or _EMPTY).get("requests")
        return complete(amounts(found)) if found is not None else allocated(container)

    total = _aggregate(pod["spec"], allocated)
    _maximum(total, _aggregate(pod["spec"], actuated))
    if not infeasible:
        _maximum(total, _aggregate(pod["spec"], lambda container: complete(_spec_requests(container))))
    return total


def _is_resizing(pod: Tree) -> bool:
    """May what runs differ from what the spec asks for? Cheap and rarely true."""
    statuses = _statuses(pod)
    for container in _all_containers(pod["spec"]):
        status = statuses.get(container["name"])
        if status is None:
            continue
        wanted = (container.get("resources") or _EMPTY).get("requests")
        for found in (status.get("allocatedResources"), (status.get("resources") or _EMPTY).get("requests")):
            if found is not None and found != wanted:
                return True
    return False


def _all_containers(spec: Tree) -> Iterator[Tree]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers", ())


def _pod_level(pod: Tree) -> Amounts:
    """Requests of the pod as a whole, which replace the containers' sum (IsSupportedPodLevelResource)."""
    spec, status = pod["spec"], pod.get("status") or _EMPTY
    requests = (spec.get("resources") or _EMPTY).get("requests") or _EMPTY
    wanted = {name: amount(name, text) for name, text in requests.items() if name in (CPU, MEMORY) or name.startswith("hugepages-")}
    running = (status.get("resources") or _EMPTY).get("requests")
    if not wanted or running is None:
        return wanted
    effective = {} if _resize_infeasible(pod) else dict(wanted)
    _maximum(effective, amounts(running))
    _maximum(effective, amounts(status.get("allocatedResources")))
    return effective


def _requests(pod: Tree, defaults: Mapping[str, int]) -> Amounts:
    def complete(requests: Amounts) -> Amounts:
        return {**defaults, **requests} if defaults else requests

    if _is_resizing(pod):
        total = _running_requests(pod, complete)
    else:
        total = _aggregate(pod["spec"], lambda container: complete(_spec_requests(container)))
    total.update(_pod_level(pod))
    if overhead := pod["spec"].get("overhead"):
        _add(total, amounts(overhead))
    return total


def pod_requests(pod: Tree) -> Amounts:
    """What the pod takes of a node, keyed by resource; only resources somebody named (PodRequests)."""
    return _requests(pod, _EMPTY)


def non_zero_requests(pod: Tree, requests: Amounts) -> tuple[int, int]:
    """(thousandths of cpu, bytes of memory) for scores, where a container that asks for nothing counts as something
    (framework/types.go: getNonMissingContainerRequests)."""
    if all(_names_both(container) for container in _all_containers(pod["spec"])):
        return requests.get(CPU, 0), requests.get(MEMORY, 0)
    defaults: Mapping[str, int] = _DEFAULTS
    if _pod_level(pod):
        defaults = {name: value for name, value in _DEFAULTS.items() if name not in requests}
    complete = _requests(pod, defaults) if defaults else requests
    return complete.get(CPU, 0), complete.get(MEMORY, 0)


def _names_both(container: Tree) -> bool:
    requests = (container.get("resources") or _EMPTY).get("requests") or _EMPTY
    return CPU in requests and MEMORY in requests


def what_requests_depend_on(pod: Tree) -> Any:
    """A JSON tree that is equal for pods that ask for the same; cheaper than asking."""
    spec = pod["spec"]
    init = [((c.get("resources") or _EMPTY).get("requests"), c.get("restartPolicy")) for c in spec.get("initContainers") or ()]
    return ([(c.get("resources") or _EMPTY).get("requests") for c in spec.get("containers", ())], init, spec.get("resources"),
            spec.get("overhead"))
