"""What services and pods have to do with each other: who is behind a service, at which port, and since when.

Pure functions, and a memory of trigger times; shared by the controllers of endpoint slices and endpoints.
Upstream: k8s.io/endpointslice util/controller_utils.go, utils.go, util/trigger_time_tracker.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.selectors import from_labels
from kcompat.client.interface import Tree
from kcompat.client.store import Store
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import spec_of, status_of

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"


def has_pods(service: Tree) -> bool:
    """The service chooses pods; others are somebody else's business."""
    return spec_of(service).get("type") != "ExternalName" and spec_of(service).get("selector") is not None


def is_headless(service: Tree) -> bool:
    return spec_of(service).get("clusterIP") in (None, "", "None")


def behind(service: Tree, pods: Store) -> list[Tree]:
    return pods.list(meta.namespace(service), from_labels(spec_of(service)["selector"]))


def services_of(pod: Tree, services: Store) -> set[str]:
    """Keys of the services that choose the pod."""
    labels = meta.labels(pod)
    return {
        meta.key(service)
        for service in services.list(meta.namespace(pod))
        if (selector := spec_of(service).get("selector")) is not None and from_labels(selector).matches(labels)
    }


def services_changed(old: Tree | None, new: Tree | None, services: Store) -> set[str]:
    """Keys of the services to which a change of a pod makes a difference (upstream: GetPodUpdateProjectionKey, GetServicesToUpdate)."""
    if old is None or new is None:
        pod = new or old
        return services_of(pod, services) if pod is not None else set()
    changed = _visible(old) != _visible(new)
    if _membership(old) == _membership(new):
        return services_of(new, services) if changed else set()
    before, after = services_of(old, services), services_of(new, services)
    return before | after if changed else before ^ after


def _membership(pod: Tree) -> tuple[object, ...]:
    return meta.labels(pod), spec_of(pod).get("hostname"), spec_of(pod).get("subdomain")


def _visible(pod: Tree) -> tuple[object, ...]:
    return meta.deletion_timestamp(pod), podutil.is_ready(pod), addresses(pod), podutil.is_terminal(pod)


def addresses(pod: Tree) -> list[str]:
    return [item["ip"] for item in status_of(pod).get("podIPs") or () if item.get("ip")]


def belongs(pod: Tree, *, terminating: bool) -> bool:
    """It runs and has an address; terminating: whether pods that are being deleted count (upstream: ShouldPodBeInEndpoints)."""
    if podutil.is_terminal(pod) or not (status_of(pod).get("podIP") or addresses(pod)):
        return False
    return terminating or not meta.is_being_deleted(pod)


def hostname(pod: Tree, service: Tree) -> str:
    """The name under which DNS is to know the pod of a headless service; "" if it has none."""
    spec = spec_of(pod)
    return (spec.get("hostname") or "") if spec.get("subdomain") == meta.name(service) else ""


def target_port(pod: Tree, port: Tree) -> int | None:
    """The pod's port for a port of a service; None: the pod has none of that name (upstream: FindPort)."""
    target = port.get("targetPort")
    if not isinstance(target, str):
        return int(target or 0)
    spec = spec_of(pod)
    sidecars = [item for item in spec.get("initContainers") or () if item.get("restartPolicy") == "Always"]
    for container in (*(spec.get("containers") or ()), *sidecars):
        for found in container.get("ports") or ():
            if found.get("name") == target and found.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return int(found["containerPort"])
    return None


def pod_reference(pod: Tree) -> Tree:
    return {"kind": "Pod", "namespace": meta.namespace(pod), "name": meta.name(pod), "uid": meta.uid(pod)}


class TriggerTimes:
    """Since when endpoints are what they are about to be written as, by service: the earliest change not written yet."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, str]] = {}

    def changed(self, service: Tree, pods: Iterable[Tree]) -> str | None:
        """The time to write down; None: nothing that has a time changed (upstream: ComputeEndpointLastChangeTriggerTime)."""
        key, times = meta.key(service), {}
        for pod in pods:
            ready = podutil.condition(pod, "Ready")
            if ready is not None and ready.get("lastTransitionTime"):
                times[meta.name(pod)] = ready["lastTransitionTime"]
        before = self._pods.get(key)
        self._pods[key] = times
        if before is None:
            return meta.creation_timestamp(service)
        moments = [parse_rfc3339(time) for name, time in times.items() if time > before.get(name, "")]
        return rfc3339(min(moments)) if moments else None

    def forget(self, key: str) -> None:
        self._pods.pop(key, None)
