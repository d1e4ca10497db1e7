"""WebSockets, the server's end (RFC 6455). Called by `streaming.py` and the actions that stream.

Says and refuses what upstream's server does (golang.org/x/net/websocket, streaming pkg/httpstream/wsstream).
"""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Collection, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from kcompat.api.hijack import Hijacked
from kcompat.auth.authentication import other_subprotocols

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MOST_BYTES = 32 << 20
"""Of a message received."""
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_NORMAL = (1000).to_bytes(2)


class Broken(ConnectionError):
    """The client does not keep to the protocol."""


def is_requested(headers: Mapping[str, str]) -> bool:
    """Does the request ask to go on as a WebSocket (wsstream.IsWebSocketRequest)?"""
    return headers.get("Upgrade", "").lower() == "websocket" and "upgrade" in headers.get("Connection", "").lower()


def subprotocols(headers: Mapping[str, str]) -> list[str]:
    """Those that the client offers, best first; a token among them is not one."""
    offered = other_subprotocols(headers.get("Sec-WebSocket-Protocol", ""))
    return [name.strip() for name in offered.split(",")] if offered.strip() else []


async def accept(
    stream: Hijacked, method: str, headers: Mapping[str, str], protocols: Collection[str] | None = None
) -> WebSocket | None:
    """Shakes hands; None: the client was refused.

    protocols: those that may be agreed on, "" for none. None: whatever single one the client names, but it has to name its origin.
    """
    refused = _refusal(method, headers)
    offered = subprotocols(headers)
    if refused is None and protocols is None:
        refused = "403 Forbidden\r\n\r\n" if not _has_origin(headers) else "400 Bad Request\r\n\r\n" if len(offered) > 1 else None
    elif refused is None and protocols is not None:
        offered = [name for name in offered or [""] if name in protocols][:1]
        refused = None if offered else "403 Forbidden\r\n\r\n"
    if refused is not None:
        await stream.write(f"HTTP/1.1 {refused}".encode())
        return None
    protocol = offered[0] if offered else ""
    accepted = b64encode(hashlib.sha1((headers["Sec-WebSocket-Key"] + _GUID).encode(), usedforsecurity=False).digest()).decode()
    answer = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accepted}\r\n"
    await stream.write(f"{answer}Sec-WebSocket-Protocol: {protocol}\r\n\r\n".encode() if protocol else f"{answer}\r\n".encode())
    return WebSocket(stream, protocol)


def _refusal(method: str, headers: Mapping[str, str]) -> str | None:
    """Status, headers and text for a handshake that is none (hybiServerHandshaker.ReadHandshake)."""
    if method != "GET":
        return "405 Method Not Allowed\r\n\r\nbad method"
    if not headers.get("Sec-WebSocket-Key"):
        return "400 Bad Request\r\n\r\nmismatch challenge/response"
    if headers.get("Sec-WebSocket-Version") != "13":
        return "400 Bad Request\r\nSec-WebSocket-Version: 13\r\n\r\nmissing or bad WebSocket Version"
    return None


def _has_origin(headers: Mapping[str, str]) -> bool:
    """A page's address; "null" and what is no address do not count (checkOrigin)."""
    with suppress(ValueError):
        parts = urlsplit(headers.get("Origin", ""))
        return bool(parts.scheme) or parts.path.startswith("/")
    return False


class WebSocket:
    """An open connection. One task may receive while another sends."""

    def __init__(self, stream: Hijacked, protocol: str) -> None:
        self.protocol = protocol
        self._stream = stream
        self._sending = asyncio.Lock()

    async def send(self, message: bytes, kind: int = BINARY) -> None:
        """Raises ConnectionError when the client is gone."""
        async with self._sending:
            await self._stream.write(_header(kind, len(message)) + message)

    async def receive(self) -> bytes | None:
        """The next message; None: the client has closed. Raises ConnectionError and IncompleteReadError when it is gone."""
        message = b""
        while True:
            kind, final, data = await self._frame(MOST_BYTES - len(message))
            if kind == CLOSE:
                return None
            if kind == PING:
                await self.send(data, PONG)
            elif kind in (CONTINUATION, TEXT, BINARY):
                message += data
                if final:
                    return message

    async def ignore(self) -> None:
        """Returns when the client closes; what it says until then is not heard."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self.receive() is not None:
                pass

    async def close(self) -> None:
        with suppress(ConnectionError):
            await self.send(_NORMAL, CLOSE)
        self._stream.close()

    async def _frame(self, most: int) -> tuple[int, bool, bytes]:
        read = self._stream.reader.readexactly
        first, second = await read(2)
        length = second & 0x7F
        if length > 125:
            length = int.from_bytes(await read(2 if length == 126 else 8))
        if not second & 0x80 or first & 0x70 or length > most or (first & 0x8 and length > 125):
            raise Broken("unreadable frame")
        mask = await read(4)
        return first & 0x0F, bool(first & 0x80), _unmasked(await read(length), mask)


def _header(kind: int, length: int) -> bytes:
    if length < 126:
        return bytes((0x80 | kind, length))
    return bytes((0x80 | kind, 126)) + length.to_bytes(2) if length < 1 << 16 else bytes((0x80 | kind, 127)) + length.to_bytes(8)


def _unmasked(data: bytes, mask: bytes) -> bytes:
    """Exclusive or with the mask over and over, as two large numbers."""
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data) ^ int.from_bytes(key)).to_bytes(size)
