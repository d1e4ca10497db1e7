"""Requests through the proxy subresources, to a real server on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from in_process import Api

from kcompat.api.request import Response, StreamResponse

PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"
STATUS = "application/merge-patch+json"


def own_address() -> str:
    """An address of this machine that is no loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("10.255.255.255", 1))  # sends nothing: asks the routing table
        return str(probe.getsockname()[0])
    return "127.0.0.1"


ADDRESS = own_address()
pytestmark = pytest.mark.skipif(ADDRESS.startswith("127."), reason="this machine has no address but loopback")

ANSWERS = {
    "/page": b"Content-Type: text/html\r\nContent-Length: 44\r\n\r\n<a href=\"/next\" class=x>n</a><img src='i.p'>",
    "/moved": b"Location: /elsewhere?q=1\r\nContent-Length: 0\r\nAccess-Control-Allow-Origin: *\r\n\r\n",
    "/pieces": b"Transfer-Encoding: chunked\r\nX-Twice: a\r\nX-Twice: b\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
}


@pytest.fixture
async def backend(api: Api) -> AsyncIterator[int]:
    """Echoes requests; its port. A pod `p` and a service `s` lead to it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
        body = head + await reader.readexactly(length)
        path = head.split(b" ")[1].decode().partition("?")[0]
        status = b"HTTP/1.1 302 Found\r\n" if path == "/moved" else b"HTTP/1.1 200 OK\r\n"
        writer.write(status + ANSWERS.get(path, b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, ADDRESS, 0)
    port = server.sockets[0].getsockname()[1]
    container = {"name": "c", "image": "i", "ports": [{"containerPort": port}]}
    await api.ok("POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": [container]}})
    await api.ok("PATCH", f"{PODS}/p/status", {"status": {"podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}]}}, Content_Type=STATUS)
    await api.ok("POST", SERVICES, {"metadata": {"name": "s"}, "spec": {"ports": [{"name": "http", "port": 80}]}})
    endpoint = {"addresses": [ADDRESS], "targetRef": {"kind": "Pod", "namespace": "default", "name": "p"}}
    labels = {"kubernetes.io/service-name": "s"}
    ports = [{"name": "http", "port": port}]
    slice_ = {"metadata": {"name": "s1", "labels": labels}, "addressType": "IPv4", "endpoints": [endpoint], "ports": ports}
    await api.ok("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice_)
    yield port
    server.close()
    await server.wait_closed()


async def get(api: Api, url: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    answer = await api.raw(method, url, body, **headers)
    if isinstance(answer, StreamResponse):
        assert answer.chunks is not None
        return answer.status, b"".join([chunk async for chunk in answer.chunks]), answer.headers
    assert isinstance(answer, Response) and isinstance(answer.body, bytes)
    return answer.status, answer.body, answer.headers


@pytest.mark.parametrize("way", [f"{PODS}/p/proxy", f"{SERVICES}/s:http/proxy", f"{SERVICES}/s:80/proxy"])
async def test_requests_go_through(api: Api, backend: int, way: str) -> None:
    status, seen, _ = await get(api, f"{way}/some/path/?q=1", "POST", b"content", X_Mine="yes", Impersonate_Extra="")
    head, _, body = seen.decode().partition("\r\n\r\n")
    assert status == 200 and body == "content"
    lines = head.split("\r\n")
    assert lines[0] == "POST /some/path/?q=1 HTTP/1.1" and "X-Mine: yes" in lines and "X-Forwarded-For: 127.0.0.1" in lines
    assert f"X-Forwarded-Uri: {way}/some/path/" in lines
    assert "admin-token" not in head


async def test_links_lead_through_the_proxy(api: Api, backend: int) -> None:
    way = f"{PODS}/p:{backend}/proxy"
    _, page, _ = await get(api, f"{way}/page")
    assert page == f"<a href=\"{way}/next\" class=x>n</a><img src=\"i.p\">".encode()
    status, _, headers = await get(api, f"{way}/moved")
    assert (status, headers["Location"]) == (302, f"{way}/elsewhere?q=1") and "Access-Control-Allow-Origin" not in headers
    status, _, headers = await get(api, way)
    assert (status, headers["Location"]) == (301, f"{way}/")


async def test_answers_in_pieces(api: Api, backend: int) -> None:
    status, body, headers = await get(api, f"{PODS}/p/proxy/pieces")
    assert (status, body, headers["X-Twice"]) == (200, b"abcde", "a, b")
    assert (await get(api, f"{PODS}/p/proxy/pieces", "HEAD"))[:2] == (200, b"")
    assert b"OPTIONS /x HTTP/1.1" in (await get(api, f"{PODS}/p/proxy/x", "OPTIONS"))[1]


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        (f"{PODS}/absent/proxy/", 404, 'pods "absent" not found'),
        (f"{PODS}/a:b:c:d/proxy/", 400, 'invalid pod request "a:b:c:d"'),
        (f"{PODS}/p:1/proxy/", 503, f"error trying to reach service: dial tcp {ADDRESS}:1: connect: connection refused"),
        (f"{SERVICES}/absent/proxy/", 503, 'no endpoints available for service "absent"'),
        (f"{SERVICES}/s:81/proxy/", 503, 'no service port 81 found for service "s"'),
        (f"{SERVICES}/ftp:s:80/proxy/", 400, 'invalid service request "ftp:s:80"'),
        (f"{SERVICES}/s/proxy/", 503, 'no endpoints available for service "s"'),
        ("/api/v1/nodes/absent/proxy/", 404, 'nodes "absent" not found'),
    ],
)
async def test_where_there_is_no_way(api: Api, backend: int, path: str, code: int, message: str) -> None:
    status, answer = await api.send("GET", path)
    assert (status, answer["message"]) == (code, message)
