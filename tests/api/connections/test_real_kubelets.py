"""A node with a server of its own: exec, logs and node proxy are passed on to it, under the API server's certificate."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from in_process import Api

from kcompat.auth.certificates import issue_server

PODS = "/api/v1/namespaces/default/pods"
ADMIN = {"Authorization": "Bearer admin-token"}
MERGE = "application/merge-patch+json"


def own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("10.255.255.255", 1))  # sends nothing: asks the routing table
        return str(probe.getsockname()[0])
    return "127.0.0.1"


@pytest.fixture
async def asked(api: Api, tmp_path: Path) -> AsyncIterator[list[str]]:
    """What the kubelet of node `n`, where pod `p` runs, was asked for, and by whom. It echoes what comes after an upgrade."""
    seen: list[str] = []
    pki, address = api.control_plane.pki, own_address()
    pair = issue_server(pki.ca, api.control_plane.clock.now(), "n", [address])
    (tmp_path / "kubelet.pem").write_bytes(pair.key_pem + pair.certificate_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=pki.ca.certificate_pem.decode())
    context.load_cert_chain(tmp_path / "kubelet.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = dict(pair[0] for pair in writer.get_extra_info("peercert")["subject"])
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(f"{subject['commonName']} {head.splitlines()[0]}")
        if "Upgrade: websocket" in head:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
            writer.write(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
            writer.write(await reader.readexactly(5))
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nsaid")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, address, 0, ssl=context)
    kubelet = {"kubeletEndpoint": {"Port": server.sockets[0].getsockname()[1]}}
    status = {"addresses": [{"type": "InternalIP", "address": address}], "daemonEndpoints": kubelet}
    await api.ok("POST", "/api/v1/nodes", {"metadata": {"name": "n"}})
    await api.ok("PATCH", "/api/v1/nodes/n/status", {"status": status}, Content_Type=MERGE)
    await api.ok("POST", PODS, {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}})
    yield seen
    server.close()
    await server.wait_closed()


async def test_documents(api: Api, asked: list[str]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False), headers=ADMIN) as client:
        async with client.get(f"{api.control_plane.url}{PODS}/p/log?tailLines=5&follow=true") as answer:
            assert (answer.status, await answer.text()) == (200, "said")
        if not own_address().startswith("127."):
            async with client.get(f"{api.control_plane.url}/api/v1/nodes/n/proxy/healthz") as answer:
                assert (answer.status, await answer.text()) == (200, "said")
    await asyncio.sleep(0)
    who = "kube-apiserver-kubelet-client GET"
    assert asked[0] == f"{who} /containerLogs/default/p/c?follow=true&tailLines=5 HTTP/1.1"
    assert asked[1:] in ([], [f"{who} /healthz HTTP/1.1"])


async def test_upgrades(api: Api, asked: list[str]) -> None:
    headers = {**ADMIN, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Host": "x"}
    context = ssl._create_unverified_context()
    reader, writer = await asyncio.open_connection("127.0.0.1", api.control_plane.listener.port, ssl=context)
    lines = [f"GET {PODS}/p/exec?command=ls&command=-l&stdin=1&stdout=true&tty=false HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    writer.write(b"bytes")
    assert await reader.read() == b"bytes"
    writer.close()
    assert asked == ["kube-apiserver-kubelet-client GET /exec/default/p/c?input=1&output=1&command=ls&command=-l HTTP/1.1"]


async def test_a_kubelet_that_is_not_there(api: Api, asked: list[str]) -> None:
    addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
    status = {"addresses": addresses, "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
    await api.ok("PATCH", "/api/v1/nodes/n/status", {"status": status}, Content_Type=MERGE)
    code, answer = await api.send("GET", f"{PODS}/p/exec?command=ls&stdout=1", Connection="Upgrade", Upgrade="SPDY/3.1")
    assert (code, answer["message"]) == (500, "error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused")
    code, answer = await api.send("GET", f"{PODS}/p/log")
    said = 'Get "https://127.0.0.1:1/containerLogs/default/p/c": dial tcp 127.0.0.1:1: connect: connection refused'
    assert (code, answer["message"]) == (500, said), json.dumps(answer)
