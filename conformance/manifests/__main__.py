"""Command line of the manifests' conformance run; see the package's docstring."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.manifests import servers, sources
from conformance.manifests.compare import compare
from conformance.manifests.ledger import FILE, Ledger
from conformance.manifests.runner import OK, Runner
from conformance.tools import CACHE, build


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when kcompat did everything as upstream does."""
    parser = argparse.ArgumentParser("python -m conformance.manifests", description=__doc__)
    parser.add_argument("--store", choices=servers.STORES, action="append", help="where to run (repeatable; default: sqlite and etcd)")
    parser.add_argument("--kubectl", help="program to use (default: kubectl built from the Kubernetes module)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only manifests, and stories, whose name holds this")
    parser.add_argument("--ledger", type=Path, default=FILE, help="file to record in")
    parser.add_argument(
        "--outputs", type=Path, default=CACHE.parent / "manifests", metavar="DIR", help="where what kubectl printed is kept"
    )
    parser.add_argument("--differences", action="store_true", help="show where the last runs' outputs differ from upstream's")
    chosen = parser.parse_args(arguments)
    stores = chosen.store or ["sqlite", "etcd"]
    if not chosen.differences:
        for store in stores:
            _run(store, chosen)
    return _report([store for store in stores if store != "upstream"], chosen)


def _run(store: str, chosen: argparse.Namespace) -> None:
    found, others = sources.manifests()
    ledger = Ledger(chosen.ledger)
    ledger.record_others(others)
    with tempfile.TemporaryDirectory(prefix="manifests-") as directory, servers.started(store, Path(directory)) as kubeconfig:
        runner = Runner(chosen.kubectl or str(build("kubectl")), kubeconfig, Path(directory) / "kubectl", chosen.outputs / store)
        for number, manifest in enumerate(found):
            if chosen.only in manifest.name:
                started = time.monotonic()
                result = runner.manifest(number, manifest)
                failed = [group for group, said in result.items() if said != OK]
                print(
                    f"{store} {manifest.name}: {len(result) - len(failed)} ok, failed {failed} ({time.monotonic() - started:.1f} s)",
                    flush=True,
                )
                ledger.record(store, manifest, result)
                ledger.save()
        for name, said in runner.stories(chosen.only):
            print(f"{store} {name}: {said}", flush=True)
            ledger.record_story(store, name, said)
        ledger.save()


def _report(stores: list[str], chosen: argparse.Namespace) -> int:
    ledger = Ledger(chosen.ledger)
    failures = 0
    for store in stores:
        if store not in ledger.stores():
            continue
        print(f"\n== {store}")
        for name, group, said in ledger.failures(store):
            failures += 1
            print(f"{name} [{group}]: {said}")
        for title, counts in ledger.totals(store).items():
            print(f"{title}: {counts}")
        found = compare(chosen.outputs / store, chosen.outputs / "upstream", chosen.only)
        print(f"printed as upstream: {found.same} of {found.commands} commands")
        if not chosen.only:
            ledger.record_outputs(store, found.same, found.commands)
            ledger.save()
        if chosen.differences:
            for line, times in found.lines.most_common():
                print(f"{times:4} {line}    << {found.examples[line]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
