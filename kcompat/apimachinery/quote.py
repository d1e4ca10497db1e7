"""Go's textual forms of values, which upstream's messages are made of. Called by field, errors, selectors and json_strict."""

import re
from decimal import Decimal
from typing import Any

import orjson

_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"'}
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_PLAIN = re.compile(r"[ !#-\[\]-~]*")


def quote(value: str) -> str:
    """Quotes as Go's %q does (strconv.Quote). Lone surrogates stand for bytes that were not UTF-8."""
    if _PLAIN.fullmatch(value):
        return f'"{value}"'
    return '"' + "".join(map(_quoted_rune, value)) + '"'


def _quoted_rune(rune: str) -> str:
    if (escape := _ESCAPES.get(rune)) is not None:
        return escape
    code = ord(rune)
    if rune.isprintable():
        return rune
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def json_text(value: Any) -> str:
    """Encodes as Go's json.Marshal does: compact, HTML characters escaped, key order kept as given."""
    if isinstance(value, float):
        return float_text(value, low=1e-6)
    try:
        return orjson.dumps(value).decode().translate(_HTML)
    except orjson.JSONEncodeError:
        return _slow_json_text(value)


def _slow_json_text(value: Any) -> str:
    """What orjson refuses: integers beyond 64 bits and lone surrogates."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(str(key))}:{json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(json_text, value)) + "]"
    if isinstance(value, str):
        return json_text(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return str(value)


def float_text(value: float, low: float = 1e-4) -> str:
    """Shortest form of a float: Go's %v (low=1e-4) or encoding/json (low=1e-6). Exponents start at 1e21."""
    if value == 0 or low <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        mantissa, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
    sign, digits = exponent[0] if exponent[0] in "+-" else "+", exponent.lstrip("+-").lstrip("0")
    width = 1 if low == 1e-6 and sign == "-" else 2
    return f"{mantissa.removesuffix('.0')}e{sign}{digits.zfill(width)}"
