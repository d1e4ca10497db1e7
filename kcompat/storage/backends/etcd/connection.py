"""The way to an etcd cluster: one channel per member, one member in use, the next one when it fails.

Called by `backend.py`, `watch.py` and `compaction.py`. Turns gRPC's errors into the contract's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import grpc
import grpc.aio

from kcompat.storage.backends.etcd.messages import Method
from kcompat.storage.interface import StorageError, Unavailable

TIMEOUT: Final = 10.0
"""Seconds for one answer. An etcd member itself gives up after about 7."""

PATIENCE, PAUSE = 3.0, 0.03
"""Seconds for which a call is tried again while no member takes it (a restart, an election), and between attempts."""

_METADATA: Final = (("hasleader", "true"),)
"""A member that is cut off from the leader refuses at once instead of letting us wait."""

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
)

_NOT_SENT: Final = (
    "failed to connect",
    "connections to all backends failing",
    "DNS resolution failed",
    "etcdserver: no leader",
    "etcdserver: too many requests",
    "etcdserver: mvcc: database space exceeded",
    "etcdserver: not capable",
)
"""Beginnings of errors after which a write certainly was not applied."""

_UNAVAILABLE: Final = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.DATA_LOSS,
)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files, as kube-apiserver's --etcd-cafile, --etcd-certfile and --etcd-keyfile. None: the system's roots; no certificate."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def credentials(self) -> Any:
        read = [Path(file).read_bytes() if file else None for file in (self.ca_file, self.key_file, self.cert_file)]
        return grpc.ssl_channel_credentials(*read)


class Connection:
    """Calls to whichever member answers. `endpoints` are URLs or host:port, which take the first one's scheme."""

    def __init__(self, endpoints: Sequence[str], tls: Tls) -> None:
        self._targets = _targets(endpoints)
        self._tls = tls
        self._channels: dict[int, Any] = {}
        self._stubs: dict[tuple[str, int], Any] = {}
        self._current = 0

    async def close(self) -> None:
        channels, self._channels, self._stubs, self._targets = self._channels, {}, {}, []
        for channel in channels.values():
            await channel.close()

    @property
    def member(self) -> int:
        """Number of the member in use; hand it to `failed` when it fails."""
        return self._current

    def failed(self, member: int) -> None:
        """Turns to the next member, unless somebody else has already."""
        if self._targets and member == self._current:
            self._current = (member + 1) % len(self._targets)

    async def call(self, method: Method, request: Any, *, writing: bool = False, timeout: float = TIMEOUT) -> Any:
        """One request, one response. What cannot have been applied is tried again, at all members in turn, for PATIENCE seconds.

        Raises Unavailable, or grpc.aio.AioRpcError for an answer that only the caller can interpret.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while True:
            member = self._current
            try:
                return await self._stub(method, member)(request, timeout=timeout, metadata=_METADATA)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _UNAVAILABLE:
                    raise
                maybe_applied = writing and not (error.details() or "").startswith(_NOT_SENT)
                self.failed(member)
                if maybe_applied or error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED or loop.time() > deadline:
                    raise Unavailable(f"etcd: {error.details()}", maybe_applied=maybe_applied) from error
            await asyncio.sleep(PAUSE)

    def _stub(self, method: Method, member: int) -> Any:
        stub = self._stubs.get((method.path, member))
        if stub is None:
            stub = self._stubs[method.path, member] = self._channel(member).unary_unary(
                method.path, request_serializer=method.serialize, response_deserializer=method.deserialize
            )
        return stub

    def stream(self, method: Method, member: int) -> Any:
        """A stream in both directions to one member."""
        stub = self._channel(member).stream_stream(
            method.path, request_serializer=method.serialize, response_deserializer=method.deserialize
        )
        return stub(metadata=_METADATA)

    def _channel(self, member: int) -> Any:
        if not self._targets:
            raise Unavailable("the store is closed")
        channel = self._channels.get(member)
        if channel is None:
            secure, target = self._targets[member]
            if secure:
                channel = grpc.aio.secure_channel(target, self._tls.credentials(), options=_OPTIONS)
            else:
                channel = grpc.aio.insecure_channel(target, options=_OPTIONS)
            self._channels[member] = channel
        return channel


def storage_error(error: Any) -> StorageError:
    """An answer of etcd that is not for retrying."""
    return StorageError(f"etcd: {error.details()}")


def _targets(endpoints: Sequence[str]) -> list[tuple[bool, str]]:
    """(is TLS, host:port) of each endpoint. Raises ValueError."""
    targets: list[tuple[bool, str]] = []
    scheme = "http"
    for endpoint in endpoints:
        url = urlsplit(endpoint if "://" in endpoint else f"{scheme}://{endpoint}")
        scheme = url.scheme
        if scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/"):
            raise ValueError(f"not an etcd endpoint: {endpoint!r}")
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        targets.append((scheme == "https", f"{host}:{url.port or 2379}"))
    if not targets:
        raise ValueError("no etcd endpoint")
    return targets
