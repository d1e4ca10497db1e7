"""Sets of completion indexes as ordered intervals, and what pods say about their index (upstream: job/indexed_job_utils.go). Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURE_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count"

Intervals = tuple[tuple[int, int], ...]
"""(first, last) pairs in order, with a gap between any two."""


def parse(text: str, completions: int) -> Intervals:
    """Reads `1,3-5`; what is no number is left out, what is beyond completions is cut off."""
    found = []
    for part in text.split(",") if text else ():
        first, *rest = part.split("-")
        try:
            interval = (int(first), int(rest[0]) if rest else int(first))
        except ValueError:
            continue
        if interval[0] >= completions:
            break
        found.append((interval[0], min(interval[1], completions - 1)))
    return merge(found)


def merge(*sets: Iterable[tuple[int, int]]) -> Intervals:
    """The union; intervals that touch become one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(interval for intervals in sets for interval in intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def of(indexes: Iterable[int]) -> Intervals:
    return merge((index, index) for index in indexes)


def total(intervals: Intervals) -> int:
    return sum(last - first + 1 for first, last in intervals)


def contains(intervals: Intervals, index: int) -> bool:
    at = bisect_left(intervals, index, key=lambda interval: interval[1])
    return at < len(intervals) and intervals[at][0] <= index


def overlap(left: Intervals, right: Intervals) -> int:
    """How many indexes are in both."""
    return total(left) + total(right) - total(merge(left, right))


def text(intervals: Intervals) -> str:
    """`1,3-5`; two neighbours stand with a comma."""
    parts = []
    for first, last in intervals:
        parts.append(str(first) if first == last else f"{first},{last}" if last == first + 1 else f"{first}-{last}")
    return ",".join(parts)


def first_missing(intervals: Intervals, count: int, completions: int) -> list[int]:
    """The first indexes below completions that are in no interval, count of them at most (upstream: firstPendingIndexes)."""
    found: list[int] = []
    candidate = 0
    for first, last in (*intervals, (completions, completions)):
        found.extend(range(candidate, min(first, completions, candidate + count - len(found))))
        candidate = max(candidate, last + 1)
    return found


def completion_index(pod: Tree) -> int | None:
    """The index of a pod; None where it has none or it is no natural number."""
    text = meta.annotations(pod).get(INDEX, "")
    return int(text) if text.isascii() and text.isdigit() else None


def indexes_of(pods: Collection[Tree]) -> Intervals:
    return of(index for pod in pods if (index := completion_index(pod)) is not None)


def failure_count(pod: Tree) -> int:
    return _count(pod, FAILURE_COUNT)


def ignored_failure_count(pod: Tree) -> int:
    return _count(pod, IGNORED_FAILURE_COUNT)


def _count(pod: Tree, annotation: str) -> int:
    """0 for what is missing or no natural 32-bit number: users may have written it."""
    text = meta.annotations(pod).get(annotation, "")
    value = int(text) if text.isascii() and text.isdigit() else 0
    return value if value < 2**31 else 0
