"""Watches over nodes: marks those whose kubelet went silent and the pods on them, and keeps taints in step with conditions.

Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go. Evicting pods from tainted nodes is another controller's work; how
fast nodes get the taint that does it, `node_zones.py` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.scheduling import NO_EXECUTE, NO_SCHEDULE
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import NODES, PODS, ResourceType
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, status_of
from kcompat.controllers.node_zones import Zones

LEASES = ResourceType("coordination.k8s.io", "v1", "leases", "Lease")
LEASE_NAMESPACE = "kube-node-lease"
MONITOR_SECONDS = 5.0

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_BY_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_OURS = {*_BY_CONDITION.values(), UNSCHEDULABLE}
_OPPOSITE = {NOT_READY: UNREACHABLE, UNREACHABLE: NOT_READY}
_OLD_LABELS = {"kubernetes.io/os": "beta.kubernetes.io/os", "kubernetes.io/arch": "beta.kubernetes.io/arch"}
_POSTED_BY_KUBELET = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_NEVER, _STOPPED = "Kubelet never posted node status.", "Kubelet stopped posting node status."


def unscheduled(node: Tree, now: str) -> list[Tree]:
    """The node's taints with those that keep pods from being scheduled as its conditions and spec.unschedulable want them."""
    conditions = {c["type"]: c["status"] for c in meta.conditions(node)}
    wanted = [taint for (kind, status), taint in _BY_CONDITION.items() if conditions.get(kind) == status]
    if spec_of(node).get("unschedulable"):
        wanted.append(UNSCHEDULABLE)
    taints = spec_of(node).get("taints") or ()
    kept = [t for t in taints if t["effect"] != NO_SCHEDULE or t["key"] not in _OURS or t["key"] in wanted]
    present = {t["key"] for t in kept if t["effect"] == NO_SCHEDULE}
    return [*kept, *(_taint(key, NO_SCHEDULE, now) for key in sorted(set(wanted) - present))]


def given_up(node: Tree, taints: Sequence[Tree], now: str, zones: Zones, seconds: float) -> list[Tree]:
    """These taints with the one that evicts pods, if the node is not ready and it is its turn (upstream: processTaintBaseEviction)."""
    ready = meta.find_condition(meta.conditions(node), "Ready")
    if ready is None:
        return list(taints)
    key = _BY_CONDITION.get(("Ready", ready["status"]))
    present = {taint["key"] for taint in taints if taint["effect"] == NO_EXECUTE and taint["key"] in _OPPOSITE}
    others = [taint for taint in taints if taint["effect"] != NO_EXECUTE or taint["key"] not in _OPPOSITE]
    if key is None or zones.all_disrupted:
        return others
    if key in present:
        return [taint for taint in taints if taint["effect"] != NO_EXECUTE or taint["key"] != _OPPOSITE[key]]
    if _OPPOSITE[key] in present or zones.may_give_up(node, seconds):
        return [*others, _taint(key, NO_EXECUTE, now)]
    return list(taints)


def _taint(key: str, effect: str, now: str) -> Tree:
    return {"key": key, "effect": effect, "timeAdded": now}


def relabelled(node: Tree) -> Mapping[str, str]:
    """The labels, the old names saying what the new ones do (upstream: reconcileNodeLabels)."""
    labels = meta.labels(node)
    return {**labels, **{old: labels[new] for new, old in _OLD_LABELS.items() if new in labels}}


def silent_conditions(node: Tree, now: str) -> Sequence[Tree] | None:
    """The conditions of a node whose kubelet went silent; None when they say so already."""
    conditions = {c["type"]: c for c in status_of(node).get("conditions") or ()}
    changed = dict(conditions)
    for kind in _POSTED_BY_KUBELET:
        before = conditions.get(kind)
        if before is None:
            changed[kind] = _condition(kind, "NodeStatusNeverUpdated", _NEVER, meta.creation_timestamp(node), now)
        elif before["status"] != "Unknown":
            changed[kind] = _condition(kind, "NodeStatusUnknown", _STOPPED, before.get("lastHeartbeatTime") or now, now)
    return None if changed == conditions else list(changed.values())


def _condition(kind: str, reason: str, message: str, heartbeat: str, now: str) -> Tree:
    return {
        "type": kind,
        "status": "Unknown",
        "lastHeartbeatTime": heartbeat,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


@controller("node-lifecycle-controller", account="node-controller", workers=8)
class NodeLifecycleController:
    """Keys are names of nodes. A node is looked at when it changes, and again when its kubelet could be late."""

    def __init__(self, context: Context) -> None:
        self._queue = context.queue
        self._clock, self._settings = context.clock, context.settings
        self._recorder = context.recorder
        self._client, self._pods_client = context.client.of(NODES), context.client.of(PODS)
        self._zones = Zones()
        self._trusted_since = datetime.min.replace(tzinfo=UTC)
        """When nodes began to be heard, first or after none was: silence counts from there."""
        self._unmarked: dict[str, set[str]] = {}
        """Pods by node that are to be marked as not ready."""
        self._nodes = context.watch(NODES, self._node_changed)
        self._pods = context.watch(PODS, self._pod_changed, {podutil.NODE: podutil.nodes_of})
        self._leases = context.watch(LEASES)

    def _node_changed(self, old: Tree | None, new: Tree | None) -> None:
        was_disrupted = self._zones.all_disrupted
        if new is not None:
            self._zones.put(new)
            self._queue.add(meta.name(new))
            if old is None:
                self._record(new, "RegisteredNode", f"Registered Node {meta.name(new)} in Controller")
        elif old is not None:
            self._zones.drop(meta.name(old))
            self._unmarked.pop(meta.name(old), None)
            self._record(old, "RemovingNode", f"Removing Node {meta.name(old)} from Controller")
        if was_disrupted != self._zones.all_disrupted:
            self._trusted_since = self._clock.now() if was_disrupted else self._trusted_since
            for node in self._nodes:
                self._queue.add(meta.name(node))

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        """A pod that comes to a node that is not ready is not ready either."""
        name = podutil.node_name(new) if new is not None else ""
        if new is None or not name or (old is not None and podutil.node_name(old) == name):
            return
        node = self._nodes.get("", name)
        if node is not None and _is_known_not_ready(node):
            self._unmarked.setdefault(name, set()).add(meta.key(new))
            self._queue.add(name)

    def _record(self, node: Tree, reason: str, what: str) -> None:
        self._recorder.event(node, NORMAL, reason, f"Node {meta.name(node)} event: {what}", resource=NODES)

    async def reconcile(self, key: str) -> float | None:
        node = self._nodes.get("", key)
        if node is None or meta.is_being_deleted(node):
            return None
        try:
            if not await self._found_silent(node):
                await self._update(node)
        except StatusError as error:
            if error.reason not in ("Conflict", "NotFound"):
                raise
        await self._mark_pods(key)
        return MONITOR_SECONDS

    async def _found_silent(self, node: Tree) -> bool:
        """Whether the node's conditions were changed because its kubelet is silent; the change comes back here."""
        now = self._clock.now()
        if now - self._last_heard(node) < self._patience(node):
            return False
        conditions = silent_conditions(node, rfc3339(now))
        if conditions is None:
            return False
        await self._client.update_status({**node, "status": {**status_of(node), "conditions": list(conditions)}})
        if meta.is_condition_true(meta.conditions(node), "Ready"):
            name = meta.name(node)
            self._recorder.event(node, NORMAL, "NodeNotReady", f"Node {name} status is now: NodeNotReady", resource=NODES)
            self._unmarked.setdefault(name, set()).update(meta.key(pod) for pod in self._pods.by_index(podutil.NODE, name))
        return True

    def _last_heard(self, node: Tree) -> datetime:
        heard = [parse_rfc3339(meta.creation_timestamp(node)), self._trusted_since]
        lease = self._leases.get(LEASE_NAMESPACE, meta.name(node))
        if lease is not None and (renewed := spec_of(lease).get("renewTime")):
            heard.append(parse_rfc3339(renewed))
        ready = meta.find_condition(meta.conditions(node), "Ready")
        if ready is not None and ready.get("lastHeartbeatTime"):
            heard.append(parse_rfc3339(ready["lastHeartbeatTime"]))
        return max(heard)

    def _patience(self, node: Tree) -> timedelta:
        ready = meta.find_condition(meta.conditions(node), "Ready")
        settings = self._settings
        return timedelta(seconds=settings.node_grace if ready is not None else settings.node_startup_grace)

    async def _update(self, node: Tree) -> None:
        now = rfc3339(self._clock.now())
        taints = given_up(node, unscheduled(node, now), now, self._zones, self._clock.monotonic())
        labels = relabelled(node)
        if taints != (spec_of(node).get("taints") or []) or labels != meta.labels(node):
            changed = meta.with_metadata(node, labels=labels) if labels else node
            await self._client.update({**changed, "spec": {**spec_of(node), "taints": taints}})

    async def _mark_pods(self, name: str) -> None:
        """Those that fail stay to be marked with the next attempt (upstream: MarkPodsNotReady)."""
        for key in sorted(self._unmarked.get(name, ())):
            if (pod := self._pods.by_key(key)) is not None and podutil.node_name(pod) == name:
                await self._mark(pod)
            self._unmarked[name].discard(key)
        self._unmarked.pop(name, None)

    async def _mark(self, pod: Tree) -> None:
        ready = meta.find_condition(meta.conditions(pod), "Ready")
        if ready is None or ready["status"] == "False":
            return
        conditions = meta.set_condition(meta.conditions(pod), {**ready, "status": "False", "lastTransitionTime": None}, rfc3339(self._clock.now()))
        try:
            await self._pods_client.update_status({**pod, "status": {**status_of(pod), "conditions": list(conditions)}})
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            return
        self._recorder.event(pod, WARNING, "NodeNotReady", "Node is not ready", resource=PODS)


def _is_known_not_ready(node: Tree) -> bool:
    ready = meta.find_condition(meta.conditions(node), "Ready")
    return ready is not None and ready["status"] != "True"
