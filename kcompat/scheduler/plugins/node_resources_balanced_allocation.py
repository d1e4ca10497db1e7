"""Prefers nodes whose resources would be used evenly (plugins/noderesources/balanced_allocation.go)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.scheduler import allocation
from kcompat.scheduler.framework import SKIP, CycleState, Handle, Scope, Scores, Status
from kcompat.scheduler.resources import pod_requests, what_requests_depend_on
from kcompat.scheduler.scores import array
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_KEY = "PreScoreNodeResourcesBalancedAllocation"


class NodeResourcesBalancedAllocation:
    name = "NodeResourcesBalancedAllocation"
    scope = Scope.PODS

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """args: NodeResourcesBalancedAllocationArgs (resources)."""
        self._resources = allocation.specs(args.get("resources"))

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        requests = pod_requests(pod)
        if not any(requests.get(spec.name, 0) for spec in self._resources):
            return SKIP
        state[_KEY] = requests
        return None

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        return int(allocation.balance_score(list(allocation.shares_of_node(self._resources, node, state[_KEY], non_zero=False))))

    def score_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Scores:
        columns = snapshot.columns()
        if columns is None:
            return array([self.score(state, pod, node) for node in snapshot.rows])
        return allocation.balance_score(list(allocation.shares_of_all(self._resources, columns, state[_KEY], non_zero=False)))

    def sign(self, pod: Tree) -> Any:
        return what_requests_depend_on(pod)
