"""Forgetting etcd's history, one server of all that share the cluster at a time.

Called by `backend.py`. Speaks upstream's protocol (etcd3/compact.go: Compact), so that kube-apiservers on the same cluster take
part in it: the version of one key is the time; who moves it on compacts to the revision of one interval ago.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import grpc.aio

from kcompat.storage.backends.etcd.connection import Connection
from kcompat.storage.backends.etcd.messages import EQUAL, TXN, VERSION, Compare, PutRequest, RangeRequest, RequestOp, TxnRequest
from kcompat.storage.interface import Revision, StorageError

log = logging.getLogger(__name__)

KEY: Final = b"compact_rev_key"


class Compaction:
    """Takes a turn every `interval` seconds; 0: never."""

    def __init__(self, connection: Connection, compact: Callable[[Revision], Awaitable[None]], interval: float) -> None:
        self._connection = connection
        self._compact = compact
        self._interval = interval
        self._time = 0
        self._revision: Revision = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._interval > 0:
            self._task = asyncio.create_task(self._run(), name="etcd-compaction")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def turn(self) -> None:
        """Moves the time on and compacts to where the store stood at our last turn; or learns that another server did."""
        request = TxnRequest(
            compare=[Compare(result=EQUAL, target=VERSION, key=KEY, version=self._time)],
            success=[RequestOp(request_put=PutRequest(key=KEY, value=b"%d" % self._revision))],
            failure=[RequestOp(request_range=RangeRequest(key=KEY))],
        )
        response = await self._connection.call(TXN, request, writing=True)
        before, self._revision = self._revision, response.header.revision
        if not response.succeeded:
            kvs = response.responses[0].response_range.kvs
            self._time = kvs[0].version if kvs else 0
            return
        self._time += 1
        if before:
            await self._compact(before)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.turn()
            except (StorageError, grpc.aio.AioRpcError) as error:
                log.warning("etcd compaction failed: %s", error)
