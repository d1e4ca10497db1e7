"""Where kcompat answers otherwise than upstream: what kubectl printed on both, with what may differ made alike.

Called by `__main__.py` and `ledger.py`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

_ALIKE = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "DATE"),
    (re.compile(r"resourceVersion\"?: \"\d+\""), "resourceVersion: N"),
    (re.compile(r"\b10\.(96|244)\.\d+\.\d+\b"), "IP"),
    (re.compile(r"\bnode-[0-2]\b(/\d+\.\d+\.\d+\.\d+)?"), "NODE"),
    (re.compile(r"\b(3[0-2]\d{3})\b"), "NODEPORT"),
    (re.compile(r"<(invalid|unknown)>|\b(\d+[smhd])+\b( \(x\d+ over [\dsmh]+\))?"), "AGE"),
    (re.compile(r"\b(?<=-)[bcdfghjklmnpqrstvwxz2456789]{5}\b"), "XXXXX"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "SERVER"),
    (re.compile(r"v1\.37\.1\+kcompat\.[\d.]+"), "v1.37.1"),
    (re.compile(r"kubectl-edit-\d+"), "kubectl-edit"),
    (re.compile(r"eyJ[\w.-]+"), "TOKEN"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r"-{3,}"), "---"),
)


def alike(text: str) -> list[str]:
    """Lines without uids, times, addresses, generated names."""
    for pattern, replacement in _ALIKE:
        text = pattern.sub(replacement, text)
    return [line.rstrip() for line in text.splitlines()]


def differences(outputs: Path, upstream: Path, name: str) -> Iterator[str]:
    """Lines of a unified diff, upstream's first."""
    ours, theirs = outputs / f"{name}.txt", upstream / f"{name}.txt"
    if ours.exists() and theirs.exists():
        yield from difflib.unified_diff(
            alike(theirs.read_text()), alike(ours.read_text()), f"upstream/{name}", f"kcompat/{name}", n=2, lineterm=""
        )


def same_reason(ours: str, theirs: str) -> bool:
    """Two failures with one text."""
    return alike(ours) == alike(theirs)
