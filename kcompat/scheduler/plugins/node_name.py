"""Keeps pods that name their node to that node (plugins/nodename)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.scheduler.framework import (
    NODE,
    SKIP,
    Action,
    ClusterEvent,
    CycleState,
    EventToRegister,
    Handle,
    PreFilterResult,
    Scope,
    Status,
    unresolvable,
)
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]


class NodeName:
    name = "NodeName"
    scope = Scope.NODE

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        wanted = pod["spec"].get("nodeName")
        return PreFilterResult(frozenset((wanted,))) if wanted else SKIP

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        wanted = pod["spec"].get("nodeName")
        return unresolvable("node(s) didn't match the requested node name") if wanted and wanted != node.name else None

    def sign(self, pod: Tree) -> Any:
        return pod["spec"].get("nodeName")

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (EventToRegister(ClusterEvent(NODE, Action.ADD)),)
