"""Why a decoded JSON tree cannot become a kind, in the words of upstream's converter of unstructured objects. Called by the patch verb.

A strategic merge patch is applied to maps, which become the typed object without passing through JSON, so its refusals differ from
those of other bodies (upstream: apimachinery runtime/converter.go:fromUnstructured). Asked only when decoding has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kcompat.apimachinery.schema import walk
from kcompat.apimachinery.schema.types import Type

_SHAPES: Final = {dict: "map", list: "slice", str: "string", bool: "bool", int: "int64", float: "float64"}
_SCALARS: Final = ("string", "bool", "int32", "int64", "float64")


def mismatch(value: Any, type: Type) -> str:
    """The first refusal, fields in Go's order; "" when there is none."""
    if value is None or type.kind == "any":
        return ""
    if type.kind in _SCALARS:
        return _scalar(value, type)
    return _COMPOSITES.get(type.kind, _own)(value, type)


def _scalar(value: Any, type: Type) -> str:
    shape, wanted = value.__class__, "uint8" if type.go == "uint8" else type.kind
    if wanted == "string":
        return "" if shape is str else f"cannot convert {_SHAPES[shape]} to {type.go}" if shape is int else f"unrecognized type: {wanted}"
    if wanted == "bool":
        return "" if shape is bool else f"unrecognized type: {wanted}"
    if shape is int or (shape is float and (wanted == "float64" or value.is_integer())):
        return ""
    return f"cannot convert float64 to {type.go}" if shape is float else f"unrecognized type: {wanted}"


def _struct(value: Any, type: Type) -> str:
    if not isinstance(value, dict):
        return f"cannot restore struct from: {_SHAPES[value.__class__]}"
    return next((why for name, field in type.fields.items() if (why := mismatch(value.get(name), field.type))), "")


def _map(value: Any, type: Type) -> str:
    assert type.element is not None
    if not isinstance(value, dict):
        return f"cannot restore map from {_SHAPES[value.__class__]}"
    return next((why for item in value.values() if (why := mismatch(item, type.element))), "")


def _list(value: Any, type: Type) -> str:
    assert type.element is not None
    if not isinstance(value, list):
        return f"cannot restore slice from {_SHAPES[value.__class__]}"
    return next((why for item in value if (why := mismatch(item, type.element))), "")


def _bytes(value: Any, type: Type) -> str:
    if not isinstance(value, str):
        return _list(value, Type("list", type.go, element=Type("int32", "uint8")))
    why = _own(value, type)
    return f"error decoding from json: {why}" if why else ""


def _own(value: Any, type: Type) -> str:
    """Types with JSON of their own are given the value as JSON."""
    try:
        walk.decode(value, type)
    except ValueError as error:
        return str(error)
    return ""


_COMPOSITES: Final[dict[str, Callable[[Any, Type], str]]] = {"struct": _struct, "map": _map, "list": _list, "bytes": _bytes}
