"""Passes requests on to a kubelet, a pod or a service's endpoint, and their answers back. Called by the proxy, exec, attach, port-forward
and log actions.

Upstream: apimachinery pkg/util/proxy/{upgradeaware,transport}.go.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote as url_quote
from urllib.parse import urlencode, urlsplit

from kcompat.api import streaming, websocket
from kcompat.api.hijack import Hijacked
from kcompat.api.kubelets import Location
from kcompat.api.request import Answer, Request, Response, StreamResponse, UpgradeResponse
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.auth.authentication import other_subprotocols

_DIAL_SECONDS = 30.0
_HOP_BY_HOP = frozenset(
    ("connection", "proxy-connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade")
)
_CORS = frozenset(f"access-control-allow-{name}" for name in ("credentials", "headers", "methods", "origin"))
_CHUNK = 1 << 16
_MOST_HEADER = 1 << 16


@dataclass(frozen=True, slots=True)
class Backend:
    """What is behind the proxy."""

    host: str
    port: int
    context: ssl.SSLContext | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.context is not None else "http"

    @property
    def authority(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(slots=True)
class _Head:
    """The first lines of an answer."""

    status: int
    reason: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    raw: bytes = b""

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


class Unreachable(Exception):
    """The text is Go's."""


def kubelet(scope: Scope, location: Location) -> Backend:
    return Backend(location.host, location.port, scope.services.kubelet_tls())


async def dial(backend: Backend) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises Unreachable."""
    to = f"dial tcp {backend.authority}"
    try:
        async with asyncio.timeout(_DIAL_SECONDS):
            return await asyncio.open_connection(backend.host, backend.port, ssl=backend.context, limit=_MOST_HEADER)
    except TimeoutError:
        raise Unreachable(f"{to}: i/o timeout") from None
    except socket.gaierror:
        raise Unreachable(f"dial tcp: lookup {backend.host}: no such host") from None
    except ssl.SSLError as error:
        raise Unreachable(f"tls: {error.reason or error}") from None
    except OSError as error:
        raise Unreachable(f"{to}: connect: {_said(error)}") from None


def _said(error: OSError) -> str:
    import os

    return os.strerror(error.errno).lower() if error.errno else str(error).lower()


# -- upgrades


async def upgrade(request: Request, backend: Backend, path: str, query: Iterable[tuple[str, str]] | str) -> Answer:
    """Connects the client with the backend, byte by byte, once that has taken up the upgrade. Raises an error when it cannot be asked."""
    try:
        reader, writer = await dial(backend)
        writer.write(_request_head(request, backend, path, query, upgrade=True))
        await writer.drain()
        head = await _read_head(reader)
    except Unreachable as error:
        raise errors.StatusError(500, "", f"error dialing backend: {error}") from None
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise errors.StatusError(500, "", f"error sending request: {error}") from None
    if head.status != 101 and head.status < 400:
        writer.close()
        raise errors.StatusError(500, "", f"invalid upgrade response: status code {head.status}")

    async def serve(stream: Hijacked) -> None:
        try:
            await stream.write(head.raw)
            await _join(stream, reader, writer)
        finally:
            writer.close()

    return UpgradeResponse(serve, head.status)


async def _join(stream: Hijacked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one of both ends."""

    async def forth() -> None:
        while data := await stream.reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()

    async def back() -> None:
        while data := await reader.read(_CHUNK):
            await stream.write(data)

    tasks = [asyncio.create_task(forth()), asyncio.create_task(back())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# -- plain requests


async def fetch(request: Request, backend: Backend, path: str, query: Sequence[tuple[str, str]]) -> Answer:
    """A document of a kubelet, as it comes. Raises an error when it cannot be had (rest.LocationStreamer)."""
    try:
        reader, writer = await dial(backend)
        writer.write(_request_head(request, backend, path, query))
        await writer.drain()
        head = await _read_head(reader)
    except Unreachable as error:
        text = f"{backend.scheme}://{backend.authority}{path}{'?' if query else ''}{urlencode(query)}"
        raise errors.StatusError(500, "", f'Get "{text}": {error}') from None
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise errors.StatusError(500, "", f"error sending request: {error}") from None
    chunks = _body(head, reader, writer)
    if head.status != 200:
        said = b"".join([chunk async for chunk in chunks]).decode(errors="replace").strip()
        raise errors.generic(head.status, request.method, "", "pods/log", request.info.name, said)
    if websocket.is_requested(request.headers):
        return streaming.plain(request, chunks)
    return StreamResponse(chunks, content_type="text/plain")


async def forward(request: Request, backend: Backend, path: str, prefix: str) -> Answer:
    """A request to `path` of the backend; `prefix` is what stands before that path in ours, for links. Raises ServiceUnavailable."""
    if "upgrade" in request.headers.get("Connection", "").lower():
        return await upgrade(request, backend, path, request.query.raw)
    body = await request.read()
    try:
        reader, writer = await dial(backend)
    except Unreachable as error:
        raise errors.service_unavailable(f"error trying to reach service: {error}") from None
    try:
        writer.write(_request_head(request, backend, path, request.query.raw, body=body, prefix=prefix) + body)
        await writer.drain()
        head = await _read_head(reader)
        while 100 <= head.status < 200:
            head = await _read_head(reader)
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        writer.close()
        said = "EOF" if isinstance(error, asyncio.IncompleteReadError) else str(error)
        raise errors.service_unavailable(f"error trying to reach service: {said}") from None
    return await _answer(request, head, reader, writer, backend, prefix)


async def _answer(
    request: Request, head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, backend: Backend, prefix: str
) -> Answer:
    headers = _answer_headers(request, head, backend, prefix)
    content_type = headers.pop("Content-Type", "")
    if request.method == "HEAD" or head.status in (204, 304):
        writer.close()
        return Response(head.status, b"", content_type, headers)
    chunks = _body(head, reader, writer)
    if content_type.partition(";")[0].strip() == "text/html" and not head.get("content-encoding"):
        from kcompat.api import proxied_html

        page = b"".join([chunk async for chunk in chunks])
        return Response(head.status, proxied_html.rewritten(page, lambda link: _rewritten(link, request, backend, prefix)), content_type, headers)
    return StreamResponse(chunks, None, head.status, content_type or "application/octet-stream", headers)


def _answer_headers(request: Request, head: _Head, backend: Backend, prefix: str) -> dict[str, str]:
    named = {name.strip().lower() for key, value in head.headers if key.lower() == "connection" for name in value.split(",")}
    dropped = _HOP_BY_HOP | _CORS | named | {"content-length", "date", "server"}
    headers: dict[str, str] = {}
    for key, value in head.headers:
        if key.lower() not in dropped:
            name = "-".join(part.capitalize() for part in key.split("-"))
            headers[name] = f"{headers[name]}, {value}" if name in headers and name != "Content-Type" else value
    if "Location" in headers:
        headers["Location"] = _rewritten(headers["Location"], request, backend, prefix)
    return headers


def _rewritten(link: str, request: Request, backend: Backend, prefix: str) -> str:
    """A link of the backend as a client of the proxy can follow it (Transport.rewriteURL)."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    host = request.headers.get("Host", "")
    if (parts.netloc and parts.netloc not in (backend.authority, host)) or not parts.path.startswith("/"):
        return link
    path = parts.path if parts.path.startswith(prefix) else prefix.rstrip("/") + parts.path
    return parts._replace(scheme="", netloc="", path=path).geturl()


async def _body(head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[bytes]:
    try:
        if "chunked" in head.get("transfer-encoding").lower():
            async for chunk in _chunks(reader):
                yield chunk
            return
        left = int(head.get("content-length") or -1)
        while left and (chunk := await reader.read(min(left, _CHUNK) if left > 0 else _CHUNK)):
            left -= len(chunk) if left > 0 else 0
            yield chunk
    finally:
        writer.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readline()).split(b";")[0].strip() or b"0", 16):
        while size:
            chunk = await reader.read(min(size, _CHUNK))
            if not chunk:
                raise ConnectionResetError("the backend is gone")
            size -= len(chunk)
            yield chunk
        await reader.readline()


def _request_head(
    request: Request, backend: Backend, path: str, query: Iterable[tuple[str, str]] | str, *, upgrade: bool = False, body: bytes = b"", prefix: str = ""
) -> bytes:
    text = query if isinstance(query, str) else urlencode(list(query))
    lines = [f"{request.method} {url_quote(path, safe='/%:@!$&()*+,;=~')}{'?' + text if text else ''} HTTP/1.1"]
    lines.append(f"Host: {request.headers.get('Host') or backend.authority}")
    skipped = {"host", "content-length", "authorization", "x-forwarded-for"} | (set() if upgrade else _HOP_BY_HOP)
    lines += [f"{key}: {_sent(key, value)}" for key, value in request.headers.items() if key.lower() not in skipped and not _is_identity(key)]
    known = request.headers.get("X-Forwarded-For")
    lines.append(f"X-Forwarded-For: {known + ', ' if known else ''}{request.peer.address}")
    if not upgrade:
        lines.append(f"X-Forwarded-Uri: {prefix.rstrip('/')}{path}")
        lines.append("Connection: close")
        if body or request.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _is_identity(header: str) -> bool:
    """Who asks is the API server's to know (authentication and impersonation take these headers away)."""
    return header.lower().startswith(("impersonate-", "x-remote-"))


def _sent(header: str, value: str) -> str:
    return other_subprotocols(value) if header.lower() == "sec-websocket-protocol" else value


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    """Raises ValueError for what is no HTTP."""
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, status, *reason = first.split(" ", 2)
    if not version.startswith("HTTP/1."):
        raise ValueError(f'malformed HTTP response "{first}"')
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return _Head(int(status), "".join(reason), headers, raw)
