"""conformance/ledger/clients.yaml: results by client and step, written by this tool only. Called by `__main__.py`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent.parent / "ledger" / "clients.yaml"
PASS = "pass"
_HEAD = "# Written by `python -m conformance.clients`; do not edit. By client and step: pass, or why not.\n"


class Ledger:
    def __init__(self, file: Path = FILE) -> None:
        self._file = file
        tree = (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
        self._clients: dict[str, dict[str, str]] = tree.get("clients", {})

    def record(self, client: str, steps: dict[str, str]) -> None:
        """Replaces what is known of a client."""
        self._clients[client] = {step: _stable(said) for step, said in steps.items()}
        passed = {name: f"{sum(said == PASS for said in results.values())} of {len(results)}" for name, results in self._clients.items()}
        tree: dict[str, Any] = {"passed": passed, "clients": self._clients}
        self._file.parent.mkdir(exist_ok=True)
        self._file.write_text(_HEAD + yaml.safe_dump(tree, sort_keys=False, width=160, allow_unicode=True))


def _stable(said: str) -> str:
    """A reason without what changes from run to run."""
    said = re.sub(r"127\.0\.0\.1:\d+", "SERVER", said)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", said)[:300]
