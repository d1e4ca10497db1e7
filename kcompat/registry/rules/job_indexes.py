"""Lists of a job's indexes as text: `0-2,5,7-9`. Called by job_spec and job_status.

Answers pkg/apis/batch/validation/validation.go:validateIndexesFormat, validateFailedIndexesNotOverlapCompleted.
"""

from __future__ import annotations

import re

from kcompat.apimachinery.quote import quote

_MOST_DIGITS = 19  # of a 64-bit integer


class IndexesError(ValueError):
    """A malformed list; the message is upstream's."""


def count_indexes(text: str, completions: int) -> int:
    """How many indexes the list names. Raises IndexesError unless they are in order and below completions."""
    total, last = 0, None
    for part in text.split(",") if text else ():
        first, end = _interval(part, completions)
        if last is not None and last >= first:
            raise IndexesError(f"non-increasing order, previous: {last}, current: {first}")
        total, last = total + end - first + 1, end
    return total


def _interval(text: str, completions: int) -> tuple[int, int]:
    parts = text.split("-")
    if len(parts) > 2:
        detail = "violates the requirement that an index interval can have at most two parts separated by '-'"
        raise IndexesError(f"the fragment {quote(text)} {detail}")
    first, *rest = (_index(part, completions) for part in parts)
    if rest and first >= rest[0]:
        raise IndexesError(f"non-increasing order, previous: {first}, current: {rest[0]}")
    return first, rest[0] if rest else first


def _index(text: str, completions: int) -> int:
    digits = text.removeprefix("+").lstrip("0") or "0"
    if not re.fullmatch(r"[+-]?[0-9]+", text) or len(digits) > _MOST_DIGITS or int(digits) >= 2**63:
        raise IndexesError(f"cannot convert string to integer for index: {quote(text)}")
    if int(digits) >= completions:
        raise IndexesError(f"too large index: {quote(text)}")
    return int(digits)


def overlap(completed: str, failed: str, completions: int) -> int | None:
    """The first index in both lists; parts that cannot be read are passed over."""
    done, bad = _intervals(completed, completions), _intervals(failed, completions)
    while done and bad:
        (first, end), (other, other_end) = done[0], bad[0]
        if first <= other_end and other <= end:
            return max(first, other)
        (done if first <= other else bad).pop(0)
    return None


def _intervals(text: str, completions: int) -> list[tuple[int, int]]:
    found = []
    for part in text.split(",") if text else ():
        try:
            found.append(_interval(part, completions))
        except IndexesError:
            continue
    return found
