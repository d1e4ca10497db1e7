"""Side by side: upstream's etcd + kube-apiserver and kcompat under the same client-go load, in one run on one machine.

    python -m benchmarks [--rounds 1] [--seconds 4] [--rows get-configmap,...] [--markdown FILE]

Prints operations a second, server CPU per operation (user + system of the server processes), memory, and the ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Row, table
from benchmarks.servers import Kcompat, Server, Upstream
from benchmarks.tools import load_program, run_row

ROWS = (
    "get-configmap", "create-configmap", "update-configmap", "patch-configmap", "apply-configmap", "delete-configmap",
    "create-pod", "patch-pod-status", "watch-fanout", "list-pods", "list-pods-pages", "list-pods-label",
)  # fmt: skip
_NEEDS_PODS = ("list-pods", "list-pods-pages", "list-pods-label")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="alternating rounds; medians are shown")
    parser.add_argument("--seconds", type=float, default=4, help="length of a timed row")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--objects", type=int, default=5000, help="pods that the list rows read")
    parser.add_argument("--only", choices=("kcompat", "upstream"), help="measure one side")
    parser.add_argument("--markdown", help="write the table here as well")
    chosen = parser.parse_args(arguments)
    load_program()
    sides: list[type[Server]] = [side for side in (Upstream, Kcompat) if chosen.only in (None, side.name)]
    results: dict[str, dict[str, list[Row]]] = {side.name: {} for side in sides}
    idle: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
    for number in range(chosen.rounds):
        for side in sides:
            print(f"round {number + 1}: {side.name}", file=sys.stderr, flush=True)
            _measure(side, chosen, results[side.name], idle[side.name])
    text = table(results, {name: (statistics.median(s for s, _ in v), statistics.median(m for _, m in v)) for name, v in idle.items()})
    print(text)
    if chosen.markdown:
        Path(chosen.markdown).write_text(text + "\n")
    return 0


def _measure(side: type[Server], chosen: argparse.Namespace, results: dict[str, list[Row]], idle: list[tuple[float, float]]) -> None:
    with tempfile.TemporaryDirectory(prefix="kcompat-benchmark-") as directory, side(Path(directory)) as server:
        idle.append((server.start_seconds, server.memory()))
        filled = False
        for name in chosen.rows.split(","):
            if name in _NEEDS_PODS and not filled:
                run_row(server, "fill-pods", chosen.seconds, chosen.objects)
                filled = True
            row = run_row(server, name, chosen.seconds, chosen.objects)
            if row is None:
                continue
            results.setdefault(name, []).append(row)
            print(json.dumps({"server": side.name, "row": name, "per_second": round(row.rate, 1), "cpu_us": round(row.cpu * 1e6, 1)}), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
