"""Recorded answers: golden/<topic>.json, a step a line; what occurs more than once is kept once. Called by runner.py.

Of a brief script there is a digest for each step.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Tree = dict[str, Any]
Recording = dict[str, Any]
"""By title, the steps of a script: what was asked and answered, or digests."""
GOLDEN = Path(__file__).parent / "golden"
_REFERENCE = "$"
_WORTH_SHARING = 48
UNSTABLE = "-"
"""In place of the digest of an answer that is another one each time."""
_ROW = 12
"""Digests on one line."""


def load(topic: str) -> Recording:
    """The steps of every script of a topic. Raises FileNotFoundError."""
    document = json.loads((GOLDEN / f"{topic}.json").read_text())
    shared: list[Any] = []
    for value in document["shared"]:
        shared.append(_restored(value, shared))
    return {name: list(_steps(steps, shared)) for name, steps in document["scripts"].items()}


def _steps(rows: list[Any], shared: list[Any]) -> Iterator[Tree | str]:
    for row in rows:
        if isinstance(row, str):
            yield from row.split()
        else:
            yield _restored(row, shared)


def save(topic: str, recording: Recording) -> None:
    """One line for each shared value and each step, so that changes can be read in a diff."""
    sharing = _Sharing(recording)
    scripts = {name: [sharing.replaced(step) for step in steps] for name, steps in recording.items()}
    lines = [",\n".join(map(_line, sharing.shared)), ",\n".join(_script(name, steps) for name, steps in scripts.items())]
    (GOLDEN / f"{topic}.json").write_text(f'{{"shared":[\n{lines[0]}\n],\n"scripts":{{\n{lines[1]}\n}}}}\n')


def digest(step: Tree) -> str:
    """What a brief script keeps of a step."""
    return hashlib.sha1(json.dumps(in_order(step), sort_keys=True).encode(), usedforsecurity=False).hexdigest()[:8]


def in_order(value: Any) -> Any:
    """managedFields by manager: by time, as they come, they are in another order when a second passes. Conflicts by field: managers come
    in any order (upstream keeps them in a map)."""
    if isinstance(value, list):
        return [in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    fresh = {name: in_order(child) for name, child in value.items()}
    causes = fresh.get("causes")
    if isinstance(causes, list) and causes and isinstance(causes[0], dict) and causes[0].get("reason") == "FieldManagerConflict":
        fresh["causes"] = sorted(causes, key=str)
    if isinstance(entries := fresh.get("managedFields"), list):
        fresh["managedFields"] = sorted(entries, key=lambda entry: [str(entry.get(key)) for key in ("manager", "operation", "subresource")])
    return fresh


def _script(name: str, steps: Sequence[Tree | str]) -> str:
    if steps and isinstance(steps[0], str):
        rows = (" ".join(map(str, steps[start : start + _ROW])) for start in range(0, len(steps), _ROW))
        return f"{_line(name)}:[\n" + ",\n".join(map(_line, rows)) + "\n]"
    return f"{_line(name)}:[\n" + ",\n".join(map(_line, steps)) + "\n]"


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class _Sharing:
    """Finds values that occur more than once; a parent is shared before its children are looked at."""

    def __init__(self, recording: Recording) -> None:
        self.shared: list[Any] = []
        self._numbers: dict[str, int] = {}
        self._counts: Counter[str] = Counter()
        for steps in recording.values():
            for step in steps:
                self._count(step)

    def _count(self, value: Any) -> None:
        if isinstance(value, dict | list):
            text = _line(value)
            if len(text) < _WORTH_SHARING:
                return
            self._counts[text] += 1
            if self._counts[text] == 1:
                for child in value.values() if isinstance(value, dict) else value:
                    self._count(child)

    def replaced(self, value: Any) -> Any:
        if not isinstance(value, dict | list):
            return value
        text = _line(value)
        if self._counts[text] < 2:
            return self._children(value)
        if text not in self._numbers:
            replaced = self._children(value)
            self._numbers[text] = len(self.shared)
            self.shared.append(replaced)
        return {_REFERENCE: self._numbers[text]}

    def _children(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.replaced(child) for name, child in value.items()}
        return [self.replaced(child) for child in value]


def _restored(value: Any, shared: list[Any]) -> Any:
    if isinstance(value, list):
        return [_restored(item, shared) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == [_REFERENCE] and isinstance(value[_REFERENCE], int):
        return shared[value[_REFERENCE]]
    return {name: _restored(child, shared) for name, child in value.items()}
