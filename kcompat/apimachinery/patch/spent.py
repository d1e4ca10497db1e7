"""What a strategic merge leaves of its patch. Called by the patch verb, for the messages that show a patch whose outcome is refused.

Upstream's merge consumes the patch as it goes: directives that are carried out, and lists merged in a given order, are gone from it
(apimachinery pkg/util/strategicpatch/patch.go: mergeMap, removeDirectives, discardNullValuesFromPatch).
"""

from typing import Any

from kcompat.apimachinery.patch.element_order import identity
from kcompat.apimachinery.patch.strategic import (
    DELETE_FROM_PRIMITIVE_LIST,
    DIRECTIVE,
    RETAIN_KEYS,
    SET_ELEMENT_ORDER,
    Map,
    PatchType,
    field_of,
    list_field_of,
    same_shape,
)


def spent(original: Map, patch: Map, type: PatchType) -> Map:
    """The patch after it was merged into `original` without an error; both inputs stay as they are."""
    if DIRECTIVE in patch:
        return {name: value for name, value in patch.items() if name != DIRECTIVE} if patch[DIRECTIVE] == "replace" else patch
    ordered = {name.partition("/")[2] for name in patch if name.startswith(SET_ELEMENT_ORDER)}
    left: Map = {}
    for name, value in patch.items():
        if name == RETAIN_KEYS or name.startswith(SET_ELEMENT_ORDER) or name in ordered:
            continue
        keep = value is None or name.startswith(DELETE_FROM_PRIMITIVE_LIST)
        left[name] = value if keep else _value(original.get(name), value, name, type)
    return left


def _value(original: Any, patch: Any, name: str, type: PatchType) -> Any:
    if original is None or not same_shape(original, patch):
        patch = _without_nulls(patch)
        return _items_stripped(patch) if isinstance(patch, list) else _stripped(patch)
    if isinstance(original, dict):
        field = field_of(type, name)
        return patch if field.strategy == "replace" else spent(original, patch, field.type)
    field = list_field_of(type, name)
    key = field.merge_key
    if field.strategy != "merge" or not key:
        return patch
    present = {identity(item[key]): item for item in reversed(original) if isinstance(item, dict) and key in item}
    return [spent(present.get(identity(item.get(key)), item), item, field.type) if _merges(item, key, present) else item for item in patch]


def _merges(item: Any, key: str, present: Map) -> bool:
    return isinstance(item, dict) and DIRECTIVE not in item and identity(item.get(key)) in present


def _items_stripped(patch: list[Any]) -> list[Any]:
    """A list that is taken over whole is copied: its items stay, even those that are directives."""
    return [item if isinstance(item, dict) and DIRECTIVE in item else _stripped(item) for item in patch]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return {name: _without_nulls(item) for name, item in value.items() if item is not None} if isinstance(value, dict) else value


def _stripped(value: Any) -> Any:
    """Without what carries a directive."""
    if isinstance(value, list):
        return [_stripped(item) for item in value if not _is_directive(item)]
    if not isinstance(value, dict) or DIRECTIVE in value:
        return value
    return {name: _stripped(item) for name, item in value.items() if not _is_directive(item)}


def _is_directive(value: Any) -> bool:
    return isinstance(value, dict) and DIRECTIVE in value
