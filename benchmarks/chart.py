"""The chart of the measurements: how many times better kcompat is than upstream, row by row. Used by `__main__.py`.

SVG by hand: bars on a logarithmic axis, one for speed and one for CPU, and a mark where the target is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from benchmarks.report import Verdict, verdict
from benchmarks.results import Results
from benchmarks.rows import ROWS, Row

LOW, HIGH = 0.5, 32.0
LEFT, WIDTH, LINE, TOP = 350, 520, 30, 56
SPEED, CPU, MARK = "#3069de", "#8fb3f5", "#c0392b"


def _x(times: float) -> float:
    share = math.log(min(max(times, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + WIDTH * share


def svg(results: Results) -> str:
    """Rows measured on both sides."""
    compared: list[tuple[Row, Verdict]] = []
    for row in ROWS:
        if row.name in results.rows:
            found = verdict(row, results.rows[row.name].median("upstream"), results.rows[row.name].median("kcompat"))
            if found.times is not None:
                compared.append((row, found))
    height = TOP + LINE * len(compared) + 16
    parts = [*_frame(height), *_axis(height)]
    for index, (row, found) in enumerate(compared):
        parts += _row(row, found, TOP + LINE * index)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _frame(height: int) -> Iterator[str]:
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {height}" font-family="sans-serif" font-size="12">'
    yield f'<rect width="{LEFT + WIDTH + 60}" height="{height}" fill="white"/>'
    yield '<text x="12" y="18" font-size="14" font-weight="bold">kcompat against upstream: times better, measured side by side</text>'
    for x, colour, text in ((12, SPEED, "speed (memory in its row)"), (190, CPU, "server CPU per operation")):
        yield f'<rect x="{x}" y="28" width="12" height="10" fill="{colour}"/><text x="{x + 17}" y="37">{text}</text>'
    yield f'<rect x="362" y="26" width="2" height="14" fill="{MARK}"/><text x="370" y="37">target</text>'


def _axis(height: int) -> Iterator[str]:
    for times in (0.5, 1, 2, 4, 8, 16, 32):
        x, dark = _x(times), times == 1
        yield f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 14}" stroke="{"#555" if dark else "#ddd"}"/>'
        yield f'<text x="{x:.1f}" y="{height - 2}" text-anchor="middle" fill="#555">{times:g}×</text>'


def _row(row: Row, found: Verdict, y: int) -> Iterator[str]:
    yield f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(row.what)}</text>'
    yield from _bar(found.times, row.rate, SPEED, y + 2)
    yield from _bar(found.cpu, row.cpu, CPU, y + 13)


def _bar(times: float | None, target: float, colour: str, y: int) -> Iterator[str]:
    if times is not None:
        start, end = sorted((_x(1), _x(times)))
        yield f'<rect x="{start:.1f}" y="{y}" width="{max(end - start, 1):.1f}" height="10" fill="{colour}"/>'
        yield f'<text x="{_x(max(times, 1)) + 4:.1f}" y="{y + 9}" font-size="10">{times:.1f}</text>'
    if target:
        yield f'<rect x="{_x(target) - 1:.1f}" y="{y - 1}" width="2" height="12" fill="{MARK}"/>'
