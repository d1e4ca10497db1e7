"""What a YAML scalar means, by the rules of go-yaml v2, and which strings need quotes so that they stay strings. Called by yaml.

Answers resolve.go and the string part of encode.go of go.yaml.in/yaml/v2: YAML 1.1 without base 60, timestamps left as strings.
"""

import base64
import binascii
import re
from datetime import datetime
from typing import Any, Final

STR: Final = "!!str"
_LONG_PREFIX = "tag:yaml.org,2002:"
_RESOLVABLE = frozenset(("", "!!str", "!!bool", "!!int", "!!float", "!!null", "!!timestamp"))
_WORDS: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], ("!!bool", True)),
    **dict.fromkeys(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], ("!!bool", False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("!!null", None)),
    **{word: ("!!float", float("nan")) for word in (".nan", ".NaN", ".NAN")},
    **{sign + word: ("!!float", float(sign + "inf")) for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}
_RESOLVED_FIRST = frozenset("yYnNtTfFoO~+-.0123456789")
_INTEGER = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_DOTTED = re.compile(r"\.[0-9](_?[0-9])*([eE][-+]?[0-9](_?[0-9])*)?", re.ASCII)
_BASE60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", re.ASCII)
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)| (\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?)?", re.ASCII
)


class YAMLError(ValueError):
    """A document that cannot be read; the text is upstream's, `yaml: ` included."""


def short_tag(tag: str | None) -> str:
    return "!!" + tag[len(_LONG_PREFIX) :] if tag and tag.startswith(_LONG_PREFIX) else tag or ""


def resolve(tag: str, text: str) -> Any:
    """The value of a plain or tagged scalar; tag is short (`!!int`) or empty. Raises YAMLError if the text is not of the tag's kind."""
    if tag == "!!binary":
        return _binary(text)
    if tag not in _RESOLVABLE or tag == STR:
        return text
    kind, value = _guess(text)
    if tag in ("", kind) or (tag == "!!timestamp" and kind == STR and _is_timestamp(text)):
        return value
    if tag == "!!float" and kind == "!!int":
        return float(value)
    raise YAMLError(f"yaml: cannot decode {kind} `{text}` as a {tag}")


def _binary(text: str) -> str:
    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True).decode("utf-8", "replace")
    except binascii.Error:
        raise YAMLError("yaml: !!binary value contains invalid base64 data") from None


def _guess(text: str) -> tuple[str, Any]:
    """(short tag, value) of a plain scalar."""
    if text and text[0] not in _RESOLVED_FIRST:
        return STR, text
    if (word := _WORDS.get(text)) is not None:
        return word
    if text[0] not in "+-.0123456789":
        return STR, text
    number = _number(text) if text[0] != "." else _float(text.replace("_", "")) if _DOTTED.fullmatch(text) else None
    return (STR, text) if number is None else ("!!int" if isinstance(number, int) else "!!float", number)


def _number(text: str) -> int | float | None:
    plain = text.replace("_", "")
    match = _INTEGER.fullmatch(plain)
    if match is None:
        return _float(plain)
    sign, hexadecimal, octal, binary, decimal = match.groups()
    digits, base = next(pair for pair in ((hexadecimal, 16), (octal, 8), (binary, 2), (decimal, 10)) if pair[0] is not None)
    value = int(digits, base) if len(digits) < 4000 else 2**64
    if value < 2**64 if not sign else value < 2**63 or (sign == "-" and value == 2**63):
        return -value if sign == "-" else value
    return _float(plain)


def _float(text: str) -> float | None:
    if not _FLOAT.fullmatch(text):
        return None
    value = float(text)
    return None if value in (float("inf"), float("-inf")) else value


def needs_quotes(text: str) -> bool:
    """Would this string, written plainly, be read as something else?"""
    if not text:
        return True
    kind, _ = _guess(text)
    return kind != STR or _BASE60.fullmatch(text) is not None or _is_timestamp(text)


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return False
    try:
        datetime(*(int(part) for part in match.groups() if part is not None))  # type: ignore[arg-type]
    except ValueError:
        return False
    return True
