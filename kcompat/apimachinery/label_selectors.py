"""Label selectors: from their string form or a metav1.LabelSelector to something that matches. Reached through selectors.

Answers apimachinery pkg/labels/selector.go, its grammar and its error messages included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.quote import quote

Labels = Mapping[str, str]
Predicate = Callable[[Labels], bool]

BINARY_OPERATORS: Final = ("in", "notin", "=", "==", "!=", "gt", "lt")
_EQUALITY = ("=", "==", "!=")
_LABEL_SELECTOR_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


class SelectorError(ValueError):
    """A selector that cannot be parsed; the text is upstream's."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. Operators: in, notin, =, ==, !=, exists, !, gt, lt (upstream: pkg/selection)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        values = ",".join(sorted(self.values))
        if self.operator in ("in", "notin"):
            return f"{self.key} {self.operator} ({values})"
        if self.operator in ("exists", "!"):
            return self.key if self.operator == "exists" else f"!{self.key}"
        return f"{self.key}{ {'gt': '>', 'lt': '<'}.get(self.operator, self.operator) }{values}"

    def predicate(self) -> Predicate:
        """Compiles the condition to a function of the labels."""
        key, values = self.key, frozenset(self.values)
        match self.operator:
            case "=" | "==" | "in" if len(values) == 1:
                (value,) = values
                return lambda labels: labels.get(key) == value
            case "=" | "==" | "in":
                return lambda labels: labels.get(key) in values
            case "!=" | "notin":
                return lambda labels: labels.get(key) not in values
            case "exists":
                return lambda labels: key in labels
            case "!":
                return lambda labels: key not in labels
            case _:
                return _comparison(key, self.operator, self.values[0])


def _comparison(key: str, operator: str, value: str) -> Predicate:
    bound = parse_int64(value)

    def matches(labels: Labels) -> bool:
        number = parse_int64(labels.get(key, ""))
        if number is None or bound is None:
            return False
        return number > bound if operator == "gt" else number < bound

    return matches


def parse_int64(text: str) -> int | None:
    """Reads what Go's strconv.ParseInt(text, 10, 64) reads, None otherwise."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


class LabelSelector:
    """All requirements at once, ordered by key. Immutable and hashable by its text."""

    __slots__ = ("_selectable", "matches", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = (), *, selectable: bool = True) -> None:
        self.requirements: tuple[Requirement, ...] = tuple(sorted(requirements, key=lambda requirement: requirement.key))
        self._selectable = selectable
        predicates = [requirement.predicate() for requirement in self.requirements]
        self.matches: Predicate = _all(predicates) if selectable else lambda labels: False

    @property
    def empty(self) -> bool:
        """Does it let everything through?"""
        return self._selectable and not self.requirements

    @property
    def selects_nothing(self) -> bool:
        """Is it the selector of an absent LabelSelector, which matches no object?"""
        return not self._selectable

    def requires_exact_match(self, key: str) -> str | None:
        """The only value the label may have, if the selector demands a single one."""
        first = next((requirement for requirement in self.requirements if requirement.key == key), None)
        if first is not None and first.operator in ("=", "==", "in") and len(first.values) == 1:
            return first.values[0]
        return None

    def with_requirements(self, *requirements: Requirement) -> LabelSelector:
        return LabelSelector((*self.requirements, *requirements), selectable=self._selectable)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return f"LabelSelector({str(self)!r})" if self._selectable else "NOTHING"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelSelector):
            return NotImplemented
        return self.requirements == other.requirements and self._selectable == other._selectable

    def __hash__(self) -> int:
        return hash((self.requirements, self._selectable))


def _all(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]

    def matches(labels: Labels) -> bool:
        for predicate in predicates:  # noqa: SIM110 - a generator would double the cost of a match
            if not predicate(labels):
                return False
        return True

    return matches


EVERYTHING: Final = LabelSelector()
NOTHING: Final = LabelSelector(selectable=False)


def new_requirement(key: str, operator: str, values: Sequence[str]) -> Requirement:
    """A checked requirement; raises SelectorError with upstream's aggregated message (NewRequirement)."""
    errors = _key_errors(key, field.ROOT.child("key"))
    path = field.ROOT.child("values")
    if operator in ("in", "notin") and not values:
        errors.append(field.invalid(path, list(values), "for 'in', 'notin' operators, values set can't be empty"))
    elif operator in _EQUALITY and len(values) != 1:
        errors.append(field.invalid(path, list(values), "exact-match compatibility requires one single value"))
    elif operator in ("exists", "!") and values:
        errors.append(field.invalid(path, list(values), "values set must be empty for exists and does not exist"))
    elif operator in ("gt", "lt"):
        errors += _bound_errors(values, path)
    for index, value in enumerate(values):
        if messages := names.is_label_value(value):
            errors.append(field.invalid(path.index(index).key(key), value, "; ".join(messages)))
    if errors:
        raise SelectorError(field.aggregate(errors))
    return Requirement(key, operator, tuple(values))


def _key_errors(key: str, path: field.Path) -> list[field.FieldError]:
    messages = names.is_label_key(key)
    return [field.invalid(path, key, "; ".join(messages))] if messages else []


def _bound_errors(values: Sequence[str], path: field.Path) -> list[field.FieldError]:
    errors = []
    if len(values) != 1:
        errors.append(field.invalid(path, list(values), "for 'Gt', 'Lt' operators, exactly one value is required"))
    for index, value in enumerate(values):
        if parse_int64(value) is None:
            errors.append(field.invalid(path.index(index), value, "for 'Gt', 'Lt' operators, the value must be an integer"))
    return errors


def from_labels(labels: Labels) -> LabelSelector:
    """Selects objects that have exactly these values, unchecked (upstream: SelectorFromSet)."""
    return LabelSelector(Requirement(key, "=", (value,)) for key, value in labels.items())


def from_label_selector(selector: Mapping[str, Any] | None) -> LabelSelector:
    """The selector of a metav1.LabelSelector: none selects nothing, an empty one everything.

    Raises SelectorError with upstream's message (LabelSelectorAsSelector).
    """
    if selector is None:
        return NOTHING
    requirements = [new_requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = _LABEL_SELECTOR_OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            raise SelectorError(f"{quote(expression.get('operator', ''))} is not a valid label selector operator")
        requirements.append(new_requirement(expression.get("key", ""), operator, tuple(expression.get("values") or ())))
    return LabelSelector(requirements) if requirements else EVERYTHING
