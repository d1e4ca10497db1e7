"""`interface.Backend` on one SQLite file.

Called through `backends.open_backend`. Runs on the event loop and hands the work to `writer.py` and `reader.py`; watches
are fed from what the writer just committed, never by asking the database.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kcompat.apimachinery.clock import Clock
from kcompat.storage.backends.sqlite import leases as lease_table
from kcompat.storage.backends.sqlite.database import Lock, storage_error
from kcompat.storage.backends.sqlite.reader import Reader
from kcompat.storage.backends.sqlite.writer import Writer
from kcompat.storage.compaction import Compactor, History
from kcompat.storage.feed import Feed
from kcompat.storage.interface import ANY, Expect, Key, KeyValue, LeaseID, Page, Revision, Unavailable, Watch
from kcompat.storage.leases import Leases

Durability = Literal["full", "relaxed"]
"""full: an acknowledged write survives a power failure. relaxed: only the death of the process."""

SQLITE_HISTORY = History()


@dataclass(frozen=True, slots=True)
class _Store:
    """The parts of an open store."""

    lock: Lock
    writer: Writer
    reader: Reader
    feed: Feed
    leases: list[lease_table.Lease]


class SqliteBackend:
    """A store in the file at `path`, which is made (mode 0600, directories too) when it is not there.

    `start` raises Unavailable when another process has it open or the disk refuses, StorageError when it is no store of ours.
    """

    def __init__(self, path: str | Path, *, clock: Clock, durability: Durability = "full", history: History = SQLITE_HISTORY) -> None:
        self._path = Path(path)
        self._clock = clock
        self._durability = durability
        self._history = history
        self._leases = Leases(clock, self.revoke_lease)
        self._open: _Store | None = None

    async def start(self) -> None:
        store = await asyncio.to_thread(self._open_store, asyncio.get_running_loop())
        store.writer.start(store.feed.publish, Compactor(self._clock, self._history, store.writer.revision))
        self._open = store
        now = self._clock.now().timestamp()
        for lease in store.leases:
            self._leases.add(lease.id, lease.ttl, min(max(0.0, lease.expires - now), lease.ttl))

    async def close(self) -> None:
        store, self._open = self._open, None
        if store is None:
            return
        await self._leases.close()
        store.feed.close()
        await store.reader.close()
        await store.writer.close()
        store.lock.release()

    async def write(self, key: Key, value: bytes | None, *, expect: Revision | Expect = ANY, lease: LeaseID = 0) -> Revision:
        if not key.isascii():
            key.encode()  # only Unicode is a key: it must fail here, alone, not within a group
        return await self._store.writer.write(key, value, expect, lease)

    async def get(self, key: Key, *, at: Revision | None = None) -> tuple[KeyValue | None, Revision]:
        return await self._store.reader.get(key, at)

    async def range(
        self, prefix: Key, *, at: Revision | None = None, start: Key | None = None, limit: int | None = None
    ) -> Page:
        return await self._store.reader.range(prefix, at, start, limit)

    async def revision(self) -> Revision:
        feed = self._store.feed
        feed.progress()
        return feed.revision

    def watch(self, prefix: Key, *, after: Revision) -> Watch:
        return self._store.feed.watch(prefix, after)

    async def compact(self, revision: Revision) -> None:
        writer = self._store.writer
        await writer.call(lambda: writer.forget(revision))

    async def grant_lease(self, ttl: int) -> LeaseID:
        writer = self._store.writer
        expires = self._clock.now().timestamp() + ttl
        lease = await writer.call(lambda: lease_table.grant(writer, ttl, expires))
        self._leases.add(lease, ttl)
        return lease

    async def keep_lease_alive(self, lease: LeaseID) -> None:
        writer = self._store.writer
        expires = self._clock.now().timestamp() + self._leases.renew(lease)
        await writer.call(lambda: lease_table.renew(writer, lease, expires))

    async def revoke_lease(self, lease: LeaseID) -> None:
        writer = self._store.writer
        await writer.call(lambda: lease_table.revoke(writer, lease))
        self._leases.forget(lease)

    async def size(self) -> int:
        files = [self._path, self._path.with_name(f"{self._path.name}-wal")]
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def _store(self) -> _Store:
        if self._open is None:
            raise Unavailable("the store is closed")
        return self._open

    def _open_store(self, loop: asyncio.AbstractEventLoop) -> _Store:
        with ExitStack() as opened:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                lock = Lock(self._path)
                opened.callback(lock.release)
                writer = Writer(loop, self._path, self._durability)
                opened.callback(writer.database.close)
                reader = Reader(self._path)
                store = _Store(lock, writer, reader, Feed(reader.replay, writer.revision), lease_table.load(writer))
            except (OSError, sqlite3.Error) as error:
                raise storage_error(error, writing=False) from error
            opened.pop_all()
            return store
