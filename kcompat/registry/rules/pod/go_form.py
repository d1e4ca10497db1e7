"""Values as Go prints upstream's internal structs, which have no JSON tags: all fields, by their Go names. For messages that show one.

Internal types of pods and workloads have the fields of the v1 types in the same order (pkg/apis/core/types.go).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import orjson

from kcompat.apimachinery.schema import types
from kcompat.apimachinery.schema.types import Field, Type

_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_ZEROS = {"string": "", "bool": False, "int32": 0, "int64": 0, "quantity": "0", "int_or_string": 0}

_NO_POINTERS = frozenset(
    (f"apps/v1.RollingUpdate{kind}", name)
    for kind, name in (
        ("DaemonSet", "maxSurge"), ("DaemonSet", "maxUnavailable"), ("Deployment", "maxSurge"), ("Deployment", "maxUnavailable"),
        ("StatefulSetStrategy", "partition"),
    )
)  # fmt: skip
"""Fields that are pointers in v1 and not inside."""


def go_form(tree: Any, type_name: str) -> Any:
    """The value of a v1 type (`core/v1.SecurityContext`) as a JSON tree with Go's names. None stays None."""
    return None if tree is None else _value(tree, types.named(type_name))


def go_list(trees: Sequence[Any] | None, type_name: str) -> Any:
    """A list of such values; None for an empty one, which is what canonical trees make of Go's nil and empty slices."""
    return [go_form(tree, type_name) for tree in trees] if trees else None


def _value(value: Any, type: Type) -> Any:
    if type.kind == "struct":
        return _struct(value or {}, type)
    if type.kind == "list" and type.element is not None:
        return [_value(item, type.element) for item in value] if value else None
    if type.kind == "map":
        return dict(sorted(value.items())) if value else None
    return value


def _struct(tree: Mapping[str, Any], type: Type) -> dict[str, Any]:
    if type.name.startswith("meta/v1."):
        return _tagged(tree, type)
    result: dict[str, Any] = {}
    for name, member in type.fields.items():
        if name == "metadata":  # embedded without a name
            result |= _tagged(tree.get(name) or {}, member.type)
        elif "metadata" not in type.fields or name not in ("kind", "apiVersion"):  # an object's are embedded, and empty inside
            result[member.go] = _member(tree.get(name), member, (type.name, name) in _NO_POINTERS)
    return result


def _tagged(tree: Mapping[str, Any], type: Type) -> dict[str, Any]:
    """A struct of the meta API, which keeps its JSON tags."""
    return {name: dict(sorted(value.items())) if type.fields[name].type.kind == "map" else value for name, value in tree.items()}


def _member(value: Any, member: Field, plain: bool) -> Any:
    if value is not None:
        return _value(value, member.type)
    if member.type.pointer and not plain:
        return None
    return _struct({}, member.type) if member.type.kind == "struct" else _ZEROS.get(member.type.kind)


def diff(old: Any, new: Any) -> str:
    """What differs between two such values, as upstream shows it (apimachinery pkg/util/diff: Diff)."""
    lines = difflib.unified_diff(_lines(old), _lines(new), "", "", n=3)
    return "".join(islice(lines, 2, None))  # without the names of files


def _lines(value: Any) -> list[str]:
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().translate(_HTML)
    lines = []
    for line in text.split("\n"):
        content = line.lstrip(" ")
        lines.append(" " * ((len(line) - len(content)) // 2) + content + "\n")
    return lines
