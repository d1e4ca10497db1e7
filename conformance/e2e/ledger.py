"""The record of every conformance test: conformance/ledger.yaml, written by this tool only. Called by `__main__.py` and `page.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.e2e.catalogue import SIMULATED, Test, catalogue
from conformance.e2e.causes import cause_of
from conformance.e2e.runner import Outcome

FILE = Path(__file__).parent.parent / "ledger.yaml"
RESULTS = ("pass", "vacuous", "fail", "not run", "excluded")
_HEAD = """# Written by `make conformance`; do not edit. Every conformance test of Kubernetes 1.37: its class (what it needs:
# conformance/e2e/classes.csv), result, the revision that showed it (a plus: with changes beside it), seconds, and the cause of a failure.
# vacuous: passed on simulated nodes without anything having been probed, for the reason given as its cause; not counted as a pass.
"""


@dataclass(frozen=True)
class Entry:
    """What is known of a test."""

    test: Test
    result: str
    seen: str = ""
    seconds: int = 0
    cause: str = ""

    def tree(self) -> dict[str, Any]:
        tree: dict[str, Any] = {"class": self.test.test_class, "result": self.result}
        if self.seen:
            tree |= {"seen": self.seen, "seconds": self.seconds}
        return tree | ({"cause": self.cause} if self.cause else {})


class Ledger:
    """An entry for each test of the catalogue, in its order."""

    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        self._recorded: dict[str, Entry] = {}
        self._entries = self._read()

    def _read(self) -> dict[str, Entry]:
        known: Mapping[str, Any] = {}
        if self._file.exists():
            known = (yaml.safe_load(self._file.read_text()) or {}).get("tests", {})
        return {test.name: _entry(test, known.get(test.name)) for test in catalogue()}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def record(self, name: str, outcome: Outcome, revision: str) -> Entry:
        test = self._entries[name].test
        cause = cause_of(name, outcome.message) if outcome.result == "fail" else ""
        entry = self._entries[name] = self._recorded[name] = _judged(test, outcome.result, revision, round(outcome.seconds), cause)
        return entry

    def write(self) -> None:
        """What was recorded here, and for all other tests what the file says by now: another run may have written it."""
        self._entries = self._read() | self._recorded
        tree = {"tests": {name: entry.tree() for name, entry in self._entries.items()}}
        self._file.write_text(_HEAD + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=10_000))


def _entry(test: Test, known: Mapping[str, Any] | None) -> Entry:
    if known and known["result"] in ("pass", "vacuous", "fail"):
        return _judged(test, known["result"], known["seen"], known["seconds"], known.get("cause", ""))
    if test.test_class in SIMULATED:
        return Entry(test, "not run")
    return Entry(test, "excluded", cause=f"nodes are simulated: {test.needs}")


def _judged(test: Test, result: str, seen: str, seconds: int, cause: str) -> Entry:
    """A test that passes without anything having been probed is vacuous, for the catalogue's reason."""
    if result == "fail":
        return Entry(test, result, seen, seconds, cause)
    return Entry(test, "vacuous", seen, seconds, test.needs) if test.vacuous else Entry(test, "pass", seen, seconds)
