"""The listener: aiohttp's low-level server, TLS, and the way between its requests and ours. Called by `cluster.py`.

Sizes and times that a client may take are `connection.Limits`. Upstream: apiserver pkg/server/secure_serving.go.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections.abc import Iterable
from contextlib import aclosing
from typing import Any
from urllib.parse import unquote

from aiohttp import HttpVersion10, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from kcompat.api import answers, hijack, negotiate, respond
from kcompat.api.connection import Connection, Limits, plain
from kcompat.api.door import Door
from kcompat.api.request import Handler, Pieces, Query, Request, Response, StreamResponse, UpgradeResponse
from kcompat.apimachinery import errors
from kcompat.registry import fan_out

_BAD_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")
_GZIP_FROM = 128 * 1024
_LOOPBACK = ("127.", "::1", "::ffff:127.")


class _Server(web.Server):
    """Makes connections with our limits."""

    limits = Limits()

    def __call__(self) -> RequestHandler:
        return Connection(self, self._loop, self.limits)


class Listener:
    """Serves a pipeline on host:port. `port` is the real one after start."""

    def __init__(self, handler: Handler, host: str, port: int, context: ssl.SSLContext | None, limits: Limits | None = None) -> None:
        self._handler = handler
        self.host = host
        self.port = port
        self._context = context
        self._limits = limits or Limits()
        self._web: _Server | None = None
        self._door: Door | None = None

    async def start(self) -> None:
        """Raises OSError when the address is taken."""
        self._web = _Server(self._serve, request_factory=_request, handler_cancellation=True)
        self._web.limits = self._limits
        self._door = Door(self._web, self._context, self._limits.first_request)
        self.port = await self._door.open(self.host, self.port)

    async def close(self) -> None:
        """Stops accepting, lets requests in flight end, closes what is left (watches)."""
        if self._door is not None:
            await self._door.close()
        if self._web is not None:
            transports = [c.transport for c in self._web.connections if isinstance(c.transport, asyncio.WriteTransport)]
            await self._web.shutdown(2.0)
            for transport in transports:  # what waits for the other end's goodbye is not waited for
                transport.abort()
            await asyncio.sleep(0)

    async def _serve(self, raw: web.BaseRequest) -> web.StreamResponse:
        connection: Any = raw.protocol
        path, _, query = raw.raw_path.partition("?")
        if path[:1] != "/":
            path = _path_of(path)
        if raw.version < HttpVersion10 or ("%" in path and _BAD_ESCAPE.search(path)):
            return plain("400 Bad Request")
        request = Request(
            raw.method,
            unquote(path) if "%" in path else path,
            Query(query),
            raw.headers,
            _reader(raw, self._limits),
            connection.who(),
        )
        answer = await self._handler(request)
        if isinstance(answer, StreamResponse):
            return await _stream(raw, answer)
        if isinstance(answer, UpgradeResponse):
            return await hijack.serve(raw, answer)
        if isinstance(answer.body, Pieces):
            return await _long(raw, request, answer, answer.body)
        return await _complete(raw, request, answer, answer.body)


def _request(message: RawRequestMessage, payload: StreamReader, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop())


def _path_of(target: str) -> str:
    """The path of a target in absolute form, which proxies send."""
    scheme, separator, rest = target.partition("://")
    return "/" + rest.partition("/")[2] if separator and scheme in ("http", "https") else target


def _reader(raw: web.BaseRequest, limits: Limits) -> Any:
    async def read() -> bytes:
        if not raw.body_exists:
            return b""
        length = raw.content_length
        if length is not None and length > limits.body_bytes:
            raise errors.request_entity_too_large(f"limit is {limits.body_bytes}")
        if raw.headers.get("Expect", "").lower() == "100-continue" and raw.transport is not None:
            raw.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            async with asyncio.timeout(limits.body):
                return await _limited(raw, limits.body_bytes)
        except TimeoutError:
            raise errors.timeout("the request body did not arrive in time", 0) from None
        except RequestPayloadError:
            raise errors.StatusError(500, "", "invalid byte in chunk length") from None

    return read


async def _limited(raw: web.BaseRequest, limit: int) -> bytes:
    chunks, size = [], 0
    while chunk := await raw.content.readany():
        size += len(chunk)
        if size > limit:
            raise errors.request_entity_too_large(f"limit is {limit}")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _complete(raw: web.BaseRequest, request: Request, answer: Response, body: bytes) -> web.Response:
    if answer.tree is not None and not body:
        body = respond.encode(answer.tree, negotiate.Output())
    headers = answer.headers
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    if len(body) >= _GZIP_FROM and _wants_gzip(request):
        body = await asyncio.get_running_loop().run_in_executor(None, _gzip, body)
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
    if raw.method == "HEAD":
        body = b""
    response = (answers.Whole if answer.content_type else answers.Untyped)(body=body, status=answer.status, headers=_single(headers))
    _add_warnings(response, headers)
    if answer.status == 413:  # the rest of the body would follow
        response.force_close()
    return response


async def _long(raw: web.BaseRequest, request: Request, answer: Response, body: Pieces) -> web.StreamResponse:
    """Piece by piece, each when the client has taken most of those before it."""
    headers = {**_single(answer.headers), "Content-Type": answer.content_type}
    compressed = _wants_gzip(request)
    if compressed:
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    response = answers.Streamed(status=answer.status, headers=headers)
    _add_warnings(response, answer.headers)
    if compressed:
        response.enable_chunked_encoding()
    else:
        response.content_length = body.length
    await response.prepare(raw)
    if raw.method != "HEAD":
        if compressed:
            await _write_compressed(response, body.pieces)
        else:
            for piece in body.pieces:
                await response.write(piece)
    await response.write_eof()
    return response


async def _write_compressed(response: web.StreamResponse, pieces: Iterable[bytes]) -> None:
    loop = asyncio.get_running_loop()
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in pieces:
        if compressed := await loop.run_in_executor(None, compressor.compress, piece):
            await response.write(compressed)
    await response.write(compressor.flush())


def _single(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Warning"} if "Warning" in headers else headers


def _add_warnings(response: web.StreamResponse, headers: dict[str, str]) -> None:
    if "Warning" in headers:
        for line in headers["Warning"].split("\n"):
            response.headers.add("Warning", line)


def _wants_gzip(request: Request) -> bool:
    """Compression pays on a network; on loopback it only costs."""
    if request.peer.address.startswith(_LOOPBACK):
        return False
    return "gzip" in request.headers.get("Accept-Encoding", "")


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31)
    return compressor.compress(body) + compressor.flush()


async def _stream(raw: web.BaseRequest, answer: StreamResponse) -> web.StreamResponse:
    assert answer.chunks is not None
    response = answers.Streamed(status=answer.status, headers={**_single(answer.headers), "Content-Type": answer.content_type})
    _add_warnings(response, answer.headers)
    response.enable_chunked_encoding()
    async with aclosing(answer.chunks):  # type: ignore[type-var]
        await response.prepare(raw)
        if isinstance(answer.chunks, fan_out.Stream):
            await answer.chunks.pipe(_Outlet(raw.protocol))
        else:
            async for chunk in answer.chunks:
                await response.write(chunk)
    await response.write_eof()
    return response


class _Outlet:
    """`fan_out.Outlet` of a connection whose answer has begun: past aiohttp's writer, which would frame the same chunk for each."""

    __slots__ = ("_connection",)

    def __init__(self, connection: RequestHandler) -> None:
        self._connection = connection

    @property
    def paused(self) -> bool:
        return self._connection.writing_paused

    def write(self, chunk: fan_out.Chunk) -> None:
        transport = self._connection.transport
        if transport is not None and not transport.is_closing():
            transport.write(chunk.framed)

    async def drain(self) -> None:
        await self._connection._drain_helper()


def tls_context(certificate_file: str, key_file: str, client_ca_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 and up; client certificates are asked for and, when given, must be of the client CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate_file, key_file)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca_file:
        context.load_verify_locations(client_ca_file)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an authority may itself be signed by another
    return context
