"""One timer wheel for everything that simulated nodes do later: leases, heartbeats, containers that exit. Owned by simulated.py."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
from collections.abc import Callable
from itertools import count

from kcompat.apimachinery.clock import Clock

log = logging.getLogger(__name__)


class Timers:
    """Calls functions at their time, from one task. Times are the clock's monotonic seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = count()
        self._earlier = asyncio.Event()

    def now(self) -> float:
        return self._clock.monotonic()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.at(self.now() + seconds, call)

    def at(self, when: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (when, next(self._count), call))
        if self._heap[0][2] is call:
            self._earlier.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._call_due()
            self._earlier.clear()
            timeout = max(self._heap[0][0] - self.now(), 0.0) if self._heap else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._earlier.wait()

    def _call_due(self) -> None:
        now = self.now()
        while self._heap and self._heap[0][0] <= now:
            call = heapq.heappop(self._heap)[2]
            try:
                call()
            except Exception:
                log.exception("a simulated node's timer failed")
