"""The evaluator that counts objects, and base of those that measure more (upstream: apiserver pkg/quota/v1/generic/evaluator.go)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from kcompat.apimachinery.quantity import Quantity, new

Tree = Mapping[str, Any]
ResourceList = dict[str, Quantity]
CREATE, UPDATE = "CREATE", "UPDATE"
ONE, NONE = new(1), new(0)


def count_name(group: str, resource: str) -> str:
    """The name under which quotas limit how many there are: `count/deployments.apps`."""
    return f"count/{resource}.{group}" if group else f"count/{resource}"


class Evaluator:
    """What objects of one resource use. `alias`: an older name of their number."""

    whole: ClassVar[bool] = False
    """Whether measuring an object takes more than its metadata."""

    def __init__(self, group: str, resource: str, alias: str = "") -> None:
        self.group = group
        self.resource = resource
        self.names = (count_name(group, resource), *((alias,) if alias else ()))

    def handles(self, operation: str, subresource: str, new: Tree, old: Tree) -> bool:
        """Whether a write might change what is used. `old` is empty for a creation."""
        return operation == CREATE and not subresource

    def matching(self, names: Iterable[str]) -> list[str]:
        """Of the names in a quota those this evaluator measures, sorted."""
        return sorted(set(names).intersection(self.names))

    def missing(self, required: Iterable[str], tree: Tree) -> str:
        """What an object must state because a quota limits it, as upstream words it; empty: nothing."""
        return ""

    def in_scope(self, selector: Tree, tree: Tree) -> bool:
        """Whether an object is in a quota's scope: {scopeName, operator, values}."""
        return False

    def scopes_of(self, selectors: Iterable[Tree], tree: Tree) -> list[Tree]:
        """The selectors that an object is in the scope of; evaluators without scopes find none."""
        return []

    def uncovered(self, limited: Sequence[Tree], matched: Sequence[Tree]) -> list[Tree]:
        """Of the scopes that are limited by default those no quota covers."""
        return []

    def usage(self, tree: Tree, now: datetime) -> ResourceList:
        """What one object uses."""
        return dict.fromkeys(self.names, ONE)

    def replenishes(self, old: Tree, new: Tree, now: datetime) -> bool:
        """Whether an update may give back something that admission did not see (upstream: quota/v1/install/update_filter.go)."""
        return False


class ScopedEvaluator(Evaluator):
    """Of resources that quotas can be limited to a part of."""

    whole = True

    def scopes_of(self, selectors: Iterable[Tree], tree: Tree) -> list[Tree]:
        return [selector for selector in selectors if self.in_scope(selector, tree)]

    def uncovered(self, limited: Sequence[Tree], matched: Sequence[Tree]) -> list[Tree]:
        covered = {selector.get("scopeName") for selector in matched}
        return [selector for selector in limited if selector.get("scopeName") not in covered]


def selects(selector: Tree, value: str) -> bool:
    """Whether a scope's operator and values hold for the one name an object has there ("" if none)."""
    values = selector.get("values") or ()
    match selector.get("operator"):
        case "In":
            return bool(value) and value in values
        case "NotIn":
            return not value or value not in values
        case "Exists":
            return bool(value)
        case _:  # DoesNotExist
            return not value


def scope_selectors(quota: Tree) -> list[Tree]:
    """Scopes of a quota, of either field, in one form."""
    spec = quota.get("spec") or {}
    plain = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    return [*plain, *((spec.get("scopeSelector") or {}).get("matchExpressions") or ())]
