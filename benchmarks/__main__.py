"""Side by side: upstream's binaries and kcompat under the same client-go load, in one run on one machine.

    python -m benchmarks [--rounds 3] [--seconds 4] [--rows get-configmap,...] [--record docs]

Each round measures every group of rows on one side and at once on the other; medians are shown: operations a second, CPU of the server
processes per operation (user + system), seconds or memory, and the ratios. --record keeps the measurements as JSON and writes table and chart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import chart, report
from benchmarks.results import Measurement, Results
from benchmarks.rows import STARTS, Row, chosen, groups
from benchmarks.servers import SETS, Server
from benchmarks.tools import load_program, run_row

SIDES = ("upstream", "kcompat")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        rows = chosen(options.rows)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    load_program()
    results = Results()
    sides = [side for side in SIDES if options.only in (None, side)]
    for number in range(options.rounds):
        for servers, group in groups(rows):
            for side in sides:
                print(f"round {number + 1}: {side}: {', '.join(row.name for row in group)}", file=sys.stderr, flush=True)
                _measure(SETS[servers][side], side, group, options, results)
    print(report.table(results))
    if options.record:
        _record(Path(options.record), results)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="alternating rounds; medians are shown")
    parser.add_argument("--seconds", type=float, default=4, help="length of a timed row")
    parser.add_argument("--rows", default="", help="names, separated by commas (default: all)")
    parser.add_argument("--objects", type=int, default=5000, help="pods that the list rows read")
    parser.add_argument("--only", choices=SIDES, help="measure one side")
    parser.add_argument(
        "--record", metavar="DIR", help="keep benchmarks.json there, and write the table of benchmarks.md and benchmarks.svg from it"
    )
    return parser


def _measure(kind: type[Server], side: str, rows: Sequence[Row], options: argparse.Namespace, results: Results) -> None:
    rows = [row for row in rows if row.upstream or side != "upstream"]
    if not rows:
        return
    with tempfile.TemporaryDirectory(prefix="kcompat-benchmark-") as directory, kind(Path(directory)) as server:
        for row in rows:
            if row.name in STARTS:
                results.add(row.name, side, server.idle())
        filled = False
        for row in rows:
            if row.name in STARTS:
                continue
            if row.fills and not filled:
                run_row(server, "fill-pods", options.seconds, options.objects, {})
                filled = True
            measured = run_row(server, row.name, options.seconds, options.objects, row.flags)
            if measured is not None:
                results.add(row.name, side, measured)
                _tell(row, side, measured)


def _tell(row: Row, side: str, measured: Measurement) -> None:
    print(f"  {row.name} {side}: {measured.rate:,.1f}/s, {measured.cpu * 1e6:,.0f} µs CPU each, {measured.seconds:.2f} s", file=sys.stderr)


def _record(directory: Path, results: Results) -> None:
    """Rows measured now replace those kept; the others stay."""
    directory.mkdir(parents=True, exist_ok=True)
    kept = Results.read(directory / "benchmarks.json")
    kept.replace(results)
    kept.write(directory / "benchmarks.json")
    (directory / "benchmarks.svg").write_text(chart.svg(kept))
    report.insert(directory / "benchmarks.md", report.table(kept))


if __name__ == "__main__":
    sys.exit(main())
