"""nodeSelector and node affinity, required and preferred (plugins/nodeaffinity)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.scheduling import NodePredicate, preferred_node_affinity, required_node_affinity
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
    Scores,
    Status,
    unresolvable,
)
from kcompat.scheduler.scores import default_normalize
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_FILTER_KEY = "PreFilterNodeAffinity"
_SCORE_KEY = "PreScoreNodeAffinity"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_REJECTED = unresolvable("node(s) didn't match Pod's node affinity/selector")
_ENFORCED = unresolvable("node(s) didn't match scheduler-enforced node affinity")
_EMPTY: Mapping[str, Any] = {}


def _node_affinity(pod: Tree) -> Mapping[str, Any]:
    return (pod["spec"].get("affinity") or _EMPTY).get("nodeAffinity") or _EMPTY


class NodeAffinity:
    name = "NodeAffinity"
    scope = Scope.NODE

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """args: NodeAffinityArgs; `addedAffinity` is a NodeAffinity that every pod of the profile has to satisfy too."""
        added = args.get("addedAffinity") or _EMPTY
        self._added = required_node_affinity({"affinity": {"nodeAffinity": added}})
        self._added_preferred = preferred_node_affinity(added.get(_PREFERRED) or ())

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        predicate = required_node_affinity(pod["spec"])
        if predicate is None and self._added is None:
            return SKIP
        state[_FILTER_KEY] = predicate
        terms = (_node_affinity(pod).get(_REQUIRED) or _EMPTY).get("nodeSelectorTerms") or ()
        names = _named_nodes(terms)
        if names is None:
            return None
        return PreFilterResult(names) if names else unresolvable("pod affinity terms conflict")

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        if self._added is not None and not self._added(node.name, node.labels):
            return _ENFORCED
        predicate: NodePredicate | None = state[_FILTER_KEY]
        return None if predicate is None or predicate(node.name, node.labels) else _REJECTED

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        preferred = _node_affinity(pod).get(_PREFERRED)
        if preferred is None and not self._added_preferred:
            return SKIP
        state[_SCORE_KEY] = [*self._added_preferred, *preferred_node_affinity(preferred or ())]
        return None

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        return sum(weight for weight, predicate in state[_SCORE_KEY] if predicate(node.name, node.labels))

    def normalize_score(self, state: CycleState, scores: Scores, rows: Sequence[int]) -> Scores:
        return default_normalize(scores)

    def sign(self, pod: Tree) -> Any:
        spec = pod["spec"]
        return (spec.get("nodeSelector"), (spec.get("affinity") or _EMPTY).get("nodeAffinity"))

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (EventToRegister(ClusterEvent(NODE, Action.ADD | Action.UPDATE_NODE_LABEL), self._became_matching),)

    def _became_matching(self, pod: Tree, old: Tree | None, new: Tree | None) -> bool:
        predicate = required_node_affinity(pod["spec"])

        def matches(node: Tree) -> bool:
            return predicate is None or predicate(meta.name(node), meta.labels(node))

        if new is None or (self._added is not None and not self._added(meta.name(new), meta.labels(new))):
            return False
        return matches(new) and (old is None or not matches(old))


def _named_nodes(terms: Sequence[Mapping[str, Any]]) -> frozenset[str] | None:
    """The nodes that every term restricts the pod to by metadata.name; None if a term does not."""
    names: frozenset[str] | None = None
    for term in terms:
        of_term: frozenset[str] | None = None
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and field.get("operator") == "In":
                values = frozenset(field.get("values") or ())
                of_term = values if of_term is None else of_term & values
        if of_term is None:
            return None
        names = of_term if names is None else names | of_term
    return names
