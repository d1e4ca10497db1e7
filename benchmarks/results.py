"""Measurements, and how they are kept. Made by `__main__.py`, read by `report.py` and `chart.py`."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Measurement:
    """Operations, seconds of wall time, seconds of CPU of all server processes, their resident MiB afterwards, load average before."""

    operations: int
    seconds: float
    cpu_seconds: float
    memory: float
    load: float = 0.0

    @property
    def rate(self) -> float:
        return self.operations / self.seconds

    @property
    def cpu(self) -> float:
        """Seconds of server CPU per operation."""
        return self.cpu_seconds / max(1, self.operations)


@dataclass(frozen=True, slots=True)
class Median:
    """Of a side's rounds."""

    rate: float
    cpu: float
    seconds: float
    memory: float
    rounds: int


@dataclass(slots=True)
class RowResults:
    """A row's rounds by side. when: date of the measurement; machine: what it ran on."""

    when: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d"))
    machine: str = field(default_factory=lambda: f"{os.cpu_count()} × {_processor()}")
    sides: dict[str, list[Measurement]] = field(default_factory=dict)

    def median(self, side: str) -> Median | None:
        found = self.sides.get(side)
        if not found:
            return None
        middle = statistics.median
        return Median(
            middle(m.rate for m in found),
            middle(m.cpu for m in found),
            middle(m.seconds for m in found),
            middle(m.memory for m in found),
            len(found),
        )


class Results:
    """By row."""

    def __init__(self) -> None:
        self.rows: dict[str, RowResults] = {}

    def add(self, row: str, side: str, measured: Measurement) -> None:
        self.rows.setdefault(row, RowResults()).sides.setdefault(side, []).append(measured)

    def replace(self, newer: Results) -> None:
        self.rows |= newer.rows

    @classmethod
    def read(cls, file: Path) -> Results:
        """Nothing if there is no such file."""
        results = cls()
        for name, row in (json.loads(file.read_text()) if file.exists() else {}).items():
            sides = {side: [Measurement(**each) for each in rounds] for side, rounds in row["sides"].items()}
            results.rows[name] = RowResults(row["when"], row["machine"], sides)
        return results

    def write(self, file: Path) -> None:
        file.write_text(json.dumps({name: _rounded(asdict(row)) for name, row in self.rows.items()}, indent=1) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
