"""Watches over nodes: marks those whose kubelet went silent, and keeps their taints in step with their conditions.

Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go. Evicting pods from tainted nodes is another controller's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import NODES, ResourceType
from kcompat.controllers.controller import Context, controller, spec_of, status_of

LEASES = ResourceType("coordination.k8s.io", "v1", "leases", "Lease")
LEASE_NAMESPACE = "kube-node-lease"
MONITOR_SECONDS = 5.0
GRACE = timedelta(seconds=50)
"""How long a kubelet may be silent (upstream: --node-monitor-grace-period)."""
STARTUP_GRACE = timedelta(seconds=60)

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
_POSTED_BY_KUBELET = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
_NEVER, _STOPPED = "Kubelet never posted node status.", "Kubelet stopped posting node status."


def wanted_taints(node: Tree, now: str) -> list[Tree]:
    """The node's taints as its conditions and spec.unschedulable want them; others stay as they are."""
    conditions = {c["type"]: c["status"] for c in status_of(node).get("conditions") or ()}
    keys = [taint for (kind, status), taint in _BY_CONDITION.items() if conditions.get(kind) == status]
    if spec_of(node).get("unschedulable"):
        keys.append(UNSCHEDULABLE)
    wanted = {(key, "NoSchedule") for key in keys} | {(key, "NoExecute") for key in keys if key in (NOT_READY, UNREACHABLE)}
    kept = [t for t in spec_of(node).get("taints") or () if _is_foreign(t) or (t["key"], t["effect"]) in wanted]
    present = {(t["key"], t["effect"]) for t in kept}
    return [*kept, *(_taint(key, effect, now) for key, effect in sorted(wanted - present))]


def _is_foreign(taint: Tree) -> bool:
    return taint["key"] not in _OURS or (taint["effect"] == "NoExecute" and taint["key"] not in (NOT_READY, UNREACHABLE))


def _taint(key: str, effect: str, now: str) -> Tree:
    return {"key": key, "effect": effect, "timeAdded": now}


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
        self._clock = context.clock
        self._recorder = context.recorder
        self._client = context.client.of(NODES)
        self._nodes = context.watch(NODES, context.enqueue)
        self._leases = context.watch(LEASES)

    async def reconcile(self, key: str) -> float | None:
        node = self._nodes.get("", key)
        if node is None or meta.is_being_deleted(node):
            return None
        try:
            node = await self._watch_over(node)
            await self._taint(node)
        except StatusError as error:
            if error.reason not in ("Conflict", "NotFound"):
                raise
        return MONITOR_SECONDS

    async def _watch_over(self, node: Tree) -> Tree:
        now = self._clock.now()
        if now - self._last_heard(node) < self._patience(node):
            return node
        conditions = silent_conditions(node, rfc3339(now))
        if conditions is None:
            return node
        status = {**status_of(node), "conditions": list(conditions)}
        return await self._client.update_status({**node, "status": status})

    def _last_heard(self, node: Tree) -> datetime:
        heard = [parse_rfc3339(meta.creation_timestamp(node))]
        lease = self._leases.get(LEASE_NAMESPACE, meta.name(node))
        if lease is not None and (renewed := spec_of(lease).get("renewTime")):
            heard.append(parse_rfc3339(renewed))
        ready = meta.find_condition(meta.conditions(node), "Ready")
        if ready is not None and ready.get("lastHeartbeatTime"):
            heard.append(parse_rfc3339(ready["lastHeartbeatTime"]))
        return max(heard)

    def _patience(self, node: Tree) -> timedelta:
        ready = meta.find_condition(meta.conditions(node), "Ready")
        return GRACE if ready is not None else STARTUP_GRACE

    async def _taint(self, node: Tree) -> None:
        taints = wanted_taints(node, rfc3339(self._clock.now()))
        if taints != (spec_of(node).get("taints") or []):
            await self._client.update({**node, "spec": {**spec_of(node), "taints": taints}})
