"""Why a test fails, in one line: the first rule of causes.yaml that fits, else what the test itself said first. Called by `ledger.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).parent / "causes.yaml"
_FAILED = re.compile(r"^\s*\[(?:FAILED|PANICKED)\]", re.MULTILINE)
_CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\b([a-z0-9-]+?)-\d{3,5}\b"), r"\1-N"),
    (re.compile(r"127\.0\.0\.1:\d+"), "SERVER"),
    (re.compile(r"0x[0-9a-f]+"), "0x…"),
)


@dataclass(frozen=True)
class Rule:
    """A cause and the patterns of the test's name and of its failure that show it."""

    cause: str
    test: re.Pattern[str]
    message: re.Pattern[str]


@cache
def rules() -> tuple[Rule, ...]:
    listed = yaml.safe_load(FILE.read_text()) or []
    return tuple(Rule(r["cause"], re.compile(r.get("test", "")), re.compile(r.get("message", ""), re.DOTALL)) for r in listed)


def cause_of(name: str, message: str) -> str:
    fitting = (rule.cause for rule in rules() if rule.test.search(name) and rule.message.search(message))
    return next(fitting, "") or _first_words(message)


def _first_words(message: str) -> str:
    """The first line that says something, without what differs from run to run."""
    words = " ".join(_FAILED.split(message)[-1].partition("In [")[0].split())
    for pattern, instead in _CHANGING:
        words = pattern.sub(instead, words)
    return words[:160] or "no message"
