"""Keeps pods off nodes where their host ports are taken (plugins/nodeports)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.scheduler.framework import (
    ASSIGNED_POD,
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
    unschedulable,
)
from kcompat.scheduler.snapshot import NodeInfo, Snapshot, conflicts, host_ports

Tree = dict[str, Any]

_KEY = "PreFilterNodePorts"
_REJECTED = unschedulable("node(s) didn't have free ports for the requested pod ports")


class NodePorts:
    name = "NodePorts"
    scope = Scope.PODS

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        ports = host_ports(pod["spec"])
        if not ports:
            return SKIP
        state[_KEY] = ports
        return None

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        return _REJECTED if node.ports and any(conflicts(port, node.ports) for port in state[_KEY]) else None

    def sign(self, pod: Tree) -> Any:
        return host_ports(pod["spec"])

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(ASSIGNED_POD, Action.DELETE), _frees_a_port),
            EventToRegister(ClusterEvent(NODE, Action.ADD)),
        )


def _frees_a_port(pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    freed = host_ports(old["spec"]) if old is not None else ()
    return any(conflicts(port, freed) for port in host_ports(pod["spec"]))
