"""Command line of upstream's test/cmd on kcompat; see the package's docstring."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from conformance.cmd import runner, servers
from conformance.cmd.ledger import FILE, Ledger
from conformance.tools import CACHE, build


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every group passes on kcompat, but for those that pass nowhere or need what it has not."""
    parser = argparse.ArgumentParser("python -m conformance.cmd", description=__doc__)
    parser.add_argument("--store", choices=servers.STORES, action="append", help="where to run (repeatable; default: sqlite and etcd)")
    parser.add_argument("--only", action="append", default=[], metavar="GROUP", help="run this group, as upstream's WHAT names it (repeatable)")
    parser.add_argument("--ledger", type=Path, default=FILE, help="file to record in")
    parser.add_argument("--outputs", type=Path, default=CACHE.parent / "cmd", metavar="DIR", help="where what was printed is kept")
    chosen = parser.parse_args(arguments)
    failures = 0
    for store in chosen.store or ["sqlite", "etcd"]:
        failures += _run(store, chosen)
    return 1 if failures else 0


def _run(store: str, chosen: argparse.Namespace) -> int:
    chosen.outputs.mkdir(parents=True, exist_ok=True)
    log, ledger = chosen.outputs / f"{store}.log", Ledger(chosen.ledger)
    print(f"{store}: follow {log}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cmd-") as directory:
        build("kubectl-convert")
        tree = runner.copied(Path(directory) / "kubernetes", Path(build("kubectl")))
        with servers.started(store, Path(directory), tree) as port:
            runner.run(tree, port, log, chosen.only)
    for group, said in runner.results(log):
        ledger.record(store, group, said)
    ledger.save()
    failed = list(ledger.failures(store))
    for group, said in failed:
        print(f"\n== {store}: {group}\n{said}")
    print(f"\n{store}: {ledger.totals(store)}")
    return 0 if store == "upstream" else len(failed)


if __name__ == "__main__":
    sys.exit(main())
