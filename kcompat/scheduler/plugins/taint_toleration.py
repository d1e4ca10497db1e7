"""Keeps pods off nodes with taints they do not tolerate, and prefers nodes with fewer soft ones (plugins/tainttoleration)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery.scheduling import PREFER_NO_SCHEDULE, tolerates, untolerated_taint
from kcompat.scheduler.framework import (
    NODE,
    TARGET_POD,
    Action,
    ClusterEvent,
    CycleState,
    EventToRegister,
    Handle,
    Scope,
    Scores,
    Status,
    unresolvable,
)
from kcompat.scheduler.scores import array, default_normalize
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_KEY = "PreScoreTaintToleration"
_REJECTED = unresolvable("node(s) had untolerated taint(s)")


class TaintToleration:
    name = "TaintToleration"
    scope = Scope.NODE

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        if not node.taints:
            return None
        return _REJECTED if untolerated_taint(node.taints, pod["spec"].get("tolerations") or ()) else None

    def filter_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Mapping[int, Status]:
        tolerations = pod["spec"].get("tolerations") or ()
        return {node.row: _REJECTED for node in snapshot.rows if node.taints and untolerated_taint(node.taints, tolerations)}

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        tolerations = pod["spec"].get("tolerations") or ()
        state[_KEY] = [toleration for toleration in tolerations if (toleration.get("effect") or PREFER_NO_SCHEDULE) == PREFER_NO_SCHEDULE]
        return None

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        if not node.taints:
            return 0
        soft = (taint for taint in node.taints if taint.get("effect") == PREFER_NO_SCHEDULE)
        return sum(not tolerates(state[_KEY], taint) for taint in soft)

    def score_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Scores:
        return array([self.score(state, pod, node) if node.taints else 0 for node in snapshot.rows])

    def normalize_score(self, state: CycleState, scores: Scores, rows: Sequence[int]) -> Scores:
        return default_normalize(scores, reverse=True)

    def sign(self, pod: Tree) -> Any:
        return pod["spec"].get("tolerations")

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(NODE, Action.ADD | Action.UPDATE_NODE_TAINT), _became_tolerable),
            EventToRegister(ClusterEvent(TARGET_POD, Action.UPDATE_POD_TOLERATION)),
        )


def _became_tolerable(pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    tolerations = pod["spec"].get("tolerations") or ()

    def tolerable(node: Tree) -> bool:
        return untolerated_taint((node.get("spec") or {}).get("taints") or (), tolerations) is None

    return new is not None and tolerable(new) and (old is None or not tolerable(old))
