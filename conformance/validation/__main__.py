"""Command line: see the package's docstring."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from conformance import validation
from conformance.differential import servers
from conformance.differential.compare import Difference
from conformance.validation import asking
from conformance.validation.extract import extract

LEDGER = Path(__file__).parent.parent / "ledger" / "validation.yaml"
_HEAD = "# Written by `python -m conformance.validation run`; do not edit. Cases of upstream's validation tests that are answered as a kube-apiserver answers them.\n"


def _extract(options: argparse.Namespace) -> int:
    wrong = 0
    for package, heard, error in extract(options.package):
        print(f"{package}: {heard} calls {'(its tests fail)' if error else ''}", flush=True)
        wrong += not heard
    return wrong


async def _run(options: argparse.Namespace) -> int:
    scripts = asking.chosen(options.package, options.function)
    async with servers.etcd() as theirs, servers.etcd() as ours, servers.upstream(theirs) as upstream, servers.kcompat(ours) as kcompat:
        answers = await asyncio.gather(asking.ask(upstream, theirs, scripts), asking.ask(kcompat, ours, scripts))
        await asking.settle(upstream, theirs, scripts, *answers)
    found = asking.differences(*answers)
    for difference in found:
        if not options.quiet and not difference.why:
            print(f"{difference.script}: {difference}")
            if options.bodies:
                print("    sent:", json.dumps(scripts[difference.script.removeprefix("cases/")][difference.step].body))
    wrong = asking.failed(found)
    print(f"{len(wrong)} of {sum(map(len, scripts.values()))} cases differ")
    if not options.package and not options.function:
        _write(scripts, found)
    return 1 if wrong else 0


def _write(scripts: dict[str, list[Any]], found: list[Difference]) -> None:
    wrong = asking.failed(found)
    places: dict[str, list[str]] = defaultdict(list)
    for difference in found:
        if not difference.why:
            places[difference.script.removeprefix("cases/")].append(str(difference))
    same = {title: len(cases) - sum(script == f"cases/{title}" for script, _ in wrong) for title, cases in scripts.items()}
    document = {
        "cases": sum(map(len, scripts.values())),
        "same": sum(same.values()),
        "by function": {title: f"{same[title]} of {len(cases)}" for title, cases in scripts.items()},
        "explained": sorted({f"{d.script.removeprefix('cases/')} | {d.path}: {d.why}" for d in found if d.why}),
        "different": dict(places),
        "left out": asking.left_out(),
    }
    LEDGER.write_text(_HEAD + yaml.safe_dump(document, sort_keys=False, width=1000, allow_unicode=True))


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m conformance.validation", description=validation.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, dest="command")
    extraction, run = commands.add_parser("extract"), commands.add_parser("run")
    for command in (extraction, run):
        command.add_argument("--package", default="", help="those whose name has this in it")
    run.add_argument("--function", default="", help="validation functions whose name has this in it")
    run.add_argument("--quiet", action="store_true", help="the score only")
    run.add_argument("--bodies", action="store_true", help="what was sent, too")
    options = parser.parse_args()
    return _extract(options) if options.command == "extract" else asyncio.run(_run(options))


if __name__ == "__main__":
    sys.exit(main())
