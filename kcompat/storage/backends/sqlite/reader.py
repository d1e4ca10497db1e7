"""Reads of the SQLite store, in a thread and on a connection of their own.

Called by `backend.py`. `fetchall` throughout: a statement left open would keep its snapshot, and the write-ahead log from
being reused. Each read is one transaction, so that items, count and revision belong together. The past is the
present with the log after it undone: a row of the log names the row it replaced.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kcompat.storage.backends.sqlite.database import connect, storage_error
from kcompat.storage.interface import Batch, Compacted, Event, FutureRevision, Key, KeyValue, Page, Revision, Unavailable
from kcompat.storage.keys import prefix_end

T = TypeVar("T")

REPLAY_LIMIT = 1000
"""Events read from the log at a time for a watch that starts in the past."""

LAST_KEY = "\U0010ffff" * 64
"""Sorts behind every key: the end of a range without end."""

ITEM = "SELECT log.key, log.value, log.revision, log.created, log.lease FROM log"

REVISION = "max(1, compacted, ifnull((SELECT max(revision) FROM log), 0))"

LATEST = f"""
SELECT {REVISION}, log.key, log.value, log.revision, log.created, log.lease
FROM meta LEFT JOIN keys ON keys.key = ? LEFT JOIN log ON log.revision = keys.revision"""

CHANGED = """
WITH changed AS MATERIALIZED (
    SELECT key, previous, min(revision) FROM log WHERE revision > :at AND key >= :low AND key < :end GROUP BY key
), present AS (
    SELECT key, revision FROM keys WHERE key >= :low AND key < :end AND key NOT IN (SELECT key FROM changed)
    UNION ALL SELECT key, previous FROM changed WHERE previous != 0
)"""


class Reader:
    """Answers reads. `latest` is the store's revision within a transaction."""

    def __init__(self, path: Path) -> None:
        self._database = connect(path, writer=False)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-reader")

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        self._database.close()

    async def get(self, key: Key, at: Revision | None) -> tuple[KeyValue | None, Revision]:
        return await self._run(lambda: self._get(key, at))

    async def range(self, prefix: Key, at: Revision | None, start: Key | None, limit: int | None) -> Page:
        return await self._run(lambda: self._range(prefix, at, start, limit))

    async def replay(self, prefix: Key, after: Revision, upto: Revision) -> Batch:
        """`feed.Replay` from the log."""
        return await self._run(lambda: self._replay(prefix, after, upto))

    async def _run(self, read: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, read)
        except sqlite3.Error as error:
            raise storage_error(error, writing=False) from error
        except RuntimeError as error:  # the executor is shut down
            raise Unavailable("the store is closed") from error

    @contextmanager
    def _transaction(self) -> Iterator[tuple[Revision, Revision]]:
        """The store's revision and the oldest readable one, with everything read inside as of the same moment."""
        self._database.execute("BEGIN")
        try:
            ((latest, compacted),) = self._database.execute(f"SELECT {REVISION}, compacted FROM meta").fetchall()
            yield latest, compacted
        finally:
            if self._database.in_transaction:  # a failed disk has ended it already
                self._database.execute("ROLLBACK")

    def _get(self, key: Key, at: Revision | None) -> tuple[KeyValue | None, Revision]:
        if at is None:
            ((latest, *row),) = self._database.execute(LATEST, (key,)).fetchall()
            return KeyValue(*row) if row[0] is not None else None, latest
        with self._transaction() as (latest, compacted):
            _readable(at, latest, compacted)
            place = self._database.execute(
                "SELECT previous FROM log WHERE revision > ? AND key = ? ORDER BY revision LIMIT 1", (at, key)
            ).fetchall() or self._database.execute("SELECT revision FROM keys WHERE key = ?", (key,)).fetchall()
            rows = self._database.execute(f"{ITEM} WHERE revision = ?", place[0]).fetchall() if place else []
            return KeyValue(*rows[0]) if rows else None, at

    def _range(self, prefix: Key, at: Revision | None, start: Key | None, limit: int | None) -> Page:
        bounds = {"low": max(prefix, start or prefix), "end": prefix_end(prefix) or LAST_KEY, "limit": -1 if limit is None else limit}
        with self._transaction() as (latest, compacted):
            at = _readable(at, latest, compacted)
            if at == latest:
                return self._page(at, "", "keys WHERE keys.key >= :low AND keys.key < :end", bounds)
            return self._page(at, CHANGED, "present AS keys", bounds | {"at": at})

    def _page(self, at: Revision, tables: str, source: str, bounds: dict[str, Any]) -> Page:
        """`source` has the keys in bounds and the revisions of their values; only the page's own values are read."""
        page = f"SELECT key, revision FROM {source} ORDER BY key LIMIT :limit"
        rows = self._database.execute(f"{tables} {ITEM} JOIN ({page}) AS page USING (revision) ORDER BY page.key", bounds).fetchall()
        count = len(rows)
        if count == bounds["limit"]:
            ((count,),) = self._database.execute(f"{tables} SELECT count(*) FROM {source}", bounds).fetchall()
        return Page(at, [KeyValue(*row) for row in rows], count)

    def _replay(self, prefix: Key, after: Revision, upto: Revision) -> Batch:
        with self._transaction() as (_, compacted):
            if after < compacted:
                raise Compacted(compacted)
            rows = self._database.execute(
                """
                SELECT log.key, log.value, log.revision, old.key, old.value, old.revision, old.created, old.lease
                FROM log LEFT JOIN log AS old ON old.revision = log.previous
                WHERE log.revision > ? AND log.revision <= ? AND log.key >= ? AND log.key < ? ORDER BY log.revision LIMIT ?
                """,
                (after, upto, prefix, prefix_end(prefix) or LAST_KEY, REPLAY_LIMIT),
            ).fetchall()
        events = [Event(row[0], row[1], row[2], KeyValue(*row[3:]) if row[3] is not None else None) for row in rows]
        return Batch(events[-1].revision if len(events) == REPLAY_LIMIT else upto, events)


def _readable(at: Revision | None, latest: Revision, compacted: Revision) -> Revision:
    if at is None:
        return latest
    if at > latest:
        raise FutureRevision(latest)
    if at < max(1, compacted):
        raise Compacted(max(1, compacted))
    return at
