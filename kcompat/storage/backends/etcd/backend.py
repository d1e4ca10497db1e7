"""`interface.Backend` on an etcd cluster, shared with other servers.

Called through `backends.open_backend`. Writes compare mod revisions in one transaction and bring back what is there on
conflict, as upstream's etcd3 store does (etcd3/store.go: GuaranteedUpdate).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import grpc
import grpc.aio

from kcompat.storage.backends.etcd.compaction import Compaction
from kcompat.storage.backends.etcd.connection import TIMEOUT, Connection, Tls, storage_error
from kcompat.storage.backends.etcd.messages import (
    COMPACT,
    CREATE,
    EQUAL,
    GREATER,
    LEASE_GRANT,
    LEASE_KEEP_ALIVE,
    LEASE_REVOKE,
    MOD,
    RANGE,
    STATUS,
    TXN,
    CompactionRequest,
    Compare,
    DeleteRangeRequest,
    LeaseGrantRequest,
    LeaseKeepAliveRequest,
    LeaseRevokeRequest,
    PutRequest,
    RangeRequest,
    RequestOp,
    StatusRequest,
    TxnRequest,
)
from kcompat.storage.backends.etcd.watch import EtcdWatch, key_value
from kcompat.storage.interface import (
    ABSENT,
    ANY,
    Compacted,
    Conflict,
    Expect,
    FutureRevision,
    Key,
    KeyValue,
    LeaseID,
    Page,
    Revision,
    Unavailable,
    Watch,
)

CHUNK: Final = 2000
"""Items per answer of etcd; longer ranges are read in several, all at one revision."""

RANGE_TIMEOUT: Final = 60.0


class EtcdBackend:
    """A store in the cluster at `endpoints`. `start` raises Unavailable when no member answers.

    `compaction_interval` in seconds (0: leave compaction to others) is kube-apiserver's --etcd-compaction-interval.
    """

    def __init__(self, endpoints: Sequence[str], *, tls: Tls | None = None, compaction_interval: float = 300.0) -> None:
        self._endpoints = endpoints
        self._connection = Connection(endpoints, tls or Tls())
        self._compaction = Compaction(self._connection, self.compact, compaction_interval)
        self._watches: set[EtcdWatch] = set()

    async def start(self) -> None:
        await self.revision()
        self._compaction.start()

    async def close(self) -> None:
        await self._compaction.close()
        for watch in list(self._watches):
            await watch.aclose()
        await self._connection.close()

    async def write(self, key: Key, value: bytes | None, *, expect: Revision | Expect = ANY, lease: LeaseID = 0) -> Revision:
        name = key.encode()
        if value is None and (expect is ABSENT or expect == 0):
            raise Conflict(key, (await self.get(key))[0])
        request = TxnRequest(compare=_comparison(name, value, expect), success=[_change(name, value, lease)], failure=[_look(name)])
        try:
            response = await self._connection.call(TXN, request, writing=True)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise KeyError(lease) from error
            raise storage_error(error) from error
        if not response.succeeded:
            found = response.responses[0].response_range.kvs
            raise Conflict(key, key_value(found[0]) if found else None)
        revision: Revision = response.header.revision
        return revision

    async def get(self, key: Key, *, at: Revision | None = None) -> tuple[KeyValue | None, Revision]:
        response = await self._range(RangeRequest(key=key.encode(), revision=_past(at)))
        kvs = response.kvs
        return key_value(kvs[0]) if kvs else None, at or response.header.revision

    async def range(
        self, prefix: Key, *, at: Revision | None = None, start: Key | None = None, limit: int | None = None
    ) -> Page:
        low, end = max(prefix, start or prefix).encode(), range_end(prefix)
        request = RangeRequest(key=low or b"\0", range_end=end, revision=_past(at), limit=CHUNK)
        if limit == 0:
            request.count_only = True
        elif limit is not None:
            request.limit = min(limit, CHUNK)
        response = await self._range(request)
        revision, count = at or response.header.revision, response.count
        items = [key_value(kv) for kv in response.kvs]
        wanted = count if limit is None else min(limit, count)
        while len(items) < wanted:
            following, limit = items[-1].key.encode() + b"\0", min(CHUNK, wanted - len(items))
            response = await self._range(RangeRequest(key=following, range_end=end, revision=revision, limit=limit))
            items += [key_value(kv) for kv in response.kvs]
        return Page(revision, items, count)

    async def revision(self) -> Revision:
        response = await self._range(RangeRequest(key=b"\0", count_only=True))
        revision: Revision = response.header.revision
        for watch in self._watches:
            watch.want(revision)
        return revision

    def watch(self, prefix: Key, *, after: Revision) -> Watch:
        watch = EtcdWatch(self._connection, prefix.encode() or b"\0", range_end(prefix), after, self._watches.discard)
        self._watches.add(watch)
        return watch

    async def compact(self, revision: Revision) -> None:
        try:
            await self._connection.call(COMPACT, CompactionRequest(revision=revision))
        except grpc.aio.AioRpcError as error:
            if "has been compacted" in (error.details() or ""):
                return
            raise await self._explained(error, revision) from error

    async def grant_lease(self, ttl: int) -> LeaseID:
        try:
            response = await self._connection.call(LEASE_GRANT, LeaseGrantRequest(TTL=ttl))
        except grpc.aio.AioRpcError as error:
            raise storage_error(error) from error
        lease: LeaseID = response.ID
        return lease

    async def keep_lease_alive(self, lease: LeaseID) -> None:
        member = self._connection.member
        try:
            stream = self._connection.stream(LEASE_KEEP_ALIVE, member)
            await stream.write(LeaseKeepAliveRequest(ID=lease))
            response = await stream.read()
            stream.cancel()
        except grpc.aio.AioRpcError as error:
            self._connection.failed(member)
            raise Unavailable(f"etcd: {error.details()}", maybe_applied=True) from error
        if response is grpc.aio.EOF or response.TTL <= 0:
            raise KeyError(lease)

    async def revoke_lease(self, lease: LeaseID) -> None:
        try:
            await self._connection.call(LEASE_REVOKE, LeaseRevokeRequest(ID=lease), writing=True)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise KeyError(lease) from error
            raise storage_error(error) from error

    async def size(self) -> int:
        size: int = (await self._connection.call(STATUS, StatusRequest())).dbSize
        return size

    async def _range(self, request: Any) -> Any:
        try:
            return await self._connection.call(RANGE, request, timeout=RANGE_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            raise await self._explained(error, request.revision) from error

    async def _explained(self, error: Any, revision: Revision) -> Exception:
        """etcd names neither the oldest nor the newest revision in its errors: ask."""
        if error.code() != grpc.StatusCode.OUT_OF_RANGE:
            return storage_error(error)
        if "future" in (error.details() or ""):
            return FutureRevision(await self.revision())
        return Compacted(await self._oldest(revision))

    async def _oldest(self, revision: Revision) -> Revision:
        """The oldest readable revision: a watch from a compacted one is told."""
        watch = self.watch("", after=revision - 1)
        try:
            async with asyncio.timeout(TIMEOUT):
                await anext(watch)
        except Compacted as compacted:
            return compacted.compact_revision
        except TimeoutError:
            pass
        finally:
            await watch.aclose()
        return revision + 1


def _comparison(key: bytes, value: bytes | None, expect: Revision | Expect) -> list[Any]:
    if expect is ANY:
        return [] if value is not None else [Compare(result=GREATER, target=CREATE, key=key, create_revision=0)]
    return [Compare(result=EQUAL, target=MOD, key=key, mod_revision=0 if expect is ABSENT else expect)]


def _change(key: bytes, value: bytes | None, lease: LeaseID) -> Any:
    if value is None:
        return RequestOp(request_delete_range=DeleteRangeRequest(key=key))
    return RequestOp(request_put=PutRequest(key=key, value=value, lease=lease))


def _look(key: bytes) -> Any:
    return RequestOp(request_range=RangeRequest(key=key))


def _past(at: Revision | None) -> Revision:
    """etcd takes 0 for now, the contract for the past."""
    if at is not None and at < 1:
        raise Compacted(1)
    return at or 0


def range_end(prefix: Key) -> bytes:
    """The key behind all that start with prefix; etcd's word for no end is a zero byte."""
    key = prefix.encode()
    return key[:-1] + bytes([key[-1] + 1]) if key else b"\0"
