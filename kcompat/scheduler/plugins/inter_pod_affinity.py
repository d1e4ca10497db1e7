"""Pod affinity and anti-affinity, the pod's own and that of pods already running (plugins/interpodaffinity)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.resources import NAMESPACES
from kcompat.scheduler.affinity import AffinityTerm, PodAffinity, parse_pod_affinity
from kcompat.scheduler.counting import PodCounter, by_domain
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
    PreFilterResult,
    Scope,
    Scores,
    Status,
    unresolvable,
    unschedulable,
)
from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

Tree = dict[str, Any]
Pair = tuple[str, str]
"""A topology key and a node's value of it."""

_NO_TERMS = PodAffinity()
_FILTER_KEY = "PreFilterInterPodAffinity"
_SCORE_KEY = "PreScoreInterPodAffinity"
_EXISTING = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules")
_AFFINITY = unresolvable("node(s) didn't match pod affinity rules")
_ANTI_AFFINITY = unschedulable("node(s) didn't match pod anti-affinity rules")


@dataclass(slots=True)
class _Required:
    """PreFilter's state: how many pods speak for or against each topology pair."""

    pod: PodInfo
    namespace_labels: Mapping[str, str]
    terms: PodAffinity
    existing_anti: dict[Pair, int]
    affinity: dict[Pair, int]
    anti_affinity: dict[Pair, int]

    def clone(self) -> _Required:
        return replace(
            self, existing_anti=dict(self.existing_anti), affinity=dict(self.affinity), anti_affinity=dict(self.anti_affinity)
        )

    def update(self, other: PodInfo, node: NodeInfo, change: int) -> None:
        mine = self.pod
        for term in other.affinity.required_anti if other.has_affinity else ():
            if term.matches(mine.namespace, mine.labels, self.namespace_labels):
                _tally(self.existing_anti, term, node, change)
        if self.terms.required and all(term.matches(other.namespace, other.labels) for term in self.terms.required):
            for term in self.terms.required:
                _tally(self.affinity, term, node, change)
        for term in self.terms.required_anti:
            if term.matches(other.namespace, other.labels):
                _tally(self.anti_affinity, term, node, change)


def _tally(counts: dict[Pair, int], term: AffinityTerm, node: NodeInfo, change: int) -> None:
    value = node.labels.get(term.topology_key)
    if value is None:
        return
    pair = (term.topology_key, value)
    counts[pair] = counts.get(pair, 0) + change
    if counts[pair] == 0:
        del counts[pair]


class InterPodAffinity:
    name = "InterPodAffinity"
    scope = Scope.CLUSTER
    watches = (NAMESPACES,)

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """args: InterPodAffinityArgs (hardPodAffinityWeight, ignorePreferredTermsOfExistingPods)."""
        self._hard_weight = args.get("hardPodAffinityWeight", 1)
        self._ignore_preferences = bool(args.get("ignorePreferredTermsOfExistingPods"))
        self._listers = handle.listers
        self._counter = PodCounter(handle.snapshot)

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        terms = self._resolved(pod)
        if not snapshot.pods_with_affinity and not terms.required and not terms.required_anti:
            return SKIP
        info = PodInfo(pod)
        required = _Required(info, self._namespace_labels(info.namespace), terms, {}, {}, {})
        self._count_existing(required, snapshot)
        self._count_own(required)
        if not required.existing_anti and not terms.required and not terms.required_anti:
            return SKIP
        state[_FILTER_KEY] = required
        return None

    def _count_existing(self, required: _Required, snapshot: Snapshot) -> None:
        mine = required.pod
        if not snapshot.pods_with_affinity:
            return
        for node in snapshot.rows:
            for other in node.affine.values():
                for term in other.affinity.required_anti:
                    if term.matches(mine.namespace, mine.labels, required.namespace_labels):
                        _tally(required.existing_anti, term, node, 1)

    def _count_own(self, required: _Required) -> None:
        terms = required.terms
        if terms.required:
            self._count(required.affinity, terms.required, terms.required)
        for term in terms.required_anti:
            self._count(required.anti_affinity, (term,), (term,))

    def _count(self, into: dict[Pair, int], conditions: Sequence[AffinityTerm], terms: Iterable[AffinityTerm]) -> None:
        """Adds, for each term, the pods that match all conditions, by the term's topology pair."""
        key = tuple((term.namespaces, str(term.selector)) for term in conditions)
        counts = self._counter.rows(key, lambda other: all(term.matches(other.namespace, other.labels) for term in conditions))
        for term in terms:
            for value, total in by_domain(self._counter.topology(term.topology_key), counts, None).items():
                if total:
                    pair = (term.topology_key, value)
                    into[pair] = into.get(pair, 0) + total

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        required: _Required = state[_FILTER_KEY]
        if not self._affinity_holds(required, node):
            return _AFFINITY
        for term in required.terms.required_anti:
            if required.anti_affinity and required.anti_affinity.get((term.topology_key, node.labels.get(term.topology_key, "")), 0) > 0:
                return _ANTI_AFFINITY
        if required.existing_anti and any(required.existing_anti.get(pair, 0) > 0 for pair in node.labels.items()):
            return _EXISTING
        return None

    def _affinity_holds(self, required: _Required, node: NodeInfo) -> bool:
        """Each term's domain has a pod; or no pod matches anywhere and this one matches itself (satisfyPodAffinity)."""
        everywhere = True
        for term in required.terms.required:
            value = node.labels.get(term.topology_key)
            if value is None:
                return False
            everywhere = everywhere and required.affinity.get((term.topology_key, value), 0) > 0
        if everywhere:
            return True
        mine = required.pod
        return not required.affinity and all(term.matches(mine.namespace, mine.labels) for term in required.terms.required)

    def add_pod(self, state: CycleState, pod: Tree, added: PodInfo, node: NodeInfo) -> None:
        if (required := state.get(_FILTER_KEY)) is not None:
            required.update(added, node, 1)

    def remove_pod(self, state: CycleState, pod: Tree, removed: PodInfo, node: NodeInfo) -> None:
        if (required := state.get(_FILTER_KEY)) is not None:
            required.update(removed, node, -1)

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        terms = self._resolved(pod)
        has_own = bool(terms.preferred or terms.preferred_anti)
        if not has_own and (self._ignore_preferences or not snapshot.pods_with_affinity):
            return SKIP
        weights: dict[Pair, int] = {}
        for term in terms.preferred:
            self._weigh(weights, term, 1)
        for term in terms.preferred_anti:
            self._weigh(weights, term, -1)
        self._weigh_existing(weights, PodInfo(pod), snapshot)
        if not weights:
            return SKIP
        state[_SCORE_KEY] = weights
        return None

    def _weigh(self, weights: dict[Pair, int], term: AffinityTerm, sign: int) -> None:
        counts: dict[Pair, int] = {}
        self._count(counts, (term,), (term,))
        for pair, total in counts.items():
            weights[pair] = weights.get(pair, 0) + sign * term.weight * total

    def _weigh_existing(self, weights: dict[Pair, int], pod: PodInfo, snapshot: Snapshot) -> None:
        """What running pods would like, and what their required affinity suggests (processExistingPod)."""
        if not snapshot.pods_with_affinity:
            return
        labels = self._namespace_labels(pod.namespace)
        for node in snapshot.rows:
            for other in node.affine.values():
                theirs = other.affinity
                wishes = [(term, self._hard_weight) for term in theirs.required if self._hard_weight > 0]
                wishes += [(term, term.weight) for term in theirs.preferred]
                wishes += [(term, -term.weight) for term in theirs.preferred_anti]
                for term, weight in wishes:
                    value = node.labels.get(term.topology_key)
                    if value is not None and term.matches(pod.namespace, pod.labels, labels):
                        pair = (term.topology_key, value)
                        weights[pair] = weights.get(pair, 0) + weight

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        weights: dict[Pair, int] = state[_SCORE_KEY]
        return sum(weights.get(pair, 0) for pair in node.labels.items())

    def normalize_score(self, state: CycleState, scores: Scores, rows: Sequence[int]) -> Scores:
        lowest, highest = int(min(scores)), int(max(scores))
        if lowest == highest:
            return [0] * len(scores)
        return [int(float(MAX_NODE_SCORE) * ((int(score) - lowest) / (highest - lowest))) for score in scores]

    def sign(self, pod: Tree) -> Any:
        affinity = pod["spec"].get("affinity") or {}
        return (affinity.get("podAffinity"), affinity.get("podAntiAffinity"), pod["metadata"].get("labels"))

    def _resolved(self, pod: Tree) -> PodAffinity:
        """The pod's terms with namespace selectors replaced by the namespaces they select now."""
        affinity = pod["spec"].get("affinity")
        if not affinity or not ("podAffinity" in affinity or "podAntiAffinity" in affinity):
            return _NO_TERMS
        terms = parse_pod_affinity(pod)
        groups = (terms.required, terms.required_anti, terms.preferred, terms.preferred_anti)
        return PodAffinity(*(tuple(self._with_namespaces(term) for term in group) for group in groups))

    def _with_namespaces(self, term: AffinityTerm) -> AffinityTerm:
        selector = term.namespace_selector
        if selector is None:
            return term
        chosen = {meta.name(ns) for ns in self._listers.list("", "namespaces") if selector.matches(meta.labels(ns))}
        return replace(term, namespaces=term.namespaces | chosen, namespace_selector=None)

    def _namespace_labels(self, namespace: str) -> Mapping[str, str]:
        found = self._listers.get("", "namespaces", "", namespace)
        return meta.labels(found) if found is not None else {}

    def events_to_register(self) -> Sequence[EventToRegister]:
        pods = Action.ADD | Action.UPDATE_POD_LABEL | Action.DELETE
        return (
            EventToRegister(ClusterEvent(ASSIGNED_POD, pods), self._pod_changed),
            EventToRegister(ClusterEvent(TARGET_POD, Action.UPDATE_POD_LABEL)),
            EventToRegister(ClusterEvent(NODE, Action.ADD | Action.UPDATE_NODE_LABEL), self._node_changed),
        )

    def _pod_changed(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        """A pod that a term of the waiting pod's speaks of came, went or changed; or one with anti-affinity to it."""
        terms = self._resolved(pod)
        for other in (old, new):
            if other is None:
                continue
            where, labels = meta.namespace(other), meta.labels(other)
            if any(term.matches(where, labels) for term in (*terms.required, *terms.required_anti)):
                return True
        if old is None or (new is not None and meta.labels(old) == meta.labels(new)):
            return False
        mine = meta.namespace(pod), meta.labels(pod), self._namespace_labels(meta.namespace(pod))
        return any(term.matches(*mine) for term in parse_pod_affinity(old).required_anti)

    def _node_changed(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        """A node with a topology that matters to the pod, or to pods that keep it away, came or changed."""
        if new is None:
            return False
        terms = self._resolved(pod)
        keys = {term.topology_key for term in (*terms.required, *terms.required_anti)}
        after = meta.labels(new)
        before = meta.labels(old) if old is not None else {}
        if not keys:
            return True
        return any(key in after and before.get(key) != after[key] for key in keys)
