"""Upstream's conformance tests that passed once must still pass: as many as fit into a few minutes. `make conformance-check` does the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.e2e.ledger import Ledger
from conformance.tools import CACHE

ROOT = Path(__file__).parents[2]
SECONDS = 90


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_conformance_test_is_lost() -> None:
    if not os.environ.get("KCOMPAT_CONFORMANCE"):
        pytest.skip("asks for a quiet machine: set KCOMPAT_CONFORMANCE=1, or run `make conformance-check`")
    missing = [name for name in ("e2e.test", "ginkgo", "kubectl") if not (CACHE / name).exists()]
    if missing:
        pytest.skip(f"not built: {', '.join(missing)} (python conformance/tools.py {' '.join(missing)})")
    if not any(entry.result == "pass" for entry in Ledger()):
        pytest.skip("nothing passed yet according to conformance/ledger.yaml")
    command = [sys.executable, "-m", "conformance.e2e", "--check", str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
