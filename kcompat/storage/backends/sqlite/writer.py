"""The thread that writes the SQLite store.

Called by `backend.py`. It takes everything that waits as one group: one SELECT for what the keys hold now, the comparisons
in the order of arrival, one INSERT with one fsync. Each statement of a group is a single call into SQLite, because each
call gives the interpreter lock away and has to win it back from the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from kcompat.storage.backends.sqlite.database import connect, storage_error
from kcompat.storage.compaction import Compactor
from kcompat.storage.interface import (
    Conflict,
    Event,
    Expect,
    FutureRevision,
    Key,
    KeyValue,
    LeaseID,
    Revision,
    StorageError,
    as_expected,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

GROUP_LIMIT = 64
"""Writes per statement."""

SWEEP_BUSY, SWEEP_IDLE = 128, 2000
"""Revisions of forgotten history deleted between two groups, and at a time while nobody waits."""


class Write(NamedTuple):
    """A write on its way; `done` gets its revision, or Conflict, or Unavailable."""

    key: Key
    value: bytes | None
    expect: Revision | Expect
    lease: LeaseID
    done: asyncio.Future[Revision] | None


class Call(NamedTuple):
    """Any other work for the writer's connection, in its turn among the writes."""

    work: Callable[[], object]
    done: asyncio.Future[Any]


class Committed(NamedTuple):
    """What a group did: `outcomes` belong to its writes one by one."""

    outcomes: Sequence[Revision | Exception]
    events: Sequence[Event]
    revision: Revision


class Writer:
    """Owns the writing connection: `database`, `revision` and `leases` belong to its thread once that has started."""

    def __init__(self, loop: asyncio.AbstractEventLoop, path: Path, durability: str) -> None:
        self._loop = loop
        self._queue: SimpleQueue[Write | Call | None] = SimpleQueue()
        self._publish: Callable[[Sequence[Event], Revision], None]
        self._compactor: Compactor
        self._due: Revision = 0
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self.leases: set[LeaseID] = set()
        self.database = connect(path, writer=True, durability=durability)
        self.revision, self._compacted, self._swept = self.database.execute(
            "SELECT max(1, compacted, ifnull((SELECT max(revision) FROM log), 0)), compacted, swept FROM meta"
        ).fetchone()

    def start(self, publish: Callable[[Sequence[Event], Revision], None], compactor: Compactor) -> None:
        """`publish` is called on the event loop with what each group did, before its writers learn of it."""
        self._publish, self._compactor = publish, compactor
        self._thread.start()

    def write(self, key: Key, value: bytes | None, expect: Revision | Expect, lease: LeaseID) -> asyncio.Future[Revision]:
        done: asyncio.Future[Revision] = self._loop.create_future()
        self._queue.put(Write(key, value, expect, lease, done))
        return done

    def call(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Runs work in the thread; it may use `database`, `apply`, `transaction`, `deliver` and `forget`."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(Call(work, done))
        return done

    async def close(self) -> None:
        """Finishes what waits, copies the log back into the file and closes it."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def forget(self, revision: Revision) -> None:
        """Compacts at revision: durable at once, the space is freed bit by bit."""
        if revision > self.revision:
            raise FutureRevision(self.revision)
        if revision > self._compacted:
            self.database.execute("UPDATE meta SET compacted = ?", (revision,))
            self._compacted = revision

    def apply(self, writes: Sequence[Write]) -> Committed:
        """Compares and stores; in a transaction of its own unless the caller has begun one."""
        held = self._held([write.key for write in writes])
        revision = self.revision
        outcomes: list[Revision | Exception] = []
        events: list[Event] = []
        rows: list[object] = []
        for key, value, expect, lease, _ in writes:
            current = held[key]
            if not as_expected(current, value, expect):
                outcomes.append(Conflict(key, current))
                continue
            if lease and lease not in self.leases:
                outcomes.append(KeyError(lease))
                continue
            revision += 1
            created, previous = (current.create_revision, current.mod_revision) if current is not None else (revision, 0)
            rows += (revision, key, created, previous, lease, value)
            held[key] = KeyValue(key, value, revision, created, lease) if value is not None else None
            events.append(Event(key, value, revision, current))
            outcomes.append(revision)
        if rows:
            self.database.execute(_insert(len(events)), rows)
        self.revision = revision
        return Committed(outcomes, events, revision)

    def _held(self, keys: list[Key]) -> dict[Key, KeyValue | None]:
        row = self.database.execute(_select(len(keys)), keys).fetchone()
        held: dict[Key, KeyValue | None] = {}
        for key, (revision, created, lease, value) in zip(keys, zip(*[iter(row)] * 4, strict=True), strict=True):
            held[key] = KeyValue(key, value, revision, created, lease) if revision is not None else None
        return held

    def transaction(self) -> AbstractContextManager[None]:
        """Makes what is done inside one commit; what fails leaves nothing behind, not even a used revision."""
        return _transaction(self)

    def deliver(self, writes: Sequence[Write], committed: Committed) -> None:
        """Has the event loop publish the events, then tell the writers."""
        self._on_loop(self._deliver, writes, committed)

    def _run(self) -> None:
        try:
            while self._work(self._gather()):
                try:
                    self._tidy()
                except Exception:
                    log.exception("compaction of the sqlite store failed")
        finally:
            self.database.close()

    def _gather(self) -> list[Write | Call | None]:
        """All that waits, at least one; sweeps while there is nothing."""
        while self._queue.empty() and self._swept < self._compacted and self._sweep(SWEEP_IDLE):
            pass
        items = [self._queue.get()]
        with suppress(Empty):
            while len(items) < GROUP_LIMIT:
                items.append(self._queue.get_nowait())
        return items

    def _work(self, items: list[Write | Call | None]) -> bool:
        """Does the items in order, neighbouring writes as one group. False: it is time to stop."""
        group: list[Write] = []
        for item in items:
            if isinstance(item, Write):
                group.append(item)
                continue
            self._commit(group)
            group = []
            if item is None:
                return False
            self._answer(item)
        self._commit(group)
        return True

    def _commit(self, group: list[Write]) -> None:
        if not group:
            return
        try:
            committed = self.apply(group)
        except Exception as error:
            self._on_loop(_fail, [write.done for write in group], storage_error(error, writing=True))
        else:
            self.deliver(group, committed)

    def _answer(self, call: Call) -> None:
        try:
            result = call.work()
        except Exception as error:
            told = error if isinstance(error, (KeyError, StorageError)) else storage_error(error, writing=True)
            self._on_loop(_fail, [call.done], told)
        else:
            self._on_loop(_resolve, call.done, result)

    def _deliver(self, writes: Sequence[Write], committed: Committed) -> None:
        self._publish(committed.events, committed.revision)
        for write, outcome in zip(writes, committed.outcomes, strict=False):
            _resolve(write.done, outcome)

    def _on_loop(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
            self._loop.call_soon_threadsafe(function, *arguments)

    def _tidy(self) -> None:
        """Compacts when it is time, and sweeps a little."""
        self._due = max(self._due, self._compactor.due(self.revision) or 0)
        with suppress(sqlite3.Error):  # no space: it stays due
            self.forget(self._due)
        if self._swept < self._compacted:
            self._sweep(SWEEP_BUSY)

    def _sweep(self, limit: int) -> bool:
        """Deletes what revisions up to `limit` beyond the last sweep superseded. False when the disk refuses."""
        end = min(self._compacted, self._swept + limit)
        span = (self._swept, end)
        try:
            with self.transaction():
                self.database.execute(
                    "DELETE FROM log WHERE revision IN"
                    " (SELECT previous FROM log WHERE revision > ? AND revision <= ? AND previous != 0)", span
                )
                self.database.execute("DELETE FROM log WHERE revision > ? AND revision <= ? AND value IS NULL", span)
                self.database.execute("UPDATE meta SET swept = ?", (end,))
        except sqlite3.Error:
            return False
        self._swept = end
        return True


@contextmanager
def _transaction(writer: Writer) -> Iterator[None]:
    before = writer.revision
    writer.database.execute("BEGIN")
    try:
        yield
        writer.database.execute("COMMIT")
    except BaseException:
        writer.revision = before
        if writer.database.in_transaction:
            writer.database.execute("ROLLBACK")
        raise


def _resolve(done: asyncio.Future[Any] | None, outcome: object) -> None:
    if done is None or done.done():  # an internal write, or one whose caller was cancelled
        return
    if isinstance(outcome, BaseException):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)


def _fail(waiting: Sequence[asyncio.Future[Any] | None], error: Exception) -> None:
    for done in waiting:
        _resolve(done, error)


@cache
def _select(count: int) -> str:
    """What `count` keys hold, in one row of four columns a key: a row a key would be a call a key."""
    place = "(SELECT revision FROM keys WHERE key = ?{0})"
    columns = ", ".join(f"(SELECT {column} FROM log WHERE revision = {place})" for column in ("revision", "created", "lease", "value"))
    return "SELECT " + ", ".join(columns.format(number) for number in range(1, count + 1))


@cache
def _insert(count: int) -> str:
    return "INSERT INTO log (revision, key, created, previous, lease, value) VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?)"] * count)
