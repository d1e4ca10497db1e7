"""Breaks kcompat on purpose, in one place at a time, and tells whether the differential runs notice.

    python -m conformance.mutations        writes conformance/ledger/mutations.yaml; fails if a defect passes unnoticed

Each mutation names the script that must see it: a check that no defect can fail is none. Called by tests/conformance too.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from conformance.differential import ledger, runner, servers
from conformance.differential.compare import Difference

LEDGER = Path(__file__).parent / "ledger" / "mutations.yaml"


@dataclass(frozen=True)
class Mutation:
    """A defect: `place` (module:attribute) is replaced by what `broken` makes of it."""

    name: str
    place: str
    broken: Callable[[Any], Any]
    script: str
    """The script of the differential runs that must notice."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        module, _, path = self.place.partition(":")
        *holders, name = path.split(".")
        holder: Any = import_module(module)
        for each in holders:
            holder = getattr(holder, each)
        with mock.patch.object(holder, name, self.broken(getattr(holder, name))):
            yield


def _wrong_default(original: Any) -> Any:
    def default_spec(self: Any, obj: Any) -> None:
        original(self, obj)
        obj["spec"]["revisionHistoryLimit"] += 1

    return default_spec


def _missing_event(original: Any) -> Any:
    def publish(self: Any, change: Any) -> None:
        watchers = self.watchers
        if change.type == "DELETED":
            self.watchers = type(watchers)()
        try:
            original(self, change)
        finally:
            self.watchers = watchers

    return publish


def _swapped_reason(original: Any) -> Any:
    def already_exists(*arguments: str) -> Any:
        error = original(*arguments)
        error.reason = "Conflict"
        return error

    return already_exists


def _lost_warning(original: Any) -> Any:
    return lambda warnings: original(warnings[1:])


def _wrong_revision(original: Any) -> Any:
    return lambda value, head_length, revision: original(value, head_length, revision - 1)


MUTATIONS = (
    Mutation("a wrong default", "kcompat.registry.rules.deployment:DeploymentRules.default_spec", _wrong_default, "create/deployments.apps"),
    Mutation("a missing watch event", "kcompat.storage.watch_cache:ResourceCache._publish", _missing_event, "watch/configmaps"),
    Mutation("a swapped error reason", "kcompat.apimachinery.errors:already_exists", _swapped_reason, "create/configmaps"),
    Mutation("a lost Warning header", "kcompat.api.pipeline:warning_header", _lost_warning, "create/endpoints"),
    Mutation("a wrong resourceVersion", "kcompat.storage.codec:tail", _wrong_revision, "watches/starts"),
)


async def noticed(mutation: Mutation | None, script: str) -> list[Difference]:
    """What the script finds that the ledger does not know; None: nothing is broken."""
    if mutation is None:
        return await _differences(script)
    with mutation.applied():
        return await _differences(script)


async def _differences(title: str) -> list[Difference]:
    known = ledger.known()
    found = runner.differences(await runner.run_at(servers.kcompat, runner.scripts(title)))
    return [d for d in found if not d.why and d.place not in known.get(d.script, ())]


def main() -> int:
    outcomes = {}
    for mutation in MUTATIONS:
        before, after = (asyncio.run(noticed(one, mutation.script)) for one in (None, mutation))
        caught = bool(after) and not before
        outcomes[mutation.name] = {"place": mutation.place, "script": mutation.script, "caught": caught, "differences": len(after), "first": str(after[0]) if after else ""}
        print(f"{mutation.name}: {'caught' if caught else 'NOT CAUGHT'} by {mutation.script} ({len(after)} differences)")
    LEDGER.write_text("# Written by `python -m conformance.mutations`.\n" + yaml.safe_dump(outcomes, sort_keys=False, width=1000, allow_unicode=True))
    return 0 if all(outcome["caught"] for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
