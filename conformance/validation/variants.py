"""More questions about the objects of upstream's tests, and about those of every kind: applied, made by a patch, and with random changes.

Random here is the same every time: each variant has its own number as the seed. Called by asking.py; what they are called in the ledger
begins with `applied/`, `patched/`, `changed/` and `varied/`.
"""

from __future__ import annotations

import copy
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from conformance.differential.kinds import Kind, all_kinds
from conformance.differential.mutation import values
from conformance.validation.cases import NAMESPACE, Case, calls, kinds, placed, stored
from kcompat.apimachinery.schema import type_of
from kcompat.apimachinery.schema.types import Type

Tree = dict[str, Any]
Place = tuple[str | int, ...]
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
OBJECTS = 30
"""Of each kind at most: applied, and made by a patch."""
VARIANTS = 60
"""Of each kind: created, and put in the place of a valid object."""
_MOST_CHANGES = 5
_SYSTEM = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_STRINGS = (
    "", "a", "abc", "A", "x" * 64, "x" * 254, "-", "a.b", "example.com/a", "Bad Value!", "é", "a/b", "/abs/path", "../up", "*", "*.example.com",
    "10.0.0.1", "fd00::1", "10.0.0.0/8", "010.1.1.1", "1", "0", "TCP", "Always", "None", "cpu", "memory", "storage", "kubernetes.io/a", "<&>",
    "https://example.com", "50%",
)  # fmt: skip
_NUMBERS = (-1, 0, 1, 2, 30, 65535, 65536, 2**31 - 1)


def more() -> Iterator[tuple[str, Case]]:
    """(script, case) of everything here."""
    for kind in all_kinds():
        for tree in _objects().get(kind.title, [])[:OBJECTS]:
            yield f"applied/{kind.title}", _applied(kind, tree)
            if not kind.settles:
                yield f"patched/{kind.title}", _patched(kind, tree)
    for kind in all_kinds():
        bases = [*_own(kind), *_objects().get(kind.title, ())]
        for seed in range(VARIANTS):
            yield f"varied/{kind.title}", _created(kind, variant(kind, bases, seed))
            if not kind.settles:  # a controller may be faster than the request
                yield f"changed/{kind.title}", _changed(kind, bases[0], variant(kind, bases[:1], seed), seed)


@cache
def _objects() -> dict[str, list[Tree]]:
    """The distinct objects that upstream's tests create, by the kind's title, without what a server gives."""
    found: dict[str, dict[str, Tree]] = defaultdict(dict)
    for _, call in calls():
        part = call["parts"][0]
        if (kind := kinds().get(part["type"])) is not None and len(text := json.dumps(part["given"], sort_keys=True)) < 20_000:
            found[kind.title][text] = _named(kind, part["given"])
    return {title: list(objects.values()) for title, objects in found.items()}


def _own(kind: Kind) -> list[Tree]:
    return [placed(tree, kind) for tree in (kind.object("one", "varied", NAMESPACE), *kind.full("varied", NAMESPACE))]


def _named(kind: Kind, tree: Tree) -> Tree:
    tree = placed(tree, kind)
    metadata = {name: value for name, value in tree["metadata"].items() if name not in _SYSTEM}
    return {"apiVersion": kind.api_version, "kind": kind.kind, **tree, "metadata": {"name": "unnamed"} | metadata}


def _created(kind: Kind, tree: Tree) -> Case:
    return Case("", "POST", f"{kind.path(NAMESPACE)}?dryRun=All", tree)


def _applied(kind: Kind, tree: Tree) -> Case:
    path = f"{kind.path(NAMESPACE)}/{_escaped(tree)}?dryRun=All&fieldManager=applier"
    return Case("", "PATCH", path, tree, content_type=APPLY)


def _patched(kind: Kind, tree: Tree) -> Case:
    """A merge patch of the kind's own object that makes this one of it."""
    base = kind.object("one", "patched", NAMESPACE)
    base["metadata"]["name"] = tree["metadata"]["name"]
    patch = {name: value for name, value in tree.items() if name not in ("apiVersion", "kind")}
    name, (key, old) = _escaped(tree), stored(kind, base, 0)
    return Case("", "PATCH", f"{kind.path(NAMESPACE)}/{name}?dryRun=All", patch, key, old, content_type=MERGE)


def _changed(kind: Kind, base: Tree, tree: Tree, seed: int) -> Case:
    tree = {**tree, "metadata": tree["metadata"] | {"name": base["metadata"]["name"]}}
    key, old = stored(kind, base, seed)
    return Case("", "PUT", f"{kind.path(NAMESPACE)}/{_escaped(tree)}?dryRun=All", tree, key, old)


def _escaped(tree: Tree) -> str:
    return "".join(letter if letter.isalnum() or letter in "-._~" else f"%{byte:02X}" for letter in tree["metadata"]["name"] for byte in letter.encode())


def variant(kind: Kind, bases: list[Tree], seed: int) -> Tree:
    """One of the objects with a few changes anywhere but in kind and name."""
    choice = random.Random(f"{kind.title} {seed}")
    tree = copy.deepcopy(choice.choice(bases))
    root = type_of(kind.group, kind.version, kind.kind)
    assert root is not None
    for _ in range(choice.randint(1, _MOST_CHANGES)):
        places = [place for place in _places(tree, root, ()) if place[0][0] not in ("apiVersion", "kind", "status")]
        place, type = choice.choice(places or [(("metadata", "labels"), root.fields["metadata"].type)])
        if place not in (("metadata",), *(("metadata", name) for name in ("name", "namespace", "generateName"))):
            _change(tree, place, type, choice)
    return tree


def _places(value: Any, type: Type | None, at: Place) -> Iterator[tuple[Place, Type]]:
    """Everything that is there, and the members that could be beside it."""
    if type is not None and at:
        yield at, type
    if isinstance(value, dict) and type is not None:
        for name, child in value.items():
            field = type.fields.get(name)
            yield from _places(child, field.type if field else type.element, (*at, name))
        yield from (((*at, name), field.type) for name, field in type.fields.items() if name not in value and len(at) > 0)
    elif isinstance(value, list) and type is not None:
        for index, child in enumerate(value):
            yield from _places(child, type.element, (*at, index))


def _change(tree: Tree, place: Place, type: Type, choice: random.Random) -> None:
    node: Any = tree
    for step in place[:-1]:
        node = node[step]
    last: Any = place[-1]
    present = node[last] if isinstance(node, list) or last in node else None
    if isinstance(last, int) and choice.random() < 0.5:
        node.insert(last, copy.deepcopy(present)) if choice.random() < 0.7 else node.pop(last)
        return
    value = _other(type, present, choice)
    if value is not None or isinstance(node, list):
        node[last] = value
    elif last in node:
        del node[last]


def _other(type: Type, present: Any, choice: random.Random) -> Any:
    if type.kind == "string" and choice.random() < 0.8:
        return choice.choice(_STRINGS)
    if type.kind in ("int32", "int64") and choice.random() < 0.9:
        return choice.choice(_NUMBERS)
    if type.kind == "struct" and present is None:
        return {name: _other(field.type, None, choice) for name, field in type.fields.items() if choice.random() < 0.3}
    if type.kind == "bool":
        return not present
    offered = list(values((), type, present))
    return copy.deepcopy(choice.choice(offered))
