"""How full a node would be: the arithmetic that resource plugins share. Works on integers and on numpy arrays alike.

Answers plugins/noderesources/resource_allocation.go and its scoring strategies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.scheduler.columns import Columns
from kcompat.scheduler.framework import MAX_NODE_SCORE
from kcompat.scheduler.resources import CPU, MEMORY, is_scalar
from kcompat.scheduler.snapshot import NodeInfo

try:
    import numpy
except ImportError:  # pragma: no cover - the extra `scale` is not installed
    numpy = None  # type: ignore[assignment]

Number = Any
"""An integer, or an array of one per node."""


@dataclass(frozen=True, slots=True)
class Share:
    """One resource on one node, or on all: what is there, what is taken, what the pod asks for. `capacity` may be 0."""

    weight: int
    capacity: Number
    taken: Number
    wanted: int


@dataclass(frozen=True)
class ResourceSpec:
    name: str
    weight: int


DEFAULT_RESOURCES = (ResourceSpec(CPU, 1), ResourceSpec(MEMORY, 1))


def specs(configured: Sequence[Mapping[str, Any]] | None) -> tuple[ResourceSpec, ...]:
    """`resources` of a plugin's arguments: [{name, weight}]."""
    if not configured:
        return DEFAULT_RESOURCES
    return tuple(ResourceSpec(entry["name"], entry.get("weight") or 1) for entry in configured)


def shares_of_node(resources: Sequence[ResourceSpec], node: NodeInfo, wanted: Mapping[str, int], *, non_zero: bool) -> Iterator[Share]:
    """non_zero: containers without requests count as something."""
    for spec in _considered(resources, wanted):
        taken = node.requested.get(spec.name, 0)
        if non_zero and spec.name in (CPU, MEMORY):
            taken = node.non_zero_cpu if spec.name == CPU else node.non_zero_memory
        yield Share(spec.weight, node.allocatable.get(spec.name, 0), taken, wanted.get(spec.name, 0))


def shares_of_all(resources: Sequence[ResourceSpec], columns: Columns, wanted: Mapping[str, int], *, non_zero: bool) -> Iterator[Share]:
    for spec in _considered(resources, wanted):
        source = columns.non_zero if non_zero and spec.name in (CPU, MEMORY) else columns.requested
        capacity, taken = columns.column(spec.name, columns.allocatable), columns.column(spec.name, source)
        yield Share(spec.weight, capacity, taken, wanted.get(spec.name, 0))


def _considered(resources: Sequence[ResourceSpec], wanted: Mapping[str, int]) -> Iterator[ResourceSpec]:
    """Extended resources only if the pod asks for them."""
    return (spec for spec in resources if wanted.get(spec.name, 0) or not is_scalar(spec.name))


Strategy = Callable[[Number, Number], Number]
"""(taken with the pod, capacity > 0) → 0..100"""


def _within(score: Number, taken: Number, capacity: Number) -> Number:
    if isinstance(capacity, int):
        return score if taken <= capacity else 0
    return numpy.where(taken <= capacity, score, 0)


def least_allocated(taken: Number, capacity: Number) -> Number:
    return _within((capacity - taken) * MAX_NODE_SCORE // capacity, taken, capacity)


def most_allocated(taken: Number, capacity: Number) -> Number:
    """A node that is overcommitted counts as full (mostRequestedScore)."""
    if isinstance(capacity, int):
        return min(taken, capacity) * MAX_NODE_SCORE // capacity
    return numpy.minimum(taken, capacity) * MAX_NODE_SCORE // capacity


def requested_to_capacity_ratio(shape: Sequence[Mapping[str, int]]) -> Strategy:
    """Between the points {utilization 0..100, score 0..10} in straight lines (helper.BuildBrokenLinearFunction)."""
    points = [(point["utilization"], point["score"] * (MAX_NODE_SCORE // 10)) for point in shape]

    def line(utilization: int) -> int:
        for index, (at, score) in enumerate(points):
            if utilization <= at:
                if index == 0:
                    return score
                before, lower = points[index - 1]
                return lower + _quotient((score - lower) * (utilization - before), at - before)
        return points[-1][1]

    def strategy(taken: Number, capacity: Number) -> Number:
        if not isinstance(capacity, int):
            return numpy.array([strategy(int(t), int(c)) for t, c in zip(taken, capacity, strict=True)], numpy.int64)
        return line(MAX_NODE_SCORE if taken > capacity else taken * MAX_NODE_SCORE // capacity)

    return strategy


def _quotient(dividend: int, divisor: int) -> int:
    """Go's integer division, towards zero."""
    return dividend // divisor if dividend >= 0 else -(-dividend // divisor)


def allocation_score(shares: Iterator[Share], strategy: Strategy) -> Number:
    """The mean of the resources' scores by weight, of those the node has."""
    total: Number = 0
    weights: Number = 0
    for share in shares:
        if isinstance(share.capacity, int):
            if share.capacity:
                total += share.weight * strategy(share.taken + share.wanted, share.capacity)
                weights += share.weight
        else:
            present = share.capacity > 0
            score = strategy(share.taken + share.wanted, numpy.maximum(share.capacity, 1))
            total = total + numpy.where(present, share.weight * score, 0)
            weights = weights + present * share.weight
    if isinstance(weights, int):
        return total // weights if weights else 0
    return total // numpy.maximum(weights, 1)


def balance_score(shares: Sequence[Share]) -> Number:
    """How evenly the resources would be used compared with now, 75 for no change (balancedResourceScorer)."""
    if shares and not isinstance(shares[0].capacity, int):
        return _balance_of_all(shares)
    present = [share for share in shares if share.capacity]
    after = _evenness([min((share.taken + share.wanted) / share.capacity, 1) for share in present])
    before = _evenness([min(share.taken / share.capacity, 1) for share in present])
    return MAX_NODE_SCORE // 2 + (MAX_NODE_SCORE // 2 + after - before) // 2


def _evenness(fractions: list[float]) -> int:
    """100 less the standard deviation in percent."""
    if len(fractions) == 2:
        deviation = abs((fractions[0] - fractions[1]) / 2)
    elif len(fractions) > 2:
        mean = sum(fractions) / len(fractions)
        deviation = (sum((fraction - mean) * (fraction - mean) for fraction in fractions) / len(fractions)) ** 0.5
    else:
        deviation = 0.0
    return int((1 - deviation) * MAX_NODE_SCORE)


def _balance_of_all(shares: Sequence[Share]) -> Number:
    if len(shares) != 2 or any((share.capacity <= 0).any() for share in shares):
        rows = range(len(shares[0].capacity))
        each = ([Share(s.weight, int(s.capacity[row]), int(s.taken[row]), s.wanted) for s in shares] for row in rows)
        return numpy.array([balance_score(of_row) for of_row in each], numpy.int64)
    first, second = shares

    def evenness(one: Number, other: Number) -> Number:
        fractions = numpy.minimum(one / first.capacity, 1) - numpy.minimum(other / second.capacity, 1)
        return ((1 - numpy.abs(fractions / 2)) * MAX_NODE_SCORE).astype(numpy.int64)

    after = evenness(first.taken + first.wanted, second.taken + second.wanted)
    return MAX_NODE_SCORE // 2 + (MAX_NODE_SCORE // 2 + after - evenness(first.taken, second.taken)) // 2
