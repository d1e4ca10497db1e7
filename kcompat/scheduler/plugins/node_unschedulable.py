"""Keeps pods off cordoned nodes, unless they tolerate that (plugins/nodeunschedulable)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery.scheduling import NO_SCHEDULE, tolerates
from kcompat.scheduler.framework import (
    NODE,
    TARGET_POD,
    Action,
    ClusterEvent,
    CycleState,
    EventToRegister,
    Handle,
    Scope,
    Status,
    unresolvable,
)
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": NO_SCHEDULE}
_REJECTED = unresolvable("node(s) were unschedulable")


class NodeUnschedulable:
    name = "NodeUnschedulable"
    scope = Scope.NODE

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        return _REJECTED if node.unschedulable and not tolerates(pod["spec"].get("tolerations") or (), _TAINT) else None

    def filter_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Mapping[int, Status]:
        cordoned = [node.row for node in snapshot.rows if node.unschedulable]
        if not cordoned or tolerates(pod["spec"].get("tolerations") or (), _TAINT):
            return {}
        return dict.fromkeys(cordoned, _REJECTED)

    def sign(self, pod: Tree) -> Any:
        return pod["spec"].get("tolerations")

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(NODE, Action.ADD | Action.UPDATE_NODE_TAINT), _became_schedulable),
            EventToRegister(ClusterEvent(TARGET_POD, Action.UPDATE_POD_TOLERATION), _now_tolerates),
        )


def _is_unschedulable(node: Tree) -> bool:
    return bool((node.get("spec") or {}).get("unschedulable"))


def _became_schedulable(pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    return new is not None and not _is_unschedulable(new) and (old is None or _is_unschedulable(old))


def _now_tolerates(pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    return new is not None and tolerates(new["spec"].get("tolerations") or (), _TAINT)
