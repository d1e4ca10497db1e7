"""Every field of a kind, and values to try there: made from the types, so that no field is forgotten. Used by topics/fields.py."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from conformance.differential.kinds import Kind
from kcompat.apimachinery.schema import type_of
from kcompat.apimachinery.schema.types import Type

Tree = dict[str, Any]
Place = tuple[str | int, ...]
_LONG = "x" * 300
_OWN_TOPICS = ("apiVersion", "kind", "metadata", "status")
_MAX_DEPTH = 9
_ELSEWHERE = {"core/v1.PodSpec": "Pod", "core/v1.PersistentVolumeClaim": "PersistentVolumeClaim", "core/v1.PersistentVolumeClaimSpec": "PersistentVolumeClaim",
              "core/v1.PersistentVolumeSpec": "PersistentVolume"}
"""Types that are a kind's own, and tried there alone."""

_VALUES: dict[str, Sequence[Any]] = {
    "string": ("x", "", "Bad Value!", _LONG, 7),
    "bool": (True, False, "true"),
    "int32": (1, 0, -1, 70000, "1"),
    "int64": (1, 0, -1, 1 << 40, "1"),
    "float64": (1.5, -1, "1"),
    "quantity": ("1", "-1", "1.5m", "x", 2),
    "time": ("2020-01-02T03:04:05Z", "yesterday"),
    "microtime": ("2020-01-02T03:04:05.000006Z", "yesterday"),
    "int_or_string": (1, -1, "50%", "150%", "x"),
    "bytes": ("AAE=", "not base64!"),
    "map": ({"a": "b"}, {"bad key!": "Bad Value!"}, []),
    "raw": ({"a": 1}, "x"),
}


def places(kind: Kind, part: str = "") -> Iterator[tuple[Place, Type]]:
    """Every field of the kind but metadata and status, or every one of `part` (status)."""
    root = type_of(kind.group, kind.version, kind.kind)
    assert root is not None
    for name, field in root.fields.items():
        if name == part if part else name not in _OWN_TOPICS:
            yield from _below((name,), field.type, (), kind.kind)


def _below(place: Place, type: Type, through: tuple[str, ...], kind: str) -> Iterator[tuple[Place, Type]]:
    yield place, type
    inner, at = (type.element, (*place, 0)) if type.kind == "list" and type.element is not None else (type, place)
    if inner.kind != "struct" or inner.name in through or len(place) > _MAX_DEPTH or _ELSEWHERE.get(inner.name, kind) != kind:
        return
    for name, field in inner.fields.items():
        yield from _below((*at, name), field.type, (*through, inner.name), kind)


def values(place: Place, type: Type, present: Any) -> Iterator[Any]:
    """What to try at a place: what its type allows and does not, and nothing at all. `present`: what a valid object has there."""
    if present is not None:
        yield None
    if type.kind == "struct":
        yield from ({}, "x")
    elif type.kind == "list":
        yield from _lists(type, present)
    else:
        yield from _VALUES.get(type.kind, ("x",))


def _lists(type: Type, present: Any) -> Iterator[Any]:
    """Empty (where there are some), with an empty item, twice the same, no list."""
    item = present[0] if present else "x" if type.element is not None and type.element.kind == "string" else {}
    yield from ([], [item], [item, item], {}) if present else ([item], [item, item], {})


def at(tree: Any, place: Place) -> Any:
    for step in place:
        if isinstance(step, int):
            tree = tree[step] if isinstance(tree, list) and step < len(tree) else None
        else:
            tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def put(tree: Tree, place: Place, value: Any) -> Tree:
    """A copy with the value there; None removes. What is missing on the way is made."""
    result = copy.deepcopy(tree)
    node: Any = result
    for step, following in pairwise(place):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not node:
                node.append(empty)
            node = node[step]
        else:
            if not isinstance(node.get(step), type(empty)):
                node[step] = empty
            node = node[step]
    if value is None:
        node.pop(place[-1], None)
    else:
        node[place[-1]] = value
    return result


def shown(place: Place) -> str:
    return ".".join(map(str, place))
