"""How fast and how far a wanted number of replicas is followed. Pure but for `History`, which is told what was decided
(upstream: pkg/controller/podautoscaler/horizontal.go, normalizeDesiredReplicas and what it calls). Times are seconds of a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

DOWNSCALE_WINDOW = 300.0
"""So long a higher recommendation holds (upstream: --horizontal-pod-autoscaler-downscale-stabilization)."""
_SCALE_UP_FACTOR, _SCALE_UP_MINIMUM = 2.0, 4.0
_LONGEST = 3600.0
"""No window or period is longer than this."""

_HIGHER = "recent recommendations were higher than current one, applying the highest recent recommendation"
_LOWER = "recent recommendations were lower than current one, applying the lowest recent recommendation"
_READY = ("ReadyForNewScale", "recommended size matches current size")
_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_FAST_UP = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_TOO_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")

Reason = tuple[str, str]
"""Reason and message of a condition."""


@dataclass(slots=True)
class History:
    """What was recommended and done for one autoscaler: (moment, replicas) and (moment, change)."""

    recommendations: list[tuple[float, int]] = field(default_factory=list)
    added: list[tuple[float, int]] = field(default_factory=list)
    removed: list[tuple[float, int]] = field(default_factory=list)

    def recommend(self, now: float, replicas: int) -> None:
        self.recommendations = [*_since(self.recommendations, now - _LONGEST), (now, replicas)]

    def rescaled(self, now: float, before: int, after: int) -> None:
        if after > before:
            self.added = [*_since(self.added, now - _LONGEST), (now, after - before)]
        else:
            self.removed = [*_since(self.removed, now - _LONGEST), (now, before - after)]


@dataclass(frozen=True, slots=True)
class Decision:
    """replicas: how many from now on; able, limited: the conditions AbleToScale and ScalingLimited; limits: whether the latter is true."""

    replicas: int
    able: Reason
    limited: Reason
    limits: bool


def normalize(
    spec: Any, history: History, current: int, proposed: int, minimum: int, now: float, downscale: float = DOWNSCALE_WINDOW
) -> Decision:
    """What of a proposal is carried out, given an autoscaler's spec. The proposal enters the history."""
    behavior = spec.get("behavior")
    if behavior is None:
        stable, able = _stabilize_simply(history, proposed, now, downscale)
        replicas, limited = _limit_simply(current, stable, minimum, spec["maxReplicas"])
    else:
        stable, able = _stabilize(behavior, history, (current, proposed), now, downscale)
        replicas, limited = _limit(behavior, history, current, stable, (minimum, spec["maxReplicas"]), now)
    history.recommend(now, proposed)
    return Decision(replicas, able, limited, replicas != stable)


def _stabilize_simply(history: History, proposed: int, now: float, downscale: float) -> tuple[int, Reason]:
    highest = max([proposed, *(replicas for _, replicas in _since(history.recommendations, now - downscale))])
    return highest, _READY if highest == proposed else ("ScaleDownStabilized", _HIGHER)


def _limit_simply(current: int, wanted: int, minimum: int, maximum: int) -> tuple[int, Reason]:
    fastest = int(max(_SCALE_UP_FACTOR * current, _SCALE_UP_MINIMUM))
    most, reason = (fastest, _TOO_FAST_UP) if maximum > fastest else (maximum, _TOO_MANY)
    if wanted < minimum:
        return minimum, _TOO_FEW
    return (most, reason) if wanted > most else (wanted, _WITHIN)


def _stabilize(behavior: Any, history: History, step: tuple[int, int], now: float, downscale: float) -> tuple[int, Reason]:
    """The lowest recent recommendation upwards, the highest downwards, each within its own window; step: from, to."""
    current, proposed = step
    up, down = behavior["scaleUp"], behavior["scaleDown"]
    recent_up = _since(history.recommendations, now - up["stabilizationWindowSeconds"])
    recent_down = _since(history.recommendations, now - down.get("stabilizationWindowSeconds", downscale))
    lowest = min([proposed, *(replicas for _, replicas in recent_up)])
    highest = max([proposed, *(replicas for _, replicas in recent_down)])
    stable = min(max(current, lowest), highest)
    if stable == proposed:
        return stable, _READY
    return stable, ("ScaleUpStabilized", _LOWER) if proposed >= current else ("ScaleDownStabilized", _HIGHER)


def _limit(behavior: Any, history: History, current: int, wanted: int, bounds: tuple[int, int], now: float) -> tuple[int, Reason]:
    minimum, maximum = bounds
    if wanted > current:
        limit = max(current, _furthest(behavior["scaleUp"], history, current, 1, now))
        most, reason = (limit, _TOO_FAST_UP) if maximum > limit else (maximum, _TOO_MANY)
        if wanted > most:
            return most, reason
    elif wanted < current:
        limit = min(current, _furthest(behavior["scaleDown"], history, current, -1, now))
        least, reason = (limit, _TOO_FAST_DOWN) if minimum < limit else (minimum, _TOO_FEW)
        if wanted < least:
            return least, reason
    return wanted, _WITHIN


def _furthest(rules: Any, history: History, current: int, direction: int, now: float) -> int:
    """The replicas that the policies allow in this direction (upstream: calculateScaleUpLimitWithScalingRules and …Down…)."""
    if rules["selectPolicy"] == "Disabled":
        return current
    proposals: list[int] = []
    for policy in rules["policies"]:
        since = now - policy["periodSeconds"]
        start = current - _change(history.added, since) + _change(history.removed, since)
        if policy["type"] == "Pods":
            proposals.append(start + direction * policy["value"])
        else:
            share = start * (1 + direction * policy["value"] / 100)
            proposals.append(ceil(share) if direction > 0 else int(share))
    return max(proposals) if (rules["selectPolicy"] == "Min") == (direction < 0) else min(proposals)


def _since(entries: Iterable[tuple[float, int]], cutoff: float) -> list[tuple[float, int]]:
    return [entry for entry in entries if entry[0] > cutoff]


def _change(entries: Iterable[tuple[float, int]], cutoff: float) -> int:
    return sum(change for _, change in _since(entries, cutoff))
