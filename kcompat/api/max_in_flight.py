"""Limits on requests in flight (upstream: --max-requests-inflight, --max-mutating-requests-inflight). Called by `api/pipeline.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class InFlight:
    """Counts reads and writes being worked on. A limit of 0 is no limit."""

    def __init__(self, reads: int, writes: int) -> None:
        self._limits = (reads, writes)
        self._counts = [0, 0]

    @contextmanager
    def admit(self, method: str) -> Iterator[bool]:
        """Counts a request while it is worked on; False: full, and it is not to be."""
        kind = 0 if method in ("GET", "HEAD") else 1
        limit = self._limits[kind]
        if limit and self._counts[kind] >= limit:
            yield False
            return
        self._counts[kind] += 1
        try:
            yield True
        finally:
            self._counts[kind] -= 1
