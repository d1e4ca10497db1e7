"""Runs upstream's e2e program over a slice of tests, in as many processes as asked. Called by `__main__.py`.

Ginkgo itself runs what upstream marked Serial after everything else, on one process.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.e2e.catalogue import Test
from conformance.tools import build

SEED = 1
_SPEC = re.compile(r"^\[It\] ")
_STATES = {"passed": "pass", "failed": "fail", "panicked": "fail"}
_CUT_SHORT = ("timedout", "interrupted", "aborted")
ENDLESS = 300.0
"""Seconds after which a test that was cut short counts as failed; upstream lets some wait for ever."""
# A bare control plane: no cloud, no add-on pods, nothing to collect logs from.
_FLAGS = (
    "--provider=skeleton",
    "--allowed-not-ready-nodes=-1",
    "--minStartupPods=-1",
    "--num-nodes=1",
    "--dump-logs-on-failure=false",
    "--disable-log-dump",
)


@dataclass(frozen=True)
class Outcome:
    """What became of a test: pass or fail, the failure's text, and seconds."""

    result: str
    message: str
    seconds: float


def run(tests: Sequence[Test], kubeconfig: Path, reports: Path, *, processes: int, bound: float) -> dict[str, Outcome]:
    """Outcomes by name of the tests that ended within the bound (seconds), or were at it for long when it was reached.

    Upstream's JUnit report and log stay in the directory.
    """
    reports.mkdir(parents=True, exist_ok=True)
    command = [
        str(build("ginkgo")), f"--procs={processes}", "--no-color", "--silence-skips", "--keep-going",
        f"--seed={SEED}", f"--timeout={bound:.0f}s", str(build("e2e.test")), "--",
        f"--kubeconfig={kubeconfig}", f"--kubectl-path={build('kubectl')}", f"--report-dir={reports}", *_FLAGS,
        f"--ginkgo.focus={focus(tests)}",
    ]  # fmt: skip
    with (reports / "e2e.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        process.wait(bound + 120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # ginkgo's processes do not end with it
        process.wait()
    return outcomes(reports)


def focus(tests: Sequence[Test]) -> str:
    """A pattern of Go's regexp that fits these tests and no others."""
    return "|".join(f"^.*{re.sub(r'([][().*+?{}|^$])', _escaped, test.name)}$" for test in tests)


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match[1]


def outcomes(reports: Path) -> dict[str, Outcome]:
    """What the JUnit reports of a directory say of each test that ran to its end."""
    found: dict[str, Outcome] = {}
    for file in sorted(reports.glob("junit_*.xml")):
        for case in ElementTree.parse(file).iter("testcase"):
            outcome = _outcome(case)
            if outcome is not None and _SPEC.match(case.get("name", "")):
                found[_SPEC.sub("", case.get("name", "")).strip()] = outcome
    return found


def _outcome(case: ElementTree.Element) -> Outcome | None:
    status, seconds = case.get("status", ""), float(case.get("time", 0))
    if status in _STATES:
        return Outcome(_STATES[status], _failure(case), seconds)
    if status in _CUT_SHORT and seconds >= ENDLESS:
        return Outcome("fail", f"did not end: {_failure(case)}", seconds)
    return None


def _failure(case: ElementTree.Element) -> str:
    node = next((n for tag in ("failure", "error") if (n := case.find(tag)) is not None), None)
    return "" if node is None else (node.get("message") or node.text or "").strip()
