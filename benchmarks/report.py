"""The table of a benchmark run. Used by `benchmarks/__main__.py`."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TARGETS = {
    "get-configmap": (2, 4), "create-configmap": (1.3, 1.3), "update-configmap": (1.5, 2), "patch-configmap": (1.5, 2),
    "apply-configmap": (1.5, 2), "create-pod": (1.5, 2), "patch-pod-status": (1.5, 2), "list-pods": (5, 5), "list-pods-pages": (0, 5),
    "list-pods-label": (0, 5), "watch-fanout": (2, 3), "delete-configmap": (1.5, 2),
}  # fmt: skip
"""What kcompat must reach: times the peer's operations a second, and the peer's CPU per operation divided by ours."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: operations, seconds of wall time, seconds of server CPU, resident MiB afterwards."""

    operations: int
    seconds: float
    cpu_seconds: float
    memory: float

    @property
    def rate(self) -> float:
        return self.operations / self.seconds

    @property
    def cpu(self) -> float:
        """Seconds of server CPU per operation."""
        return self.cpu_seconds / max(1, self.operations)


def _median(rows: Sequence[Row]) -> tuple[float, float, float]:
    return (statistics.median(r.rate for r in rows), statistics.median(r.cpu for r in rows), statistics.median(r.memory for r in rows))


def table(results: Mapping[str, Mapping[str, Sequence[Row]]], idle: Mapping[str, tuple[float, float]]) -> str:
    """Markdown: a line a row, with ratios where both sides were measured."""
    lines = ["| row | upstream op/s · CPU | kcompat op/s · CPU | op/s × | CPU ÷ | target | reached |", "|---|---|---|---|---|---|---|"]
    upstream, ours = results.get("upstream", {}), results.get("kcompat", {})
    for name in {**upstream, **ours}:
        lines.append(_line(name, upstream.get(name), ours.get(name)))
    for side, (seconds, memory) in idle.items():
        lines.append(f"| {side}: start to ready {seconds:.2f} s, memory idle {memory:.0f} MiB | | | | | | |")
    return "\n".join(lines)


def _line(name: str, theirs: Sequence[Row] | None, ours: Sequence[Row] | None) -> str:
    shown = [f"{_median(side)[0]:,.0f}/s · {_median(side)[1] * 1e6:,.0f} µs" if side else "–" for side in (theirs, ours)]
    rate, cpu = TARGETS.get(name, (0, 0))
    wanted = " and ".join(filter(None, (f"≥ {rate}× op/s" if rate else "", f"≤ 1/{cpu} CPU" if cpu else "")))
    if not theirs or not ours:
        return f"| {name} | {shown[0]} | {shown[1]} | | | {wanted} | |"
    times, less = _median(ours)[0] / _median(theirs)[0], _median(theirs)[1] / max(1e-9, _median(ours)[1])
    reached = "yes" if times >= rate and less >= cpu else "no"
    return f"| {name} | {shown[0]} | {shown[1]} | {times:.2f} | {less:.2f} | {wanted} | {reached} |"
