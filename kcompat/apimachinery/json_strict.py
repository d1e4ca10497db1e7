"""Reads JSON as upstream's decoder does: duplicate keys reported, invalid UTF-8 replaced, Go's words for what is malformed.

Answers sigs.k8s.io/json (a fork of encoding/json). Called by content negotiation for request bodies and by patches.
An ordinary body costs one pass of orjson and a count; only a body that is suspicious meets the exact decoder, which is plain Python.
"""

import codecs
import json
import re
from typing import Any, Final

import orjson

from kcompat.apimachinery.quote import quote

MAX_DEPTH: Final = 10_000
MAX_STRICT_ERRORS: Final = 100

_OPENING = frozenset(b"{[")
_SPACE = re.compile(rb"[ \t\r\n]*")
_SIMPLE_STRING = re.compile(rb'"([^"\\\x00-\x1f\x80-\xff]*)"')
_STRING_PREFIX = re.compile(rb'"(?:[^"\\\x00-\x1f]+|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+')
_HEX = re.compile(rb"[0-9a-fA-F]*")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LITERALS: dict[int, tuple[bytes, Any]] = {ord("t"): (b"true", True), ord("f"): (b"false", False), ord("n"): (b"null", None)}
_SURROGATES = re.compile("[\ud800-\udfff]")
_DIGITS_AS_ZERO = bytes(ord("0") if chr(code) in "0123456789" else code for code in range(256))
_TOO_LONG_FOR_UINT64 = b"0" * 20

codecs.register_error("go", lambda error: ("\ufffd" * (error.end - error.start), error.end))  # type: ignore[attr-defined]


class JSONError(ValueError):
    """A body that is no JSON; the text is Go's."""


def loads(data: bytes, *, typed: bool = False) -> tuple[Any, list[str]]:
    """The decoded tree and a message for each duplicate key (`duplicate field "spec.x"`), in order of appearance.

    The last of duplicate values wins; for a typed kind (typed=True) maps are merged instead, as Go fills a struct twice.
    Integers are exact whatever their size. Raises JSONError.
    """
    try:
        tree = orjson.loads(data)
        if not _is_suspicious(data, tree):
            return tree, []
    except orjson.JSONDecodeError:
        pass
    try:
        return _Decoder(data, typed).decode()
    except RecursionError:  # merging duplicates that are nested beyond reason
        raise JSONError("invalid character '[' exceeded max depth") from None


def _is_suspicious(data: bytes, tree: Any) -> bool:
    """May orjson have hidden a duplicate key, or made a float of a long integer?

    A hidden key takes its colon with it: if the tree, written again, has as many colons as the body, nothing was hidden. Strings keep
    theirs, unless they were written as \\u003a.
    """
    if b"\\u003" in data and (b"\\u003a" in data or b"\\u003A" in data):
        return True
    if _TOO_LONG_FOR_UINT64 in data.translate(_DIGITS_AS_ZERO):
        return True
    try:
        return data.count(b":") != orjson.dumps(tree).count(b":")
    except orjson.JSONEncodeError:  # deeper than orjson writes
        return True


class _Decoder:
    """One pass over the bytes without recursion. A frame is an open container and the key or index being filled."""

    def __init__(self, data: bytes, typed: bool) -> None:
        self._data = data
        self._typed = typed
        self._position = 0
        self._frames: list[tuple[Any, Any]] = []
        self._duplicates: dict[str, None] = {}

    def decode(self) -> tuple[Any, list[str]]:
        value = self._value()
        while self._frames:
            value = self._value() if self._attach(value) else self._frames.pop()[0]
        if self._peek() >= 0:
            raise self._error("after top-level value")
        return value, [f"duplicate field {quote(path)}" for path in self._duplicates]

    def _value(self) -> Any:
        """Reads on until a value is complete: a scalar or an empty container; others are left open in frames."""
        while True:
            first = self._peek()
            if first not in _OPENING:
                return self._scalar(first)
            if len(self._frames) >= MAX_DEPTH:
                raise self._error("exceeded max depth")
            self._position += 1
            empty: Any = {} if first == ord("{") else []
            if self._peek() == first + 2:  # the closing bracket
                self._position += 1
                return empty
            self._frames.append((empty, self._key(empty) if first == ord("{") else 0))

    def _attach(self, value: Any) -> bool:
        """Puts a complete value into the innermost container; does another one follow there?"""
        container, key = self._frames[-1]
        is_map = isinstance(container, dict)
        if is_map:
            container[key] = _merged(container[key], value) if self._typed and key in container else value
        else:
            container.append(value)
        following = self._peek()
        if following == (ord("}") if is_map else ord("]")):
            self._position += 1
            return False
        if following != ord(","):
            raise self._error("after object key:value pair" if is_map else "after array element")
        self._position += 1
        self._frames[-1] = (container, self._key(container) if is_map else key + 1)
        return True

    def _key(self, container: dict[str, Any]) -> str:
        if self._peek() != ord('"'):
            raise self._error("looking for beginning of object key string")
        key = self._string()
        if self._peek() != ord(":"):
            raise self._error("after object key")
        self._position += 1
        if key in container and len(self._duplicates) < MAX_STRICT_ERRORS:
            self._duplicates[self._path(container, key)] = None
        return key

    def _path(self, container: dict[str, Any], key: str) -> str:
        path = ""
        for holder, step in self._frames:
            if holder is not container:
                path += f"[{step}]" if isinstance(holder, list) else f".{step}" if path else step
        return f"{path}.{key}" if path else key

    def _peek(self) -> int:
        """The next byte that is no space, -1 at the end."""
        self._position = _SPACE.match(self._data, self._position).end()  # type: ignore[union-attr]
        return self._data[self._position] if self._position < len(self._data) else -1

    def _scalar(self, first: int) -> Any:
        if first == ord('"'):
            return self._string()
        if first in _LITERALS:
            return self._literal(*_LITERALS[first])
        if first == ord("-") or 0x30 <= first <= 0x39:
            return self._number()
        raise self._error("looking for beginning of value")

    def _literal(self, word: bytes, value: Any) -> Any:
        for expected in word:
            if self._data[self._position : self._position + 1] != bytes((expected,)):
                raise self._error(f"in literal {word.decode()} (expecting {_shown(expected)})", blank_ends=False)
            self._position += 1
        return value

    def _number(self) -> int | float:
        match = _NUMBER.match(self._data, self._position)
        if match is None:
            self._position += 1
            raise self._error("in numeric literal", blank_ends=False)
        text, self._position = match.group().decode(), match.end()
        following = self._data[self._position : self._position + 1]
        if following == b"." and not match[1] and not match[2]:
            self._position += 1
            raise self._error("after decimal point in numeric literal", blank_ends=False)
        if following in (b"e", b"E") and not match[2]:
            self._position += 2 if self._data[self._position + 1 : self._position + 2] in (b"+", b"-") else 1
            raise self._error("in exponent of numeric literal", blank_ends=False)
        return self._converted(text, match)

    def _converted(self, text: str, match: re.Match[bytes]) -> int | float:
        if not match[1] and not match[2] and len(text) < 4000:
            return int(text)
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise JSONError(f"json: cannot unmarshal number {text} into Go value of type float64")
        return number

    def _string(self) -> str:
        if simple := _SIMPLE_STRING.match(self._data, self._position):
            self._position = simple.end()
            return simple[1].decode()
        start = self._position
        self._position = _STRING_PREFIX.match(self._data, start).end()  # type: ignore[union-attr]
        if self._data[self._position : self._position + 1] != b'"':
            raise self._string_error()
        self._position += 1
        text = self._data[start : self._position].decode("utf-8", "go")
        return _SURROGATES.sub("\ufffd", json.loads(text))

    def _string_error(self) -> JSONError:
        if self._data[self._position : self._position + 1] != b"\\":
            return self._error("in string literal")
        self._position += 1
        if self._data[self._position : self._position + 1] != b"u":
            return self._error("in string escape code", blank_ends=False)
        self._position += 1
        self._position = _HEX.match(self._data, self._position).end()  # type: ignore[union-attr]
        return self._error("in \\u hexadecimal character escape", blank_ends=False)

    def _error(self, context: str, *, blank_ends: bool = True) -> JSONError:
        """Names the byte that does not fit. Go ends its input with a space: where one is welcome, the input is merely too short."""
        if self._position < len(self._data):
            return JSONError(f"invalid character {_shown(self._data[self._position])} {context}")
        return JSONError("unexpected end of JSON input" if blank_ends else f"invalid character ' ' {context}")


def _shown(byte: int) -> str:
    """A byte as Go's scanner shows it (quoteChar)."""
    if byte == ord("'"):
        return "'\\''"
    return "'\"'" if byte == ord('"') else f"'{quote(chr(byte))[1:-1]}'"


def _merged(old: Any, new: Any) -> Any:
    """What a Go value holds after it was decoded into twice."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: _merged(old[key], value) if key in old else value for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return [_merged(before, after) for before, after in zip(old, new, strict=False)] + new[len(old) :]
    return new
