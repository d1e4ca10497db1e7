"""Objects as they come back from upstream's storage: keys in Go's order (a struct's fields as declared, a map's sorted), empty lists null.

Called by `registry/store.py` before it encodes, and by conversions.

Decoding brings the fields into this order; what defaults, preparation and admission add afterwards comes last in a Python dict. What is in
order already is given back as it is, so that an ordinary update costs one look at each key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from kcompat.apimachinery.schema.types import Field, Type, type_of

JSON = Any
Tree = dict[str, Any]
Order = Callable[[JSON], JSON]


def ordered(tree: Tree, group: str, version: str, kind: str) -> Tree:
    """An object with its keys in order; as it is if the facts have no such kind."""
    order = _of_kind(group, version, kind)
    result: Tree = order(tree) if order is not None else tree
    return result


@cache
def _of_kind(group: str, version: str, kind: str) -> Order | None:
    type = type_of(group, version, kind)
    return order_of(type) if type is not None else None


@cache
def order_of(type: Type) -> Order | None:
    """A function that gives back a value of the type with its keys in order (the value itself if they are); None where there are no keys."""
    if type.kind == "struct":
        return _struct(type)
    if type.kind == "list" and type.element is not None and (inner := order_of(type.element)) is not None:
        return _items(inner)
    if type.kind == "map" and type.element is not None:
        return _map(order_of(type.element))
    return None


_Plan = tuple[tuple[str, ...], tuple[tuple[str, Order], ...]]
"""For a struct with these keys: the keys in order (none if they are), and those whose values are to be looked into."""
_MOST_PLANS = 1000
_structs: dict[str, Order] = {}


def _struct(type: Type) -> Order:
    """The function of a struct. It remembers what is to be done with each set of keys it has met."""
    if type.name in _structs:
        return _structs[type.name]
    plans: dict[tuple[str, ...], _Plan] = {}

    def order(tree: JSON) -> JSON:
        if not tree or tree.__class__ is not dict:
            return tree
        keys = (*tree,)
        names, inner = plans.get(keys) or _learnt(plans, type, keys)
        result = {name: tree[name] for name in names} if names else tree
        for name, function in inner:
            if (moved := function(value := tree[name])) is not value:
                if result is tree:
                    result = {**tree}
                result[name] = moved
        return result

    _structs[type.name] = order
    return order


def _learnt(plans: dict[tuple[str, ...], _Plan], type: Type, keys: tuple[str, ...]) -> _Plan:
    if len(plans) >= _MOST_PLANS:
        plans.clear()
    fields = type.fields
    names = (*(name for name in fields if name in keys), *(name for name in keys if name not in fields))
    inner = ((name, _order_in(fields[name])) for name in keys if name in fields)
    plans[keys] = plan = (() if names == keys else names, tuple((name, order) for name, order in inner if order is not None))
    return plan


def _order_in(field: Field) -> Order | None:
    if field.type.kind == "list" and not field.omit:
        return order_of(field.type) or _or_null
    return order_of(field.type)


def _or_null(values: JSON) -> JSON:
    return values or None


def _items(inner: Order) -> Order:
    def order(values: JSON) -> JSON:
        if not values or values.__class__ is not list:
            return values or None
        result = values
        for index, value in enumerate(values):
            if (moved := inner(value)) is not value:
                result = [*values] if result is values else result
                result[index] = moved
        return result

    return order


def _map(inner: Order | None) -> Order:
    def order(values: JSON) -> JSON:
        if not values or values.__class__ is not dict:
            return values
        if inner is None and len(values) < 2:
            return values
        names = sorted(values)
        if inner is not None:
            return {name: inner(values[name]) for name in names}
        return values if names == [*values] else {name: values[name] for name in names}

    return order
