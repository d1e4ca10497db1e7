"""Patterns of schemas, in Go's grammar. Called by values.py and the rules of CustomResourceDefinitions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

_QUIET: Final = re2.Options()
_QUIET.log_errors = False
_GO_REASONS: Final = {
    "invalid perl operator": "invalid or unsupported Perl syntax", "missing )": "missing closing )", "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator", "invalid repetition size": "invalid repeat count",
    "invalid named capture group": "invalid named capture", "trailing \\": "trailing backslash at end of expression",
}


def problem(pattern: str) -> str:
    """What Go's regexp says of a pattern that is none, "" of a good one. The library has the same grammar and almost the same words."""
    try:
        _compiled(pattern)
    except re2.error as error:
        text = error.args[0].decode()
        reason, _, place = text.partition(": ")
        return f"error parsing regexp: {_GO_REASONS.get(reason, reason)}: `{place}`"
    return ""


def matches(pattern: str, value: str) -> bool:
    """Whether the pattern is found in the value. Nothing matches a pattern that is none."""
    try:
        return _compiled(pattern).search(value) is not None
    except re2.error:
        return False


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern, _QUIET)
