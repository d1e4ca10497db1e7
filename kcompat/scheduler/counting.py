"""How many pods of a kind are on each node and in each topology domain. Asked by the plugins that look at other nodes' pods.

Counts per node are kept between decisions and corrected for the rows that changed, so asking again costs next to nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

try:
    import numpy
except ImportError:  # pragma: no cover - the extra `scale` is not installed
    numpy = None  # type: ignore[assignment]

Predicate = Callable[[PodInfo], bool]
Vector = Any
"""An integer a row: a list, or a numpy array."""

_KEPT = 256


def vector(values: Sequence[int]) -> Vector:
    return list(values) if numpy is None else numpy.array(values, numpy.int64)


class _Counts:
    def __init__(self, snapshot: Snapshot, predicate: Predicate) -> None:
        self.epoch = snapshot.epoch
        self.seen = len(snapshot.changes)
        self._predicate = predicate
        self.values = vector([self._count(node) for node in snapshot.rows])

    def _count(self, node: NodeInfo) -> int:
        predicate = self._predicate
        return sum(1 for pod in node.pods.values() if predicate(pod)) if node.pods else 0

    def refresh(self, snapshot: Snapshot) -> None:
        for row in set(snapshot.changes[self.seen :]):
            self.values[row] = self._count(snapshot.rows[row])
        self.seen = len(snapshot.changes)


@dataclass(frozen=True, slots=True)
class Topology:
    """The nodes' values of a label: `names` of the domains, and each row's index into them, -1 without the label."""

    names: tuple[str, ...]
    codes: Vector


class PodCounter:
    """One for each plugin."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._counts: OrderedDict[Hashable, _Counts] = OrderedDict()
        self._topologies: dict[str, Topology] = {}
        self._epoch = -1

    def rows(self, key: Hashable, predicate: Predicate) -> Vector:
        """By row, the pods the predicate selects; `key` stands for the predicate. Not to be changed or kept."""
        counts = self._counts.get(key)
        if counts is None or counts.epoch != self._snapshot.epoch:
            counts = self._counts[key] = _Counts(self._snapshot, predicate)
            if len(self._counts) > _KEPT:
                self._counts.popitem(last=False)
        else:
            counts.refresh(self._snapshot)
        self._counts.move_to_end(key)
        return counts.values

    def topology(self, label: str) -> Topology:
        if self._epoch != self._snapshot.epoch:
            self._topologies, self._epoch = {}, self._snapshot.epoch
        found = self._topologies.get(label)
        if found is None:
            names = dict.fromkeys(node.labels[label] for node in self._snapshot.rows if label in node.labels)
            index = {name: code for code, name in enumerate(names)}
            codes = vector([index.get(node.labels.get(label, ""), -1) if label in node.labels else -1 for node in self._snapshot.rows])
            found = self._topologies[label] = Topology(tuple(names), codes)
        return found


def domains_among(topology: Topology, rows: Sequence[int]) -> int:
    """How many domains these rows are in, rows without the label being one together."""
    codes = topology.codes
    if len(rows) == len(codes):
        return len(topology.names) + (len(codes) > 0 and min(codes) < 0 if isinstance(codes, list) else bool((codes < 0).any()))
    return len({codes[row] for row in rows} if isinstance(codes, list) else numpy.unique(codes[rows]))


def by_domain(topology: Topology, values: Vector, eligible: Sequence[int] | None) -> dict[str, int]:
    """The sum of each domain that an eligible row is in; None: every row that has the label."""
    codes = topology.codes
    if numpy is None or not isinstance(codes, numpy.ndarray):
        rows = range(len(codes)) if eligible is None else eligible
        totals: dict[str, int] = {}
        for row in rows:
            if codes[row] >= 0:
                name = topology.names[codes[row]]
                totals[name] = totals.get(name, 0) + values[row]
        return totals
    if eligible is not None:
        codes, values = codes[eligible], values[eligible]
    if len(codes) and codes.min() < 0:
        codes, values = codes[codes >= 0], values[codes >= 0]
    sums = numpy.bincount(codes, values, len(topology.names)).astype(numpy.int64).tolist()
    present = numpy.bincount(codes, minlength=len(topology.names)).tolist()
    return {name: total for name, total, nodes in zip(topology.names, sums, present, strict=True) if nodes}


def spread(topology: Topology, totals: dict[str, int]) -> Vector:
    """Each row's domain's total; 0 for rows in none."""
    of_code = [totals.get(name, 0) for name in topology.names] + [0]
    codes = topology.codes
    return [of_code[code] for code in codes] if isinstance(codes, list) else numpy.array(of_code, numpy.int64)[codes]
