"""Command line of the manifests' conformance run; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.manifests import servers, sources
from conformance.manifests.compare import compare
from conformance.manifests.ledger import FILE, Ledger, run_name
from conformance.manifests.runner import OK, Runner
from conformance.tools import CACHE, build


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when kcompat did everything as upstream does."""
    parser = argparse.ArgumentParser("python -m conformance.manifests", description=__doc__)
    parser.add_argument("--store", choices=servers.STORES, action="append", help="where to run (repeatable; default: sqlite and etcd)")
    parser.add_argument("--kubectl", action="append", help="program to use (repeatable; default: kubectl built from the Kubernetes module)")
    parser.add_argument("--only", default="", metavar="REGEX", help="only manifests, and stories, whose name fits")
    parser.add_argument("--ledger", type=Path, default=FILE, help="file to record in")
    parser.add_argument(
        "--outputs", type=Path, default=CACHE.parent / "manifests", metavar="DIR", help="where what kubectl printed is kept"
    )
    parser.add_argument("--differences", action="store_true", help="run nothing: show where the last runs' outputs differ from upstream's")
    chosen = parser.parse_args(arguments)
    stores, failures = chosen.store or ["sqlite", "etcd"], 0
    for program in chosen.kubectl or [str(build("kubectl"))]:
        release = _release(program)
        for store in stores:
            if not chosen.differences:
                _run(store, program, release, chosen)
        for store in stores:
            if store != "upstream":
                failures += _report(store, release, chosen)
    return 1 if failures else 0


def _release(program: str) -> str:
    """1.37"""
    printed = subprocess.run([program, "version", "--client", "--output=json"], capture_output=True, text=True, check=True).stdout
    version = json.loads(printed)["clientVersion"]
    return f"{version['major']}.{version['minor'].rstrip('+')}"


def _run(store: str, program: str, release: str, chosen: argparse.Namespace) -> None:
    run = run_name(store, release)
    found, others = sources.manifests()
    ledger = Ledger(chosen.ledger)
    ledger.record_others(others)
    with tempfile.TemporaryDirectory(prefix="manifests-") as directory, servers.started(store, Path(directory)) as kubeconfig:
        runner = Runner(program, kubeconfig, Path(directory) / "kubectl", chosen.outputs / release / store)
        for number, manifest in enumerate(found):
            if re.search(chosen.only, manifest.name):
                started = time.monotonic()
                result = runner.manifest(number, manifest)
                failed = [group for group, said in result.items() if said != OK]
                seconds = time.monotonic() - started
                print(f"{run}: {manifest.name}: {len(result) - len(failed)} ok, failed {failed} ({seconds:.1f} s)", flush=True)
                ledger.record(run, manifest, result)
                ledger.save()
        for name, said in runner.stories(chosen.only):
            print(f"{run}: {name}: {said}", flush=True)
            ledger.record_story(run, name, said)
        ledger.save()


def _report(store: str, release: str, chosen: argparse.Namespace) -> int:
    """Prints, and records, how the run compares with upstream's. Answers with the number of failures."""
    run, ledger, failures = run_name(store, release), Ledger(chosen.ledger), 0
    if run not in ledger.runs():
        return 0
    print(f"\n== {run}")
    for name, group, said in ledger.failures(run):
        if re.search(chosen.only, name):
            failures += 1
            print(f"{name} [{group}]: {said}")
    print(*(f"{title}: {count}" for title, count in ledger.totals(run).items()), sep="\n")
    found = compare(chosen.outputs / release / store, chosen.outputs / release / "upstream", chosen.only)
    print(f"printed as upstream: {found.same} of {found.commands} commands")
    if not chosen.only:
        ledger.record_outputs(run, found.same, found.commands)
        ledger.save()
    if chosen.differences:
        for line, times in found.lines.most_common():
            print(f"{times:4} {line}    << {found.examples[line]}")
    return failures


if __name__ == "__main__":
    sys.exit(main())
