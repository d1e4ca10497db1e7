"""When history is forgotten.

Called by the backends that keep their own history. Upstream's rule (etcd3/compact.go): every interval, forget what is
older than the interval before; and, because our history is on the same machine, never keep more than a number of events.
"""

from __future__ import annotations

from dataclasses import dataclass

from kcompat.apimachinery.clock import Clock
from kcompat.storage.interface import Revision


@dataclass(frozen=True, slots=True)
class History:
    """How much history a backend keeps: at least `seconds` of it (up to twice that), but at most `events` revisions."""

    seconds: float = 300.0
    events: int = 100_000


class Compactor:
    """Says, after each write, up to which revision to forget. Without writes nothing grows, so it needs no timer."""

    def __init__(self, clock: Clock, history: History, revision: Revision) -> None:
        self._clock = clock
        self._history = history
        self._seen = revision
        self._compacted = revision
        self._mark = revision
        self._marked_at = clock.monotonic()

    def due(self, revision: Revision) -> Revision | None:
        """The revision to compact at now that the store has reached `revision`; None: nothing to do yet."""
        if revision == self._seen:
            return None
        self._seen = revision
        target = self._compacted
        if revision - target > self._history.events:
            target = revision - self._history.events * 3 // 4
        now = self._clock.monotonic()
        if now - self._marked_at >= self._history.seconds:
            target = max(target, self._mark)
            self._mark, self._marked_at = revision, now
        if target <= self._compacted:
            return None
        self._compacted = target
        return target
