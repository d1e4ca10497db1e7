"""Atoms of the API's own types, made from the facts as upstream makes them from its OpenAPI documents.

Called by field_manager. Answers kube-openapi pkg/schemaconv/{openapi,smd}.go and managedfields/internal/typeconverter.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from kcompat.apimachinery import schema
from kcompat.apimachinery.apply.atoms import ANYTHING, BOOLEAN, NUMERIC, SCALAR, STRING, Atom
from kcompat.apimachinery.apply.lists import AtomicList, CheckedList, KeyedListAtom, SetAtom
from kcompat.apimachinery.apply.maps import AtomicMap, MapAtom
from kcompat.apimachinery.apply.untyped import ATOMIC, DEDUCED
from kcompat.apimachinery.schema import Field, Type
from kcompat.apimachinery.schema.types import named

_BY_KIND: Final[Mapping[str, Atom]] = {
    "string": STRING, "bytes": STRING, "bool": BOOLEAN, "int32": NUMERIC, "int64": NUMERIC, "float64": NUMERIC, "quantity": SCALAR,
    "time": SCALAR, "microtime": SCALAR, "int_or_string": ANYTHING, "any": DEDUCED, "raw": DEDUCED, "schema_or_array": DEDUCED,
    "schema_or_bool": DEDUCED, "schema_or_strings": DEDUCED,
}  # fmt: skip
_BY_NAME: Final[Mapping[str, Atom]] = {
    "runtime.RawExtension": ATOMIC,
    "meta/v1.FieldsV1": MapAtom(element=DEDUCED, exact=False),
}
_ZEROS: Final[Mapping[str, Any]] = {"string": "", "int32": 0, "int64": 0, "bool": False}


@cache
def atom_of(group: str, version: str, kind: str) -> MapAtom | None:
    """The atom of a kind, or None if the facts have none."""
    type = schema.type_of(group, version, kind)
    return struct_atom(type.name) if type is not None else None


@cache
def struct_atom(name: str, map_type: str = "") -> MapAtom:
    """The atom of a struct of the facts; `map_type` is what the field holding it declares."""
    type = named(name)
    made = AtomicMap if (map_type or type.map_type) == "atomic" else MapAtom
    defaults = {key: value for key, field in type.fields.items() if (value := default(field)) is not None}
    element = None if type.fields else DEDUCED
    return made(partial(_fields, type), element, defaults=defaults, exact=_is_exact(type))


def _fields(type: Type) -> Mapping[str, Atom]:
    return {name: field_atom(field) for name, field in type.fields.items()}


def default(field: Field) -> Any:
    """The default that published schemas give a field: its own, else the zero value of a scalar that is always written."""
    if field.default is not None:
        return field.default
    return _ZEROS.get(field.type.kind) if not field.omit and not field.type.pointer else None


def field_atom(field: Field) -> Atom:
    type = field.type
    if type.kind == "list":
        return _list_atom(field)
    if type.kind == "map":
        return _map_atom(type, field.map_type)
    return type_atom(type, field.map_type)


def type_atom(type: Type, map_type: str = "") -> Atom:
    if type.name in _BY_NAME:
        return _BY_NAME[type.name]
    if type.kind == "struct":
        return struct_atom(type.name, map_type)
    if type.kind == "map":
        return _map_atom(type, map_type)
    if type.kind == "list":
        return AtomicList(type_atom(_element(type)))
    return _BY_KIND[type.kind]


def _map_atom(type: Type, map_type: str) -> Atom:
    element = type_atom(_element(type))
    return (AtomicMap if map_type == "atomic" else MapAtom)(element=element, exact=element.exact)


def _list_atom(field: Field) -> Atom:
    """x-kubernetes-list-type decides, else the patch strategy (getListElementRelationship)."""
    element = type_atom(_element(field.type))
    if field.list_type:
        relation, keys = field.list_type, field.list_map_keys
    else:
        keys = (field.merge_key,) if field.merge_key else ()
        relation = "atomic" if "merge" not in field.patch_strategy else "map" if keys else "set"
    if relation == "map" and isinstance(element, MapAtom):
        return KeyedListAtom(element, keys)
    if relation == "set":
        return SetAtom(element)
    return (CheckedList if _element(field.type).name == "meta/v1.ManagedFieldsEntry" else AtomicList)(element)


def _element(type: Type) -> Type:
    assert type.element is not None
    return type.element


def _is_exact(type: Type) -> bool:
    """Whether nothing untyped can be reached from here, managedFields aside, which are not compared."""
    seen: set[str] = set()
    waiting = [type]
    while waiting:
        current = waiting.pop()
        while current.element is not None:
            current = current.element
        if current.name == "meta/v1.FieldsV1":
            continue
        if current.kind in ("any", "raw") or current.kind.startswith("schema_or"):
            return False
        if current.kind == "struct" and current.name not in seen:
            seen.add(current.name)
            if not current.fields:
                return False
            waiting += [field.type for field in current.fields.values()]
    return True
