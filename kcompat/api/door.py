"""Accepts connections. Those that begin with TLS get a protocol; those that speak plain HTTP are told so, as upstream does.

Called by `server.py`. Answers net/http server.go (`Client sent an HTTP request to an HTTPS server.`).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)

_TLS_HANDSHAKE = b"\x16"
_HTTP = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
_WRONG_DOOR = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
_BACKLOG = 1024
_AT_ONCE = 64
_PAUSE = 1.0
"""Seconds without accepting once the system has no more file descriptors for us."""


class Door:
    """Listens on an address and hands connections to protocols that `factory` makes. `seconds`: for the TLS handshake."""

    def __init__(self, factory: Callable[[], asyncio.BaseProtocol], context: ssl.SSLContext | None, seconds: float) -> None:
        self._factory = factory
        self._context = context
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._entering: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> int:
        """Listens; returns the port, which port 0 leaves to the system. Raises OSError when the address is taken."""
        loop = self._loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((info[0], info[4]) for info in found):
            listening = socket.create_server((address[0], port), family=family, backlog=_BACKLOG)
            listening.setblocking(False)
            self._sockets.append(listening)
            port = self._sockets[0].getsockname()[1]
        try:
            self._resume()
        except NotImplementedError:  # Windows' loop: there, plain HTTP gets no answer
            for listening in self._sockets:
                self._servers.append(await loop.create_server(self._factory, sock=listening, ssl=self._context))
        return port

    async def close(self) -> None:
        """Stops listening; connections that have entered stay."""
        for server in self._servers:
            server.close()
        for each in self._sockets:
            with suppress(NotImplementedError):
                self._loop.remove_reader(each)
            each.close()
        self._sockets.clear()
        for task in self._entering:
            task.cancel()
        await asyncio.gather(*self._entering, return_exceptions=True)

    def _resume(self) -> None:
        for listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("cannot accept connections: %s", error)
                self._loop.remove_reader(listening)
                self._loop.call_later(_PAUSE, self._resume)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._enter(connection))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _enter(self, connection: socket.socket) -> None:
        handed_over = False
        try:
            if self._context is None or await self._speaks_tls(connection):
                handed_over = True
                await self._hand_over(connection)
        except (OSError, TimeoutError) as error:  # broken handshakes are the client's affair
            log.debug("connection refused: %s", error)
        finally:
            if not handed_over:
                connection.close()

    async def _hand_over(self, connection: socket.socket) -> None:
        tls: dict[str, Any] = {} if self._context is None else {"ssl": self._context, "ssl_handshake_timeout": self._seconds}
        await self._loop.connect_accepted_socket(self._factory, connection, **tls)

    async def _speaks_tls(self, connection: socket.socket) -> bool:
        """Looks at the first bytes without taking them. False: the connection has been answered."""
        async with asyncio.timeout(self._seconds):
            await self._readable(connection)
        first = connection.recv(5, socket.MSG_PEEK)
        if first.startswith(_TLS_HANDSHAKE):
            return True
        if first and any(method.startswith(first) for method in _HTTP):
            connection.send(_WRONG_DOOR)
            with suppress(OSError):  # what is left unread would cut the answer off
                connection.recv(1 << 16)
                connection.shutdown(socket.SHUT_WR)
        return False

    async def _readable(self, connection: socket.socket) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(connection, ready.set_result, None)
        try:
            await ready
        finally:
            self._loop.remove_reader(connection)
