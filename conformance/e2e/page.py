"""docs/conformance.md: totals by class and sig, and failures by cause, made from the ledger. Called by `__main__.py`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from conformance.e2e.catalogue import CLASSES
from conformance.e2e.ledger import RESULTS, Entry, Ledger

FILE = Path(__file__).parent.parent.parent / "docs" / "conformance.md"
_HEAD = """# Upstream's conformance tests

Written by `make conformance` from `conformance/ledger.yaml`, which has every test; do not edit. `make conformance CLASS=A` runs a
class with upstream's own e2e program, `FOCUS=` and `SIG=` narrow it, `make conformance-all` runs all that simulated nodes can pass. A
test that passes on simulated nodes without anything having been probed counts as vacuous, not as a pass. Excluded: it needs processes
that really run. A test that failed ran once more before it was called a failure. CI runs `make conformance-check`: over a hundred of
the tests that passed, the quickest, must still pass.
"""


def write(ledger: Ledger, file: Path = FILE) -> None:
    entries = list(ledger)
    parts = [
        _HEAD,
        "## By class\n",
        _table("class", entries, lambda e: f"{e.test.test_class}: {CLASSES[e.test.test_class]}"),
        "## By sig\n",
        _table("sig", entries, lambda e: e.test.sig),
        "## Failures by cause\n",
        _causes(entries, "fail"),
        "## Vacuous, and why\n",
        _causes(entries, "vacuous"),
    ]
    file.write_text("\n".join(parts))


def _table(title: str, entries: Iterable[Entry], group: Callable[[Entry], str]) -> str:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in entries:
        counts[group(entry)][entry.result] += 1
    rows = [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]
    lines = [f"| {title} | tests | {' | '.join(RESULTS)} |", "|---" * (len(RESULTS) + 2) + "|"]
    lines += [f"| {name} | {count.total()} | {' | '.join(str(count[result]) for result in RESULTS)} |" for name, count in rows]
    return "\n".join(lines) + "\n"


def _causes(entries: Iterable[Entry], result: str) -> str:
    by_cause: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.result == result:
            by_cause[entry.cause].append(entry)
    widest = sorted(by_cause.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return "".join(_cause(cause, some) for cause, some in widest) or "None.\n"


def _cause(cause: str, entries: list[Entry]) -> str:
    tests = "".join(f"  - ({entry.test.test_class}) {entry.test.name}\n" for entry in entries)
    return f"- **{len(entries)}** {cause}\n{tests}"
