"""Typed decoding in the order of the document, with every word Go would say. Slow; the compiler's code hands over what is not plain.

Answers sigs.k8s.io/json (decode.go, kubernetes_patch.go) followed by encoding/json's Marshal, and one trip through protobuf storage: empty
lists and maps become null as they do when upstream stores and reads an object. Only lists that are never omitted stay empty lists, as
managedFields and messages tell them from null; `order` makes null of them when the object is stored.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable
from typing import Any, Final

from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.schema.own_json import CONVERTERS, ZEROS, Mismatch, describe
from kcompat.apimachinery.schema.types import Struct, Type, named

JSON = Any

_INTEGERS: Final = {"int32": 1 << 31, "int64": 1 << 63}
_MAX_STRICT_ERRORS: Final = 100
_EMPTY: Final = (None, "", 0, False)
EMPTIED: Final = frozenset({"string", "bool", "int32", "int64", "float64", "bytes", "any", "list", "map"})
"""Kinds that omitempty drops when they hold their zero value; structs and types with JSON of their own always stay."""


def decode(tree: JSON, type: Type) -> tuple[JSON, list[str]]:
    """The tree as Go would encode it again, and the strict errors. Raises ValueError with Go's text."""
    walk = _Walk()
    try:
        result = walk.value(tree, type)
    except Mismatch as fatal:
        raise walk.in_context(fatal) from None
    if walk.saved is not None:
        raise walk.saved
    return result, walk.strict


def zero(type: Type) -> JSON:
    """A type's zero value as Go encodes it; a fresh tree."""
    if type.pointer:
        return None
    if type.struct is None or type.kind != "struct":
        return ZEROS[type.kind]
    return _encoded(type.struct, {})


def _encoded(struct: Struct, values: dict[str, JSON]) -> dict[str, JSON]:
    """The struct with these field values, zero-valued where absent, as Go's Marshal writes it."""
    result: dict[str, JSON] = {}
    for name, field in struct.fields.items():
        value = values[name] if name in values else zero(field.type)
        if field.omit == "empty" and _is_empty(value, field.type) and not (field.keeps_empty and value == []):
            continue
        if field.omit == "zero" and value == zero(field.type):
            continue
        result[name] = value
    return result


def _is_empty(value: JSON, type: Type) -> bool:
    """Whether omitempty drops it: nil pointers, false, 0, "" and empty lists and maps, never structs."""
    if type.pointer:
        return value is None
    return type.kind in EMPTIED and value in _EMPTY


class _Walk:
    """One pass over a document: where it is, the first saved error and the strict errors."""

    def __init__(self) -> None:
        self.strict: list[str] = []
        self.saved: ValueError | None = None
        self._seen: set[str] = set()
        self._path: list[str] = []
        self._inside = ""
        self._stack: list[str] = []

    def in_context(self, error: Mismatch) -> Mismatch:
        """The error with the innermost struct and the path to it (decode.go:addErrorContext)."""
        if self._inside or self._stack:
            error.struct = self._inside
            error.field = ".".join([*self._stack, error.field] if error.field else self._stack)
        return error

    def _save(self, error: ValueError) -> None:
        if self.saved is None:
            self.saved = self.in_context(error) if isinstance(error, Mismatch) else error

    def value(self, value: JSON, type: Type) -> JSON:
        if value is None:
            return zero(type)
        if type.kind in _INTEGERS:
            return self._integer(value, type)
        return getattr(self, "_" + type.kind, self._own_json)(value, type)

    def _integer(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is int and -_INTEGERS[type.kind] <= value < _INTEGERS[type.kind]:
            return value
        self._save(Mismatch(_number(value), type.go))
        return 0

    def _string(self, value: JSON, type: Type) -> JSON:
        return self._checked(value, type, str)

    def _bool(self, value: JSON, type: Type) -> JSON:
        return self._checked(value, type, bool)

    def _checked(self, value: JSON, type: Type, wanted: Callable[[], JSON]) -> JSON:
        if value.__class__ is wanted:
            return value
        self._save(Mismatch(describe(value), type.go))
        return wanted()

    def _float64(self, value: JSON, type: Type) -> JSON:
        try:
            return CONVERTERS["float64"](value)
        except Mismatch as error:
            self._save(error)
            return 0

    def _any(self, value: JSON, type: Type) -> JSON:
        return value

    def _bytes(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is list:  # Go takes a list of numbers too
            return b2a_base64(bytes(self._byte(v) for v in value), newline=False).decode() or None
        try:
            return CONVERTERS["bytes"](value) or None
        except ValueError as error:
            self._save(error)
            return None

    def _byte(self, value: JSON) -> int:
        if value is None or (value.__class__ is int and 0 <= value <= 255):
            return value or 0
        self._save(Mismatch(_number(value), "uint8"))
        return 0

    def _list(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is not list:
            self._save(Mismatch(describe(value), type.go))
            return None
        result = []
        for index, item in enumerate(value):
            self._path.append(f"[{index}]")
            result.append(self.value(item, _element(type)))
            self._path.pop()
        return result or None

    def _map(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is not dict:
            self._save(Mismatch(describe(value), type.go))
            return None
        result = {}
        for key, item in value.items():
            self._path.append(f".{key}")
            result[key] = self.value(item, _element(type))
            self._path.pop()
        if _element(type).kind == "bytes":  # protobuf has no nil inside maps
            return {key: item or "" for key, item in result.items()} or None
        return result or None

    def _struct(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is not dict:
            self._save(Mismatch(describe(value), type.go))
            return zero(type)
        assert type.struct is not None
        fields, outer, depth = type.struct.fields, self._inside, len(self._stack)
        values: dict[str, JSON] = {}
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                self._unknown(key)
                continue
            self._inside = type.go.rpartition(".")[2]
            self._stack += [*field.go_path, key]
            self._path.append(f".{key}")
            values[key] = [] if field.keeps_empty and item == [] else self.value(item, field.type)
            self._path.pop()
            del self._stack[depth:]
            self._inside = outer
        return _encoded(type.struct, values)

    def _unknown(self, key: str) -> None:
        path = "".join([*self._path, "." + key]).removeprefix(".")
        error = f"unknown field {quote(path)}"
        if error not in self._seen and len(self.strict) < _MAX_STRICT_ERRORS:
            self._seen.add(error)
            self.strict.append(error)

    def _own_json(self, value: JSON, type: Type) -> JSON:
        return CONVERTERS[type.kind](value)

    # apiextensions/v1/marshal.go: the inner document is decoded apart, without strictness.

    def _schema_or_bool(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is dict:
            return _schema(value)
        if value.__class__ is not bool:
            raise ValueError("boolean or JSON schema expected")
        return value

    def _schema_or_array(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is list:
            return decode(value, Type("list", "[]v1.JSONSchemaProps", element=named("apiextensions/v1.JSONSchemaProps")))[0]
        return _schema(value) if value.__class__ is dict else None

    def _schema_or_strings(self, value: JSON, type: Type) -> JSON:
        if value.__class__ is list:
            return decode(value, Type("list", "[]string", element=Type("string", "string")))[0]
        return _schema(value) if value.__class__ is dict else None


def _schema(value: JSON) -> JSON:
    return decode(value, named("apiextensions/v1.JSONSchemaProps"))[0]


def _element(type: Type) -> Type:
    assert type.element is not None
    return type.element


def _number(value: JSON) -> str:
    return f"number {value!r}" if value.__class__ in (int, float) else describe(value)
