"""Command line of the differential runs: see the package's docstring."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from conformance import differential
from conformance.differential import golden, ledger, reach, runner, servers
from conformance.differential.compare import compare


async def _record(options: argparse.Namespace) -> int:
    chosen = runner.scripts(options.topic)
    started = time.monotonic()
    seen = await runner.run_at(servers.upstream, chosen)
    again = await runner.run_at(servers.upstream, [script for script in chosen if script.brief])
    runner.record(seen, again)
    print(f"recorded {sum(map(len, seen.values()))} requests of {len(seen)} scripts in {time.monotonic() - started:.1f} s")
    return 0


async def _run(options: argparse.Namespace) -> int:
    chosen = runner.scripts(options.topic)
    started = time.monotonic()
    seen = await _seen(options.server, chosen)
    found = runner.differences(seen)
    for difference in found:
        if not difference.why and not options.quiet:
            print(f"{difference.script}: {difference}")
    for topic, score in ledger.scores(seen, found).items():
        print(f"{topic:20} {score}")
    print(f"{time.monotonic() - started:.1f} s")
    if not options.topic:
        ledger.write(seen, found)
    return 0 if all(d.why for d in found) else 1


async def _seen(server: str, chosen: list[runner.Script]) -> dict[str, list[runner.Tree]]:
    if server:
        return await runner.run(server.rstrip("/"), [script for script in chosen if not script.setup])
    return await runner.run_at(servers.kcompat, chosen)


async def _show(options: argparse.Namespace) -> int:
    chosen = runner.scripts(options.script)
    seen = await _seen(options.server, chosen)
    recordings: golden.Recording = {script.title: golden.load(script.topic)[script.title] for script in chosen}
    if brief := [script for script in chosen if script.brief]:
        recordings |= await runner.run_at(servers.upstream, brief)
    differing = {(d.script, d.step) for title in seen for d in compare(title, recordings[title], seen[title])}
    for title, steps in seen.items():
        recorded = recordings[title]
        for number in range(len(steps)) if options.step is None else [options.step]:
            if options.step is not None or (title, number) in differing:
                print(title, number, steps[number]["ask"])
                print("  upstream:", json.dumps(recorded[number]))
                print("  kcompat: ", json.dumps(steps[number]))
    return 0


async def _reach(options: argparse.Namespace) -> int:
    found = await reach.run(runner.scripts(options.topic))
    for file, score in reach.document(found)["files"].items():
        print(f"{score['reached']:4} of {score['places']:4}, {score['explained']:3} explained  {file}")
    if options.sources:
        Path(options.sources).write_text("".join(f"{p.what}\t{p.file}\t{p}\t{p.source}\n" for p in found if not p.reached))
    if not options.topic:
        reach.write(found)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser("python -m conformance.differential", description=differential.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    record = commands.add_parser("record")
    record.set_defaults(act=_record)
    run = commands.add_parser("run")
    run.set_defaults(act=_run)
    run.add_argument("--quiet", action="store_true", help="the scores only")
    show = commands.add_parser("show")
    show.set_defaults(act=_show)
    show.add_argument("script", help="TOPIC or TOPIC/NAME")
    show.add_argument("step", type=int, nargs="?")
    reaching = commands.add_parser("reach")
    reaching.set_defaults(act=_reach)
    reaching.add_argument("--sources", default="", metavar="FILE", help="write what is not reached there, with upstream's source lines")
    for command in (record, run, reaching):
        command.add_argument("--topic", default="", help="TOPIC or TOPIC/NAME (default: all)")
    for command in (run, show):
        command.add_argument("--server", default="", help="URL of a fresh kcompat with the tokens of servers.py (default: one in this process)")
    options = parser.parse_args()
    return asyncio.run(options.act(options))


if __name__ == "__main__":
    sys.exit(main())
