"""Arithmetic on scores: lists, or numpy arrays where numpy is installed. Called by cycle.py and score plugins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kcompat.scheduler.framework import MAX_NODE_SCORE, Scores

try:
    import numpy
except ImportError:  # pragma: no cover - the extra `scale` is not installed
    numpy = None  # type: ignore[assignment]

Array = Any
"""Anything numpy has an operator for; typed loosely since the extra may be absent."""


def is_array(scores: Scores) -> bool:
    return numpy is not None and isinstance(scores, numpy.ndarray)


def array(values: Sequence[int]) -> Scores:
    """The values as the fastest kind at hand."""
    return list(values) if numpy is None else numpy.array(values, numpy.int64)


def take(scores: Scores, rows: Sequence[int]) -> Scores:
    """The scores of these rows."""
    return scores[rows] if is_array(scores) else [scores[row] for row in rows]


def weighted_sum(parts: Sequence[tuple[int, Scores]], size: int) -> Scores:
    if numpy is not None:
        total = numpy.zeros(size, numpy.int64)
        for weight, scores in parts:
            total += scores if weight == 1 else weight * numpy.asarray(scores)
        return total
    if not parts:
        return [0] * size
    weights = [weight for weight, _ in parts]
    return [sum(weight * score for weight, score in zip(weights, row, strict=True)) for row in zip(*(s for _, s in parts), strict=True)]


def best(totals: Scores, choose: Callable[[int], int]) -> int:
    """The index of the highest total, by chance among equals (upstream: framework/sorted_nodes.go, Randomizer)."""
    if is_array(totals):
        ties = numpy.flatnonzero(totals == totals.max())
        return int(ties[choose(len(ties))])
    top = max(totals)
    equal = [index for index, total in enumerate(totals) if total == top]
    return equal[choose(len(equal))]


def default_normalize(scores: Scores, *, reverse: bool = False) -> Scores:
    """Scales the highest to 100; reversed, the lowest is best (plugins/helper/normalize_score.go)."""
    highest = int(scores.max()) if is_array(scores) else max(scores, default=0)
    if highest <= 0:
        if not reverse:
            return scores
        return numpy.full(len(scores), MAX_NODE_SCORE, numpy.int64) if is_array(scores) else [MAX_NODE_SCORE] * len(scores)
    if is_array(scores):
        scaled = MAX_NODE_SCORE * scores // highest
        return MAX_NODE_SCORE - scaled if reverse else scaled
    return [MAX_NODE_SCORE - MAX_NODE_SCORE * s // highest if reverse else MAX_NODE_SCORE * s // highest for s in scores]
