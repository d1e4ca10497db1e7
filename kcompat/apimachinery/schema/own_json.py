"""Types with an UnmarshalJSON of their own, and base64: from the JSON value sent to the one upstream would send back.

Called by the compiler's generated code and by walk. Each function takes any JSON value but None (the callers know each type's zero) and
raises a `ValueError` that carries Go's text, or `Mismatch` where Go reports a wrong JSON type.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from kcompat.apimachinery import quantity as quantities
from kcompat.apimachinery.schema import gotime

JSON = Any


class Mismatch(ValueError):
    """A JSON type where Go wants another (encoding/json UnmarshalTypeError). `field` is the path below the value, if any."""

    def __init__(self, value: str, go: str, struct: str = "", field: str = "") -> None:
        super().__init__(value, go)
        self.value = value
        self.go = go
        self.struct = struct
        self.field = field

    def __str__(self) -> str:
        if self.struct or self.field:
            return f"json: cannot unmarshal {self.value} into Go struct field {self.struct}.{self.field} of type {self.go}"
        return f"json: cannot unmarshal {self.value} into Go value of type {self.go}"


def describe(value: JSON) -> str:
    """The JSON type of a value in Go's words."""
    if isinstance(value, bool):
        return "bool"
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object", type(None): "null"}
    return names[value.__class__]


def time(value: JSON) -> str | None:
    """metav1.Time: RFC 3339 in whole seconds of UTC; the zero time is null (meta/v1/time.go)."""
    if value.__class__ is not str:
        raise Mismatch(describe(value), "string")
    second, _ = gotime.parse(value)
    return f"{second}Z" if second != gotime.ZERO else None


def microtime(value: JSON) -> str | None:
    """metav1.MicroTime: RFC 3339 with six digits (meta/v1/micro_time.go)."""
    if value.__class__ is not str:
        raise Mismatch(describe(value), "string")
    second, nanoseconds = gotime.parse(value, micro=True)
    return f"{second}.{nanoseconds // 1000:06}Z" if nanoseconds or second != gotime.ZERO else None


def quantity(value: JSON) -> str:
    """resource.Quantity from text or a number, in canonical form (api/resource/quantity.go:UnmarshalJSON)."""
    if value.__class__ is str:
        return _canonical(value) if len(value) < 32 else str(quantities.from_json(value))
    if value.__class__ in (int, float):
        return str(quantities.from_json(value))
    return str(quantities.parse({True: "true", False: "false"}.get(value, "{}") if isinstance(value, bool) else "{}"))


@lru_cache(maxsize=8192)
def _canonical(text: str) -> str:
    return str(quantities.from_json(text))


def float64(value: JSON) -> int | float:
    """A Go float, which encodes whole numbers without a fraction."""
    if value.__class__ not in (int, float):
        raise Mismatch(describe(value), "float64")
    try:
        number = float(value)
    except OverflowError:
        raise Mismatch(f"number {value}", "float64") from None
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def int_or_string(value: JSON) -> int | str:
    """intstr.IntOrString (util/intstr/intstr.go:UnmarshalJSON)."""
    if value.__class__ is str:
        text: str = value
        return text
    if value.__class__ is not int:
        raise Mismatch(f"number {value!r}" if value.__class__ is float else describe(value), "int32")
    if not -0x80000000 <= value <= 0x7FFFFFFF:
        raise Mismatch(f"number {value}", "int32")
    number: int = value
    return number


def raw(value: JSON) -> JSON:
    """RawExtension, FieldsV1 and apiextensions' JSON keep what was sent."""
    return value


def base64(value: JSON) -> str:
    """[]byte: standard base64, line ends ignored, written again without them (Go encoding/base64:Decode)."""
    if value.__class__ is not str:
        raise Mismatch(describe(value), "[]uint8")
    try:
        binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return _lenient_base64(value)
    text: str = value
    return text


_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _lenient_base64(text: str) -> str:
    """What Go makes of text that is not plain base64: accepts line ends and stray low bits, or names the byte that is wrong."""
    source, digits, line_ends = text.encode(), bytearray(), b"\r\n"
    wrong = next((i for i, b in enumerate(source) if b not in _ALPHABET and b not in line_ends), None)
    digits += bytes(b for b in source[:wrong] if b in _ALPHABET)
    missing = -len(digits) % 4
    if wrong is None:
        if missing:
            last = len([b for b in source if b in _ALPHABET]) % 4
            raise ValueError(f"illegal base64 data at input byte {len(source) - last}")
    else:
        _check_padding(source, wrong, missing)
    return binascii.b2a_base64(binascii.a2b_base64(digits + b"=" * missing), newline=False).decode()


def _check_padding(source: bytes, at: int, missing: int) -> None:
    """Padding of one or two signs that ends the text, line ends aside; else the byte Go complains of."""

    def skip(i: int) -> int:
        while i < len(source) and source[i] in b"\r\n":
            i += 1
        return i

    if source[at] != ord("=") or missing not in (1, 2):
        raise ValueError(f"illegal base64 data at input byte {at}")
    end = at + 1
    if missing == 2:
        end = skip(end)
        if end == len(source):
            raise ValueError(f"illegal base64 data at input byte {end}")
        if source[end] != ord("="):
            raise ValueError(f"illegal base64 data at input byte {end - 1}")
        end += 1
    end = skip(end)
    if end < len(source):
        raise ValueError(f"illegal base64 data at input byte {end}")


CONVERTERS: Final[dict[str, Callable[[JSON], JSON]]] = {
    "time": time,
    "microtime": microtime,
    "quantity": quantity,
    "int_or_string": int_or_string,
    "raw": raw,
    "bytes": base64,
    "float64": float64,
}
"""By kind of Type. The three schema_or_… kinds need the schema's own type and stand in walk."""

ZEROS: Final[dict[str, JSON]] = {
    "string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0, "bytes": None, "any": None, "list": None, "map": None,
    "time": None, "microtime": None, "quantity": "0", "int_or_string": 0, "raw": None,
    "schema_or_array": None, "schema_or_bool": False, "schema_or_strings": None,
}  # fmt: skip
"""How the zero value of each kind but struct is encoded."""
