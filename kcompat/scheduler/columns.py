"""Resources of all nodes as numpy arrays, one element per row of the snapshot. Made by the snapshot, read by resource plugins.

numpy is an extra: without it `Columns.of` is None and plugins ask node by node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kcompat.scheduler.resources import CPU, MEMORY

try:
    import numpy
except ImportError:  # pragma: no cover - the extra `scale` is not installed
    numpy = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Array = Any



class Columns:
    """`allocatable`, `requested` and `non_zero` by resource; `pods` and `allowed_pods`. All int64, brought up to date by `refresh`."""

    def __init__(self, snapshot: Snapshot) -> None:
        rows = snapshot.rows
        self.epoch = snapshot.epoch
        self.seen = len(snapshot.changes)
        names = {name for node in rows for name in node.allocatable}
        self.size = len(rows)
        self.allocatable = {name: self._fill(node.allocatable.get(name, 0) for node in rows) for name in names}
        self.requested = {name: self._fill(node.requested.get(name, 0) for node in rows) for name in names}
        self.non_zero = {CPU: self._fill(node.non_zero_cpu for node in rows), MEMORY: self._fill(node.non_zero_memory for node in rows)}
        self.pods = self._fill(len(node.pods) for node in rows)
        self.allowed_pods = self._fill(node.allowed_pods for node in rows)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Columns | None:
        return cls(snapshot) if numpy is not None else None

    def refresh(self, snapshot: Snapshot) -> None:
        """Reads the rows that changed since."""
        for row in set(snapshot.changes[self.seen :]):
            self._read(snapshot.rows[row])
        self.seen = len(snapshot.changes)

    def column(self, name: str, of: dict[str, Array]) -> Array:
        """The resource's column, zeros if no node has it."""
        found = of.get(name)
        return numpy.zeros(self.size, numpy.int64) if found is None else found

    def _fill(self, values: Any) -> Array:
        return numpy.fromiter(values, numpy.int64, self.size)

    def _read(self, node: NodeInfo) -> None:
        row = node.row
        for name, column in self.requested.items():
            column[row] = node.requested.get(name, 0)
        self.non_zero[CPU][row] = node.non_zero_cpu
        self.non_zero[MEMORY][row] = node.non_zero_memory
        self.pods[row] = len(node.pods)
