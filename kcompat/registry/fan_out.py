"""Watches of clients outside the process: what all who watch the same see is selected, encoded and framed once.

`api/verbs/watch.py` makes a `Stream` for each watch; `api/server.py` pipes it to the connection, others iterate over it.
Streams of the same scope, selectors and form share a `Broadcast`, which takes the events from the watch cache and hands the
bytes to each stream; one that has nothing else to do writes them to its connection there and then, without waking a task.
Upstream: apiserver storage/cacher/cache_watcher.go, endpoints/handlers/watch.go, runtime.CacheableObject.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

from kcompat.registry import watching
from kcompat.registry.listing import ListOptions, concern
from kcompat.registry.store import Store
from kcompat.registry.watching import Bookmark, Happening, WatchOptions
from kcompat.storage import watcher
from kcompat.storage.entries import CacheEvent
from kcompat.storage.interface import Revision
from kcompat.storage.watch_cache import ResourceCache

log = logging.getLogger(__name__)

Encode = Callable[[Sequence[Happening | Bookmark]], bytes]

_AT_ONCE, _BYTES_AT_ONCE = 100, 1 << 20
"""Events, and bytes of their objects, that are not collected beyond."""
_REST, _REST_AT_MOST = 8, 0.02
"""After handing out events a broadcast rests for eight times as long as that took, 20 ms at most: the more watch, the more
events go in one write, which costs the same for one as for ten. What comes to a rested broadcast goes out at once."""


class Chunk:
    """Whole events as bytes, shared by all who are sent them."""

    __slots__ = ("_framed", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._framed: bytes | None = None

    @property
    def framed(self) -> bytes:
        """As a chunk of HTTP's chunked transfer coding."""
        if self._framed is None:
            self._framed = b"%x\r\n%b\r\n" % (len(self.data), self.data)
        return self._framed


class Outlet(Protocol):
    """A connection that chunks are written to."""

    @property
    def paused(self) -> bool:
        """Much of what was written before has not been taken yet."""

    def write(self, chunk: Chunk) -> None:
        """Never waits; does nothing when the other end is gone."""

    async def drain(self) -> None:
        """Until it is not paused. Raises ConnectionError."""


async def stream(store: Store, namespace: str, options: WatchOptions, encode: Encode, form: Hashable = None) -> Stream:
    """A watch in a form; `encode` must be the same function of the events for all of one form of the resource (None: this watch's
    own). Raises as `watching.watch` does."""
    cache, initial, watcher = await watching.start(store, store.scope(namespace), options)
    cache.unsubscribe(watcher)  # from here to `join` nothing else runs
    initial += watching.seen(cache, watcher.collect(), options.list)
    found = _broadcast(store, cache, store.scope(namespace), options.list, encode, form)
    made = Stream(store, found, initial, options, max(watcher.revision, store.cache.revision))
    if watcher.dropped:
        made.end()
    return made


def _broadcast(store: Store, cache: ResourceCache, scope: str, options: ListOptions, encode: Encode, form: Hashable) -> Broadcast:
    key = None if form is None else (cache, scope, options.labels, options.fields, form)
    shared = store.broadcasts.get(key)
    if isinstance(shared, Broadcast) and not shared.over:
        return shared
    made = Broadcast(cache, scope, options, encode)
    if key is not None:
        store.broadcasts[key] = made
        made.on_close = lambda: store.broadcasts.pop(key) if store.broadcasts.get(key) is made else None
    return made


class Broadcast:
    """The streams that see the same, and how events get to them."""

    def __init__(self, cache: ResourceCache, scope: str, options: ListOptions, encode: Encode) -> None:
        self.cache = cache
        self.encode = encode
        self.on_close: Callable[[], object] = lambda: None
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._watcher = cache.subscribe(scope, concern(cache, scope, options))
        self._watcher.notify = self._notify
        self._streams: set[Stream] = set()
        self._newest: Revision = 0
        """Streams that joined last start after this."""
        self._flushing: asyncio.Handle | None = None
        self._rested = 0.0

    def join(self, joining: Stream) -> None:
        self._streams.add(joining)
        self._newest = max(self._newest, joining.after)

    def leave(self, leaving: Stream) -> None:
        if leaving in self._streams:
            self._streams.remove(leaving)
            if not self._streams:
                self._close()

    @property
    def over(self) -> bool:
        """The cache gives it no more events."""
        return self._watcher.dropped

    def _close(self) -> None:
        self.cache.unsubscribe(self._watcher)
        self.on_close()
        if self._flushing is not None:
            self._flushing.cancel()

    def _notify(self) -> None:
        """There are events, or the cache has dropped us."""
        if len(self._watcher.events) >= _AT_ONCE or self._watcher.bytes >= _BYTES_AT_ONCE:
            self.flush()
        elif self._flushing is None:
            wait = self._rested - self._loop.time()
            self._flushing = self._loop.call_later(wait, self.flush) if wait > 0 else self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Hands out what has come so far."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        if self._watcher.dropped:
            self._end()
            return
        began = self._loop.time()
        try:
            self._hand_out(self._watcher.collect())
        except Exception:  # nobody waits for us to be told
            log.exception("events of %s cannot be sent", self.cache.layout.prefix)
            self._end()
        ended = self._loop.time()
        self._rested = ended + min(_REST_AT_MOST, _REST * (ended - began))

    def _end(self) -> None:
        for each in self._streams:
            each.end()

    def _hand_out(self, events: Sequence[CacheEvent]) -> None:
        for first in range(0, len(events), _AT_ONCE):
            part = events[first : first + _AT_ONCE]
            if part[0].revision > self._newest:
                self._send(part, self._streams)
                continue
            for each in self._streams:
                self._send([event for event in part if event.revision > each.after], (each,))

    def _send(self, events: Sequence[CacheEvent], streams: set[Stream] | tuple[Stream]) -> None:
        happenings = watching.seen(self.cache, events, self._options)
        if happenings:
            chunk = Chunk(self.encode(happenings))
            for each in streams:
                each.push(chunk)


class Stream:
    """One client's watch: an async iterator of whole encoded events, or piped to an outlet. Ends at its time, or when it is too slow."""

    def __init__(
        self, store: Store, broadcast: Broadcast, initial: Sequence[Happening | Bookmark], options: WatchOptions, after: Revision
    ) -> None:
        self.after = after
        """Events up to here are not for this stream."""
        self._marked = after
        """As upstream, no bookmark says again what the last one said, or the beginning."""
        self._store = store
        self._broadcast = broadcast
        self._initial = deque(initial[at : at + _AT_ONCE] for at in range(0, len(initial), _AT_ONCE))
        self._held: deque[Chunk] = deque()
        self._held_bytes = 0
        self._outlet: Outlet | None = None
        """Where chunks go at once; None while others must go before them."""
        self._wake: asyncio.Future[None] | None = None
        self._ended = False
        now = store.clock.monotonic()
        self._deadline = watching.deadline(store, options, now)
        self._bookmark_at = watching.next_bookmark(now, self._deadline) if options.bookmarks else math.inf
        broadcast.join(self)

    def push(self, chunk: Chunk) -> None:
        """From the broadcast."""
        if self._outlet is not None and not self._outlet.paused:
            self._outlet.write(chunk)
        elif not self._ended:
            self._hold(chunk)

    def _hold(self, chunk: Chunk) -> None:
        self._outlet = None
        self._held.append(chunk)
        self._held_bytes += len(chunk.data)
        if self._held_bytes > watcher.QUEUE_BYTES or len(self._held) > watcher.QUEUE_LIMIT:
            self.end()
        self._waken()

    def end(self) -> None:
        """What it was not sent yet it will not be sent."""
        self._ended = True
        self._outlet = None
        self._held.clear()
        self._initial.clear()
        self._waken()

    def _waken(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def pipe(self, outlet: Outlet) -> None:
        """Writes everything to an outlet until the watch is over. Raises ConnectionError."""
        try:
            while (chunk := await self._next(outlet)) is not None:
                await outlet.drain()
                if not self._ended:
                    outlet.write(chunk)
        finally:
            await self.aclose()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._next(None)
        if chunk is None:
            await self.aclose()
            raise StopAsyncIteration
        return chunk.data

    async def aclose(self) -> None:
        self.end()
        self._broadcast.leave(self)

    async def _next(self, outlet: Outlet | None) -> Chunk | None:
        """What is to be sent next, while `outlet` gets what can go to it directly; None at the end."""
        while not self._ended:
            if self._initial:
                return Chunk(self._broadcast.encode(self._initial.popleft()))
            if self._held:
                chunk = self._held.popleft()
                self._held_bytes -= len(chunk.data)
                return chunk
            now = self._store.clock.monotonic()
            if now >= self._deadline:
                return None
            if now >= self._bookmark_at:
                self._bookmark(now)
            else:
                await self._rest(min(self._deadline, self._bookmark_at) - now, outlet)
        return None

    def _bookmark(self, now: float) -> None:
        self._broadcast.flush()  # what it speaks of goes before it
        if not self._ended and self._broadcast.cache.changed > self._marked:
            self._marked = max(self._store.cache.revision, self.after)
            self._hold(Chunk(self._broadcast.encode([Bookmark(self._marked)])))
        self._bookmark_at = watching.next_bookmark(now, self._deadline)

    async def _rest(self, seconds: float, outlet: Outlet | None) -> None:
        """Until there is something to do here."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        timer = loop.call_later(seconds, self._waken)
        self._outlet = outlet
        try:
            await self._wake
        finally:
            timer.cancel()
            self._wake = self._outlet = None
