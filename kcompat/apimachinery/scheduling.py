"""Where a pod may run, as far as its own words say: tolerations, node selectors and node affinity, compiled. No I/O.

Used by scheduler and controllers. Answers component-helpers/scheduling/corev1/nodeaffinity and api/core/v1/toleration.go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from kcompat.apimachinery.selectors import EVERYTHING, LabelSelector, SelectorError, from_labels, new_requirement

Tree = Mapping[str, Any]
Taint = Mapping[str, Any]
NodePredicate = Callable[[str, Mapping[str, str]], bool]
"""(node name, its labels) → does it match?"""

NO_SCHEDULE = "NoSchedule"
NO_EXECUTE = "NoExecute"
PREFER_NO_SCHEDULE = "PreferNoSchedule"
HOSTNAME = "kubernetes.io/hostname"

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!", "Gt": "gt", "Lt": "lt"}
_EMPTY: Mapping[str, Any] = {}


def tolerates(tolerations: Iterable[Tree], taint: Taint) -> bool:
    """TolerationsTolerateTaint, TaintTolerationComparisonOperators being off by default."""
    return any(_tolerates(toleration, taint) for toleration in tolerations)


def _tolerates(toleration: Tree, taint: Taint) -> bool:
    effect, key = toleration.get("effect"), toleration.get("key")
    if (effect and effect != taint.get("effect")) or (key and key != taint.get("key")):
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Equal":
        return (toleration.get("value") or "") == (taint.get("value") or "")
    return bool(operator == "Exists")


def untolerated_taint(
    taints: Iterable[Taint], tolerations: Sequence[Tree], effects: Collection[str] = (NO_SCHEDULE, NO_EXECUTE)
) -> Taint | None:
    """The first taint with one of these effects that keeps the pod away (FindMatchingUntoleratedTaint)."""
    for taint in taints:
        if taint.get("effect") in effects and not tolerates(tolerations, taint):
            return taint
    return None


def _never(name: str, labels: Mapping[str, str]) -> bool:
    return False


def _field_predicate(expression: Tree) -> Callable[[str], bool] | None:
    """A matchFields requirement; None if it cannot be parsed (nodeSelectorRequirementsAsFieldSelector)."""
    operator = expression.get("operator")
    values: Sequence[str] = expression.get("values") or ()
    if operator not in ("In", "NotIn") or len(values) != 1:
        return None
    value = values[0]
    known = expression.get("key") == "metadata.name"
    wanted = operator == "In"
    return lambda name: ((name if known else "") == value) is wanted


def node_selector_term(term: Tree) -> NodePredicate | None:
    """One term; None if it is empty and so selects nothing. A term that cannot be parsed never matches."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return None
    try:
        selector = LabelSelector([new_requirement(e["key"], _OPERATORS[e["operator"]], e.get("values") or ()) for e in expressions])
    except (SelectorError, KeyError):
        return _never
    predicates = [_field_predicate(expression) for expression in fields]
    if None in predicates:
        return _never
    matches = selector.matches
    return lambda name, labels: matches(labels) and all(predicate(name) for predicate in predicates if predicate)


def required_node_affinity(spec: Tree) -> NodePredicate | None:
    """The pod's nodeSelector and required node affinity; None if it has neither (GetRequiredNodeAffinity)."""
    labels_wanted = spec.get("nodeSelector")
    required = ((spec.get("affinity") or _EMPTY).get("nodeAffinity") or _EMPTY).get("requiredDuringSchedulingIgnoredDuringExecution")
    if labels_wanted is None and required is None:
        return None
    matches = from_labels(labels_wanted).matches if labels_wanted else EVERYTHING.matches
    if required is None:
        return lambda name, labels: matches(labels)
    terms = [term for term in map(node_selector_term, required.get("nodeSelectorTerms") or ()) if term is not None]
    return lambda name, labels: matches(labels) and any(term(name, labels) for term in terms)


def preferred_node_affinity(terms: Iterable[Tree]) -> list[tuple[int, NodePredicate]]:
    """(weight, predicate) of each preferred term that can be parsed and weighs something (NewPreferredSchedulingTerms)."""
    compiled = ((term.get("weight", 0), node_selector_term(term.get("preference") or _EMPTY)) for term in terms)
    return [(weight, predicate) for weight, predicate in compiled if weight and predicate is not None]
