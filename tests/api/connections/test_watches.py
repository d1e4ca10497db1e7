"""Watches over HTTP on a real socket."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import orjson
from in_process import Api

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


async def test_a_client_that_reads_late_misses_nothing(api: Api) -> None:
    connector = aiohttp.TCPConnector(ssl=ssl._create_unverified_context(), limit=0)
    async with (
        aiohttp.ClientSession(connector=connector, headers={"Authorization": "Bearer admin-token"}, read_bufsize=1024) as client,
        client.get(f"{api.control_plane.url}{CONFIG_MAPS}?watch=1") as late,
        client.get(f"{api.control_plane.url}{CONFIG_MAPS}?watch=1") as prompt,
    ):
        names = [f"m{number:02}" for number in range(24)]
        for name in names:  # more than the sockets' buffers take
            await api.ok("POST", CONFIG_MAPS, {"metadata": {"name": name}, "data": {"text": "x" * 500_000}})
        for answer in (prompt, late):
            buffer, seen = b"", []
            async with asyncio.timeout(20):
                while len(seen) < len(names):
                    buffer += await answer.content.readany()
                    *lines, buffer = buffer.split(b"\n")
                    seen += [orjson.loads(line)["object"]["metadata"]["name"] for line in lines]
            assert seen == names
    await asyncio.sleep(0)  # the transports close
