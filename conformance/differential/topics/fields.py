"""Every field of every kind, one at a time, in objects that are otherwise valid: created, changed, in the status. One script a resource."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from conformance.differential.kinds import Kind, all_kinds
from conformance.differential.mutation import at, places, put, shown, values
from conformance.differential.script import Script, Session

_MARK = "fields"


def scripts() -> Iterator[Script]:
    for kind in all_kinds():
        yield Script("fields", kind.title, partial(_fields, kind), brief=True)


async def _fields(kind: Kind, s: Session) -> None:
    root, tree = kind.path(s.namespace), kind.object("one", _MARK, s.namespace)
    for place, type in places(kind):
        for value in values(place, type, at(tree, place)):
            await s.ask("POST", f"{root}?dryRun=All", put(tree, place, value), note=f"{shown(place)}={_text(value)}")
    await s.quiet("POST", root, tree)
    path = f"{root}/{tree['metadata']['name']}"
    if kind.settles:
        await s.settle(path, "status.conditions")
    stored = (await s.quiet("GET", path)).tree
    for place, type in places(kind):
        present = at(stored, place)
        for value in [value for value in values(place, type, present) if value != present][:1]:
            await s.ask("PUT", f"{path}?dryRun=All", put(stored, place, value), note=f"{shown(place)}={_text(value)}")
    if "status" in kind.facts:
        for place, type in places(kind, "status"):
            for value in values(place, type, at(stored, place)):
                await s.ask("PUT", f"{path}/status?dryRun=All", put(stored, place, value), note=f"{shown(place)}={_text(value)}")
    await s.quiet("DELETE", f"{path}?gracePeriodSeconds=0")
    if kind.settles:
        await s.gone(path)


def _text(value: object) -> str:
    text = repr(value)
    return text if len(text) < 30 else text[:27] + "…"
