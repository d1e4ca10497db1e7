"""A subscriber's end of the watch cache: events wait here until they are taken. Made by `watch_cache.py`, used by `registry/watching.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from kcompat.storage.entries import CacheEvent
from kcompat.storage.interface import Revision

QUEUE_LIMIT = 10_000
QUEUE_BYTES = 32 << 20
"""Undelivered events, and bytes of them, after which a slow watcher is dropped."""


class Dropped(Exception):
    """The watcher was too slow, or the cache was closed."""


Concern = str | tuple[str, str]
"""What a watcher wants to hear of: all under a key prefix (of the resource or a namespace), one key, or a declared index's field with a value."""


class Watcher:
    """A subscription to everything after `revision`. `take()` gives the events since the last call, filtered by concern and prefix alone."""

    __slots__ = ("_wake", "bytes", "concern", "dropped", "events", "notify", "prefix", "revision", "trees")

    def __init__(self, prefix: str, revision: Revision, concern: Concern = "") -> None:
        self.prefix = prefix
        self.concern = concern or prefix
        self.revision = revision
        self.events: list[CacheEvent] = []
        self.dropped = False
        self.trees = False
        """Wants decoded objects (informers in process): they are then kept decoded, shared with the watcher, not made again."""
        self.notify: Callable[[], None] | None = None
        """Called, for who does not wait in `take`, when there are events or the watcher was dropped; it must not raise."""
        self.bytes = 0
        """Of the objects in `events`."""
        self._wake: asyncio.Future[None] | None = None

    def push(self, event: CacheEvent) -> None:
        if self.dropped or event.revision <= self.revision:  # replayed already, while this cache was behind
            return
        self.bytes += len(event.entry.tail)
        if len(self.events) >= QUEUE_LIMIT or self.bytes > QUEUE_BYTES:
            self.drop()
            return
        self.events.append(event)
        self._tell()

    def drop(self) -> None:
        self.dropped = True
        self.events = []
        self._tell()

    def _tell(self) -> None:
        if self.notify is not None:
            self.notify()
        elif self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def collect(self) -> Sequence[CacheEvent]:
        """The events so far, in order."""
        taken, self.events, self.bytes = self.events, [], 0
        return taken

    async def take(self, timeout: float | None = None) -> Sequence[CacheEvent]:
        """Events in order; empty when `timeout` seconds passed without any. Raises Dropped."""
        if not self.events and not self.dropped:
            loop = asyncio.get_running_loop()
            self._wake = loop.create_future()
            handle = loop.call_later(timeout, self._expire) if timeout is not None else None
            try:
                await self._wake
            finally:
                self._wake = None
                if handle is not None:
                    handle.cancel()
        if self.dropped:
            raise Dropped
        return self.collect()

    def _expire(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
