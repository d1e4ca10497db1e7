"""Exec and port-forward over WebSockets, protocol by protocol, to a pod on a simulated node."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from in_process import Api

from kcompat.cluster import ControlPlane
from kcompat.config import Settings

PODS = "/api/v1/namespaces/default/pods"
V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Api]:
    """A cluster with a pod that runs."""
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('admin-token,admin,admin-uid,"system:masters"\nuser-token,bob,bob-uid\n')
    settings = Settings(
        listen="127.0.0.1:0", data_dir=str(tmp_path), datastore_endpoint="memory://", token_auth_file=str(tokens), nodes=1,
        disable=("controllers",), disable_admission_plugins=("ServiceAccount",),
    )  # fmt: skip
    control_plane = ControlPlane(settings)
    await control_plane.start()
    try:
        api = Api(control_plane)
        spec = {"nodeName": "node-0", "containers": [{"name": "c", "image": "busybox"}]}
        await api.ok("POST", PODS, {"metadata": {"name": "box"}, "spec": spec})

        async def runs() -> bool:
            return bool((await api.ok("GET", f"{PODS}/box"))["status"]["phase"] == "Running")

        await until(runs)
        yield api
    finally:
        await control_plane.stop()


@asynccontextmanager
async def opened(api: Api, path: str, *protocols: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    headers = {"Authorization": "Bearer admin-token"}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False), headers=headers) as client,
        client.ws_connect(f"{api.control_plane.url}{PODS}/box/{path}", protocols=protocols) as socket,
    ):
        yield socket
    await asyncio.sleep(0)


async def messages(socket: aiohttp.ClientWebSocketResponse) -> list[bytes]:
    """Until the server closes."""
    found = []
    async with asyncio.timeout(20):
        while (message := await socket.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            found.append(message.data.encode() if message.type is WSMsgType.TEXT else message.data)
    return found


def status(found: list[bytes]) -> Any:
    return json.loads(found[-1][1:])


@pytest.mark.parametrize("protocol", [V4, V5])
async def test_output_and_status_come_on_their_channels(running: Api, protocol: str) -> None:
    async with opened(running, "exec?command=sh&command=-c&command=echo+out%0Aecho+err+%3E%262%0Aexit+3&stdout=1&stderr=1", protocol) as socket:
        found = await messages(socket)
    assert found[:3] == [b"\x01", b"\x01out\n", b"\x02err\n"] and found[-1][0] == 3
    assert status(found)["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}] and status(found)["reason"] == "NonZeroExitCode"


async def test_v5_ends_the_input_by_a_signal(running: Api) -> None:
    async with opened(running, "exec?command=cat&stdin=1&stdout=1", V5) as socket:
        await socket.send_bytes(b"\x00typed")
        await socket.send_bytes(b"\xff\x00")
        found = await messages(socket)
    assert b"\x01typed" in found and status(found) == {"metadata": {}, "status": "Success"}


async def test_base64_and_no_protocol(running: Api) -> None:
    async with opened(running, "exec?command=echo&command=hi&stdout=1", "base64.channel.k8s.io") as socket:
        assert await messages(socket) == [b"1", b"1" + b64encode(b"hi\n")]
    async with opened(running, "exec?command=false&stdout=1") as socket:
        found = await messages(socket)
        assert found[0] == b"\x01" and found[-1].startswith(b"\x03command terminated with non-zero exit code")


async def test_a_client_that_goes_ends_its_command(running: Api) -> None:
    async with opened(running, "exec?command=sleep&command=1000&stdout=1", V5) as socket:
        assert (await socket.receive()).data == b"\x01"

    async def ended() -> bool:
        return not any("_status" in str(task.get_coro()) for task in asyncio.all_tasks())

    await until(ended)


REFUSED: list[tuple[str, dict[str, str], int, str]] = [
    ("exec?command=ls", {}, 400, "you must specify at least 1 of stdin, stdout, stderr"),
    ("exec?command=ls&stdout=1", {"Upgrade": "other"}, 400, "unable to upgrade"),
    ("exec?command=ls&stdout=1", {"Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "v9"}, 403, "unable to negotiate protocol"),
    ("exec?command=ls&stdout=1", {"Sec-WebSocket-Protocol": "v9"}, 403, ""),
    ("exec?command=ls&stdout=1", {"Connection": "close"}, 400, "Upgrade request required"),
    ("exec?command=ls&stdout=1&container=x", {}, 400, "container x is not valid for pod box"),
    ("exec?command=ls&stdout=1", {"Authorization": "Bearer user-token"}, 403, 'cannot get resource \\"pods/exec\\"'),
    ("portforward?ports=x", {}, 400, "cannot convert to []int32"),
    ("portforward", {}, 400, 'query parameter "port" is required'),
]


async def test_what_is_refused(running: Api) -> None:
    usual = {
        "Authorization": "Bearer admin-token", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as client:
        for path, headers, code, said in REFUSED:
            async with client.get(f"{running.control_plane.url}{PODS}/box/{path}", headers={**usual, **headers}) as answer:
                assert (answer.status, said) == (code, said) and said in await answer.text(), path
    await asyncio.sleep(0)


async def test_get_alone_does_not_let_in(running: Api) -> None:
    """Upstream: KEP-4006 made exec a GET, so create is asked for too."""
    role = {"metadata": {"name": "x"}, "rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get"]}]}
    groups = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    await running.ok("POST", f"{groups}/roles", role)
    binding = {"metadata": {"name": "x"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"}}
    await running.ok("POST", f"{groups}/rolebindings", {**binding, "subjects": [{"kind": "User", "name": "bob"}]})
    code, answer = await running.send("GET", f"{PODS}/box/exec?command=ls&stdout=1", Authorization="Bearer user-token")
    assert (code, answer["message"]) == (403, 'pods "box" is forbidden: ')


async def test_ports_have_two_channels(running: Api) -> None:
    async with opened(running, "portforward?ports=80&ports=81", V4) as socket:
        found = await messages(socket)
    assert found[:4] == [b"\x00P\x00", b"\x01P\x00", b"\x02Q\x00", b"\x03Q\x00"]
    assert {message[:1] for message in found[4:]} == {b"\x01", b"\x03"} and b"connection refused" in found[4]


async def test_logs_over_a_websocket(running: Api) -> None:
    async with opened(running, "log", "base64.binary.k8s.io") as socket:
        assert (await messages(socket))[0] == b""
