"""Spreads matching pods over topology domains: hard constraints filter, soft ones and the defaults score (plugins/podtopologyspread)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.scheduling import HOSTNAME, required_node_affinity, untolerated_taint
from kcompat.apimachinery.selectors import NOTHING, LabelSelector, SelectorError, from_label_selector, from_labels
from kcompat.client.resources import REPLICA_SETS, REPLICATION_CONTROLLERS, SERVICES, STATEFUL_SETS
from kcompat.scheduler.counting import PodCounter, Vector, by_domain, domains_among, spread
from kcompat.scheduler.framework import (
    ASSIGNED_POD,
    MAX_NODE_SCORE,
    NODE,
    SKIP,
    TARGET_POD,
    Action,
    ClusterEvent,
    CycleState,
    EventToRegister,
    Handle,
    Listers,
    PreFilterResult,
    Scope,
    Scores,
    Status,
    unresolvable,
    unschedulable,
)
from kcompat.scheduler.scores import is_array
from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

try:
    import numpy
except ImportError:  # pragma: no cover - the extra `scale` is not installed
    numpy = None  # type: ignore[assignment]

Tree = dict[str, Any]

_FILTER_KEY = "PreFilterPodTopologySpread"
_SCORE_KEY = "PreScorePodTopologySpread"
_MISMATCH = unschedulable("node(s) didn't match pod topology spread constraints")
_NO_LABEL = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)")
_NOBODY = 2**31 - 1
_EMPTY: Mapping[str, Any] = {}

SYSTEM_DEFAULTS: tuple[Mapping[str, Any], ...] = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 3},
    {"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 5},
)


@dataclass(frozen=True, slots=True)
class Constraint:
    max_skew: int
    key: str
    selector: LabelSelector
    min_domains: int
    honor_affinity: bool
    honor_taints: bool

    def selects(self, pod: PodInfo, namespace: str) -> bool:
        return not pod.terminating and pod.namespace == namespace and self.selector.matches(pod.labels)


@dataclass(slots=True)
class _Hard:
    """PreFilter's state: matching pods by domain, for each constraint."""

    constraints: list[Constraint]
    totals: list[dict[str, int]]

    def clone(self) -> _Hard:
        return _Hard(self.constraints, [dict(totals) for totals in self.totals])

    def least(self, index: int) -> int:
        totals = self.totals[index]
        return 0 if len(totals) < self.constraints[index].min_domains else min(totals.values(), default=_NOBODY)


@dataclass(slots=True)
class _Soft:
    """PreScore's state: each row's raw score, and the rows that lack a topology."""

    scores: Vector
    ignored: frozenset[int]


class PodTopologySpread:
    name = "PodTopologySpread"
    scope = Scope.CLUSTER
    watches = (SERVICES, REPLICATION_CONTROLLERS, REPLICA_SETS, STATEFUL_SETS)

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """args: PodTopologySpreadArgs (defaultConstraints, defaultingType)."""
        self._system_defaulted = (args.get("defaultingType") or "System") == "System"
        self._defaults: Sequence[Mapping[str, Any]] = SYSTEM_DEFAULTS if self._system_defaulted else args.get("defaultConstraints") or ()
        self._listers = handle.listers
        self._snapshot = handle.snapshot
        self._counter = PodCounter(handle.snapshot)

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        constraints = self._constraints(pod, "DoNotSchedule")
        if not constraints:
            return SKIP
        rows = [row for row, node in enumerate(snapshot.rows) if all(c.key in node.labels for c in constraints)]
        totals = []
        for constraint in constraints:
            eligible = [row for row in rows if self._counts(constraint, pod, snapshot.rows[row])]
            totals.append(by_domain(self._counter.topology(constraint.key), self._matching(constraint, pod), eligible))
        state[_FILTER_KEY] = _Hard(constraints, totals)
        return None

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        hard: _Hard = state[_FILTER_KEY]
        labels = meta.labels(pod)
        for index, constraint in enumerate(hard.constraints):
            domain = node.labels.get(constraint.key)
            if domain is None:
                return _NO_LABEL
            skew = hard.totals[index].get(domain, 0) + constraint.selector.matches(labels) - hard.least(index)
            if skew > constraint.max_skew:
                return _MISMATCH
        return None

    def filter_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Mapping[int, Status]:
        hard: _Hard = state[_FILTER_KEY]
        labels = meta.labels(pod)
        found: dict[int, Status] = {}
        for index, constraint in enumerate(hard.constraints):
            least, mine = hard.least(index), constraint.selector.matches(labels)
            full = {domain for domain, total in hard.totals[index].items() if total + mine - least > constraint.max_skew}
            elsewhere = mine - least > constraint.max_skew
            for row, node in enumerate(snapshot.rows):
                domain = node.labels.get(constraint.key)
                if row in found:
                    continue
                if domain is None:
                    found[row] = _NO_LABEL
                elif domain in full or (elsewhere and domain not in hard.totals[index]):
                    found[row] = _MISMATCH
        return found

    def add_pod(self, state: CycleState, pod: Tree, added: PodInfo, node: NodeInfo) -> None:
        self._update(state, pod, added, node, 1)

    def remove_pod(self, state: CycleState, pod: Tree, removed: PodInfo, node: NodeInfo) -> None:
        self._update(state, pod, removed, node, -1)

    def _update(self, state: CycleState, pod: Tree, other: PodInfo, node: NodeInfo, change: int) -> None:
        hard: _Hard | None = state.get(_FILTER_KEY)
        if hard is None or other.namespace != meta.namespace(pod) or not all(c.key in node.labels for c in hard.constraints):
            return
        for constraint, totals in zip(hard.constraints, hard.totals, strict=True):
            if constraint.selector.matches(other.labels) and self._counts(constraint, pod, node):
                domain = node.labels[constraint.key]
                totals[domain] = totals.get(domain, 0) + change

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        constraints = self._constraints(pod, "ScheduleAnyway")
        if not constraints:
            return SKIP
        need_all = bool(pod["spec"].get("topologySpreadConstraints")) or not self._system_defaulted
        ignored: frozenset[int] = frozenset()
        if need_all:
            ignored = frozenset(row for row in rows if not all(c.key in snapshot.rows[row].labels for c in constraints))
        parts = [self._part(constraint, pod, snapshot, rows, ignored, need_all and constraints) for constraint in constraints]
        state[_SCORE_KEY] = _Soft(_rounded_sum(parts), ignored)
        return None

    def _part(
        self, constraint: Constraint, pod: Tree, snapshot: Snapshot, rows: Sequence[int], ignored: frozenset[int], required: Any
    ) -> Vector:
        """What a constraint adds to each row's score: its domain's pods, weighed by how many domains there are (scoreForCount)."""
        topology, counts = self._counter.topology(constraint.key), self._matching(constraint, pod)
        if constraint.key == HOSTNAME:
            size, totals = len(rows) - len(ignored), counts
        else:
            eligible = self._eligible(constraint, pod, snapshot, required)
            domains = by_domain(topology, counts, eligible)
            size = domains_among(topology, [row for row in rows if row not in ignored] if ignored else rows)
            totals = spread(topology, domains)
        weight, flat = math.log(size + 2), constraint.max_skew - 1
        if is_array(totals):
            return (totals * weight + flat) * (topology.codes >= 0)
        return [total * weight + flat if code >= 0 else 0.0 for total, code in zip(totals, topology.codes, strict=True)]

    def _eligible(self, constraint: Constraint, pod: Tree, snapshot: Snapshot, required: Any) -> list[int] | None:
        """Rows whose pods count; None: all."""
        if not required and not constraint.honor_taints and required_node_affinity(pod["spec"]) is None:
            return None
        return [
            row
            for row, node in enumerate(snapshot.rows)
            if all(c.key in node.labels for c in required or ()) and self._counts(constraint, pod, node)
        ]

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        return int(state[_SCORE_KEY].scores[node.row])

    def score_all(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> Scores:
        return state[_SCORE_KEY].scores

    def normalize_score(self, state: CycleState, scores: Scores, rows: Sequence[int]) -> Scores:
        ignored: frozenset[int] = state[_SCORE_KEY].ignored
        if not ignored and is_array(scores):
            highest, lowest = int(scores.max()), int(scores.min())
            return MAX_NODE_SCORE * (highest + lowest - scores) // highest if highest else scores * 0 + MAX_NODE_SCORE
        counted = [int(score) for row, score in zip(rows, scores, strict=True) if row not in ignored]
        highest, lowest = max(counted, default=0), min(counted, default=0)
        normalized = []
        for row, score in zip(rows, scores, strict=True):
            good = MAX_NODE_SCORE if highest == 0 else MAX_NODE_SCORE * (highest + lowest - int(score)) // highest
            normalized.append(0 if row in ignored else good)
        return normalized

    def sign(self, pod: Tree) -> Any:
        """The constraints, and what the default selector is made of."""
        owner = meta.controller_of(pod) or _EMPTY
        return (pod["spec"].get("topologySpreadConstraints"), pod["metadata"].get("labels"), owner.get("kind"), owner.get("name"))

    def _counts(self, constraint: Constraint, pod: Tree, node: NodeInfo) -> bool:
        """Do pods on the node count (matchNodeInclusionPolicies)?"""
        if constraint.honor_affinity:
            predicate = required_node_affinity(pod["spec"])
            if predicate is not None and not predicate(node.name, node.labels):
                return False
        return not (constraint.honor_taints and untolerated_taint(node.taints, pod["spec"].get("tolerations") or ()))

    def _matching(self, constraint: Constraint, pod: Tree) -> Vector:
        namespace, selector = meta.namespace(pod), constraint.selector
        if selector.empty:
            return self._counter.rows((namespace, "nobody"), lambda other: False)
        return self._counter.rows((namespace, str(selector)), lambda other: constraint.selects(other, namespace))

    def _constraints(self, pod: Tree, action: str) -> list[Constraint]:
        """The pod's own of that whenUnsatisfiable, or the defaults for pods of services and workloads (getConstraints)."""
        labels = meta.labels(pod)
        if own := pod["spec"].get("topologySpreadConstraints"):
            return [_constraint(c, labels, _own_selector(c, labels)) for c in own if c["whenUnsatisfiable"] == action]
        wanted = [c for c in self._defaults if c["whenUnsatisfiable"] == action]
        if not wanted:
            return []
        selector = default_selector(pod, self._listers)
        return [] if selector.empty else [_constraint(c, labels, selector) for c in wanted]

    def events_to_register(self) -> Sequence[EventToRegister]:
        pods = Action.ADD | Action.UPDATE_POD_LABEL | Action.DELETE
        nodes = Action.ADD | Action.DELETE | Action.UPDATE_NODE_LABEL | Action.UPDATE_NODE_TAINT
        return (
            EventToRegister(ClusterEvent(ASSIGNED_POD, pods), self._pod_changed),
            EventToRegister(ClusterEvent(TARGET_POD, Action.UPDATE_POD_TOLERATION | Action.UPDATE_POD_LABEL), self._target_changed),
            EventToRegister(ClusterEvent(NODE, nodes), self._node_changed),
        )

    def _pod_changed(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        if any(other is not None and meta.namespace(other) != meta.namespace(pod) for other in (old, new)):
            return False
        constraints = self._constraints(pod, "DoNotSchedule")
        if old is not None and new is not None:
            return _matches_otherwise(constraints, old, new)
        other = new or old
        return other is not None and any(constraint.selector.matches(meta.labels(other)) for constraint in constraints)

    def _target_changed(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        if old is None or new is None:
            return True
        constraints = self._constraints(pod, "DoNotSchedule")
        if old["spec"].get("tolerations") != new["spec"].get("tolerations") and any(c.honor_taints for c in constraints):
            return True
        return _matches_otherwise(constraints, old, new)

    def _node_changed(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        keys = [constraint.key for constraint in self._constraints(pod, "DoNotSchedule")]
        before, after = (None if node is None else [meta.labels(node).get(key) for key in keys] for node in (old, new))
        if before is None or after is None:
            values = after if before is None else before
            return values is not None and None not in values
        if (None in before) != (None in after):
            return True
        taints = [(node.get("spec") or _EMPTY).get("taints") or [] for node in (old, new) if node is not None]
        return None not in after and (before != after or taints[0] != taints[1])


def _constraint(spec: Mapping[str, Any], labels: Mapping[str, str], selector: LabelSelector) -> Constraint:
    return Constraint(
        spec["maxSkew"],
        spec["topologyKey"],
        selector,
        spec.get("minDomains") or 1,
        (spec.get("nodeAffinityPolicy") or "Honor") == "Honor",
        (spec.get("nodeTaintsPolicy") or "Ignore") == "Honor",
    )


def _own_selector(spec: Mapping[str, Any], labels: Mapping[str, str]) -> LabelSelector:
    """labelSelector, narrowed to the pod's own values of matchLabelKeys."""
    try:
        selector = from_label_selector(spec.get("labelSelector"))
    except SelectorError:
        return NOTHING
    mine = {key: labels[key] for key in spec.get("matchLabelKeys") or () if key in labels}
    return selector if not mine or selector.selects_nothing else selector.with_requirements(*from_labels(mine).requirements)


def _matches_otherwise(constraints: Sequence[Constraint], old: Tree, new: Tree) -> bool:
    before, after = meta.labels(old), meta.labels(new)
    return before != after and any(c.selector.matches(before) != c.selector.matches(after) for c in constraints)


def _rounded_sum(parts: Sequence[Vector]) -> Vector:
    if is_array(parts[0]):
        return numpy.floor(sum(parts[1:], parts[0]) + 0.5).astype(numpy.int64)
    return [math.floor(sum(row) + 0.5) for row in zip(*parts, strict=True)]


_OWNERS = {
    ("v1", "ReplicationController"): REPLICATION_CONTROLLERS,
    ("apps/v1", "ReplicaSet"): REPLICA_SETS,
    ("apps/v1", "StatefulSet"): STATEFUL_SETS,
}


def default_selector(pod: Tree, listers: Listers) -> LabelSelector:
    """Of the services and the workload that the pod belongs to; empty if there are none (plugins/helper/spread.go: DefaultSelector)."""
    namespace, labels = meta.namespace(pod), meta.labels(pod)
    merged: dict[str, str] = {}
    for service in listers.list("", "services", namespace):
        selector = (service.get("spec") or _EMPTY).get("selector")
        if selector and selector.items() <= labels.items():
            merged |= selector
    owner = meta.controller_of(pod) or _EMPTY
    resource = _OWNERS.get((owner.get("apiVersion", ""), owner.get("kind", "")))
    workload = listers.get(resource.group, resource.plural, namespace, owner["name"]) if resource else None
    if workload is None:
        return from_labels(merged)
    wanted: dict[str, Any] = workload["spec"].get("selector") or {}
    if resource is REPLICATION_CONTROLLERS:
        return from_labels(merged | wanted)
    try:
        return from_labels(merged).with_requirements(*from_label_selector(wanted).requirements)
    except SelectorError:
        return from_labels(merged)
