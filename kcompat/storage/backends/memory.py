"""The store in the process's memory: for tests and embedding; nothing outlives the process.

Called through `backends.open_backend`. Everything happens on the event loop, and a write is one step.
"""

from __future__ import annotations

import asyncio
from itertools import islice

from kcompat.apimachinery.clock import Clock
from kcompat.storage.compaction import Compactor, History
from kcompat.storage.feed import Feed
from kcompat.storage.interface import (
    ANY,
    Batch,
    Compacted,
    Conflict,
    Event,
    Expect,
    FutureRevision,
    Key,
    KeyValue,
    LeaseID,
    Page,
    Revision,
    Unavailable,
    Watch,
    as_expected,
)
from kcompat.storage.keys import SortedKeys, prefix_end
from kcompat.storage.leases import Leases

FAIR = 64
"""Writes after which others get a turn: a caller that only ever writes would starve the watches."""

MEMORY_HISTORY = History(events=20_000)


class MemoryBackend:
    """`interface.Backend` in memory. The past is the present with the log undone."""

    def __init__(self, clock: Clock, *, history: History = MEMORY_HISTORY) -> None:
        self._revision: Revision = 1
        self._compacted: Revision = 0
        self._current: dict[Key, KeyValue] = {}
        self._keys = SortedKeys()
        self._log: list[Event] = []  # one event per revision: the last one's is self._revision
        self._leased: dict[LeaseID, set[Key]] = {}
        self._last_lease: LeaseID = 0
        self._leases = Leases(clock, self.revoke_lease)
        self._compactor = Compactor(clock, history, self._revision)
        self._feed = Feed(self._replay, self._revision)
        self._bytes = 0
        self._closed = False

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        self._closed = True
        await self._leases.close()
        self._feed.close()

    async def write(self, key: Key, value: bytes | None, *, expect: Revision | Expect = ANY, lease: LeaseID = 0) -> Revision:
        self._check_open()
        if not key.isascii():
            key.encode()  # only Unicode is a key
        current = self._current.get(key)
        if not as_expected(current, value, expect):
            raise Conflict(key, current)
        if lease and lease not in self._leases:
            raise KeyError(lease)
        revision = self._apply(key, value, current, lease)
        if revision % FAIR == 0:
            await asyncio.sleep(0)
        return revision

    async def get(self, key: Key, *, at: Revision | None = None) -> tuple[KeyValue | None, Revision]:
        revision = self._readable(at)
        for event in self._since(revision):
            if event.key == key:
                return event.previous, revision
        return self._current.get(key), revision

    async def range(
        self, prefix: Key, *, at: Revision | None = None, start: Key | None = None, limit: int | None = None
    ) -> Page:
        revision = self._readable(at)
        low, end = max(prefix, start or prefix), prefix_end(prefix)
        if revision == self._revision:
            keys = islice(self._keys.between(low, end), limit)
            return Page(revision, [self._current[key] for key in keys], self._keys.count(low, end))
        items = self._as_of(revision, low, end)
        return Page(revision, items[:limit], len(items))

    async def revision(self) -> Revision:
        self._check_open()
        self._feed.progress()
        return self._revision

    def watch(self, prefix: Key, *, after: Revision) -> Watch:
        return self._feed.watch(prefix, after)

    async def compact(self, revision: Revision) -> None:
        self._check_open()
        if revision > self._revision:
            raise FutureRevision(self._revision)
        self._forget(revision)

    async def grant_lease(self, ttl: int) -> LeaseID:
        self._check_open()
        self._last_lease += 1
        self._leased[self._last_lease] = set()
        self._leases.add(self._last_lease, ttl)
        return self._last_lease

    async def keep_lease_alive(self, lease: LeaseID) -> None:
        self._check_open()
        self._leases.renew(lease)

    async def revoke_lease(self, lease: LeaseID) -> None:
        self._check_open()
        for key in sorted(self._leased[lease]):
            self._apply(key, None, self._current[key], 0)
        del self._leased[lease]
        self._leases.forget(lease)

    async def size(self) -> int:
        return self._bytes

    def _apply(self, key: Key, value: bytes | None, current: KeyValue | None, lease: LeaseID) -> Revision:
        self._revision = revision = self._revision + 1
        if current is not None:
            self._drop(current)
        if value is None:
            self._keys.remove(key)
        else:
            self._put(KeyValue(key, value, revision, current.create_revision if current else revision, lease), new=current is None)
        event = Event(key, value, revision, current)
        self._log.append(event)
        self._feed.publish((event,), revision)
        if (due := self._compactor.due(revision)) is not None:
            self._forget(due)
        return revision

    def _put(self, item: KeyValue, *, new: bool) -> None:
        self._current[item.key] = item
        self._bytes += len(item.key) + len(item.value)
        if new:
            self._keys.add(item.key)
        if item.lease:
            self._leased[item.lease].add(item.key)

    def _drop(self, item: KeyValue) -> None:
        del self._current[item.key]
        self._bytes -= len(item.key) + len(item.value)
        if item.lease:
            self._leased[item.lease].discard(item.key)

    def _forget(self, revision: Revision) -> None:
        if revision <= self._compacted:
            return
        self._compacted = revision
        del self._log[: max(0, len(self._log) - (self._revision - revision))]

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("the store is closed")

    def _readable(self, at: Revision | None) -> Revision:
        self._check_open()
        if at is None:
            return self._revision
        if at > self._revision:
            raise FutureRevision(self._revision)
        if at < max(1, self._compacted):
            raise Compacted(max(1, self._compacted))
        return at

    def _since(self, revision: Revision) -> list[Event]:
        """The log after revision, oldest first."""
        return self._log[max(0, len(self._log) - (self._revision - revision)) :]

    def _as_of(self, revision: Revision, low: Key, end: Key | None) -> list[KeyValue]:
        undone: dict[Key, KeyValue | None] = {}
        for event in self._since(revision):
            if low <= event.key and (end is None or event.key < end):
                undone.setdefault(event.key, event.previous)
        keys = sorted(undone.keys() | set(self._keys.between(low, end)))
        items = (undone[key] if key in undone else self._current[key] for key in keys)
        return [item for item in items if item is not None]

    async def _replay(self, prefix: Key, after: Revision, upto: Revision) -> Batch:
        if after < self._compacted:
            raise Compacted(self._compacted)
        return Batch(upto, [event for event in self._since(after) if event.revision <= upto and event.key.startswith(prefix)])
