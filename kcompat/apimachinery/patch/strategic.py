"""Strategic merge patch: merges lists by key as the types declare it, and obeys the directives in the patch. Called by the patch verb.

Answers apimachinery pkg/util/strategicpatch/patch.go as the API server calls it (StrategicMergeMapPatch): `$patch`, `$retainKeys`,
`$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>`. The order of merged lists is element_order's business.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from kcompat.apimachinery import errors
from kcompat.apimachinery.patch.element_order import Items, element_order, identity, partition, require_merge_key, same
from kcompat.apimachinery.patch.failures import (
    argument_type,
    bad_directive,
    bad_order_list,
    bad_primitive_list,
    bad_retain_keys,
    failure,
    no_merge_key,
)
from kcompat.apimachinery.quote import plain_text, quote

Map = dict[str, Any]

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_FROM_PRIMITIVE_LIST: Final = "$deleteFromPrimitiveList"
SET_ELEMENT_ORDER: Final = "$setElementOrder"
_UNMERGEABLE = {"map": "map", "list": "slice", "bytes": "slice"}


class PatchType(Protocol):
    """What a patch needs to know of a type; schema.Type has it."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def element(self) -> Any: ...
    @property
    def pointer(self) -> bool: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...


class _Field:
    """A field's type, strategy and merge key, as far as a patch cares."""

    __slots__ = ("merge_key", "strategy", "type")

    def __init__(self, type: PatchType, strategy: str, merge_key: str) -> None:
        self.type, self.strategy, self.merge_key = type, strategy, merge_key


def apply(tree: Map, patch: Any, type: PatchType) -> Map:
    """The patched tree; both inputs stay as they are.

    Raises StatusError: 400 for malformed directives, 422 for lists of lists, 500 with upstream's text for the rest.
    """
    if not isinstance(patch, dict):
        raise errors.bad_request("json: cannot unmarshal " + _json_kind(patch) + " into Go value of type map[string]interface {}")
    return _merge_map(tree, patch, type)


def _json_kind(value: Any) -> str:
    return "array" if isinstance(value, list) else "string" if isinstance(value, str) else "bool" if isinstance(value, bool) else "number"


def _merge_map(original: Map, patch: Map, type: PatchType) -> Map:
    if DIRECTIVE in patch:
        return _directed(patch)
    original, patch = dict(original), dict(patch)
    _retain_keys(original, patch)
    _set_element_orders(original, patch, type)
    for key, value in _deletions_first(patch):
        deletes = key.startswith(DELETE_FROM_PRIMITIVE_LIST)
        name = _list_name(key, DELETE_FROM_PRIMITIVE_LIST) if deletes else key
        if value is None:
            original.pop(name, None)
        elif name in original and same_shape(original[name], value):
            original[name] = _merge_value(original[name], value, name, type, deletes)
        elif not deletes:
            _put(original, name, _cleaned(value))
    return original


def _deletions_first(patch: Map) -> Iterable[tuple[str, Any]]:
    if not any(key.startswith(DELETE_FROM_PRIMITIVE_LIST) for key in patch):
        return patch.items()
    return sorted(patch.items(), key=lambda member: not member[0].startswith(DELETE_FROM_PRIMITIVE_LIST))


def _directed(patch: Map) -> Map:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    raise bad_directive(directive, patch)


def same_shape(original: Any, patch: Any) -> bool:
    return isinstance(patch, list) if isinstance(original, list) else isinstance(original, dict) and isinstance(patch, dict)


def _merge_value(original: Any, patch: Any, name: str, type: PatchType, deletes: bool) -> Any:
    if isinstance(original, dict):
        field = field_of(type, name)
        return patch if field.strategy == "replace" else _merge_map(original, patch, field.type)
    field = list_field_of(type, name)
    if field.strategy != "merge" and not deletes:
        return patch
    return _merge_list(original, patch, field, deletes)


def _put(original: Map, name: str, kept: tuple[Any, bool]) -> None:
    value, keep = kept
    if keep:
        original[name] = value
    else:
        original.pop(name, None)


def _cleaned(value: Any, *, nulls: bool = False) -> tuple[Any, bool]:
    """(value without null members and without what carries a directive, is the value itself to be kept?)."""
    if isinstance(value, list):
        return [item for item, keep in (_cleaned(item, nulls=nulls) for item in value) if keep], True
    if not isinstance(value, dict):
        return value, True
    if DIRECTIVE in value:
        return None, False
    members = {}
    for key, item in value.items():
        keep = nulls or item is not None
        if isinstance(item, dict | list):
            item, keep = _cleaned(item, nulls=nulls)
        if keep:
            members[key] = item
    return members, True


def _retain_keys(original: Map, patch: Map) -> None:
    """`$retainKeys`: what the directive does not name goes; what the patch sets must be named."""
    if RETAIN_KEYS not in patch:
        return
    names = patch.pop(RETAIN_KEYS)
    if not isinstance(names, list):
        raise bad_retain_keys()
    retained = {name for name in names if isinstance(name, str)}
    for key, value in patch.items():
        is_directive = key.startswith((DELETE_FROM_PRIMITIVE_LIST, SET_ELEMENT_ORDER))
        if value is not None and not is_directive and key not in retained:
            raise bad_retain_keys()
    for key in original.keys() - retained:
        del original[key]


def _list_name(key: str, prefix: str) -> str:
    start, slash, name = key.partition("/")
    if slash and start == prefix:
        return name
    raise bad_primitive_list() if prefix == DELETE_FROM_PRIMITIVE_LIST else bad_order_list()


def _set_element_orders(original: Map, patch: Map, type: PatchType) -> None:
    """`$setElementOrder/<list>`: merges that list here and now, ordered as the directive says; takes both out of the patch."""
    for key in [key for key in patch if key.startswith(SET_ELEMENT_ORDER)]:
        order = patch.pop(key)
        if not isinstance(order, list):
            raise argument_type([], order)
        name = _list_name(key, SET_ELEMENT_ORDER)
        live, wanted = _list_in(original, name), _list_in(patch, name)
        field = list_field_of(type, name)
        _check_order(wanted or [], order, field.merge_key)
        if live is None and wanted is None:
            continue
        original[name] = _ordered(live, wanted, order, field)
        patch.pop(name, None)


def _list_in(holder: Map, name: str) -> Items | None:
    if name in holder and not isinstance(holder[name], list):
        raise argument_type([], holder[name])
    return holder.get(name)


def _ordered(live: Items | None, wanted: Items | None, order: Items, field: _Field) -> Items:
    if wanted is None:
        merged = live or []
    elif live is None:
        merged = _cleaned(wanted, nulls=True)[0]
    else:
        merged = wanted if field.strategy != "merge" else _merge_list(live, wanted, field, deletes=False)
    in_order, server_only = partition(merged, order, field.merge_key)
    are_maps = _are_maps(live or [], wanted or [])
    if live and wanted and are_maps and field.strategy == "merge":
        live = _overwritten(live, wanted, field.merge_key)
    return element_order(in_order, server_only, order, live or [], field.merge_key, are_maps)


def _overwritten(live: Items, patch: Items, merge_key: str) -> Items:
    """The live list as upstream's merge leaves it in memory: deletions shift items left in place, additions fill the room that is free.

    Upstream orders by this list, not by the one it was given; a container that replaces another stands at the end because of it.
    """
    memory, size = list(live), len(live)
    for item in patch:
        if item.get(DIRECTIVE) == "delete":
            for index in reversed([i for i in range(size) if same_key(memory[i], merge_key, item.get(merge_key))]):
                memory[index : size - 1] = memory[index + 1 : size]
                size -= 1
    if any(item.get(DIRECTIVE) == "replace" for item in patch):
        return memory
    for item in patch:
        is_new = DIRECTIVE not in item and not any(same_key(present, merge_key, item.get(merge_key)) for present in memory[:size])
        if is_new and size < len(memory):
            memory[size] = item
            size += 1
    return memory


def _check_order(patch: Items, order: Items, merge_key: str) -> None:
    """The patch's items must appear in the directive, in the same order."""
    if not order or not patch:
        return
    items = [item for item in patch if not merge_key or require_map(item).get(DIRECTIVE) != "delete"]
    position = 0
    for target in order:
        while position < len(items) and isinstance(items[position], dict) and DIRECTIVE in items[position]:
            position += 1
        if position < len(items) and same(items[position], target, merge_key):
            position += 1
    if position < len(items):
        shown = f"{plain_text(patch)}\n doesn't match {SET_ELEMENT_ORDER} list:\n{plain_text(order)}\n"
        raise failure(f"The order in patch list:\n{shown}")


def require_map(item: Any) -> Map:
    if isinstance(item, dict):
        return item
    raise argument_type({}, item)


def _are_maps(*lists: Items) -> bool:
    """Are the items maps? All must be of one type, and not lists (sliceElementType)."""
    items = [item for each in lists for item in each]
    if not items:
        raise failure("no elements in any of the given slices")
    kinds = {type(item) for item in items}
    if isinstance(items[0], list):
        raise errors.generic(422, "", "", "", "", "lists of lists are not supported")
    if len(kinds) > 1:
        raise failure(f"list element types are not identical: [{' '.join(map(plain_text, lists))}]")
    return isinstance(items[0], dict)


def _merge_list(original: Items, patch: Items, field: _Field, deletes: bool) -> Items:
    if not original and not patch:
        return original
    merge_key = field.merge_key
    if not _are_maps(original, patch):
        if deletes:
            gone = {identity(item) for item in patch}
            return [item for item in original if identity(item) not in gone]
        merged = list({identity(item): item for item in (*original, *patch)}.values())
        in_patch, server_only = partition(merged, patch, merge_key)
        return element_order(in_patch, server_only, patch, original, merge_key, are_maps=False)
    if not merge_key:
        raise failure(f"cannot merge lists without merge key for {_UNMERGEABLE.get(field.type.kind, 'struct')}")
    original, patch = _without_special_items(original, patch, merge_key)
    merged = _merge_items(original, patch, field)
    in_patch, server_only = partition(merged, patch, merge_key)
    return element_order(in_patch, server_only, patch, original, merge_key, are_maps=True)


def _without_special_items(original: Items, patch: Items, merge_key: str) -> tuple[Items, Items]:
    """Carries out the `$patch` directives among the items: delete one by key, or replace the whole list."""
    plain, replace = [], False
    for item in patch:
        directive = item.get(DIRECTIVE)
        if DIRECTIVE not in item:
            plain.append(item)
        elif directive == "delete":
            key = require_merge_key(item, merge_key)
            original = [present for present in original if not same_key(require_map(present), merge_key, key)]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise failure("merging lists cannot yet be specified in the patch")
        else:
            raise bad_directive(directive, item)
    return (plain, []) if replace else (original, plain)


def same_key(item: Map, merge_key: str, key: Any) -> bool:
    return merge_key in item and identity(item[merge_key]) == identity(key)


def _merge_items(original: Items, patch: Items, field: _Field) -> Items:
    merged = list(original)
    positions: dict[Any, int] = {}
    for index, item in enumerate(merged):
        if field.merge_key in item:
            positions.setdefault(identity(item[field.merge_key]), index)
    for item in patch:
        if field.merge_key not in item:
            raise no_merge_key(item, field.merge_key)
        key = identity(item[field.merge_key])
        if key in positions:
            merged[positions[key]] = _merge_map(merged[positions[key]], item, field.type)
        else:
            positions[key] = len(merged)
            merged.append(item)
    return merged


def field_of(type: PatchType, name: str) -> _Field:
    """The field of a struct; names are matched as encoding/json does, exactly first, then whatever their case."""
    if type.kind in _UNMERGEABLE:
        kind = _UNMERGEABLE[type.kind]
        raise failure(f"merging an object in json but data type is not struct, instead is: {kind}")
    field = type.fields.get(name) or next((field for key, field in type.fields.items() if key.lower() == name.lower()), None)
    if field is None:
        struct = type.name.rpartition(".")[2]
        raise failure(f"unable to find api field in struct {struct} for the json field {quote(name)}")
    strategies = [strategy for strategy in field.patch_strategy if strategy != "retainKeys"]
    return _Field(field.type, strategies[0] if strategies else "", field.merge_key or "")


def list_field_of(type: PatchType, name: str) -> _Field:
    """The field of a struct that is a list, with the type of its items."""
    field = field_of(type, name)
    if field.type.kind != "list" and field.type.pointer:  # upstream takes a pointer for a list of what it points to
        return field
    if field.type.kind != "list":
        raise failure("expected slice or array type, but got: struct")
    if field.type.element.kind == "list":
        raise failure("unexpected slice of slice")
    return _Field(field.type.element, field.strategy, field.merge_key)
