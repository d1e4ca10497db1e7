"""Atoms of custom resources, made from the schemas of their CustomResourceDefinitions. Called where their field managers are made.

Answers kube-openapi pkg/schemaconv/openapi.go, applied to what apiextensions publishes for a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kcompat.apimachinery.apply.atoms import BOOLEAN, NUMERIC, SCALAR, STRING, Atom, Leaf
from kcompat.apimachinery.apply.lists import AtomicList, KeyedListAtom, SetAtom
from kcompat.apimachinery.apply.maps import AtomicMap, MapAtom
from kcompat.apimachinery.apply.types import struct_atom
from kcompat.apimachinery.apply.untyped import ATOMIC, DEDUCED, AnyOf

Schema = Mapping[str, Any]
_SCALARS: Final[Mapping[str, Leaf]] = {"integer": NUMERIC, "number": NUMERIC, "boolean": BOOLEAN}
_TYPE_META: Final[Schema] = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
_PLAIN_FORMATS: Final = ("", "byte")


def atom_of_resource(schema: Schema | None, *, preserve_unknown: bool = False) -> Atom:
    """The atom of a custom resource with this openAPIV3Schema; every object is an untyped map without one."""
    if not schema:
        return DEDUCED
    whole = {**schema, "properties": {**schema.get("properties", {}), **_TYPE_META}}
    made = _map(whole, preserve_unknown)
    made.fields = {**made.fields, "metadata": struct_atom("meta/v1.ObjectMeta")}
    return made


def atom_of(schema: Schema, preserve: bool = False) -> Atom:
    """The atom of one structural schema; `preserve`: unknown fields are kept here and below."""
    kind = schema.get("type", "")
    if kind == "object":
        return _map(schema, preserve)
    if kind == "array":
        return _list(schema, preserve)
    if kind == "string":
        return STRING if schema.get("format", "") in _PLAIN_FORMATS else SCALAR
    if kind:
        return _SCALARS[kind]
    return AnyOf(scalar=SCALAR, list=_list(schema, preserve), map=_map(schema, preserve))


def _map(schema: Schema, preserve: bool) -> MapAtom:
    preserve = preserve or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    properties = schema.get("properties") or {}
    if schema.get("x-kubernetes-embedded-resource"):
        properties = {**_TYPE_META, "metadata": {"type": "object"}, **properties}
    fields = {name: atom_of(each, preserve) for name, each in properties.items()}
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}
    element = _element(schema, preserve)
    exact = all(atom.exact for atom in (*fields.values(), *((element,) if element is not None else ())))
    made = AtomicMap if schema.get("x-kubernetes-map-type") == "atomic" else MapAtom
    return made(lambda: fields, element, defaults=defaults, exact=exact)


def _element(schema: Schema, preserve: bool) -> Atom | None:
    """The atom of properties that are not named, None if there can be none."""
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        return atom_of(additional, preserve)
    allowed = preserve or not schema.get("properties") if additional is None else additional
    return DEDUCED if allowed else None


def _list(schema: Schema, preserve: bool) -> Atom:
    preserve = preserve or bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    items = schema.get("items")
    element = atom_of(items, preserve) if items else ATOMIC
    relation = schema.get("x-kubernetes-list-type")
    if relation == "map" and isinstance(element, MapAtom):
        return KeyedListAtom(element, schema.get("x-kubernetes-list-map-keys") or ())
    return SetAtom(element) if relation == "set" else AtomicList(element)
