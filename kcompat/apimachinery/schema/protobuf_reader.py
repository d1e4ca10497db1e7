"""Protobuf messages of the API's types read into JSON trees, by tables made from the facts. Called by apimachinery/protobuf.

Answers the generated Unmarshal methods (generated.pb.go), the hand-written ones of Quantity and Time, and their error texts.
"""

from __future__ import annotations

import struct as packing
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import Any, Final

import orjson

from kcompat.apimachinery.schema.types import Field, Struct, Type

JSON = Any
Tree = dict[str, Any]

VARINT, FIXED64, LENGTH, GROUP, END_GROUP, FIXED32 = range(6)


class WireError(ValueError):
    """Bytes that are not the message; the text is upstream's."""


_EOF: Final = "unexpected EOF"
_STRING, _MESSAGE, _MESSAGES, _INLINE, _NUMBER, _VALUE, _VALUES, _ENTRY, _PACKED = range(9)
_SCALAR: Final = frozenset({"bool", "int32", "int64"})


def read(message: Message, data: bytes, i: int, end: int, out: Tree) -> Tree:
    """Reads data[i:end] into `out`, a sparse tree by JSON names, and returns it."""
    get = message.table.get
    while i < end:
        tag = data[i]
        i += 1
        if tag >= 0x80:
            tag, i = varint(data, i - 1, end)
        entry = get(tag)
        if entry is None:
            i = message.skip(tag, data, i, end)
            continue
        op, name, argument = entry
        wire = tag & 7
        if wire == LENGTH:
            size = data[i]
            i += 1
            if size >= 0x80:
                size, i = varint(data, i - 1, end)
            stop = i + size
            if stop > end:
                raise _too_long(size)
            if op == _STRING:
                if size:  # upstream writes every empty string; leaving it out means the same
                    out[name] = str(data[i:stop], "utf-8", "replace")
            elif op == _MESSAGE:
                out[name] = read(argument, data, i, stop, out.get(name) or {})
            elif op == _MESSAGES:
                out.setdefault(name, []).append(read(argument, data, i, stop, {}))
            elif op == _INLINE:
                read(argument, data, i, stop, out)
            else:
                _other(op, name, argument, data[i:stop], out)
            i = stop
        elif wire == VARINT:
            number = data[i]
            i += 1
            if number >= 0x80:
                number, i = varint(data, i - 1, end)
            if op == _PACKED:
                out.setdefault(name, []).append(argument(number))
            elif number or op == _VALUE:
                out[name] = argument(number)
        else:
            if i + 8 > end:
                raise WireError(_EOF)
            out[name] = packing.unpack_from("<d", data, i)[0]
            i += 8
    if i > end:
        raise WireError(_EOF)
    return out


def _other(op: int, name: str, argument: Any, data: bytes, out: Tree) -> None:
    if op == _VALUE:
        out[name] = argument(data)
    elif op == _VALUES:
        out.setdefault(name, []).append(argument(data))
    elif op == _PACKED:
        out.setdefault(name, []).extend(argument(n) for n in _varints(data))
    else:
        key, value = _entry(argument, data)
        out.setdefault(name, {})[key] = value


def varint(data: bytes, i: int, end: int) -> tuple[int, int]:
    """(unsigned value, index behind it)."""
    value = shift = 0
    while True:
        if shift >= 64:
            raise WireError("proto: integer overflow")
        if i >= end:
            raise WireError(_EOF)
        byte = data[i]
        i += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, i
        shift += 7


def _too_long(size: int) -> WireError:
    return WireError("proto: negative length found during unmarshaling" if size >= 1 << 63 else _EOF)


def _varints(data: bytes) -> Iterator[int]:
    i = 0
    while i < len(data):
        number, i = varint(data, i, len(data))
        yield number


def signed(bits: int) -> Callable[[int], int]:
    """Two's complement of the low bits."""
    high = 1 << (bits - 1)
    return lambda number: ((number & (2 * high - 1)) ^ high) - high


_int32, _int64 = signed(32), signed(64)
_NUMBERS: Final[dict[str, Callable[[int], JSON]]] = {"bool": bool, "int32": _int32, "int64": _int64}


class Message:
    """How one struct is read: by tag, what to do with the value."""

    def __init__(self, name: str, members: tuple[Field, ...]) -> None:
        self.name = name
        self._members = members

    @cached_property
    def table(self) -> dict[int, tuple[int, str, Any]]:
        table: dict[int, tuple[int, str, Any]] = {}
        for field in self._members:
            if field.proto:
                for wire, operation in _operations(field):
                    table[field.proto << 3 | wire] = operation
        return table

    def skip(self, tag: int, data: bytes, i: int, end: int) -> int:
        """Behind an unknown field; a known number with another wire type is an error, as are groups' ends."""
        number, wire = tag >> 3, tag & 7
        if wire == END_GROUP:
            raise WireError(f"proto: {self.name}: wiretype end group for non-group")
        if not 0 < number < 1 << 31:
            raise WireError(f"proto: {self.name}: illegal tag {_int32(number)} (wire type {tag})")
        for field in self._members:
            if field.proto == number:
                raise WireError(f"proto: wrong wireType = {wire} for field {field.go}")
        return skip(wire, data, i, end)


def skip(wire: int, data: bytes, i: int, end: int) -> int:
    """Behind a value of the wire type (generated.pb.go:skipGenerated)."""
    if wire == VARINT:
        return varint(data, i, end)[1]
    if wire == LENGTH:
        size, i = varint(data, i, end)
        i += size
        if i > end:
            raise _too_long(size)
    elif wire in (FIXED64, FIXED32):
        i += 8 if wire == FIXED64 else 4
    elif wire == GROUP:
        while True:
            tag, i = varint(data, i, end)
            if tag & 7 == END_GROUP:
                return i
            i = skip(tag & 7, data, i, end)
    else:
        raise WireError(f"proto: illegal wireType {wire}")
    if i > end:
        raise WireError(_EOF)
    return i


@cache
def message_of(struct: Struct) -> Message:
    return Message(struct.name, struct.members)


def _operations(field: Field) -> Iterator[tuple[int, tuple[int, str, Any]]]:
    """(wire type, entry) pairs for a field: one, or two for numbers that may come packed."""
    type, name = field.type, field.name
    if field.inline and type.struct is not None:
        yield LENGTH, (_INLINE, name, message_of(type.struct))
    elif type.kind in _SCALAR:
        yield VARINT, (_VALUE if type.pointer else _NUMBER, name, _NUMBERS[type.kind])
    elif type.kind == "float64":
        yield FIXED64, (_VALUE, name, None)
    elif type.kind == "string":
        yield LENGTH, (_VALUE, name, _text) if type.pointer else (_STRING, name, None)
    elif type.kind == "struct" and type.struct is not None:
        yield LENGTH, (_MESSAGE, name, message_of(type.struct))
    elif type.kind == "map" and type.element is not None:
        yield LENGTH, (_ENTRY, name, _value(type.element))
    elif type.kind == "list" and not type.message and type.element is not None:
        yield from _repeated(type.element, name)
    else:
        yield LENGTH, (_VALUE, name, _value(type))


def _repeated(element: Type, name: str) -> Iterator[tuple[int, tuple[int, str, Any]]]:
    if element.kind in _SCALAR:
        yield VARINT, (_PACKED, name, _NUMBERS[element.kind])
        yield LENGTH, (_PACKED, name, _NUMBERS[element.kind])
    elif element.kind == "struct" and element.struct is not None:
        yield LENGTH, (_MESSAGES, name, message_of(element.struct))
    else:
        yield LENGTH, (_VALUES, name, _value(element))


def _value(type: Type) -> Callable[[bytes], JSON]:
    """A function from the bytes of one length-delimited value to its JSON."""
    if type.kind == "struct" and type.struct is not None:
        message = message_of(type.struct)
        return lambda data: read(message, data, 0, len(data), {})
    if type.kind == "list" and type.element is not None:  # a list that is a message: items = 1
        return _items(_value(type.element))
    if type.kind.startswith("schema_") and type.struct is not None:
        return _schema(type.kind, message_of(type.struct))
    return _VALUES_OF[type.kind]


def _items(item: Callable[[bytes], JSON]) -> Callable[[bytes], JSON]:
    return lambda data: [item(value) for number, value in small(data) if number == 1 and isinstance(value, bytes)]


def _entry(value: Callable[[bytes], JSON], data: bytes) -> tuple[str, JSON]:
    """A map's entry: key = 1, value = 2; both may be absent."""
    if len(data) > 3 and data[0] == 0x0A and (split := data[1] + 2) < 130 and data[split : split + 1] == b"\x12":
        if len(data) == split + 2 + data[split + 1] < split + 130:  # the ordinary layout, both shorter than 128 bytes
            return data[2:split].decode(errors="replace"), value(data[split + 2 :])
    found = dict(small(data))
    key = found.get(1, b"")
    content = found.get(2, b"")
    if not isinstance(key, bytes) or not isinstance(content, bytes):
        raise WireError("proto: wrong wireType = 0 for field")
    return key.decode(errors="replace"), value(content)


def small(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, varint or bytes) of a small message."""
    i, end = 0, len(data)
    while i < end:
        tag, i = varint(data, i, end)
        if tag & 7 == VARINT:
            number, i = varint(data, i, end)
            yield tag >> 3, number
        elif tag & 7 == LENGTH:
            size, i = varint(data, i, end)
            if i + size > end:
                raise _too_long(size)
            yield tag >> 3, data[i : i + size]
            i += size
        else:
            i = skip(tag & 7, data, i, end)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _quantity(data: bytes) -> str:
    if data[:1] == b"\x0a" and data[1] == len(data) - 2:
        return data[2:].decode(errors="replace") or "0"
    text = dict(small(data)).get(1, b"")
    return (_text(text) if isinstance(text, bytes) else "") or "0"


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _instant(data: bytes) -> tuple[str | None, int]:
    """Seconds of UTC as text and the nanoseconds; no bytes at all are the zero time."""
    if not data:
        return None, 0
    found = dict(small(data))
    seconds, nanoseconds = found.get(1, 0), found.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanoseconds, int):
        raise WireError("proto: wrong wireType = 2 for field Seconds")
    try:
        return (_EPOCH + timedelta(seconds=_int64(seconds))).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0"), _int32(nanoseconds)
    except OverflowError:
        raise WireError("Time.MarshalJSON: year outside of range [0,9999]") from None


def _time(data: bytes) -> str | None:
    second, _ = _instant(data)
    return f"{second}Z" if second else None


def _microtime(data: bytes) -> str | None:
    second, nanoseconds = _instant(data)
    return f"{second}.{nanoseconds // 1000:06}Z" if second else None


def _int_or_string(data: bytes) -> JSON:
    found = dict(small(data))
    if found.get(1, 0) == 1:
        text = found.get(3, b"")
        return _text(text) if isinstance(text, bytes) else ""
    number = found.get(2, 0)
    return _int32(number) if isinstance(number, int) else 0


def _raw(data: bytes) -> JSON:
    """RawExtension, FieldsV1 and apiextensions' JSON: one field of JSON text."""
    content = dict(small(data)).get(1, b"")
    if not content:
        return None
    try:
        return orjson.loads(content) if isinstance(content, bytes) else None
    except ValueError as error:
        raise WireError(f"json: error calling MarshalJSON for type runtime.RawExtension: {error}") from None


def _schema(kind: str, message: Message) -> Callable[[bytes], JSON]:
    """JSONSchemaPropsOr…: a schema or the alternative (apiextensions/v1/types_jsonschema.go)."""

    def convert(data: bytes) -> JSON:
        found = read(message, data, 0, len(data), {})
        if kind == "schema_or_bool":
            return found.get("Schema", found.get("Allows", False))
        return found.get("JSONSchemas") or found.get("Property") or found.get("Schema")

    return convert


_VALUES_OF: Final[dict[str, Callable[[bytes], JSON]]] = {
    "string": _text,
    "bytes": lambda data: b2a_base64(data, newline=False).decode(),
    "quantity": _quantity,
    "time": _time,
    "microtime": _microtime,
    "int_or_string": _int_or_string,
    "raw": _raw,
}
