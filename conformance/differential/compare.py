"""Compares the steps of a script with the recorded ones. Called by runner.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.differential.explained import explanation
from conformance.differential.golden import UNSTABLE, digest, in_order

Tree = dict[str, Any]
ABSENT = "<absent>"
_SHOWN = 100


@dataclass(frozen=True)
class Difference:
    """One field of one step that is not as upstream answers it. `why` explains a difference that is meant."""

    script: str
    step: int
    ask: str
    path: str
    upstream: str
    kcompat: str
    why: str = ""

    @property
    def place(self) -> str:
        """What is asked and where the answer differs: what stays the same from run to run."""
        return f"{self.ask} | {self.path}"

    def __str__(self) -> str:
        return f"{self.step} {self.place}: {self.upstream} → {self.kcompat}"


def compare(script: str, recorded: Sequence[Tree | str], seen: Sequence[Tree]) -> list[Difference]:
    """Every difference, in the order of the steps."""
    found = []
    for number, (wanted, got) in enumerate(zip(recorded, seen, strict=False)):
        if isinstance(wanted, str):
            if wanted not in (UNSTABLE, digest(got)):
                found.append(_difference(script, number, got["ask"], "answer", wanted, _outcome(got)))
            continue
        pairs = list(differing(_said(wanted), _said(got), ""))
        if wanted["code"] != got["code"]:
            pairs = [("code", _outcome(wanted), _outcome(got))]
        elif _kind(wanted) != _kind(got):
            pairs = [("body.kind", _kind(wanted), _kind(got))]
        if wanted["ask"] != got["ask"]:
            pairs = [("ask", wanted["ask"], got["ask"])]
        elif wanted["sent"] != got["sent"] and not found and not pairs:
            pairs = [("sent", wanted["sent"], got["sent"])]  # the script has changed: record again
        found += [_difference(script, number, wanted["ask"], path, _show(a), _show(b)) for path, a, b in pairs]
    for number in range(len(seen), len(recorded)):
        missing = recorded[number]
        found.append(_difference(script, number, missing if isinstance(missing, str) else missing["ask"], "", "answered", "not reached"))
    for number in range(len(recorded), len(seen)):
        found.append(_difference(script, number, seen[number]["ask"], "", "not recorded", "answered"))
    return found


def _difference(script: str, step: int, ask: str, path: str, upstream: str, kcompat: str) -> Difference:
    return Difference(script, step, ask, path, upstream, kcompat, explanation(script, ask, path))


def _outcome(step: Tree) -> str:
    """The code, and the message of a refusal: the rest of two answers of different codes is not worth comparing."""
    body = step.get("body")
    message = body.get("message", "") if isinstance(body, dict) else ""
    return f"{step['code']} {message}".strip()


def _kind(step: Tree) -> str:
    body = step.get("body")
    return str(body.get("kind", "")) if isinstance(body, dict) else ""


def _said(step: Tree) -> Tree:
    return {name: in_order(value) for name, value in step.items() if name not in ("ask", "sent")}


def differing(a: Any, b: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """(path, one, other) of every leaf that differs; a missing one is ABSENT."""
    if isinstance(a, dict) and isinstance(b, dict):
        if [name for name in a if name in b] != [name for name in b if name in a]:
            yield path, f"keys in the order {', '.join(a)}", f"keys in the order {', '.join(b)}"
        for name in [*a, *(name for name in b if name not in a)]:
            yield from differing(a.get(name, ABSENT), b.get(name, ABSENT), f"{path}.{name}" if path else name)
    elif path == "body" and isinstance(a, list) and isinstance(b, list) and a != b:
        line = next((i for i, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))
        yield f"line {line}", *((lines[line] if line < len(lines) else ABSENT) for lines in (a, b))
    elif _texts(a) and _texts(b):
        if a != b:
            yield path, [item for item in a if item not in b] or a, [item for item in b if item not in a] or b
    elif isinstance(a, list) and isinstance(b, list):
        for index in range(max(len(a), len(b))):
            one = a[index] if index < len(a) else ABSENT
            yield from differing(one, b[index] if index < len(b) else ABSENT, f"{path}[{index}]")
    elif a != b or type(a) is not type(b):
        yield path, a, b


def _texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value)


def _show(value: Any) -> str:
    text = value if isinstance(value, str) and value.startswith((ABSENT, "4", "2", "5")) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
