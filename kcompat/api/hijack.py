"""A connection taken over from HTTP: bytes both ways, for WebSockets, SPDY and proxied upgrades. Called by `server.py`.

Upstream: net/http's Hijacker.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import web

from kcompat.api.request import UpgradeResponse

if TYPE_CHECKING:
    from kcompat.api.connection import Connection

log = logging.getLogger(__name__)


class Hijacked:
    """The client's end. Reading at the end of the stream gives b"" or raises IncompleteReadError; writing to who is gone, ConnectionError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.reader = connection.take_over()

    async def write(self, data: bytes) -> None:
        """Waits while the client does not take what it was sent."""
        transport = self._connection.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        transport.write(data)
        await self._connection._drain_helper()

    def close(self) -> None:
        """What was written is still sent."""
        if self._connection.transport is not None:
            self._connection.transport.close()


class _Over(web.StreamResponse):
    """Tells aiohttp that all has been said on this connection."""

    async def prepare(self, request: web.BaseRequest) -> Any:
        self.force_close()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


async def serve(raw: web.BaseRequest, answer: UpgradeResponse) -> web.StreamResponse:
    """Lets the answer speak with the client as long as it likes."""
    connection: Any = raw.protocol
    stream = Hijacked(connection)
    try:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await answer.serve(stream)
    except Exception:
        log.exception("%s failed after its upgrade", raw.path)
    finally:
        stream.close()
    return _Over()
