"""Rules that no single field breaks: combinations, changes, subresources. What is tried stands in ../rules/*.yaml, one script a file."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from conformance.differential.kinds import Kind, all_kinds
from conformance.differential.script import Script, Session, Tree

_MARK = "rules"
_FILES = Path(__file__).parent.parent / "rules"
_SHOWN = 80
Change = dict[str, Any]
"""Values by dotted path; null takes away; an index past the end adds; `-` begins with an object that has nothing but its metadata."""


class _Loader(yaml.CSafeLoader):
    """YAML with what is too long to write: `!x 300` is so many x (`!x 300 .com`: and a rest), `!many [17, {name: n%d}]` a list of so many with numbers for %d."""


def _many(loader: yaml.CSafeLoader, node: Any) -> list[Any]:
    count, item = loader.construct_sequence(node, deep=True)
    return [_numbered(item, number) for number in range(count)]


def _numbered(value: Any, number: int) -> Any:
    if isinstance(value, str):
        return value.replace("%d", str(number))
    if isinstance(value, dict):
        return {_numbered(key, number): _numbered(child, number) for key, child in value.items()}
    return [_numbered(child, number) for child in value] if isinstance(value, list) else value


def _long(loader: yaml.CSafeLoader, node: Any) -> str:
    count, _, rest = str(node.value).partition(" ")
    return "x" * int(count) + rest


_Loader.add_constructor("!x", _long)
_Loader.add_constructor("!many", _many)
_Loader.add_constructor("!merge", lambda loader, node: {key: value for one in _many(loader, node) for key, value in one.items()})


def scripts() -> Iterator[Script]:
    for file in sorted(_FILES.glob("*.yaml")):
        yield Script("rules", file.stem, partial(_rules, file), brief=True, setup="dual" if file.stem.endswith("-dual") else "")


async def _rules(file: Path, s: Session) -> None:
    """`kind` as the titles of kinds.py, `base`: what all begin with; `create`: each is tried; `change`: see _changes."""
    document = yaml.load(file.read_text(), _Loader)
    kind = next(kind for kind in all_kinds() if kind.title == document["kind"])
    root, tree = kind.path(s.namespace), changed(kind.object("one", _MARK, s.namespace), document.get("base", {}))
    for change in document.get("create", ()):
        await s.ask("POST", f"{root}?dryRun=All", changed(tree, change), note=_shown(change))
    for group in document.get("change", ()):
        await _changes(s, kind, changed(tree, group.get("made", {})), group)


async def _changes(s: Session, kind: Kind, tree: Tree, group: Tree) -> None:
    """An object is `made`, the changes of `then` are written to it (each may say to which subresource), and each of `tries` is tried on it, `at` a subresource."""
    root, path = kind.path(s.namespace), f"{kind.path(s.namespace)}/{tree['metadata']['name']}"
    await s.ask("POST", root, tree, note=_shown(group.get("made", {})))
    if kind.settles:
        await s.settle(path, "status.conditions")
    for step in group.get("then", ()):
        change = dict(step)
        place = _place(path, change.pop("at", ""))
        current = (await s.quiet("GET", path)).tree
        await s.ask("PUT", place, changed(current, change), note=_shown(step))
    current = (await s.quiet("GET", path)).tree
    for change in group.get("tries", ()):
        await s.ask("PUT", f"{_place(path, group.get('at', ''))}?dryRun=All", changed(current, change), note=_shown(change))
    await s.quiet("PATCH", path, {"metadata": {"finalizers": None}})
    await s.quiet("DELETE", f"{path}?gracePeriodSeconds=0")
    if kind.settles:
        await s.gone(path)


def _place(path: str, subresource: str) -> str:
    return f"{path}/{subresource}" if subresource else path


def _shown(change: Change) -> str:
    text = json.dumps(change, separators=(",", ":"), default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def changed(tree: Tree, change: Change) -> Tree:
    """A copy with the change made."""
    result = copy.deepcopy(tree)
    if change.get("-"):
        result = {name: result[name] for name in ("apiVersion", "kind", "metadata")}
    for path, value in change.items():
        if path != "-":
            _put(result, [int(step) if step.isdigit() else step for step in path.split(".")], copy.deepcopy(value))
    return result


def _put(node: Any, steps: list[str | int], value: Any) -> None:
    for step, following in pairwise(steps):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int) and step >= len(node):
            node.append(empty)
        elif isinstance(step, str) and node.get(step) is None:
            node[step] = empty
        node = node[-1 if isinstance(step, int) and step >= len(node) else step]
    last = steps[-1]
    if isinstance(last, int) and last >= len(node):
        node.append(value)
    elif value is None and isinstance(last, str):
        node.pop(last, None)
    else:
        node[last] = value
