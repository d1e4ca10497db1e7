"""Port-forward to simulated pods, over SPDY, SPDY in a WebSocket, or a WebSocket's channels. Called by `pod_streams.py`.

Upstream: cri-streaming pkg/streaming/portforward, apiserver pkg/util/proxy/streamtunnel.go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from kcompat.api import spdy, websocket
from kcompat.api.hijack import Hijacked
from kcompat.api.request import Request
from kcompat.api.spdy import Connection, Stream
from kcompat.api.spdy_commands import HijackedCarrier
from kcompat.api.websocket import WebSocket
from kcompat.apimachinery.remote_command import CommandFailed, Streams

PROTOCOL = "portforward.k8s.io"
TUNNELLED = f"SPDY/3.1+{PROTOCOL}"
_CHANNELS = ("", "v4.channel.k8s.io", "v4.base64.channel.k8s.io")
log = logging.getLogger(__name__)

Forward = Callable[[int, Streams], Awaitable[None]]
"""Carries bytes to and from a port. Raises CommandFailed."""


async def serve(stream: Hijacked, request: Request, pod: str, ports: Sequence[int], forward: Forward) -> None:
    """Speaks as the client asked to. pod: how errors name it."""
    if not websocket.is_requested(request.headers):
        if await spdy.handshake(stream.write, request.headers.get("X-Stream-Protocol-Version", ""), (PROTOCOL,)) is not None:
            await _pairs(Connection(HijackedCarrier(stream)), pod, forward)
        return
    protocols = (TUNNELLED,) if TUNNELLED in websocket.subprotocols(request.headers) else _CHANNELS
    socket = await websocket.accept(stream, request.method, request.headers, protocols)
    if socket is None:
        return
    if socket.protocol == TUNNELLED:
        await _tunnelled(socket, pod, forward)
    else:
        await _channels(socket, pod, ports, forward)


class _Tunnel:
    """spdy.Carrier over a WebSocket, whose messages are pieces of one stream of bytes."""

    def __init__(self, socket: WebSocket) -> None:
        self.write = socket.send
        self._socket = socket
        self._read = bytearray()

    async def readexactly(self, count: int) -> bytes:
        while len(self._read) < count:
            message = await self._socket.receive()
            if message is None:
                raise asyncio.IncompleteReadError(bytes(self._read), count)
            self._read += message
        found = bytes(self._read[:count])
        del self._read[:count]
        return found


async def _tunnelled(socket: WebSocket, pod: str, forward: Forward) -> None:
    try:
        await _pairs(Connection(_Tunnel(socket)), pod, forward)
    finally:
        await socket.close()


async def _pairs(connection: Connection, pod: str, forward: Forward) -> None:
    """For every connection to a port the client opens a stream for data and one for errors."""
    waiting: dict[str, dict[str, Stream]] = {}
    running: set[asyncio.Task[None]] = set()
    try:
        async for stream in connection.streams():
            name = stream.headers.get("requestid", "")
            pair = waiting.setdefault(name, {})
            pair[stream.headers.get("streamtype", "")] = stream
            if {"data", "error"} <= pair.keys():
                del waiting[name]
                task = asyncio.create_task(_one(pair["data"], pair["error"], pod, forward))
                running.add(task)
                task.add_done_callback(running.discard)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class _Data:
    """remote_command.Streams over a stream that carries bytes both ways."""

    terminal = False

    def __init__(self, stream: Stream) -> None:
        self.read = stream.read
        self._stream = stream

    async def write(self, data: bytes, *, error: bool = False) -> None:
        await self._stream.write(data)


async def _one(data: Stream, errors: Stream, pod: str, forward: Forward) -> None:
    text = data.headers.get("port", "")
    port = int(text) if text.isdigit() else 0
    with suppress(ConnectionError):
        try:
            await forward(port, _Data(data))
        except CommandFailed as failure:
            await errors.write(_failed(port, pod, failure))
            await data.reset()
        else:
            await data.close()
        await errors.close()


def _failed(port: int, pod: str, failure: CommandFailed) -> bytes:
    log.debug("port-forward: %s", failure)
    return f"error forwarding port {port} to pod {pod}: {failure}".encode()


async def _channels(socket: WebSocket, pod: str, ports: Sequence[int], forward: Forward) -> None:
    """Two channels for each port, the second for errors; both begin with the port's number."""
    from kcompat.api.channels import PortChannels

    channels = PortChannels(socket, ports)
    await channels.open()
    listening = asyncio.create_task(channels.listen())

    async def one(index: int, port: int) -> None:
        try:
            await forward(port, channels.data(index))
        except CommandFailed as failure:
            await channels.send(2 * index + 1, _failed(port, pod, failure))

    working = asyncio.gather(*(one(index, port) for index, port in enumerate(ports)))
    try:
        await asyncio.wait((listening, asyncio.ensure_future(working)), return_when=asyncio.FIRST_COMPLETED)
    finally:
        listening.cancel()
        working.cancel()
        await asyncio.gather(listening, working, return_exceptions=True)
    await socket.close()
