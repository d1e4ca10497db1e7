"""How priority levels divide the server's seats: by their shares, and lending what they do not need. Pure; called by `control.py`.

Upstream: util/flowcontrol/apf_controller.go (finishQueueSetReconfigsLocked, updateBorrowingLocked), conc_alloc.go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kcompat.api.request import Tree

_SMALLEST_TARGET = 0.001
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """Seats of a level: as configured, without what it lends, and with what it may borrow."""

    nominal: int
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What a level needs: at least `lower` and at most `upper` seats, best in proportion to `target`."""

    lower: float
    upper: float
    target: float


def commons(spec: Tree) -> Tree:
    """The part of a level's spec that speaks of seats."""
    return spec.get("limited") or spec.get("exempt") or {}


def shares_of(spec: Tree) -> int:
    shares: int = commons(spec).get("nominalConcurrencyShares") or 0
    return shares


def limits(spec: Tree, total: int, share_sum: int) -> Limits:
    """The limits of a level among levels that have `share_sum` shares of `total` seats."""
    nominal = math.ceil(total * shares_of(spec) / share_sum) if share_sum else 0
    borrowing = commons(spec).get("borrowingLimitPercent")
    lent = _rounded(nominal * (commons(spec).get("lendablePercent") or 0) / 100)
    borrowed = total if borrowing is None else _rounded(nominal * borrowing / 100)
    return Limits(nominal, nominal - lent, nominal + borrowed)


def _rounded(value: float) -> int:
    """Half away from zero, as Go rounds."""
    return math.floor(value + 0.5)


def divide(total: int, demands: Sequence[Demand]) -> list[int]:
    """Seats for each so that all have the same proportion of their targets, as far as their bounds let them."""
    targets = [max(each.target, _SMALLEST_TARGET) for each in demands]

    def given(proportion: float) -> list[float]:
        return [min(each.upper, max(each.lower, proportion * target)) for each, target in zip(demands, targets, strict=True)]

    low, high = 0.0, max((each.upper / target for each, target in zip(demands, targets, strict=True)), default=0.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(given(middle)) < total else (low, middle)
    return [_rounded(seats) for seats in given(high)]
