"""`python -m conformance.e2e [--class A] [--focus REGEX] [--sig apps]`: starts a fresh kcompat, runs upstream's tests, writes the ledger.

Results are written slice by slice. `--check` changes nothing: it runs tests that passed, as many as fit its time, and fails
if one no longer does.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.e2e import page
from conformance.e2e.catalogue import Test, catalogue, chosen
from conformance.e2e.cluster import fresh, revision
from conformance.e2e.ledger import RESULTS, Ledger
from conformance.e2e.runner import Outcome, run
from conformance.tools import CACHE

REPORTS = CACHE.parent / "conformance"
ATTEMPTS = 4
"""How often the rest of a slice is run again, when a test that never ends held it up."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cluster and the tests end too
    if options.page:
        page.write(Ledger())
        return 0
    ledger = Ledger()
    if options.check:
        do, tests = _check, affordable(ledger, options.check, options.processes)
    else:
        do, tests = _record, _asked_for(ledger, options)
    if not tests:
        print("no test fits")
        return 2
    with tempfile.TemporaryDirectory(prefix="kcompat-conformance-") as directory, fresh(Path(directory)) as kubeconfig:
        return do(ledger, tests, kubeconfig, options)


def _asked_for(ledger: Ledger, options: argparse.Namespace) -> list[Test]:
    fresh_enough = revision() if options.stale else None
    tests = chosen(options.test_class, options.focus, options.sig)
    return [test for test in tests if options.result in ("", ledger[test.name].result) and ledger[test.name].seen != fresh_enough]


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance.e2e", description=__doc__)
    parser.add_argument("--class", dest="test_class", default="", metavar="LETTERS", help="classes to run (default: A and B)")
    parser.add_argument("--focus", default="", metavar="REGEX", help="only tests whose name fits")
    parser.add_argument("--sig", default="", help="only tests of this sig")
    parser.add_argument("--result", default="", choices=RESULTS, help="only tests of which the ledger says this")
    parser.add_argument("--stale", action="store_true", help="only tests whose result is not of this revision: goes on where a run ended")
    parser.add_argument("--processes", type=int, default=min(4, 1 + (os.cpu_count() or 1)), help="ginkgo processes (default: %(default)s)")
    parser.add_argument("--slice", type=int, default=40, help="tests in one run of the e2e program (default: %(default)s)")
    parser.add_argument("--patience", type=float, default=900, metavar="SECONDS", help="for a slice (default: %(default).0f)")
    parser.add_argument("--bound", type=float, default=4 * 3600, metavar="SECONDS", help="for everything together (default: %(default).0f)")
    parser.add_argument(
        "--retries", type=int, default=1, help="for a test that failed: a busy machine misses deadlines (default: %(default)s)"
    )
    parser.add_argument("--check", type=float, default=0, metavar="SECONDS", help="only tests that passed, about so long; no regression")
    parser.add_argument("--page", action="store_true", help="only write docs/conformance.md again")
    return parser.parse_args(arguments)


def _record(ledger: Ledger, tests: list[Test], kubeconfig: Path, options: argparse.Namespace) -> int:
    seen = revision()
    for results in slices(tests, kubeconfig, options, seen):
        for name, outcome in results.items():
            before, entry = ledger[name].result, ledger.record(name, outcome, seen)
            change = f" (was: {before})" if before not in (entry.result, "not run", "excluded") else ""
            print(f"{entry.result:8}{outcome.seconds:6.0f} s  {name}{change}{': ' + entry.cause if entry.cause else ''}", flush=True)
        ledger.write()
        page.write(ledger)
    return 0


def _check(ledger: Ledger, tests: list[Test], kubeconfig: Path, options: argparse.Namespace) -> int:
    results: dict[str, Outcome] = {}
    for some in slices(tests, kubeconfig, options, "check"):
        results |= some
    lost = [test.name for test in tests if test.name not in results or results[test.name].result != "pass"]
    for name in lost:
        print(f"no longer passes: {name}\n{results[name].message if name in results else 'did not end'}\n")
    print(f"{len(tests) - len(lost)} of {len(tests)} tests that passed still pass")
    return 1 if lost else 0


def slices(tests: list[Test], kubeconfig: Path, options: argparse.Namespace, name: str) -> Iterator[dict[str, Outcome]]:
    """Outcomes slice by slice, the serial tests last, until the bound."""
    ordered = sorted(tests, key=lambda test: test.serial)
    reports, ends = REPORTS / f"{name}-{os.getpid()}", time.monotonic() + options.bound
    print(f"{len(tests)} tests on {options.processes} processes; reports in {reports}", flush=True)
    for start in range(0, len(ordered), options.slice):
        if ends - time.monotonic() < 60:
            print(f"{len(ordered) - start} tests not run: out of time")
            return
        yield from _persistently(ordered[start : start + options.slice], kubeconfig, reports / f"{start:03}", options, ends)


def _persistently(
    tests: list[Test], kubeconfig: Path, reports: Path, options: argparse.Namespace, ends: float
) -> Iterator[dict[str, Outcome]]:
    """Outcomes attempt by attempt: a test held up by one that never ends runs again, and so does, `--retries` times, one that failed."""
    failures: Counter[str] = Counter()
    for attempt in range(ATTEMPTS + options.retries):
        bound = min(options.patience, max(ends - time.monotonic(), 60))
        results = run(tests, kubeconfig, reports.with_name(f"{reports.name}-{attempt}"), processes=options.processes, bound=bound)
        yield results
        failures.update(name for name, outcome in results.items() if outcome.result == "fail")
        settled = {name for name, outcome in results.items() if outcome.result != "fail" or failures[name] > options.retries}
        tests = [test for test in tests if test.name not in settled]
        if not tests:
            return


def affordable(ledger: Ledger, seconds: float, processes: int) -> list[Test]:
    """Tests that passed, the quickest of each sig first, that together should take about so long on so many processes."""
    passed = sorted((e for e in ledger if e.result == "pass" and not e.test.serial), key=lambda e: e.seconds)
    budget, taken = seconds * processes, []
    for entry in passed:
        if (budget := budget - entry.seconds - 1) < 0:
            break
        taken.append(entry.test)
    names = {test.name for test in taken}
    return [test for test in catalogue() if test.name in names]


if __name__ == "__main__":
    sys.exit(main())
