"""The listener on a real socket, with little patience: clients that are slow, silent, deaf or endless."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from kcompat.api import server
from kcompat.api.connection import Limits
from kcompat.api.request import Answer, Peer, Pieces, Request, Response, StreamResponse
from kcompat.api.server import Listener, tls_context
from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import SystemClock
from kcompat.auth import certificates

IMPATIENT = Limits(first_request=0.3, idle=0.3, body=0.3, stalled=0.3, header_bytes=4096, body_bytes=1000)


class Handler:
    """Echoes bodies; /watch sends lines for ever."""

    def __init__(self) -> None:
        self.streaming = 0
        self.peers: list[Peer] = []

    async def __call__(self, request: Request) -> Answer:
        self.peers.append(request.peer)
        if request.path == "/long":
            return Response(200, Pieces(30 * 10_000, (bytes([65 + number]) * 10_000 for number in range(30))))
        if request.path == "/watch":
            return StreamResponse(self._lines())
        try:
            return Response(200, request.path.encode() + b" " + await request.read())
        except errors.StatusError as error:
            return Response(error.code, error.message.encode())

    async def _lines(self) -> AsyncIterator[bytes]:
        self.streaming += 1
        try:
            while True:
                yield b"x" * 100_000
        finally:
            self.streaming -= 1


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> tuple[certificates.Pki, Path]:
    directory = tmp_path_factory.mktemp("pki")
    return certificates.open_pki(directory, SystemClock(), ["127.0.0.1"]), directory


@asynccontextmanager
async def listening(pki: tuple[certificates.Pki, Path] | None = None) -> AsyncIterator[tuple[Listener, Handler]]:
    context = None
    if pki is not None:
        context = tls_context(str(pki[1] / "apiserver.crt"), str(pki[1] / "apiserver.key"), str(pki[1] / "ca.crt"))
    handler = Handler()
    listener = Listener(handler, "127.0.0.1", 0, context, IMPATIENT)
    await listener.start()
    try:
        yield listener, handler
    finally:
        await listener.close()


@asynccontextmanager
async def connected(listener: Listener, limit: int = 1 << 16) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def everything(reader: asyncio.StreamReader) -> bytes:
    """What arrives until the server ends the connection."""
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


GET = b"GET /a HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\n"


LONG = b"".join(bytes([65 + number]) * 10_000 for number in range(30))


@pytest.mark.parametrize("path", ["/a", "/long", "/watch", "/%zz"])
async def test_answers_do_not_say_who_serves(path: str) -> None:
    async with listening() as (listener, _), connected(listener) as (reader, writer):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"\r\nDate: " in head and b"\r\nServer: " not in head


async def test_long_answers_come_in_pieces() -> None:
    async with listening() as (listener, _), connected(listener) as (reader, writer):
        for method, body in (("HEAD", b""), ("GET", LONG), ("GET", LONG)):
            writer.write(f"{method} /long HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"Content-Length: 300000\r\n" in head
            assert await reader.readexactly(len(body)) == body


async def test_long_answers_are_compressed_over_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_LOOPBACK", ())
    async with listening() as (listener, _), connected(listener) as (reader, writer):
        writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n")
        head, _, body = (await everything(reader)).partition(b"\r\n\r\n")
        assert b"Content-Encoding: gzip" in head and b"Transfer-Encoding: chunked" in head
        compressed = b""
        while (size := int(body.partition(b"\r\n")[0], 16)) > 0:
            _, _, body = body.partition(b"\r\n")
            compressed, body = compressed + body[:size], body[size + 2 :]
        assert gzip.decompress(compressed) == LONG


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"", b""),
        (b"GET /a HT", b""),
        (GET, b""),
        (GET + b"\r\n", b"/a "),
        (GET + b"\r\nGET /b HTTP/1.1\r\nHost: ", b"/a "),
        (POST + b"Content-Length: 10\r\n\r\n12345", b"HTTP/1.1 504 "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12", b"HTTP/1.1 504 "),
    ],
    ids=["silent", "half a line", "half a header", "keeps quiet afterwards", "half a second header", "half a body", "half a chunk"],
)
async def test_slow_clients_are_left(sent: bytes, expected: bytes) -> None:
    async with listening() as (listener, _), connected(listener) as (reader, writer):
        writer.write(sent)
        answer = await everything(reader)
        assert expected in answer and bool(expected) is bool(answer)


async def test_slow_handshakes_are_left(pki: tuple[certificates.Pki, Path]) -> None:
    async with listening(pki) as (listener, _):
        for beginning in (b"", b"\x16", b"\x16\x03\x01\x02\x00"):
            async with connected(listener) as (reader, writer):
                writer.write(beginning)
                assert await everything(reader) == b""


async def test_endless_headers() -> None:
    async with listening() as (listener, _):
        for endless in (b"GET /" + b"a" * 9000, GET + b"a: b\r\n" * 2000, GET + b"a: " + b"b" * 9000):
            async with connected(listener) as (reader, writer):
                for start in range(0, len(endless), 1000):
                    writer.write(endless[start : start + 1000])
                answer = await everything(reader)
                assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


async def test_bodies_too_large_and_malformed() -> None:
    async with listening() as (listener, _):
        for headers, body, expected in (
            (b"Content-Length: 2000\r\n", b"", b"413"),
            (b"Transfer-Encoding: chunked\r\n", b"7d0\r\n" + b"x" * 2000, b"413"),
            (b"Transfer-Encoding: chunked\r\n", b"zz\r\n", b"500"),
        ):
            async with connected(listener) as (reader, writer):
                writer.write(POST + headers + b"\r\n")
                await asyncio.sleep(0.01)  # so that the body comes by itself
                writer.write(body)
                assert (await everything(reader)).startswith(b"HTTP/1.1 " + expected)


async def test_bodies_that_wait_to_be_asked_for() -> None:
    async with listening() as (listener, _), connected(listener) as (reader, writer):
        writer.write(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hi")
        assert b"/a hi" in await everything(reader)


async def test_compressed_bodies_stay_as_they_are() -> None:
    async with listening() as (listener, _), connected(listener) as (reader, writer):
        writer.write(POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi")
        assert b"/a hi" in await everything(reader)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_clients_that_do_not_read_are_dropped(pki: tuple[certificates.Pki, Path], encrypted: bool) -> None:
    context = ssl.create_default_context(cadata=pki[0].ca.certificate_pem.decode()) if encrypted else None
    async with listening(pki if encrypted else None) as (listener, handler):
        deaf = await asyncio.to_thread(_deaf, listener.port, context)
        try:
            await _until(lambda: handler.streaming == 1)
            await _until(lambda: handler.streaming == 0)
        finally:
            deaf.close()


def _deaf(port: int, context: ssl.SSLContext | None) -> socket.socket:
    connection: socket.socket = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    if context is not None:
        connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
    connection.sendall(b"GET /watch HTTP/1.1\r\nHost: x\r\n\r\n")
    return connection


async def _until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_slow_readers_are_not_dropped() -> None:
    """Slow, but steady, for longer than a standstill may last."""
    async with listening() as (listener, handler):
        loop = asyncio.get_running_loop()
        slow = await asyncio.to_thread(_deaf, listener.port, None)
        slow.setblocking(False)
        end = loop.time() + 1.5
        while loop.time() < end:
            assert len(await loop.sock_recv(slow, 50_000)) > 0
            await asyncio.sleep(0.02)
        assert handler.streaming == 1
        slow.close()


async def test_certificates_that_come_with_the_clients(pki: tuple[certificates.Pki, Path], tmp_path: Path) -> None:
    """Clients whose certificate is not signed by the authority itself send what stands between."""
    now, key = SystemClock().now(), certificates.new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "between")])
    number, authority, hour = x509.random_serial_number(), pki[0].ca, timedelta(hours=1)
    builder = x509.CertificateBuilder(authority.certificate.subject, name, key.public_key(), number, now - hour, now + hour)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    between = certificates.KeyPair(builder.sign(authority.key, hashes.SHA256()), key)
    pair = certificates.issue_client(between, now, "jane")
    file = tmp_path / "client.pem"
    file.write_bytes(pair.key_pem + pair.certificate_pem + between.certificate_pem)
    context = ssl.create_default_context(cadata=authority.certificate_pem.decode())
    context.load_cert_chain(file)
    async with listening(pki) as (listener, handler):
        for resumed in await asyncio.to_thread(_ask_again, context, listener.port):
            peer = handler.peers[resumed]
            assert (peer.certificate, peer.intermediates) == (pair.certificate_der, (between.certificate_der,))


def _ask_again(context: ssl.SSLContext, port: int) -> list[bool]:
    """Two requests, the second in the session of the first; whether each was resumed."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its sessions are there at once
    session, resumed = None, []
    for _ in range(2):
        plain = socket.create_connection(("127.0.0.1", port), timeout=10)
        with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as tls:
            session = tls.session
            tls.sendall(GET + b"\r\n")
            assert b"200 OK" in tls.recv(1000)
            resumed.append(bool(tls.session_reused))
    assert resumed == [False, True]
    return resumed


async def test_plain_http_on_a_tls_port(pki: tuple[certificates.Pki, Path]) -> None:
    async with listening(pki) as (listener, _):
        for sent in (GET + b"\r\n", b"POST / HTTP/1.1\r\n\r\n"):
            async with connected(listener) as (reader, writer):
                writer.write(sent)
                assert await everything(reader) == b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


async def test_closing_leaves_no_door_open(pki: tuple[certificates.Pki, Path]) -> None:
    async with listening(pki) as (listener, _), connected(listener) as (reader, _):
        await listener.close()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", listener.port)
        assert await everything(reader) == b""
