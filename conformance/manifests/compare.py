"""Where kcompat answers otherwise than upstream: what kubectl printed on both, with what may differ made alike.

Called by `__main__.py` and `ledger.py`.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROMPT = "$ kubectl "
_ALIKE = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"X509SHA256=[0-9a-f]{64}"), "CREDENTIAL"),
    (re.compile(r"/tmp/(LIVE|MERGED)-\d+/"), r"\1/"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}"), "TIME"),
    (re.compile(r"\b([WEI])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ "), r"\1 "),
    (re.compile(r"containerd://[0-9a-f]{64}"), "CONTAINER"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "DATE"),
    (re.compile(r"(resourceVersion\"?|Resource Version): +\"?\d+\"?"), "resourceVersion: N"),
    (re.compile(r"\b(10\.(96|244)|172\.18\.0)\.\d+\b(\.\d+)?"), "IP"),
    (re.compile(r"\bnode-[0-2]\b(/IP)?"), "NODE"),
    (re.compile(r"\b(3[0-2]\d{3})\b"), "NODEPORT"),
    (re.compile(r"<(invalid|unknown)>|\b(\d+[smhd])+\b( \(x\d+ over [\dsmh]+\))?"), "AGE"),
    (re.compile(r"(?<=[-=])[bcdfghjklmnpqrstvwxz2456789]{7,10}\b"), "HASH"),
    (re.compile(r"(?<=-)[bcdfghjklmnpqrstvwxz2456789]{5}\b"), "XXXXX"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "SERVER"),
    (re.compile(r"v1\.37\.1\+kcompat\.[\d.]+"), "v1.37.1"),
    (re.compile(r"kubectl-edit-\d+"), "kubectl-edit"),
    (re.compile(r"eyJ[\w.-]+"), "TOKEN"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r"-{3,}"), "---"),
)
_PROGRESS = re.compile(r"Waiting for .*\n")
"""How often `rollout status` reports depends on the moment."""


def alike(text: str) -> list[str]:
    """Lines without uids, times, addresses, generated names."""
    text = _PROGRESS.sub("", text)
    for pattern, replacement in _ALIKE:
        text = pattern.sub(replacement, text)
    return [line.rstrip() for line in text.splitlines()]


def same_reason(ours: str, theirs: str) -> bool:
    """Two failures with one text."""
    return alike(ours) == alike(theirs)


@dataclass(slots=True)
class Comparison:
    """Commands run on both, those that printed the same, and how often each line was only on one side, with an example."""

    commands: int = 0
    same: int = 0
    lines: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, where: str, ours: list[str], theirs: list[str]) -> None:
        self.commands += 1
        if ours == theirs:
            self.same += 1
            return
        for line in difflib.unified_diff(theirs, ours, lineterm="", n=0):
            if not line.startswith(("---", "+++", "@@")):
                self.lines[line] += 1
                self.examples.setdefault(line, where)


def compare(ours: Path, theirs: Path, only: str = "") -> Comparison:
    """All that was printed on two clusters; lines with + are ours, with - theirs."""
    found = Comparison()
    for file in sorted(ours.rglob("*.txt")):
        name = str(file.relative_to(ours))
        if re.search(only, name) and (theirs / name).exists():
            printed = dict(_commands(theirs / name))
            for command, lines in _commands(file):
                if command in printed:
                    found.add(f"{name}: {command}", lines, printed[command])
    return found


def _commands(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command and what it printed; one given again is numbered."""
    seen: Counter[str] = Counter()
    for part in file.read_text().removeprefix(PROMPT).split("\n" + PROMPT):
        head, _, body = part.partition("\n")
        command = " ".join(alike(head))
        seen[command] += 1
        yield (f"{command} ({seen[command]})" if seen[command] > 1 else command), alike(body)
