"""Streams of bytes over a WebSocket: watches and logs, for clients that ask for one. Called by the verbs and actions that answer with a stream.

Upstream: apiserver endpoints/handlers/watch.go:HandleWS, streaming pkg/httpstream/wsstream/stream.go.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress

from kcompat.api import websocket
from kcompat.api.hijack import Hijacked
from kcompat.api.negotiate import PROTOBUF
from kcompat.api.request import Request, StreamResponse, UpgradeResponse
from kcompat.api.websocket import BINARY, TEXT, WebSocket

_BYTES = {"": False, "binary.k8s.io": False, "base64.binary.k8s.io": True}
"""Subprotocols of plain bytes, and whether they are written as base64."""


def watch(request: Request, answer: StreamResponse) -> UpgradeResponse:
    """A message for each event: text for JSON, else binary."""
    binary = answer.content_type.startswith(PROTOBUF)

    async def serve(stream: Hijacked) -> None:
        assert answer.chunks is not None
        socket = await websocket.accept(stream, request.method, request.headers)

        async def send(socket: WebSocket, chunk: bytes) -> None:
            for event in _frames(chunk) if binary else chunk.splitlines(keepends=True):
                await socket.send(event, BINARY if binary else TEXT)

        await _pump(socket, answer.chunks, send)

    return UpgradeResponse(serve)


def plain(request: Request, chunks: AsyncIterator[bytes]) -> UpgradeResponse:
    """The bytes as they come, after an empty message that says that the stream is open."""

    async def serve(stream: Hijacked) -> None:
        socket = await websocket.accept(stream, request.method, request.headers, _BYTES)

        async def send(socket: WebSocket, chunk: bytes) -> None:
            if _BYTES[socket.protocol]:
                await socket.send(b64encode(chunk), TEXT)
            else:
                await socket.send(chunk)

        if socket is not None:
            await send(socket, b"")
        await _pump(socket, chunks, send)

    return UpgradeResponse(serve)


def _frames(chunk: bytes) -> Iterable[bytes]:
    """Frames of a watch in protobuf, without the lengths that stand before them over HTTP."""
    at = 0
    while at < len(chunk):
        end = at + 4 + int.from_bytes(chunk[at : at + 4])
        yield chunk[at + 4 : end]
        at = end


async def _pump(socket: WebSocket | None, chunks: AsyncIterator[bytes], send: Callable[[WebSocket, bytes], Awaitable[None]]) -> None:
    """Sends until the stream ends or the client closes."""
    async with aclosing(chunks):  # type: ignore[type-var]
        if socket is None:
            return
        listening = asyncio.create_task(socket.ignore())
        sending = asyncio.create_task(_send_all(socket, chunks, send))
        try:
            await asyncio.wait((listening, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, sending):
                task.cancel()
            await asyncio.gather(listening, sending, return_exceptions=True)
        await socket.close()


async def _send_all(socket: WebSocket, chunks: AsyncIterator[bytes], send: Callable[[WebSocket, bytes], Awaitable[None]]) -> None:
    with suppress(ConnectionError):
        async for chunk in chunks:
            await send(socket, chunk)
