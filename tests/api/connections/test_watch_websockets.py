"""Watches over WebSockets, on a real socket. What is expected was seen on a kube-apiserver 1.37."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import WSMsgType
from in_process import Api

WATCH = "/api/v1/namespaces/default/configmaps?watch=true"
ORIGIN = {"Origin": "http://example.com"}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@asynccontextmanager
async def session(token: str = "admin-token") -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(connector=connector, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client
    await asyncio.sleep(0)  # the transports close


def url(api: Api, path: str) -> str:
    return api.control_plane.url + path


async def create(api: Api, name: str) -> None:
    await api.ok("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}})


async def test_events_are_text_messages_and_the_end_is_a_close(api: Api) -> None:
    async with session() as client, client.ws_connect(url(api, f"{WATCH}&timeoutSeconds=1"), headers=ORIGIN) as socket:
        await create(api, "a")
        await create(api, "b")
        events = [await socket.receive_json() for _ in range(2)]
        assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [("ADDED", "a"), ("ADDED", "b")]
        end = await socket.receive()
        assert (end.type, end.data) == (WSMsgType.CLOSE, 1000)


async def test_protobuf_comes_in_binary_messages(api: Api) -> None:
    headers = {**ORIGIN, "Accept": "application/vnd.kubernetes.protobuf"}
    async with session() as client, client.ws_connect(url(api, WATCH), headers=headers) as socket:
        await create(api, "a")
        message = await socket.receive()
        assert message.type is WSMsgType.BINARY and b"ADDED" in message.data and b"k8s\x00" in message.data


async def test_a_client_that_closes_ends_the_watch(api: Api) -> None:
    async with session() as client:
        socket = await client.ws_connect(url(api, WATCH), headers=ORIGIN)
        await socket.send_str("nobody listens")
        await socket.ping()
        assert await socket.close() and socket.close_code == 1000


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({}, 403, ""),
        ({"Origin": "null"}, 403, ""),
        ({**ORIGIN, "Sec-WebSocket-Version": "8"}, 400, "missing or bad WebSocket Version"),
        ({**ORIGIN, "Sec-WebSocket-Key": ""}, 400, "mismatch challenge/response"),
        ({**ORIGIN, "Sec-WebSocket-Protocol": "a, b"}, 400, ""),
        ({**ORIGIN, "Authorization": "Bearer user-token"}, 403, 'cannot watch resource \\"configmaps\\"'),
    ],
)
async def test_handshakes_that_are_refused(api: Api, headers: dict[str, str], status: int, text: str) -> None:
    async with session() as client, client.get(url(api, WATCH), headers={**HANDSHAKE, **headers}) as answer:
        assert answer.status == status and text in await answer.text()


async def test_one_subprotocol_is_agreed_on_and_a_token_is_none(api: Api) -> None:
    token = "base64url.bearer.authorization.k8s.io.YWRtaW4tdG9rZW4"  # admin-token
    connector = aiohttp.TCPConnector(ssl=ssl._create_unverified_context())
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.ws_connect(url(api, WATCH), headers=ORIGIN, protocols=[token, "some.protocol"]) as socket,
    ):
        assert socket.protocol == "some.protocol"
        await create(api, "a")
        assert (await socket.receive_json())["type"] == "ADDED"
    await asyncio.sleep(0)
