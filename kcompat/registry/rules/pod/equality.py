"""Equality as upstream sees it: amounts count, not their texts; nothing and empty are the same. For comparing old and new specs.

Answers apimachinery pkg/api/equality: Semantic.DeepEqual.
"""

from __future__ import annotations

from typing import Any, Final

from kcompat.apimachinery import quantity
from kcompat.apimachinery.quantity import QuantityError

_QUANTITY_MAPS: Final = frozenset(("limits", "requests", "overhead", "capacity", "allocatable", "allocatedResources", "hard", "used"))
_QUANTITIES: Final = frozenset(("sizeLimit", "divisor"))


def same(left: Any, right: Any) -> bool:
    """Are two canonical trees equal?"""
    return left == right or _same(left, right, "")


def _same(left: Any, right: Any, member: str) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        inside = _QUANTITY_MAPS & {member}
        return all(_same(left.get(name), right.get(name), "sizeLimit" if inside else name) for name in left.keys() | right.keys())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_same(a, b, "") for a, b in zip(left, right, strict=True))
    if isinstance(left, str) and isinstance(right, str) and member in _QUANTITIES:
        return left == right or _same_amount(left, right)
    return bool(left == right or (left in (None, []) and right in (None, [])) or (member in _QUANTITY_MAPS and not left and not right))


def _same_amount(left: str, right: str) -> bool:
    try:
        return quantity.parse(left) == quantity.parse(right)
    except QuantityError:
        return False
