"""The 462 conformance tests and what each needs of a cluster: classes.csv as values. Called by `__main__.py`, `ledger.py` and `page.py`.

Classes: A the API alone; B also controllers, scheduler and pods that simulated nodes report as running; C the true outcome of
a process; D real containers; E the pod network; F server images that the API server calls.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "classes.csv"
CLASSES = {
    "A": "the API alone",
    "B": "controllers, scheduler, pods reported running by simulated nodes",
    "C": "the true outcome of a process",
    "D": "real containers",
    "E": "the pod network",
    "F": "server images called by the API server",
}
SIMULATED = ("A", "B")


@dataclass(frozen=True)
class Test:
    """A conformance test. `vacuous`: on simulated nodes it passes without anything having been probed."""

    name: str
    test_class: str
    vacuous: bool
    needs: str

    @property
    def sig(self) -> str:
        return self.name[1 : self.name.index("]")]

    @property
    def serial(self) -> bool:
        return "[Serial]" in self.name


@cache
def catalogue() -> tuple[Test, ...]:
    with FILE.open(newline="") as file:
        return tuple(Test(row["test"], row["class"], row["vacuous"] == "yes", row["needs"]) for row in csv.DictReader(file))


def chosen(classes: str, focus: str, sig: str) -> list[Test]:
    """Tests of these classes (letters; empty: those that simulated nodes can pass), whose name fits, of this sig (empty: any)."""
    letters = set(classes.replace(",", "").upper()) or set(SIMULATED)
    if unknown := letters - set(CLASSES):
        raise ValueError(f"no such class: {', '.join(sorted(unknown))}")
    pattern = re.compile(focus)
    wanted = sig if not sig or sig.startswith("sig-") else f"sig-{sig}"
    return [t for t in catalogue() if t.test_class in letters and pattern.search(t.name) and wanted in ("", t.sig)]
