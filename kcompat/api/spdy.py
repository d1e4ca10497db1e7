"""SPDY/3.1, the server's end: several streams over one connection, as old clients and port-forward use it. Called by `pod_streams.py`
and `port_forward.py`.

As upstream's library (moby/spdystream) it knows no flow control. Frames: the SPDY protocol, draft 3.1.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol

UPGRADE = "SPDY/3.1"
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY = 1, 2, 3, 6, 7
_CONTROL = 0x80030000
_FIN = 1
_CANCEL, _PROTOCOL_ERROR = 5, 1
_MOST_FRAME = 1 << 20
_MOST_HEADERS = 1 << 16
_MOST_STREAMS = 1000
_DATA_BYTES = 1 << 16
_WAITING = 64
"""Pieces that may wait on a stream to be read."""

_NAMES = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization "
    "cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range "
    "content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified "
    "location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding "
    "upgrade user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin"
)
_REST = (
    b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No "
    b"Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 "
    b"Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,"
    b"image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,"
    b"sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(struct.pack(">I", len(name)) + name.replace("_", " ").encode() for name in _NAMES.split(" ")) + _REST
"""What both ends have seen before the first header (section 2.6.10.1)."""


class Carrier(Protocol):
    """The bytes below: a hijacked connection, or a WebSocket's messages. Raise ConnectionError or IncompleteReadError when it is gone."""

    async def readexactly(self, count: int) -> bytes: ...

    async def write(self, data: bytes) -> None: ...


class Stream:
    """One stream, opened by the client. headers: names in lower case."""

    def __init__(self, connection: Connection, number: int, headers: Mapping[str, str]) -> None:
        self.number = number
        self.headers = headers
        self._connection = connection
        self._input: asyncio.Queue[bytes] = asyncio.Queue(_WAITING)
        self._ended = False
        self._closed = False

    async def read(self) -> bytes:
        """What came next; b"" once the client has ended its side."""
        if self._ended:
            return b""
        data = await self._input.get()
        self._ended = not data
        return data

    async def write(self, data: bytes) -> None:
        for at in range(0, len(data), _DATA_BYTES):
            await self._connection.send_data(self.number, data[at : at + _DATA_BYTES])

    async def close(self) -> None:
        """Ends our side."""
        if not self._closed:
            self._closed = True
            await self._connection.send_data(self.number, b"", end=True)

    async def reset(self) -> None:
        self._closed = True
        await self._connection.reset(self.number, _CANCEL)

    async def take(self, data: bytes) -> None:
        await self._input.put(data)


class Connection:
    """Reads frames; gives new streams out."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._streams: dict[int, Stream] = {}
        self._last = 0
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._sending = asyncio.Lock()

    async def streams(self) -> AsyncIterator[Stream]:
        """Streams as the client opens them, until it goes. Raises ConnectionError and IncompleteReadError."""
        while True:
            first, second = struct.unpack(">II", await self._carrier.readexactly(8))
            flags, length = second >> 24, second & 0xFFFFFF
            if length > _MOST_FRAME:
                raise ConnectionError("frame too large")
            body = await self._carrier.readexactly(length)
            if not first >> 31:
                await self._data(first, body, flags)
            elif first >> 16 != _CONTROL >> 16:
                raise ConnectionError("not SPDY/3")
            elif (kind := first & 0xFFFF) == _SYN_STREAM:
                yield await self._opened(body, flags)
            elif kind == _PING:
                await self._send(_control(_PING, body))
            elif kind == _RST_STREAM:
                await self._over(struct.unpack(">I", body[:4])[0])
            elif kind == _GOAWAY:
                return

    async def _opened(self, body: bytes, flags: int) -> Stream:
        number = struct.unpack(">I", body[:4])[0] & 0x7FFFFFFF
        if len(self._streams) >= _MOST_STREAMS:
            raise ConnectionError("too many streams")
        stream = self._streams[number] = Stream(self, number, self._headers(body[10:]))
        self._last = number
        if flags & _FIN:
            await stream.take(b"")
        await self._send(_control(_SYN_REPLY, struct.pack(">I", number) + self._packed({})))
        return stream

    async def _data(self, number: int, data: bytes, flags: int) -> None:
        stream = self._streams.get(number)
        if stream is None:
            await self.reset(number, _PROTOCOL_ERROR)
            return
        if data:
            await stream.take(data)
        if flags & _FIN:
            await self._over(number)

    async def _over(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            await stream.take(b"")

    async def send_data(self, number: int, data: bytes, *, end: bool = False) -> None:
        await self._send(struct.pack(">II", number, (_FIN if end else 0) << 24 | len(data)) + data)

    async def reset(self, number: int, status: int) -> None:
        self._streams.pop(number, None)
        await self._send(_control(_RST_STREAM, struct.pack(">II", number, status)))

    async def close(self) -> None:
        """Says goodbye; the carrier is its owner's to close."""
        await self._send(_control(_GOAWAY, struct.pack(">II", self._last, 0)))

    async def _send(self, frame: bytes) -> None:
        async with self._sending:
            await self._carrier.write(frame)

    def _headers(self, block: bytes) -> dict[str, str]:
        """Raises ConnectionError for what cannot be read: the compression of all that follows depends on it."""
        try:
            plain = self._inflate.decompress(block, _MOST_HEADERS)
            count, at, found = struct.unpack(">I", plain[:4])[0], 4, {}
            for _ in range(count):
                name, at = _text(plain, at)
                value, at = _text(plain, at)
                found[name.lower()] = value.split("\0")[0]
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise ConnectionError(f"unreadable headers: {error}") from None
        return found

    def _packed(self, headers: Mapping[str, str]) -> bytes:
        plain = struct.pack(">I", len(headers))
        for text in (text.encode() for pair in headers.items() for text in pair):
            plain += struct.pack(">I", len(text)) + text
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def _text(plain: bytes, at: int) -> tuple[str, int]:
    end = at + 4 + struct.unpack(">I", plain[at : at + 4])[0]
    return plain[at + 4 : end].decode(), end


def _control(kind: int, body: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | kind, len(body)) + body


# -- the handshake


async def handshake(write: Callable[[bytes], Awaitable[None]], offered: str, supported: tuple[str, ...]) -> str | None:
    """Answers the upgrade; the protocol agreed on, or None: the client was refused (httpstream.Handshake)."""
    names = [name.strip() for name in offered.split(",") if name.strip()]
    if not names:
        await write(_refusal("400 Bad Request", "unable to upgrade: header X-Stream-Protocol-Version does not exist in request"))
        return None
    chosen = next((name for name in names if name in supported), None)
    if chosen is None:
        accepted = "".join(f"X-Accepted-Stream-Protocol-Versions: {name}\r\n" for name in supported)
        said = f"unable to upgrade: unable to negotiate protocol: client supports [{' '.join(names)}], server accepts [{' '.join(supported)}]"
        await write(_refusal("403 Forbidden", said, accepted))
        return None
    lines = ("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", f"Upgrade: {UPGRADE}", f"X-Stream-Protocol-Version: {chosen}")
    await write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    return chosen


def _refusal(status: str, text: str, headers: str = "") -> bytes:
    body = f"{text}\n".encode()
    return f"HTTP/1.1 {status}\r\n{headers}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
