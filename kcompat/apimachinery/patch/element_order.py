"""The order of merged lists: the patch's order first, the live list's for what only the server has. Called by strategic.

Answers normalizeElementOrder and mergeSortedSlice of apimachinery pkg/util/strategicpatch/patch.go.
"""

from typing import Any

from kcompat.apimachinery.patch.failures import argument_type, no_merge_key, not_a_map
from kcompat.apimachinery.quote import json_text

Items = list[Any]


def identity(value: Any) -> Any:
    """Something hashable that equals for equal values of one type: 1, 1.0 and true differ."""
    kind = value.__class__
    if kind is str:
        return value
    return kind.__name__, json_text(value) if kind in (dict, list) else value


def require_merge_key(item: Any, merge_key: str) -> Any:
    """The item's merge key; raises upstream's errors if it is no map or has none."""
    if not isinstance(item, dict):
        raise argument_type({}, item)
    if merge_key not in item:
        raise no_merge_key(item, merge_key)
    return item[merge_key]


def same(left: Any, right: Any, merge_key: str) -> bool:
    """Do two items stand for the same element: same merge key, or same scalar?"""
    if not merge_key:
        return bool(identity(left) == identity(right))
    return bool(identity(require_merge_key(left, merge_key)) == identity(require_merge_key(right, merge_key)))


def partition(items: Items, by: Items, merge_key: str) -> tuple[Items, Items]:
    """(items that are also in `by`, the others), each in the order given."""
    if merge_key:
        if items and (odd := next((index for index, item in enumerate(by) if not isinstance(item, dict)), None)) is not None:
            raise not_a_map(odd)
        keys = {identity(item[merge_key]) for item in by if isinstance(item, dict) and merge_key in item}
        found = [(item, identity(require_merge_key(item, merge_key)) in keys) for item in items]
    else:
        keys = set(map(identity, by))
        found = [(item, identity(item) in keys) for item in items]
    return [item for item, is_in in found if is_in], [item for item, is_in in found if not is_in]


def element_order(patch: Items, server_only: Items, patch_order: Items, server_order: Items, merge_key: str, are_maps: bool) -> Items:
    """One list of both: each part in its own order, server-only items before the patch items that they precede on the server."""
    key = merge_key if are_maps else ""
    if key:
        for item in (*patch, *patch_order, *server_only, *server_order):
            require_merge_key(item, key)
    patch = _sorted(patch, _positions(patch_order, key), key)
    server = _positions(server_order, key)
    return _interleaved(_sorted(server_only, server, key), patch, server, key)


def _positions(order: Items, key: str) -> dict[Any, int]:
    positions: dict[Any, int] = {}
    for index, item in enumerate(order):
        positions.setdefault(_value(item, key), index)
    return positions


def _value(item: Any, key: str) -> Any:
    return identity(item.get(key) if key else item)


def _sorted(items: Items, positions: dict[Any, int], key: str) -> Items:
    """By position. Upstream's comparison calls an item without one less than any other, and others less than it, and so depends on the
    sort: its insertion sort is repeated here for lists short enough that anybody could tell."""
    places = [positions.get(_value(item, key)) for item in items]
    if None not in places or len(items) > 1000:
        order = sorted(range(len(items)), key=lambda index: (places[index] is None, places[index] or 0))
        return [items[index] for index in order]
    result: list[tuple[int | None, Any]] = []
    for place, item in zip(places, items, strict=True):
        at = len(result)
        while at and (place is None or (before := result[at - 1][0]) is None or place < before):
            at -= 1
        result.insert(at, (place, item))
    return [item for _, item in result]


def _interleaved(left: Items, right: Items, positions: dict[Any, int], key: str) -> Items:
    merged: Items = []
    left, right = left[::-1], right[::-1]
    while left and right:
        first, second = positions.get(_value(left[-1], key)), positions.get(_value(right[-1], key))
        goes_first = first is not None and second is not None and first < second
        merged.append((left if goes_first else right).pop())
    return merged + left[::-1] + right[::-1]
