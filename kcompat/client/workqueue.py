"""The queue between informers and reconcilers, with client-go's semantics (util/workqueue): an item waits once however often it is
added, is never given to two workers at a time, and comes back if it was added while being worked on.

Time is the event loop's: a loop with virtual time drives delays and limits in tests. Used by controllers and the scheduler.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class ShutDown(Exception):
    """No more items: the queue was shut down."""


class RateLimiter(Generic[K]):
    """How long a failing item waits: the longer of its own exponential delay and a token bucket shared by all items
    (upstream: DefaultTypedControllerRateLimiter). Seconds; rate is tokens a second."""

    def __init__(self, base: float = 0.005, maximum: float = 1000.0, rate: float = 10.0, burst: int = 100) -> None:
        self._base, self._maximum = base, maximum
        self._rate, self._burst = rate, burst
        self._tokens, self._at = float(burst), 0.0
        self._failures: dict[K, int] = {}

    def when(self, item: K, now: float) -> float:
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        own = min(self._base * 2.0 ** min(failures, 64), self._maximum)
        return max(own, self._reserve(now))

    def _reserve(self, now: float) -> float:
        """Takes a token, in advance if need be; the delay until it exists."""
        self._tokens = min(float(self._burst), self._tokens + (now - self._at) * self._rate)
        self._at = now
        self._tokens -= 1.0
        return max(0.0, -self._tokens / self._rate)

    def forget(self, item: K) -> None:
        self._failures.pop(item, None)

    def num_requeues(self, item: K) -> int:
        return self._failures.get(item, 0)


class WorkQueue(Generic[K]):
    """Not thread-safe: add, done and get belong to one event loop."""

    def __init__(self, name: str = "", limiter: RateLimiter[K] | None = None) -> None:
        self.name = name
        self._limiter: RateLimiter[K] = limiter or RateLimiter()
        self._queue: deque[K] = deque()
        self._dirty: set[K] = set()
        self._processing: set[K] = set()
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._shut_down = False

    def __len__(self) -> int:
        """Items ready to be worked on."""
        return len(self._queue)

    @property
    def idle(self) -> bool:
        """Nothing is ready and nothing is being worked on; delayed items do not count."""
        return not self._queue and not self._processing

    @property
    def shutting_down(self) -> bool:
        return self._shut_down

    def add(self, item: K) -> None:
        if self._shut_down or item in self._dirty:
            return
        self._dirty.add(item)
        if item not in self._processing:
            self._push(item)

    async def get(self) -> K:
        """The next item, which stays the caller's until done(item). Raises ShutDown once shut down and drained."""
        while not self._queue:
            if self._shut_down:
                raise ShutDown
            await self._wait()
        item = self._queue.popleft()
        self._dirty.discard(item)
        self._processing.add(item)
        return item

    def done(self, item: K) -> None:
        self._processing.discard(item)
        if item in self._dirty:
            self._push(item)

    def add_after(self, item: K, delay: float) -> None:
        """Adds in `delay` seconds; of several delays for an item the earliest counts."""
        if self._shut_down:
            return
        if delay <= 0:
            self.add(item)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + delay
        timer = self._timers.get(item)
        if timer is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[item] = loop.call_at(due, self._ring, item)

    def add_rate_limited(self, item: K) -> None:
        self.add_after(item, self._limiter.when(item, asyncio.get_running_loop().time()))

    def forget(self, item: K) -> None:
        """The item succeeded: its next failure starts from the shortest delay again."""
        self._limiter.forget(item)

    def num_requeues(self, item: K) -> int:
        return self._limiter.num_requeues(item)

    def shut_down(self) -> None:
        """Takes no more items; get gives what is still ready, then raises."""
        self._shut_down = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        while self._waiters:
            self._wake()

    def _ring(self, item: K) -> None:
        self._timers.pop(item, None)
        self.add(item)

    def _push(self, item: K) -> None:
        self._queue.append(item)
        self._wake()

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def _wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and self._queue:
                self._wake()  # the item this waiter was woken for belongs to somebody else now
            raise
