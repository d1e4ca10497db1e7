"""Equality of objects as upstream sees it: amounts count, not their texts; nothing and empty are the same. Called by field_manager.

Answers apimachinery pkg/api/equality: Semantic.DeepEqual, of values in canonical form.
"""

from __future__ import annotations

from typing import Any

from kcompat.apimachinery import quantity
from kcompat.apimachinery.schema import Type


def equal(left: Any, right: Any, type: Type | None) -> bool:
    """Whether two values of a type are the same; without a type they must be identical."""
    if left == right:
        return True
    if type is None:
        return False
    if type.kind == "quantity":
        return bool(left and right) and quantity.parse(left) == quantity.parse(right)
    if type.kind == "struct":
        return all(equal((left or {}).get(name), (right or {}).get(name), field.type) for name, field in type.fields.items())
    if type.kind == "map":
        left, right = left or {}, right or {}
        return left.keys() == right.keys() and all(equal(value, right[name], type.element) for name, value in left.items())
    if type.kind == "list":
        left, right = left or [], right or []
        return len(left) == len(right) and all(equal(was, now, type.element) for was, now in zip(left, right, strict=True))
    return False
