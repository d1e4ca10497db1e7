"""The listener: aiohttp's low-level server, TLS, and the way between its requests and ours. Called by `cluster.py`.

Limits: bodies of 3 MiB, header lines of 8 KiB, slow clients (first request within 10 s, a body within 60 s).
Upstream: apiserver pkg/server/secure_serving.go.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from contextlib import aclosing
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from kcompat.api import negotiate, respond
from kcompat.api.request import Handler, Peer, Query, Request, Response, StreamResponse
from kcompat.apimachinery import errors

MAX_BODY = 3 * 1024 * 1024
_FIRST_REQUEST_SECONDS = 10.0
_BODY_SECONDS = 60.0
_GZIP_FROM = 128 * 1024
_LOOPBACK = ("127.", "::1", "::ffff:127.")


class Connection(RequestHandler):
    """One connection; remembers who is at the other end and drops clients that never ask anything."""

    __slots__ = ("_idle", "peer")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.peer: Peer | None = None
        self._idle: asyncio.TimerHandle | None = self._loop.call_later(_FIRST_REQUEST_SECONDS, self._drop)

    def _drop(self) -> None:
        if self.peer is None:
            self.force_close()

    def who(self) -> Peer:
        if self.peer is None:
            if self._idle is not None:
                self._idle.cancel()
            transport = self.transport
            tls = transport.get_extra_info("ssl_object") if transport is not None else None
            address = transport.get_extra_info("peername") if transport is not None else None
            certificate = tls.getpeercert(True) if tls is not None else None
            self.peer = Peer(address[0] if address else "", certificate)
        return self.peer

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._idle is not None:
            self._idle.cancel()
        super().connection_lost(exc)


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)


class Listener:
    """Serves a pipeline on host:port. `port` is the real one after start."""

    def __init__(self, handler: Handler, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._handler = handler
        self.host = host
        self.port = port
        self._context = context
        self._web: _Server | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises OSError when the address is taken."""
        self._web = _Server(
            self._serve,
            request_factory=_request,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=180.0,
            max_line_size=8190,
            max_field_size=8190,
            lingering_time=2.0,
        )
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._web, self.host, self.port, ssl=self._context, backlog=1024, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stops accepting, lets requests in flight end, closes what is left (watches)."""
        if self._server is not None:
            self._server.close()
        if self._web is not None:
            transports = [c.transport for c in self._web.connections if isinstance(c.transport, asyncio.WriteTransport)]
            await self._web.shutdown(2.0)
            for transport in transports:  # what waits for the other end's goodbye is not waited for
                transport.abort()
            await asyncio.sleep(0)

    async def _serve(self, raw: web.BaseRequest) -> web.StreamResponse:
        connection: Any = raw.protocol
        path, _, query = raw.raw_path.partition("?")
        request = Request(
            raw.method,
            unquote(path) if "%" in path else path,
            Query(query),
            raw.headers,
            _reader(raw),
            connection.who(),
            upgrade=raw,
        )
        answer = await self._handler(request)
        if isinstance(answer, StreamResponse):
            return await _stream(raw, answer)
        return await _complete(raw, request, answer)


def _request(message: RawRequestMessage, payload: StreamReader, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=MAX_BODY)


def _reader(raw: web.BaseRequest) -> Any:
    async def read() -> bytes:
        if not raw.body_exists:
            return b""
        length = raw.content_length
        if length is not None and length > MAX_BODY:
            raise errors.request_entity_too_large(f"limit is {MAX_BODY}")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await _limited(raw)
        except TimeoutError:
            raise errors.timeout("the request body did not arrive in time", 0) from None

    return read


async def _limited(raw: web.BaseRequest) -> bytes:
    chunks, size = [], 0
    while chunk := await raw.content.readany():
        size += len(chunk)
        if size > MAX_BODY:
            raise errors.request_entity_too_large(f"limit is {MAX_BODY}")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _complete(raw: web.BaseRequest, request: Request, answer: Response) -> web.Response:
    body = answer.body
    if answer.tree is not None and not body:
        body = respond.encode(answer.tree, negotiate.Output())
    headers = answer.headers
    headers["Content-Type"] = answer.content_type
    if len(body) >= _GZIP_FROM and _wants_gzip(request):
        body = await asyncio.get_running_loop().run_in_executor(None, _gzip, body)
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding"
    if raw.method == "HEAD":
        body = b""
    response = web.Response(body=body, status=answer.status, headers=_single(headers))
    _add_warnings(response, headers)
    return response


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
    response = web.StreamResponse(status=answer.status, headers={**_single(answer.headers), "Content-Type": answer.content_type})
    _add_warnings(response, answer.headers)
    response.enable_chunked_encoding()
    await response.prepare(raw)
    async with aclosing(answer.chunks):  # type: ignore[type-var]
        async for chunk in answer.chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


def tls_context(certificate_file: str, key_file: str, client_ca_file: str | None) -> ssl.SSLContext:
    """TLS 1.2 and up; client certificates are asked for and, when given, must be of the client CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate_file, key_file)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca_file:
        context.load_verify_locations(client_ca_file)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
