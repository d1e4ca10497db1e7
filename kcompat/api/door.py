"""Accepts connections. Those that begin with TLS get a protocol; those that speak plain HTTP are told so, as upstream does.

Called by `server.py`. Answers net/http server.go (`Client sent an HTTP request to an HTTPS server.`).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)

_TLS_HANDSHAKE = b"\x16"
_HTTP = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
_WRONG_DOOR = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
_BACKLOG = 1024


class Door:
    """Listens on an address and hands connections to protocols that `factory` makes. `seconds`: for the TLS handshake."""

    def __init__(self, factory: Callable[[], asyncio.BaseProtocol], context: ssl.SSLContext | None, seconds: float) -> None:
        self._factory = factory
        self._context = context
        self._seconds = seconds
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._entering: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> int:
        """Listens; returns the port, which port 0 leaves to the system. Raises OSError when the address is taken."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((info[0], info[4]) for info in found):
            self._sockets.append(_listening(family, (address[0], port)))
            port = self._sockets[0].getsockname()[1]
        self._accepting = [asyncio.create_task(self._accept(each), name="accept") for each in self._sockets]
        return port

    async def close(self) -> None:
        """Stops listening; connections that have entered stay."""
        tasks = [*self._accepting, *self._entering]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in self._sockets:
            each.close()
        self._sockets.clear()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:  # no more file descriptors
                log.error("cannot accept connections: %s", error)
                await asyncio.sleep(1)
            else:
                self._start(self._enter(connection))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def _enter(self, connection: socket.socket) -> None:
        handed_over = False
        try:
            if self._context is not None and not await self._speaks_tls(connection):
                return
            handed_over = True
            await self._hand_over(connection)
        except (OSError, TimeoutError) as error:  # broken handshakes are the client's affair
            log.debug("connection refused: %s", error)
        finally:
            if not handed_over:
                connection.close()

    async def _hand_over(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if self._context is None:
            await loop.connect_accepted_socket(self._factory, connection)
            return
        await loop.connect_accepted_socket(self._factory, connection, ssl=self._context, ssl_handshake_timeout=self._seconds)

    async def _speaks_tls(self, connection: socket.socket) -> bool:
        """Looks at the first bytes without taking them. False: the connection has been answered."""
        connection.setblocking(False)
        try:
            async with asyncio.timeout(self._seconds):
                await _readable(connection)
        except NotImplementedError:  # Windows' loop cannot tell
            return True
        first = connection.recv(5, socket.MSG_PEEK)
        if first.startswith(_TLS_HANDSHAKE):
            return True
        if first and any(method.startswith(first) for method in _HTTP):
            connection.send(_WRONG_DOOR)
            with suppress(OSError):  # what is left unread would cut the answer off
                connection.recv(1 << 16)
                connection.shutdown(socket.SHUT_WR)
        return False


def _listening(family: int, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.create_server(address, family=family, backlog=_BACKLOG)
    listening.setblocking(False)
    return listening


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(connection, ready.set_result, None)
    try:
        await ready
    finally:
        loop.remove_reader(connection)
