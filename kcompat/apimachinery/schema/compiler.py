"""Typed decoding of plain documents, compiled: one generated Python function per Go struct, written at its first use.

Called by decode. A generated function copies the known fields of a JSON object in Go's order, with Go's zero values and omissions, and
raises `NotPlain` at anything else (an unknown field, a wrong type, a null in a list): the caller then asks walk, which knows what Go says.
The code is generated from the committed facts only; nothing of a request is ever part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from kcompat.apimachinery.schema.own_json import CONVERTERS
from kcompat.apimachinery.schema.types import Field, Struct, Type, named
from kcompat.apimachinery.schema.walk import EMPTIED, zero

JSON = Any
Decoder = Callable[[JSON], JSON]


class NotPlain(Exception):
    """The document needs walk's attention."""


_CLASSES: Final = {"string": "str", "bool": "bool", "list": "list", "map": "dict", "bytes": "str"}
_RANGES: Final = {"int32": "-0x80000000 <= v <= 0x7FFFFFFF", "int64": "-0x8000000000000000 <= v <= 0x7FFFFFFFFFFFFFFF"}


def decoder(type: Type) -> Decoder:
    """The function for a struct type; compiled when first called."""
    name = _function(type)
    if name not in _namespace:
        _namespace[name] = _stub(name, type)
    result: Decoder = _namespace[name]
    return result


def compiled(type: Type) -> Decoder:
    """The function for a struct type, compiled now. References taken from `decoder` before the first call keep pointing at a stub."""
    assert type.struct is not None
    name = _function(type)
    exec(compile(_source(name, type.struct), f"<{type.name}>", "exec"), _namespace)  # noqa: S102 (source made of committed facts)
    result: Decoder = _namespace[name]
    return result


def _stub(name: str, type: Type) -> Decoder:
    """Stands in for a function until it is needed; a Pod reaches 150 structs and an ordinary one uses 25."""

    def compile_then_call(tree: JSON) -> JSON:
        return (compiled(type) if _namespace[name] is compile_then_call else _namespace[name])(tree)

    return compile_then_call


def _source(name: str, struct: Struct) -> str:
    fields = struct.fields
    lines = [
        f"def {name}(t):",
        "    if t.__class__ is not dict: raise NotPlain",
        "    get = t.get; out = {}; n = len(t)",
    ]
    for field in fields.values():
        lines += ["    " + line for line in _field(field)]
    _namespace[f"{name}_known"] = frozenset(fields)
    # n counts what the input had and what zero values added: equal sizes mean that nothing was left over
    return "\n".join([*lines, f"    if n != len(out) and not t.keys() <= {name}_known: raise NotPlain", "    return out"])


def _field(field: Field) -> list[str]:
    type, key = field.type, repr(field.name)
    store = [f"out[{key}] = {_converted(type)}"]
    if field.omit and not field.keeps_empty and not type.pointer and (field.omit == "zero" or type.kind in EMPTIED):
        store = [f"if v: {store[0]}"]
        if field.omit == "zero" or type.kind == "bytes":
            store = [f"r = {_converted(type)}", f"if r != {zero(type)!r}: out[{key}] = r"]
    elif type.kind in ("map", "bytes"):
        store = [f"out[{key}] = {_converted(type)} or None"]
    lines = [f"v = get({key})", "if v is not None:", *("    " + line for line in [*_checks(type), *store])]
    if not _dropped_when_absent(field):
        lines += ["else:", f"    out[{key}] = {zero(type)!r}", f"    n += {key} not in t"]
    return lines


def _dropped_when_absent(field: Field) -> bool:
    return field.omit == "zero" or (field.omit == "empty" and (field.type.pointer or field.type.kind in EMPTIED))


def _checks(type: Type) -> list[str]:
    """Statements that refuse a value `v` of the wrong JSON type."""
    if type.kind in _RANGES:
        return [f"if v.__class__ is not int or not {_RANGES[type.kind]}: raise NotPlain"]
    lines = [f"if v.__class__ is not {_CLASSES[type.kind]}: raise NotPlain"] if type.kind in _CLASSES else []
    if type.element is not None and type.element.kind == "string":
        items = "v" if type.kind == "list" else "v.values()"
        lines += [f"for x in {items}:", "    if x.__class__ is not str: raise NotPlain"]
    return lines


def _converted(type: Type) -> str:
    """The expression for a checked value `v`."""
    element = type.element
    if type.kind in _CALLED:
        return f"{_callee(type)}(v)"
    if element is None or element.kind == "string":
        return "v"
    if type.kind == "list":
        return f"[{_callee(element)}(x) for x in v]"
    return f"{{k: {_callee(element)}(x) for k, x in v.items()}}"


_CALLED: Final = frozenset({"struct", "schema_or_array", "schema_or_bool", "schema_or_strings", *CONVERTERS} - {"raw"})


def _callee(type: Type) -> str:
    """The name of a function that decodes one value of the type or raises NotPlain."""
    if type.kind == "struct":
        decoder(type)
        return _function(type)
    if type.kind in _SCALAR_CALLEES or type.kind in CONVERTERS:
        return f"_{type.kind}"
    if type.kind.startswith("schema_"):
        decoder(named("apiextensions/v1.JSONSchemaProps"))
        return f"_{type.kind}"
    return _nested(type)


def _nested(type: Type) -> str:
    """A list or map inside a list or map."""
    name = "_" + re.sub(r"\W", "_", f"{type.kind}_{type.go}")
    if name not in _namespace:
        body = ["    " + line for line in [*_checks(type), f"return {_converted(type)} or None"]]
        exec("\n".join([f"def {name}(v):", *body]), _namespace)  # noqa: S102 (source made of committed facts)
    return name


def _function(type: Type) -> str:
    return re.sub(r"\W", "_", type.name)


def _plain_schema(value: JSON) -> JSON:
    return _namespace["apiextensions_v1_JSONSchemaProps"](value)


def _schema_or_array(value: JSON) -> JSON:
    if value.__class__ is list:
        return [_plain_schema(v) for v in value] or None
    return _plain_schema(value)


def _schema_or_bool(value: JSON) -> JSON:
    return value if value.__class__ is bool else _plain_schema(value)


def _schema_or_strings(value: JSON) -> JSON:
    if value.__class__ is not list:
        return _plain_schema(value)
    if not all(v.__class__ is str for v in value):
        raise NotPlain
    return value or None


def _scalar(wanted: Any, bits: int = 0) -> Decoder:
    limit = 1 << bits >> 1

    def check(value: JSON) -> JSON:
        if value.__class__ is not wanted or (limit and not -limit <= value < limit):
            raise NotPlain
        return value

    return check


_SCALAR_CALLEES: Final[dict[str, Decoder]] = {
    "string": _scalar(str),
    "bool": _scalar(bool),
    "int32": _scalar(int, 32),
    "int64": _scalar(int, 64),
    "any": lambda value: value,
    "schema_or_array": _schema_or_array,
    "schema_or_bool": _schema_or_bool,
    "schema_or_strings": _schema_or_strings,
}

_namespace: Final[dict[str, Any]] = {
    "NotPlain": NotPlain,
    **{f"_{kind}": f for kind, f in CONVERTERS.items()},
    **{f"_{kind}": f for kind, f in _SCALAR_CALLEES.items()},
}
"""The globals of the generated functions, and the functions themselves."""
