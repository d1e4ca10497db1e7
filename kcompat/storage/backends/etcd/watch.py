"""A watch on etcd that outlives connections and members.

Called by `backend.py`. A task reads the stream and hands batches over a short queue; when the stream breaks it opens another
one behind the last whole revision it delivered, so that nothing is lost or repeated.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import grpc.aio

from kcompat.storage.backends.etcd.connection import Connection
from kcompat.storage.backends.etcd.messages import DELETE, WATCH, WatchCreateRequest, WatchProgressRequest, WatchRequest
from kcompat.storage.interface import Batch, Compacted, Event, KeyValue, Revision, StorageError

log = logging.getLogger(__name__)

QUEUE: Final = 64
"""Batches read ahead; beyond that the stream waits, and etcd with it."""

ASK_AGAIN: Final = 0.1
"""Seconds between requests for progress (upstream: progressRequestPeriod). A member that is itself behind does not answer them."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0


class EtcdWatch:
    """One watch; the contract is `interface.Backend.watch`."""

    def __init__(self, connection: Connection, key: bytes, range_end: bytes, after: Revision, closed: Any) -> None:
        self._connection = connection
        self._range = (key, range_end)
        self._cursor = after
        self._wanted: Revision = 0
        self._wish = asyncio.Event()
        self._queue: asyncio.Queue[Batch | StorageError | None] = asyncio.Queue(QUEUE)
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._on_close = closed

    def __aiter__(self) -> EtcdWatch:
        return self

    async def __anext__(self) -> Batch:
        if self._task is None and not self._closed:
            self._task = asyncio.create_task(self._follow(), name="etcd-watch")
        item = None if self._closed else await self._queue.get()
        if isinstance(item, Batch):
            return item
        await self.aclose()
        if item is None:
            raise StopAsyncIteration
        raise item

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._on_close(self)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    def want(self, revision: Revision) -> None:
        """Asks for a batch that brings the watch to `revision`."""
        if revision > self._wanted:
            self._wanted = revision
            if self._cursor < revision:
                self._wish.set()

    async def _follow(self) -> None:
        pause = FIRST_PAUSE
        while True:
            member, before = self._connection.member, self._cursor
            try:
                await self._read(member)
            except StorageError as error:
                await self._queue.put(error)
                return
            except grpc.aio.AioRpcError as error:
                log.warning("etcd watch interrupted after revision %d: %s", self._cursor, error.details())
            self._connection.failed(member)
            pause = FIRST_PAUSE if self._cursor > before else min(2 * pause, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _read(self, member: int) -> None:
        """Reads one stream until it ends or breaks."""
        stream = self._connection.stream(WATCH, member)
        asking: asyncio.Task[None] | None = None
        try:
            key, range_end = self._range
            create = WatchCreateRequest(
                key=key, range_end=range_end, start_revision=self._cursor + 1, progress_notify=True, prev_kv=True, fragment=True
            )
            await stream.write(WatchRequest(create_request=create))
            events: list[Event] = []
            while (response := await stream.read()) is not grpc.aio.EOF:
                if response.canceled:
                    _raise_if_compacted(response)
                    return
                if response.created:
                    asking = asyncio.create_task(self._ask(stream))
                    continue
                events.extend(map(_event, response.events))
                if not response.fragment:
                    await self._deliver(response.header.revision, events)
                    events = []
        finally:
            if asking is not None:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
            stream.cancel()

    async def _deliver(self, revision: Revision, events: list[Event]) -> None:
        """An answer without events is progress. The header of one with events may be ahead of what has been sent."""
        if events:
            revision = events[-1].revision
        elif revision <= self._cursor:
            return
        await self._queue.put(Batch(revision, events))
        self._cursor = revision

    async def _ask(self, stream: Any) -> None:
        """Sends requests for progress while somebody wants a revision that we have not reached."""
        while True:
            await self._wish.wait()
            if self._cursor >= self._wanted:
                self._wish.clear()
                continue
            await stream.write(WatchRequest(progress_request=WatchProgressRequest()))
            await asyncio.sleep(ASK_AGAIN)


def _raise_if_compacted(response: Any) -> None:
    if response.compact_revision:
        raise Compacted(response.compact_revision)
    log.warning("etcd watch cancelled by the server: %s", response.cancel_reason)


def key_value(kv: Any) -> KeyValue:
    return KeyValue(kv.key.decode(), kv.value, kv.mod_revision, kv.create_revision, kv.lease)


def _event(event: Any) -> Event:
    """Without its previous value a change cannot be told from a creation: it was compacted away."""
    kv = event.kv
    previous = key_value(event.prev_kv) if event.HasField("prev_kv") else None
    deleted = event.type == DELETE
    if previous is None and (deleted or kv.create_revision != kv.mod_revision):
        raise Compacted(kv.mod_revision)
    return Event(kv.key.decode(), None if deleted else kv.value, kv.mod_revision, previous)
