"""One client's connection: who is at the other end, and what is done about those that speak badly, slowly or not at all.

Made by `server.py` for each connection. aiohttp reads requests and writes answers; here are the limits and the answers that
upstream's HTTP server gives before any handler runs (Go net/http server.go, apiserver pkg/server/secure_serving.go).
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from array import array
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import BadStatusLine, HttpProcessingError, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from kcompat.api import answers, routes
from kcompat.api.request import Peer
from kcompat.apimachinery import errors, go_json

log = logging.getLogger(__name__)
_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ /\S* HTTP/1\.[01]\r\n")
_HEADER_LINES = 8192
"""Of one request at most."""
_PARTING_SECONDS = 0.25
_REMEMBERED_CHAINS = 1024
_TAKEN_BYTES = 1 << 16
"""Of an upgraded connection that may wait to be read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: from connecting to the first request, between requests, for a body, without a byte taken by a client that is
    written to. Bytes: of a request's line and headers, of a body."""

    first_request: float = 32.0
    idle: float = 90.0
    body: float = 60.0
    stalled: float = 30.0
    header_bytes: int = 1 << 20
    body_bytes: int = 3 << 20


class Connection(RequestHandler):
    """Drops clients that never ask, never read, or send headers without end.

    Leans on aiohttp's handler from within (`_waiter`, `_messages`), as it has no hooks here; tests/api/connections would tell.
    """

    __slots__ = ("_header", "_limits", "_stall", "_taken", "_unasked", "peer")

    def __init__(self, manager: web.Server, loop: asyncio.AbstractEventLoop, limits: Limits) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=limits.idle,
            access_log=None,  # type: ignore[arg-type]
            max_line_size=limits.header_bytes,
            max_field_size=limits.header_bytes,
            max_headers=_HEADER_LINES,
            lingering_time=min(2.0, limits.body),
            auto_decompress=False,
        )
        self._limits = limits
        self._header = 0
        self._unasked: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._taken: asyncio.StreamReader | None = None
        self.peer: Peer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._unasked = self._loop.call_later(self._limits.first_request, self._never_asked)

    def connection_lost(self, exc: BaseException | None) -> None:
        for timer in (self._unasked, self._stall):
            if timer is not None:
                timer.cancel()
        if self._taken is not None:
            self._taken.feed_eof()
        super().connection_lost(exc)

    def take_over(self) -> asyncio.StreamReader:
        """From now on what the client sends is no HTTP; it is read here."""
        assert self.transport is not None
        self._taken = asyncio.StreamReader(_TAKEN_BYTES, self._loop)
        self._taken.set_transport(self.transport)
        early, self._message_tail = self._message_tail, b""
        self._taken.feed_data(early)
        return self._taken

    def _never_asked(self) -> None:
        if self.peer is None:
            self.force_close()

    def who(self) -> Peer:
        """The other end; asked once a connection."""
        if self.peer is None:
            if self._unasked is not None:
                self._unasked.cancel()
            transport = self.transport
            tls = transport.get_extra_info("ssl_object") if transport is not None else None
            address = transport.get_extra_info("peername") if transport is not None else None
            certificate = tls.getpeercert(True) if tls is not None else None
            self.peer = Peer(address[0] if address else "", certificate, _intermediates(tls, certificate) if tls is not None and certificate else ())
        return self.peer

    # -- clients that do not read --------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_progress()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _watch_progress(self) -> None:
        if self.transport is not None:
            self._stall = self._loop.call_later(self._limits.stalled, self._check_progress, _unsent(self.transport))

    def _check_progress(self, unsent: int) -> None:
        self._stall = None
        if self.transport is None:
            return
        if _unsent(self.transport) < unsent:
            self._watch_progress()
            return
        log.info("dropping %s, who does not read: %d bytes wait", self.peer, unsent)
        self.transport.abort()

    # -- clients that speak badly --------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._taken is not None:
            self._taken.feed_data(data)
            return
        if self._close or self._force_close:
            return
        waiter = self._waiter
        waiting = not self._request_count if waiter is None else not waiter.done()
        if waiting:
            self._header += len(data)
        super().data_received(data)
        if self._messages:
            self._header = 0
            if not isinstance(self._messages[-1][0], RawRequestMessage):
                self._unreadable(data, waiting)
        elif self._header > self._limits.header_bytes:
            self._refuse(_TOO_LARGE)

    def _unreadable(self, data: bytes, waiting: bool) -> None:
        """aiohttp could not read what came last; the error stands at the end of its queue."""
        error = getattr(self._messages[-1][0], "exc", None)
        log.debug("unreadable request: %s", error)
        if waiting and len(self._messages) == 1:
            self._refuse(_reply(error, data))
        elif self._current_request is not None and not self._current_request.content.at_eof():
            self._current_request.content.set_exception(RequestPayloadError(str(error)))

    def _refuse(self, reply: bytes) -> None:
        """Answers and closes, later: closing at once with bytes unread would cut the answer off (server.go:closeWriteAndWait)."""
        if self.transport is None:
            return
        self.transport.write(reply)
        self._messages.clear()
        self.close()
        if self._task_handler is not None:
            self._task_handler.cancel()
        self._loop.call_later(_PARTING_SECONDS, self.force_close)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """aiohttp's hook for requests it cannot read, and for what our handler did not catch."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        if not isinstance(exc, HttpProcessingError):
            log.error("an answer could not be sent", exc_info=exc)
            return _status(errors.internal_error("an unexpected error occurred; the server's log has the details"))
        log.debug("unreadable request: %s", exc)
        return plain("400 Bad Request")


_came_with: dict[bytes, tuple[bytes, ...]] = {}
"""What clients sent beside their certificates: a session that is resumed brings only the certificate itself."""


def _intermediates(tls: ssl.SSLObject, certificate: bytes) -> tuple[bytes, ...]:
    """What the client sent beside its own certificate, now or when the session began."""
    found = _chain(tls)[1:]
    if not found:
        return _came_with.get(certificate, ())
    if len(_came_with) >= _REMEMBERED_CHAINS:
        del _came_with[next(iter(_came_with))]
    _came_with[certificate] = found
    return found


def _chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """The client's certificate and what came with it. Python has it in public only from 3.13 on; resumed sessions may have none."""
    public = getattr(tls, "get_unverified_chain", None)
    if public is not None:
        return tuple(public() or ())
    try:
        import _ssl

        chain = tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
        return tuple(each.public_bytes(_ssl.ENCODING_DER) for each in chain)
    except (ImportError, AttributeError):
        return ()


def _unsent(transport: asyncio.Transport) -> int:
    """Bytes that the other end has not taken: ours, and the kernel's, which takes ours only when it has much room."""
    kernel = array("i", [0])
    with suppress(OSError, ImportError):
        import fcntl
        import termios

        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, kernel)
    return transport.get_write_buffer_size() + kernel[0]


def _status(error: errors.StatusError) -> web.Response:
    answer = answers.Whole(status=error.code, body=go_json.dumps(error.status()), content_type="application/json")
    answer.force_close()
    return answer


def _reply(error: object, data: bytes) -> bytes:
    """net/http's words for a request it cannot read (server.go:conn.serve); methods that only our parser does not know are not allowed."""
    said = error.message if isinstance(error, HttpProcessingError) else ""
    if isinstance(error, BadStatusLine) and "method" in said and _REQUEST_LINE.match(data):
        refused = routes.no_such_method()
        return _raw("405 Method Not Allowed", "application/json", go_json.dumps(refused.status()))
    if isinstance(error, LineTooLong) or said.startswith("Too many headers"):
        return _TOO_LARGE
    if "Invalid HTTP version" in said:
        return _text("505 HTTP Version Not Supported: unsupported protocol version")
    return _text("400 Bad Request" + (": missing required Host header" if said.startswith("Missing 'Host'") else ""))


def _text(status: str) -> bytes:
    return _raw(status, "text/plain; charset=utf-8", status.encode())


def _raw(status: str, content_type: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n".encode() + body


_TOO_LARGE = _text("431 Request Header Fields Too Large")


def plain(text: str) -> web.Response:
    """`400 Bad Request` as net/http answers it; the connection ends."""
    status, _, reason = text.partition(" ")
    answer = answers.Whole(status=int(status), reason=reason, text=text, content_type="text/plain", charset="utf-8")
    answer.force_close()
    return answer
