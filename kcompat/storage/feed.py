"""The open watches of a backend that knows its own writes, and how each write reaches them.

Called by `backends/memory.py` and `backends/sqlite.py` (etcd has watches of its own). A watch gets what is older than
itself from the backend's history and everything newer pushed from here, so that nothing is polled, missed or repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from kcompat.storage.interface import Batch, Event, Key, Revision

Replay = Callable[[Key, Revision, Revision], Awaitable[Batch]]
"""(prefix, after, upto) → the oldest stored events in (after, upto], and the revision they reach. Raises Compacted."""

PENDING_LIMIT = 4096
"""Events a watch may leave unread in memory; one that lags further reads the history again."""


class Feed:
    """Fans events out to watches. `revision` is the newest published one."""

    def __init__(self, replay: Replay, revision: Revision) -> None:
        self.replay = replay
        self.revision = revision
        self._watches: dict[Key, list[FeedWatch]] = {}
        self._lengths: tuple[int, ...] = ()

    def watch(self, prefix: Key, after: Revision) -> FeedWatch:
        """A watch that joins the feed when it is first read."""
        return FeedWatch(self, prefix, after)

    def publish(self, events: Iterable[Event], revision: Revision) -> None:
        """Hands events, in order, to the watches of their keys. `revision` is the store's after them."""
        self.revision = revision
        watches = self._watches
        for event in events:
            key = event.key
            for length in self._lengths:
                if length > len(key):
                    break
                for watch in watches.get(key[:length], ()):
                    watch.offer(event)

    def progress(self) -> None:
        """Makes the watches that have not been brought to the newest revision yield a batch that does."""
        for watches in self._watches.values():
            for watch in watches:
                watch.progress()

    def close(self) -> None:
        for watches in list(self._watches.values()):
            for watch in list(watches):
                watch.end()

    def join(self, watch: FeedWatch) -> None:
        self._watches.setdefault(watch.prefix, []).append(watch)
        self._measure()

    def leave(self, watch: FeedWatch) -> None:
        watches = self._watches.get(watch.prefix, [])
        with suppress(ValueError):
            watches.remove(watch)
        if not watches:
            self._watches.pop(watch.prefix, None)
        self._measure()

    def _measure(self) -> None:
        self._lengths = tuple(sorted({len(prefix) for prefix in self._watches}))


class FeedWatch:
    """One watch; the contract is `interface.Backend.watch`. Reading it may be cancelled and taken up again."""

    __slots__ = ("_behind", "_closed", "_cursor", "_feed", "_joined", "_live_from", "_pending", "_waiter", "prefix")

    def __init__(self, feed: Feed, prefix: Key, after: Revision) -> None:
        self.prefix = prefix
        self._feed = feed
        self._cursor = after
        self._live_from: Revision | None = None  # _pending holds every event after it; None: events were dropped
        self._pending: list[Event] = []
        self._behind = False  # a progress batch was asked for
        self._joined = False
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None

    def __aiter__(self) -> FeedWatch:
        return self

    async def __anext__(self) -> Batch:
        while not self._closed:
            if self._live_from is None:
                self._go_live()
            elif self._cursor < self._live_from:
                return await self._catch_up(self._live_from)
            elif self._pending or (self._behind and self._cursor < self._feed.revision):
                return self._take()
            else:
                await self._wait()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.end()

    def offer(self, event: Event) -> None:
        """Queues an event, unless the watch starts after it or has fallen behind."""
        if self._live_from is None or event.revision <= self._cursor:
            return
        if len(self._pending) >= PENDING_LIMIT:
            self._pending.clear()
            self._live_from = None
            return
        self._pending.append(event)
        if self._waiter is not None:
            self._wake()

    def progress(self) -> None:
        if self._cursor < self._feed.revision:
            self._behind = True
            self._wake()

    def end(self) -> None:
        self._closed = True
        self._pending.clear()
        self._feed.leave(self)
        self._wake()

    def _go_live(self) -> None:
        if not self._joined:
            self._joined = True
            self._feed.join(self)
        self._live_from = self._feed.revision

    async def _catch_up(self, upto: Revision) -> Batch:
        try:
            batch = await self._feed.replay(self.prefix, self._cursor, upto)
        except asyncio.CancelledError:
            raise
        except BaseException:
            self.end()
            raise
        self._cursor = batch.revision
        return batch

    def _take(self) -> Batch:
        events, self._pending, self._behind = self._pending, [], False
        self._cursor = max(self._cursor, self._feed.revision)
        return Batch(self._cursor, events)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
