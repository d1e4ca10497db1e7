"""conformance/ledger/swap.yaml: results by cell and scenario, written by this tool only. Called by `__main__.py`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent.parent / "ledger" / "swap.yaml"
OK = "pass"
_HEAD = "# Written by `python -m conformance.swap`; do not edit. By cell and scenario: pass, or why not.\n"


class Ledger:
    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        tree = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
        self._cells: dict[str, dict[str, str]] = tree.get("cells", {})

    def record(self, cell: str, scenario: str, said: str) -> None:
        self._cells.setdefault(cell, {})[scenario] = stable(said)
        self._file.parent.mkdir(exist_ok=True)
        totals = {name: f"{sum(s == OK for s in results.values())} of {len(results)}" for name, results in self._cells.items()}
        tree: dict[str, Any] = {"passed": totals, "cells": self._cells}
        self._file.write_text(_HEAD + yaml.safe_dump(tree, sort_keys=False, width=160))

    def failures(self) -> dict[str, dict[str, str]]:
        found = {cell: {name: said for name, said in results.items() if said != OK} for cell, results in self._cells.items()}
        return {cell: results for cell, results in found.items() if results}


def stable(said: str) -> str:
    """A reason without what changes from run to run."""
    said = re.sub(r"127\.0\.0\.1:\d+", "SERVER", said)
    said = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", said)
    return re.sub(r"\b(web|background|foreground|orphan)-[a-f0-9]{8,10}(-[a-z0-9]{5})?\b", r"\1-HASH", said)[:400]
