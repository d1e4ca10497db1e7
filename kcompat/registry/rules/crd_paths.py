"""Paths into values that schemas describe, `.spec.a['b']` (ValidFieldPath in apiextensions-apiserver's schema/cel).

Called by the rules of CustomResourceDefinitions. Pure.
"""

from __future__ import annotations

import re
from typing import Final

from kcompat.apimachinery.field import Path
from kcompat.registry.declare import Tree

_TOKENS: Final = re.compile(r"[.\[\]]|'(?:[^'\\]|\\.)*'|[^.\[\]]+")
_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NOWHERE: Final = "does not refer to a valid field"
_END: Final = "unexpected end of JSON path"


def resolve(text: str, schema: Tree, *, brackets: bool = True) -> tuple[Path | None, Tree | None] | str:
    """Where the path leads, and the schema there; or why nowhere. Keys in brackets may be forbidden."""
    path: Path | None = None
    at: Tree | None = schema
    tokens = _TOKENS.findall(text)
    while tokens:
        token = tokens.pop(0)
        if token not in (".", "["):
            return f"expected [ or . but got: {token}"
        if token == "[" and not brackets:
            return "array notation is not allowed"
        if not tokens:
            return _END
        name = tokens.pop(0)
        if token == "[":
            if len(name) < 2 or name[0] != "'" or name[-1] != "'":
                return f"expected single quoted string but got {name}"
            name = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), name[1:-1])
        properties, others = (at or {}).get("properties"), (at or {}).get("additionalProperties")
        if not properties and others is None:
            return _NOWHERE
        if properties and name not in properties:
            return _NOWHERE
        at = properties[name] if properties else others if isinstance(others, dict) else None
        path = _step(path, name, named=bool(properties))
        if token == "[":
            if not tokens:
                return _END
            if (closing := tokens.pop(0)) != "]":
                return f"expected ] but got {closing}"
    return path, at


def _step(path: Path | None, name: str, *, named: bool) -> Path:
    if path is None:
        return Path(name)
    return path.child(name) if named else path.key(name)
