"""The decision: a pod and a snapshot in, a node or the reason why not out. No I/O. Called by loop.py.

Answers pkg/scheduler/schedule_one.go: schedulePod.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from kcompat.scheduler import framework as fw
from kcompat.scheduler.diagnosis import FitError, NoNodesAvailable
from kcompat.scheduler.evaluation import Evaluation, Filters
from kcompat.scheduler.framework import Code, CycleState, Status
from kcompat.scheduler.profile import Profile
from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

Tree = dict[str, Any]

_TEMPLATES = 128
"""Templates whose evaluation is kept."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The pod goes to `node_name`; `state` is for the extension points that follow."""

    node_name: str
    state: CycleState


class Cycle:
    """Decides for one profile. Keeps the evaluations of the templates seen last."""

    def __init__(self, profile: Profile, snapshot: Snapshot) -> None:
        self.profile = profile
        self.snapshot = snapshot
        self._evaluations: OrderedDict[bytes, Evaluation] = OrderedDict()
        self._current: Filters | None = None
        handle = profile.handle
        handle.run_filters = self._run_filters
        handle.pod_added, handle.pod_removed = self._pod_added, self._pod_removed

    def decide(self, pod: PodInfo) -> Decision:
        """Raises FitError, NoNodesAvailable or PluginError."""
        if not len(self.snapshot):
            raise NoNodesAvailable
        if (nominated := (pod.pod.get("status") or {}).get("nominatedNodeName")) and (decision := self._try(pod, nominated)):
            return decision
        evaluation = self.evaluate(pod)
        row = evaluation.best()
        if row is None:
            raise FitError(len(self.snapshot), evaluation.diagnosis())
        return Decision(self.snapshot.rows[row].name, evaluation.state)

    def evaluate(self, pod: PodInfo) -> Evaluation:
        """All nodes' verdicts and scores; those of an earlier pod of the template brought up to date where that can be."""
        key = self._signature(pod)
        if key is None:
            return Evaluation(self.profile, pod, self.snapshot)
        evaluation = self._evaluations.get(key)
        if evaluation is None or not evaluation.refresh(pod):
            evaluation = self._evaluations[key] = Evaluation(self.profile, pod, self.snapshot)
            if len(self._evaluations) > _TEMPLATES:
                self._evaluations.popitem(last=False)
        self._evaluations.move_to_end(key)
        return evaluation

    def post_filter(self, pod: PodInfo, error: FitError) -> fw.PostFilterResult | None:
        """Runs PostFilter and adds its message to the error. None: leave the pod's nomination as it is."""
        result: fw.PostFilterResult | None = None
        state = CycleState()
        filters = Filters(self.profile, pod, self.snapshot, state)
        if filters.failure is not None and filters.failure.code is Code.UNSCHEDULABLE_AND_UNRESOLVABLE:
            # upstream's first PostFilter plugin, DynamicResources, fails without the state its own PreFilter did not get to write
            error.diagnosis.post_filter_message = "not found"
            return None
        rejected = self._complete(error)
        reasons: list[str] = []
        self._current = filters
        try:
            for plugin in self.profile.post_filter:
                answer, status = plugin.post_filter(state, pod.pod, self.snapshot, rejected)
                result = answer or result
                if status.code is not Code.UNSCHEDULABLE:
                    reasons = list(status.reasons)
                    break
                reasons += status.reasons
            return result
        finally:
            self._current = None
            error.diagnosis.post_filter_message = ", ".join(reasons)

    def _complete(self, error: FitError) -> Mapping[int, Status]:
        """A status for every row."""
        rejected = error.diagnosis.rejected
        if len(rejected) == len(self.snapshot):
            return rejected
        return {row: rejected.get(row, error.diagnosis.absent) for row in range(len(self.snapshot))}

    def _try(self, pod: PodInfo, name: str) -> Decision | None:
        """The nominated node first: room was made there for this pod (evaluateNominatedNode)."""
        node = self.snapshot.node(name)
        if node is None:
            return None
        state = CycleState()
        filters = Filters(self.profile, pod, self.snapshot, state)
        if filters.failure is not None or (filters.names is not None and name not in filters.names):
            return None
        return Decision(name, state) if filters.verdict(node) is None else None

    def _signature(self, pod: PodInfo) -> bytes | None:
        """Equal for pods that all plugins treat alike; None if a plugin cannot tell (framework/runtime: SignPod)."""
        if self.profile.signers is None:
            return None
        try:
            parts = [signer.sign(pod.pod) for signer in self.profile.signers]
        except fw.Unsignable:
            return None
        return orjson.dumps([pod.priority, pod.namespace, parts], option=orjson.OPT_SORT_KEYS)

    def _run_filters(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        filters = self._current
        if filters is None or filters.failure is not None:
            return filters.failure if filters else None
        present, filters.state = filters.state, state
        try:
            return filters.verdict(node)
        finally:
            filters.state = present

    def _pod_added(self, state: CycleState, pod: Tree, added: PodInfo, node: NodeInfo) -> None:
        for plugin in self._counting():
            plugin.add_pod(state, pod, added, node)

    def _pod_removed(self, state: CycleState, pod: Tree, removed: PodInfo, node: NodeInfo) -> None:
        for plugin in self._counting():
            plugin.remove_pod(state, pod, removed, node)

    def _counting(self) -> list[Any]:
        active = self._current.active if self._current else ()
        return [plugin for plugin in active if hasattr(plugin, "add_pod")]
