"""JSON trees of the API's types written as protobuf, byte for byte as upstream does. Called by apimachinery/protobuf.

Answers the generated Marshal methods (generated.pb.go): fields by number, zero values written, nil pointers, lists and maps left out, maps
by key.
"""

from __future__ import annotations

import struct as packing
from binascii import a2b_base64
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson

from kcompat.apimachinery.schema.protobuf_reader import FIXED64, LENGTH, VARINT
from kcompat.apimachinery.schema.types import Field, Struct, Type

JSON = Any
Tree = dict[str, Any]
Content = Callable[[JSON], bytes]
Put = Callable[[bytearray, Tree], None]


def number(value: int) -> bytes:
    """A varint; negative numbers in 64 bit two's complement."""
    if 0 <= value < 128:
        return bytes((value,))
    value &= 0xFFFFFFFFFFFFFFFF
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def delimited(field: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return number(field << 3 | LENGTH) + number(len(content)) + content


def write(struct: Struct, tree: Tree) -> bytes:
    """The message of a struct."""
    out = bytearray()
    for put in _plan(struct):
        put(out, tree)
    return bytes(out)


@cache
def _plan(struct: Struct) -> tuple[Put, ...]:
    return tuple(_put(field) for field in sorted(struct.members, key=lambda f: f.proto) if field.proto)


def _put(field: Field) -> Put:
    type, name, embedded = field.type, field.name, field.type.struct
    if field.inline and embedded is not None:
        return lambda out, tree: out.extend(delimited(field.proto, write(embedded, tree)))
    if type.kind == "list" and not type.message and type.element is not None:
        return _put_list(field, type.element)
    if type.kind == "map" and type.element is not None:
        return _put_map(field, type.element)
    tag, content = _tag(field.proto, type), _content(type)
    optional = type.pointer or type.kind in ("bytes", "list")

    def put(out: bytearray, tree: Tree) -> None:
        value = tree.get(name)
        if value is not None or not optional:
            out.extend(tag)
            out.extend(content(value))

    return put


def _put_list(field: Field, element: Type) -> Put:
    tag, content, name = _tag(field.proto, element), _content(element), field.name

    def put(out: bytearray, tree: Tree) -> None:
        for value in tree.get(name) or ():
            out.extend(tag)
            out.extend(content(value))

    return put


def _put_map(field: Field, element: Type) -> Put:
    tag, content, name = number(field.proto << 3 | LENGTH), _content(element), field.name
    value_tag = _tag(2, element)

    def put(out: bytearray, tree: Tree) -> None:
        for key, value in sorted((tree.get(name) or {}).items(), key=lambda item: item[0].encode(errors="surrogatepass")):
            entry = delimited(1, _utf8(key)) + value_tag + content(value)
            out.extend(tag + number(len(entry)) + entry)

    return put


def _tag(field: int, type: Type) -> bytes:
    wire = {"bool": VARINT, "int32": VARINT, "int64": VARINT, "float64": FIXED64}.get(type.kind, LENGTH)
    return number(field << 3 | wire)


def _content(type: Type) -> Content:
    """A function from a JSON value (None: the zero value) to what follows the tag."""
    if type.kind in ("bool", "int32", "int64"):
        return lambda value: number(int(value or 0))
    if type.kind == "float64":
        return lambda value: packing.pack("<d", value or 0)
    message = _message(type)

    def content(value: JSON) -> bytes:
        data = message(value)
        return number(len(data)) + data

    return content


def _message(type: Type) -> Content:
    struct = type.struct
    if type.kind == "struct" and struct is not None:
        return lambda value: write(struct, value or {})
    if type.kind == "list" and type.element is not None:  # a list that is a message: items = 1
        item = _content(type.element)
        return lambda value: b"".join(b"\x0a" + item(v) for v in value or ())
    if type.kind.startswith("schema_") and struct is not None:
        return lambda value: write(struct, _SCHEMAS[type.kind](value))
    return _MESSAGES[type.kind]


def _utf8(value: JSON) -> bytes:
    text: str = value or ""
    return text.encode(errors="replace")


def _instant(value: JSON) -> bytes:
    """Timestamp: seconds = 1, nanos = 2; nothing for the zero time (meta/v1/time_proto.go)."""
    if not value:
        return b""
    moment = datetime.fromisoformat(value)
    seconds = (moment.replace(microsecond=0) - _EPOCH) // _SECOND
    return b"\x08" + number(seconds) + b"\x10" + number(moment.microsecond * 1000)


_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00Z")
_SECOND: Final = datetime.fromisoformat("1970-01-01T00:00:01Z") - _EPOCH


def _int_or_string(value: JSON) -> bytes:
    if isinstance(value, str):
        return b"\x08\x01\x10\x00" + delimited(3, _utf8(value))
    return b"\x08\x00\x10" + number(value or 0) + b"\x1a\x00"


def _raw(value: JSON) -> bytes:
    return b"" if value is None else delimited(1, orjson.dumps(value))


_MESSAGES: Final[dict[str, Content]] = {
    "string": _utf8,
    "bytes": lambda value: a2b_base64(value or ""),
    "quantity": lambda value: delimited(1, _utf8(value or "0")),
    "time": _instant,
    "microtime": _instant,
    "int_or_string": _int_or_string,
    "raw": _raw,
}
_SCHEMAS: Final[dict[str, Callable[[JSON], Tree]]] = {
    "schema_or_bool": lambda value: {"Allows": bool(value) or value == {}, "Schema": value if isinstance(value, dict) else None},
    "schema_or_array": lambda value: {"JSONSchemas" if isinstance(value, list) else "Schema": value},
    "schema_or_strings": lambda value: {"Property" if isinstance(value, list) else "Schema": value},
}
