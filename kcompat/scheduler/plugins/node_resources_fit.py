"""Keeps pods off nodes without room for them, and prefers the emptier ones by default (plugins/noderesources/fit.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kcompat.scheduler import allocation
from kcompat.scheduler.columns import Columns
from kcompat.scheduler.framework import (
    ASSIGNED_POD,
    NODE,
    TARGET_POD,
    Action,
    ClusterEvent,
    Code,
    CycleState,
    EventToRegister,
    Handle,
    PreFilterResult,
    Scope,
    Scores,
    Status,
)
from kcompat.scheduler.resources import (
    CPU,
    EPHEMERAL_STORAGE,
    MEMORY,
    Amounts,
    is_extended,
    is_scalar,
    non_zero_requests,
    pod_requests,
    what_requests_depend_on,
)
from kcompat.scheduler.scores import array
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_FILTER_KEY = "PreFilterNodeResourcesFit"
_SCORE_KEY = "PreScoreNodeResourcesFit"
_TOO_MANY = "Too many pods"
_NATIVE = (CPU, MEMORY, EPHEMERAL_STORAGE)


class NodeResourcesFit:
    name = "NodeResourcesFit"
    scope = Scope.PODS

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """args: NodeResourcesFitArgs (ignoredResources, ignoredResourceGroups, scoringStrategy). Raises ValueError."""
        strategy = args.get("scoringStrategy") or {}
        self._ignored = frozenset(args.get("ignoredResources") or ())
        self._ignored_groups = frozenset(args.get("ignoredResourceGroups") or ())
        self._resources = allocation.specs(strategy.get("resources"))
        self._strategy = _strategy(strategy)

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        state[_FILTER_KEY] = dict(self._checked(pod_requests(pod)))
        return None

    def _checked(self, requests: Amounts) -> Iterator[tuple[str, int]]:
        for name, value in requests.items():
            ignored = is_extended(name) and (name in self._ignored or name.partition("/")[0] in self._ignored_groups)
            if value > 0 and (name in _NATIVE or is_scalar(name)) and not ignored:
                yield name, value

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        requests: Amounts = state[_FILTER_KEY]
        full = len(node.pods) + 1 > node.allowed_pods
        allocatable, taken = node.allocatable, node.requested
        for name, value in requests.items():
            if value > allocatable.get(name, 0) - taken.get(name, 0):
                return _rejection(full, [n for n, v in requests.items() if v > allocatable.get(n, 0) - taken.get(n, 0)],
                                  never=any(v > allocatable.get(n, 0) for n, v in requests.items()))
        return _rejection(full, (), never=False) if full else None

    def filter_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Mapping[int, Status]:
        columns = snapshot.columns()
        if columns is None:
            answers = ((node.row, self.filter(state, pod, node)) for node in snapshot.rows)
            return {row: status for row, status in answers if status is not None}
        return _reject_by_column(columns, state[_FILTER_KEY])

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        requests = pod_requests(pod)
        cpu, memory = non_zero_requests(pod, requests)
        state[_SCORE_KEY] = {**requests, CPU: cpu, MEMORY: memory}
        return None

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        shares = allocation.shares_of_node(self._resources, node, state[_SCORE_KEY], non_zero=True)
        return int(allocation.allocation_score(shares, self._strategy))

    def score_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Scores:
        columns = snapshot.columns()
        if columns is None:
            return array([self.score(state, pod, node) for node in snapshot.rows])
        shares = allocation.shares_of_all(self._resources, columns, state[_SCORE_KEY], non_zero=True)
        return allocation.allocation_score(shares, self._strategy)

    def sign(self, pod: Tree) -> Any:
        return what_requests_depend_on(pod)

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(ASSIGNED_POD, Action.DELETE)),
            EventToRegister(ClusterEvent(NODE, Action.ADD | Action.UPDATE_NODE_ALLOCATABLE), self._node_has_room),
            EventToRegister(ClusterEvent(ASSIGNED_POD, Action.UPDATE_POD_SCALE_DOWN), self._other_shrank),
            EventToRegister(ClusterEvent(TARGET_POD, Action.UPDATE_POD_SCALE_DOWN)),
        )

    def _node_has_room(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        if new is None:
            return False
        requests = dict(self._checked(pod_requests(pod)))
        after, before = NodeInfo("", 0), NodeInfo("", 0)
        after.set_node(new)
        if after.allowed_pods < 1 or any(value > after.allocatable.get(name, 0) for name, value in requests.items()):
            return False
        if old is None:
            return True
        before.set_node(old)
        if after.allowed_pods > before.allowed_pods:
            return True
        return any(after.allocatable.get(name, 0) > before.allocatable.get(name, 0) for name in requests)

    def _other_shrank(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        if old is None or new is None:
            return False
        before, after = pod_requests(old), pod_requests(new)
        return any(before.get(name, 0) > after.get(name, 0) for name, value in pod_requests(pod).items() if value)


def _strategy(configured: Mapping[str, Any]) -> allocation.Strategy:
    kind = configured.get("type") or "LeastAllocated"
    if kind == "RequestedToCapacityRatio":
        return allocation.requested_to_capacity_ratio((configured.get("requestedToCapacityRatio") or {}).get("shape") or ())
    strategies = {"LeastAllocated": allocation.least_allocated, "MostAllocated": allocation.most_allocated}
    if kind not in strategies:
        raise ValueError(f"scoring strategy {kind} is not supported")
    return strategies[kind]


def _rejection(full: bool, short: Sequence[str], *, never: bool) -> Status:
    """never: even an empty node would be too small."""
    reasons = ((_TOO_MANY,) if full else ()) + tuple(f"Insufficient {name}" for name in short)
    return Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE if never else Code.UNSCHEDULABLE, reasons)


def _reject_by_column(columns: Columns, requests: Amounts) -> Mapping[int, Status]:
    """One bit a reason and row, one Status a combination of reasons."""
    names = list(requests)
    failed: Any = (columns.pods + 1 > columns.allowed_pods).astype("int64")
    never: Any = failed * 0
    for bit, name in enumerate(names, 1):
        allocatable = columns.column(name, columns.allocatable)
        failed += (requests[name] > allocatable - columns.column(name, columns.requested)).astype("int64") << bit
        never |= requests[name] > allocatable
    statuses: dict[tuple[int, int], Status] = {}
    found: dict[int, Status] = {}
    rows = failed.nonzero()[0]
    for row, bits, hopeless in zip(rows.tolist(), failed[rows].tolist(), never[rows].tolist(), strict=True):
        status = statuses.get((bits, hopeless))
        if status is None:
            short = [name for bit, name in enumerate(names, 1) if bits >> bit & 1]
            status = statuses[bits, hopeless] = _rejection(bool(bits & 1), short, never=bool(hopeless))
        found[row] = status
    return found
