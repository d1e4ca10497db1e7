"""Holds back pods with scheduling gates (plugins/schedulinggates)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.scheduler.framework import TARGET_POD, Action, ClusterEvent, EventToRegister, Handle, Status, unresolvable

Tree = dict[str, Any]


class SchedulingGates:
    name = "SchedulingGates"

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""

    def pre_enqueue(self, pod: Tree) -> Status | None:
        gates = pod["spec"].get("schedulingGates")
        if not gates:
            return None
        return unresolvable(f"waiting for scheduling gates: [{' '.join(gate['name'] for gate in gates)}]")

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (EventToRegister(ClusterEvent(TARGET_POD, Action.UPDATE_POD_SCHEDULING_GATES_ELIMINATED)),)
