"""Why a pod fits nowhere, in upstream's words. Made by cycle.py, shown in the pod's condition and Event by loop.py.

Answers framework/types.go: Diagnosis, FitError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kcompat.scheduler.framework import Code, Status

NO_NODES_AVAILABLE = "no nodes available to schedule pods"


@dataclass
class Diagnosis:
    """`rejected` holds a status by row; rows that were not looked at count as `absent`."""

    rejected: Mapping[int, Status] = field(default_factory=dict)
    absent: Status = field(default_factory=lambda: Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE))
    plugins: set[str] = field(default_factory=set)
    """Who rejected; only their events can help."""
    pre_filter_message: str = ""
    post_filter_message: str = ""


class FitError(Exception):
    """No node fits the pod; the text is upstream's."""

    def __init__(self, nodes: int, diagnosis: Diagnosis) -> None:
        super().__init__()
        self.nodes = nodes
        self.diagnosis = diagnosis

    def __str__(self) -> str:
        diagnosis = self.diagnosis
        text = f"0/{self.nodes} nodes are available:"
        if diagnosis.pre_filter_message:
            text += f" {diagnosis.pre_filter_message}."
        elif histogram := histogram_of(self.nodes, diagnosis.rejected.values(), diagnosis.absent):
            text += f" {histogram}."
        return f"{text} {diagnosis.post_filter_message}" if diagnosis.post_filter_message else text


def histogram_of(nodes: int, rejected: Iterable[Status], absent: Status) -> str:
    """`1 node(s) had untolerated taint(s), 2 Insufficient cpu`."""
    statuses = Counter(status.reasons for status in rejected)
    reasons: Counter[str] = Counter()
    for these, times in statuses.items():
        for reason in these:
            reasons[reason] += times
    for reason in absent.reasons if (missing := nodes - statuses.total()) > 0 else ():
        reasons[reason] += missing
    return ", ".join(sorted(f"{times} {reason}" for reason, times in reasons.items()))


class NoNodesAvailable(Exception):
    """The cluster has no node at all."""

    def __str__(self) -> str:
        return NO_NODES_AVAILABLE
