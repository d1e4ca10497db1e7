"""Path elements, the keys of FieldsV1 trees: `f:name`, `k:{"name":"web"}`, `v:"value"`, `i:3`.

Called by sets (order), the list atoms (making keys), managers (reading what clients send) and conflicts (showing paths).
Answers structured-merge-diff fieldpath/{element,serialize-pe}.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

SELF = "."
"""The key that makes a node with children a member itself."""

Pairs = Iterable[tuple[str, Any]]

_PLAIN = re.compile(r'[^\x00-\x1f"\\<>&\u2028\u2029]*', re.ASCII)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_ORDER = {"f": 1, "k": 2, "v": 3, "i": 4}


def key_element(pairs: Pairs) -> str:
    """The element of a list item with these key fields, sorted by name."""
    return "k:{" + ",".join([f'"{name}":{scalar(value)}' for name, value in pairs]) + "}"


def value_element(value: Any) -> str:
    """The element of a member of a set."""
    return "v:" + scalar(value)


def scalar(value: Any) -> str:
    """JSON as upstream's encoder writes it into elements: HTML characters escaped, whole floats without a point."""
    if value.__class__ is str:
        return f'"{value}"' if _PLAIN.fullmatch(value) else _escaped(value)
    if value.__class__ is float and value.is_integer():
        return str(int(value))
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _escaped(text: str) -> str:
    return '"' + "".join(_escape(char) for char in text) + '"'


def _escape(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    return f"\\u{ord(char):04x}" if char < " " or char in "<>&\u2028\u2029" else char


@lru_cache(maxsize=8192)
def order(element: str) -> tuple[Any, ...]:
    """The sort key: the node itself, then fields, keys, values and indices; numbers by value (PathElement.Compare)."""
    if element == SELF:
        return (0,)
    kind, content = element[0], element[2:]
    if kind == "f":
        return (1, content)
    value = orjson.loads(content)
    shown = [(name, _value_order(part)) for name, part in value.items()] if kind == "k" else _value_order(value)
    return (_ORDER[kind], shown)


def _value_order(value: Any) -> tuple[int, Any]:
    if value.__class__ in (int, float):
        return (0, value)
    if value.__class__ is str:
        return (1, value)
    return (2, value) if value.__class__ is bool else (3, orjson.dumps(value))


@lru_cache(maxsize=8192)
def canonical(element: str) -> str | None:
    """An element as we would write it; None for a kind unknown to us, which upstream drops. Raises ValueError."""
    if len(element) < 2:
        raise ValueError("key must be 2 characters long:")
    kind, content = element[0], element[2:]
    if element[1] != ":":
        raise ValueError(f"missing colon: {element}")
    if kind == "f":
        return element
    if kind == "i":
        return f"i:{int(content)}"
    if kind == "v":
        return value_element(orjson.loads(content))
    return key_element(_pairs(content)) if kind == "k" else None


def _pairs(content: str) -> Pairs:
    fields = orjson.loads(content)
    if fields.__class__ is not dict:
        raise ValueError("expect { or n")
    return sorted(fields.items())


def text(element: str) -> str:
    """How messages show an element: `.name`, `[name="web"]`, `[="value"]`, `[3]` (PathElement.String)."""
    kind, content = element[0], element[2:]
    if kind == "f":
        return "." + content
    if kind == "i":
        return f"[{content}]"
    value = orjson.loads(content)
    if kind == "v":
        return f"[={_shown(value)}]"
    return "[" + ",".join(f"{name}={_shown(part)}" for name, part in value.items()) + "]"


def _shown(value: Any) -> str:
    """value.ToString: strings in Go's quotes, the members of maps one after the other."""
    from kcompat.apimachinery.quote import quote

    if value.__class__ is dict:
        return "".join(f"{name}={_shown(part)}" for name, part in sorted(value.items()))
    if value.__class__ is list:
        return "[" + ",".join(map(_shown, value)) + "]"
    return quote(value) if value.__class__ is str else scalar(value)
