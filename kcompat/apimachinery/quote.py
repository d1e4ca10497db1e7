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
        return json_float(value)
    if isinstance(value, dict | list | tuple):
        return _container_text(value)
    try:
        return orjson.dumps(value).decode().translate(_HTML)
    except orjson.JSONEncodeError:
        return _slow_json_text(value)


def _container_text(value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(str(key))}:{json_text(item)}" for key, item in value.items()) + "}"
    return "[" + ",".join(map(json_text, value)) + "]"


def _slow_json_text(value: Any) -> str:
    """What orjson refuses: integers beyond 64 bits and lone surrogates."""
    if isinstance(value, str):
        return json_text(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return str(value)


def float_text(value: float) -> str:
    """The shortest text that reads back the same, as Go's %v and %g: with an exponent below 1e-4 and from 1e6 on."""
    digits, exponent = _shortest(value)
    return _scientific(digits, exponent, 2) if digits != "0" and not -4 <= exponent < 6 else _positional(value)


def json_float(value: float) -> str:
    """As encoding/json writes a float: with an exponent below 1e-6 and from 1e21 on."""
    digits, exponent = _shortest(value)
    return _scientific(digits, exponent, 1) if digits != "0" and not -6 <= exponent < 21 else _positional(value)


def _shortest(value: float) -> tuple[str, int]:
    """(significant digits, sign included, decimal exponent of the first one)."""
    sign, figures, places = Decimal(repr(value)).normalize().as_tuple()
    if not isinstance(places, int):
        raise ValueError(f"unsupported value: {value}")
    digits = "".join(map(str, figures))
    return ("-" if sign and digits != "0" else "") + digits, places + len(digits) - 1


def _positional(value: float) -> str:
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(digits: str, exponent: int, width: int) -> str:
    """encoding/json strips one zero of `e-07`, but pads `e+21` never."""
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):0{width}d}"


def plain_text(value: Any) -> str:
    """A decoded value as Go's %v shows it: `map[a:1 b:[x y]]`, keys sorted."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(plain_text, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return float_text(value) if isinstance(value, float) else str(value)


_GO_TYPES = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", bool: "bool", int: "int64", float: "float64"}


def type_text(value: Any) -> str:
    """The Go type of a decoded value, as %s shows its reflect.Type."""
    return _GO_TYPES.get(type(value), "%!s(<nil>)")
