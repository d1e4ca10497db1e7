"""The table of the measurements, and its place in the documentation. Used by `__main__.py`; `verdict` also by `chart.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Median, Results
from benchmarks.rows import ROWS, Row

BEGIN, END = "<!-- table: written by make benchmark -->", "<!-- end of table -->"
_HEAD = "| row | upstream | kcompat | times as fast | CPU ÷ | target | reached |\n|---|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How kcompat compares. `times`: how many times better it is in what the row shows; None where one side is missing."""

    times: float | None
    cpu: float | None
    reached: bool | None


def verdict(row: Row, theirs: Median | None, ours: Median | None) -> Verdict:
    if ours is None:
        return Verdict(None, None, None)
    within = not row.most or _shown(row, ours) <= row.most
    if theirs is None:
        return Verdict(None, None, within if row.most and not (row.rate or row.cpu) else None)
    if row.shown == "rate":
        times = ours.rate / theirs.rate
    else:
        times = _shown(row, theirs) / _shown(row, ours)
    cpu = theirs.cpu / ours.cpu if ours.cpu and theirs.cpu and row.shown != "memory" else None
    return Verdict(times, cpu, within and times >= row.rate and (not row.cpu or (cpu or 0) >= row.cpu))


def _shown(row: Row, median: Median) -> float:
    return {"rate": median.rate, "seconds": median.seconds, "memory": median.memory}[row.shown]


def table(results: Results) -> str:
    """Markdown, a line a row in the order of ROWS, and under what circumstances they were measured."""
    lines = [
        _line(row, results.rows[row.name].median("upstream"), results.rows[row.name].median("kcompat"))
        for row in ROWS
        if row.name in results.rows
    ]
    return "\n".join([_HEAD, *lines, "", _circumstances(results)]) if lines else _HEAD


def _circumstances(results: Results) -> str:
    rows = results.rows.values()
    dates, machines = sorted({row.when for row in rows}), sorted({row.machine for row in rows})
    rounds = [measured for row in rows for side in row.sides.values() for measured in side]
    fewest, most = (
        min(len(side) for row in rows for side in row.sides.values()),
        max(len(side) for row in rows for side in row.sides.values()),
    )
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    load = f"{min(m.load for m in rounds):.1f} to {max(m.load for m in rounds):.1f}"
    when = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    return f"Measured {when} on {', '.join(machines)}; rounds: {count}; load average of the machine before a measurement: {load}."


def _line(row: Row, theirs: Median | None, ours: Median | None) -> str:
    found = verdict(row, theirs, ours)
    ratios = [f"{value:.2f}" if value else "" for value in (found.times, found.cpu)]
    reached = {None: "", True: "yes", False: "no"}[found.reached]
    return f"| {row.what} | {_text(row, theirs)} | {_text(row, ours)} | {' | '.join(ratios)} | {wanted(row)} | {reached} |"


def _text(row: Row, median: Median | None) -> str:
    if median is None:
        return "–"
    if row.shown == "memory":
        return f"{median.memory:,.0f} MiB"
    cpu = f" · {median.cpu * 1e6:,.0f} µs" if median.cpu < 0.5 else f" · {median.cpu:.2f} s CPU"
    return (f"{median.seconds:.2f} s" if row.shown == "seconds" else f"{median.rate:,.0f}/s") + cpu


def wanted(row: Row) -> str:
    unit = {"rate": "/s", "seconds": " s", "memory": " MiB"}[row.shown]
    asked = (f"≥ {row.rate:g}×" if row.rate else "", f"≤ 1/{row.cpu:g} CPU" if row.cpu else "", f"≤ {row.most:g}{unit}" if row.most else "")
    return " and ".join(filter(None, asked))


def insert(page: Path, text: str) -> None:
    """Puts the table between the page's markers; the prose around them is kept."""
    old = page.read_text() if page.exists() else ""
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
