"""What controllers ask about pods: pure functions of JSON trees (upstream: pkg/api/v1/pod, pkg/controller/controller_utils.go)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cmp_to_key

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.client.interface import Tree

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_ORDER = {"Pending": 0, "Unknown": 1, "Running": 2}


def phase(pod: Tree) -> str:
    return (pod.get("status") or {}).get("phase") or ""


def node_name(pod: Tree) -> str:
    return (pod.get("spec") or {}).get("nodeName") or ""


NODE = "node"
"""Index of pods by the name of their node."""


def nodes_of(pod: Tree) -> list[str]:
    return [name] if (name := node_name(pod)) else []


def is_terminal(pod: Tree) -> bool:
    """Its containers are stopped and will not run again."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Tree) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and not is_terminal(pod)


def is_terminating(pod: Tree) -> bool:
    return "deletionTimestamp" in pod["metadata"] and not is_terminal(pod)


def condition(pod: Tree, kind: str) -> Tree | None:
    for found in (pod.get("status") or {}).get("conditions") or ():
        if found["type"] == kind:
            return dict(found)
    return None


def is_ready(pod: Tree) -> bool:
    status = pod.get("status")
    for found in (status.get("conditions") or ()) if status else ():
        if found["type"] == "Ready":
            return bool(found["status"] == "True")
    return False


def ready_since(pod: Tree) -> datetime | None:
    """When it became ready; None if it is not or does not say."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True" or not ready.get("lastTransitionTime"):
        return None
    return parse_rfc3339(ready["lastTransitionTime"])


def is_available(pod: Tree, min_ready_seconds: int, now: datetime) -> bool:
    """Ready for at least min_ready_seconds."""
    if not is_ready(pod):
        return False
    if min_ready_seconds == 0:
        return True
    since = ready_since(pod)
    return since is not None and (now - since).total_seconds() >= min_ready_seconds


def next_availability(pods: Iterable[Tree], min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until the first ready pod that is not available yet becomes so (upstream: FindMinNextPodAvailabilityCheck)."""
    waits = []
    for pod in pods:
        since = ready_since(pod)
        if since is not None and (wait := min_ready_seconds - (now - since).total_seconds()) > 0:
            waits.append(wait)
    return min(waits, default=None)


def deletion_cost(pod: Tree) -> int:
    """The annotation's value; 0 where it is missing or no 32-bit integer (upstream: GetDeletionCostFromPodAnnotations)."""
    text = meta.annotations(pod).get(DELETION_COST, "0")
    digits = text[1:] if text[:1] == "-" else text
    if not digits.isascii() or not digits.isdigit() or (digits[0] == "0" and text != "0"):
        return 0
    value = int(text)
    return value if -(2**31) <= value < 2**31 else 0


def container_restarts(pod: Tree) -> tuple[int, int]:
    """The most restarts of a container, and of a sidecar container."""
    status = pod.get("status") or {}
    regular = max((item.get("restartCount") or 0 for item in status.get("containerStatuses") or ()), default=0)
    init = (pod.get("spec") or {}).get("initContainers") or ()
    sidecars = {item["name"] for item in init if item.get("restartPolicy") == "Always"}
    counts = (item.get("restartCount") or 0 for item in status.get("initContainerStatuses") or () if item["name"] in sidecars)
    return regular, max(counts, default=0)


class _Ranked:
    """A pod with all that its order of deletion depends on, worked out once."""

    __slots__ = ("age_rank", "created", "first", "pod", "ready_rank", "ready_time", "restarts", "uid")

    def __init__(self, pod: Tree, rank: int, now: datetime) -> None:
        ready = is_ready(pod)
        since = ready_since(pod) if ready else None
        self.pod = pod
        self.uid = meta.uid(pod)
        self.first = (bool(node_name(pod)), _PHASE_ORDER.get(phase(pod), 0), ready, deletion_cost(pod), -rank)
        self.ready_time, self.ready_rank = since, _log_age(since, now)
        self.restarts = container_restarts(pod)
        self.created = parse_rfc3339(created) if (created := meta.creation_timestamp(pod)) else None
        self.age_rank = _log_age(self.created, now)


def _log_age(moment: datetime | None, now: datetime) -> int:
    """The power of two of an age in nanoseconds; -1 for what is not in the past (upstream: logarithmicRankDiff)."""
    if moment is None:
        return -1
    age = now - moment
    nanoseconds = (age.days * 86400 + age.seconds) * 10**9 + age.microseconds * 1000
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1


def _compare(a: _Ranked, b: _Ranked) -> int:
    if a.first != b.first:
        return -1 if a.first < b.first else 1
    if a.first[2] and a.ready_time != b.ready_time:
        return _compare_times(a, b, a.ready_time, b.ready_time, a.ready_rank - b.ready_rank)
    if a.restarts != b.restarts:
        return -1 if a.restarts > b.restarts else 1
    if a.created != b.created:
        return _compare_times(a, b, a.created, b.created, a.age_rank - b.age_rank)
    return 0


def _compare_times(a: _Ranked, b: _Ranked, time_a: datetime | None, time_b: datetime | None, difference: int) -> int:
    """Unknown times first, then the younger on a logarithmic scale, then by uid, which is as good as random."""
    if time_a is None or time_b is None:
        return -1 if time_a is None else 1
    if difference:
        return difference
    return -1 if a.uid < b.uid else 1


def preferred_for_deletion(pods: Collection[Tree], related: Iterable[Tree], now: datetime) -> list[Tree]:
    """pods in the order in which to delete them; of two pods the one that shares its node with more of `related` goes first
    (upstream: ActivePodsWithRanks, getPodsRankedByRelatedPodsOnSameNode)."""
    on_node: dict[str, int] = {}
    for pod in related:
        if is_active(pod):
            on_node[node_name(pod)] = on_node.get(node_name(pod), 0) + 1
    ranked = [_Ranked(pod, on_node.get(node_name(pod), 0), now) for pod in pods]
    return [item.pod for item in sorted(ranked, key=cmp_to_key(_compare))]
