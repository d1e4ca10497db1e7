"""Asks a server every case, and compares what two servers say. Called by __main__.py."""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import aiohttp
import orjson

from conformance.differential.compare import Difference, compare
from conformance.differential.script import Script, Session
from conformance.validation.cases import NAMESPACE, Case, calls, case

Tree = dict[str, Any]


class Store:
    """Writes past the API server, into its etcd, what no API server would take: objects that older releases allowed."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url

    async def put(self, key: str, tree: Tree) -> None:
        await self._call("put", {"key": _text(key), "value": base64.b64encode(orjson.dumps(tree)).decode()})

    async def delete(self, key: str) -> None:
        await self._call("deleterange", {"key": _text(key)})

    async def _call(self, action: str, body: Tree) -> None:
        async with self._http.post(f"{self._url}/v3/kv/{action}", json=body) as answer:
            answer.raise_for_status()


def _text(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def chosen(package: str = "", function: str = "") -> dict[str, list[Case]]:
    """Cases by script: package/function."""
    found: dict[str, list[Case]] = defaultdict(list)
    for number, (owner, call) in enumerate(calls(package)):
        if function in call["function"] and (made := case(call, number)):
            found[f"{owner}/{call['function']}"].append(made)
    return found


def left_out(package: str = "") -> dict[str, int]:
    """Calls that make no case, by what they are about."""
    left: dict[str, int] = defaultdict(int)
    for number, (_, call) in enumerate(calls(package)):
        if case(call, number) is None:
            left[f"{call['function']}: {call['parts'][0]['type']}"] += 1
    return dict(left)


async def ask(url: str, store: str, scripts: dict[str, list[Case]]) -> dict[str, list[Tree]]:
    """The steps of each script at one server."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=False), timeout=aiohttp.ClientTimeout(total=20), auto_decompress=False
    ) as http:
        seen = {}
        for title, cases in scripts.items():
            session = Session(http, url, Script("cases", title, _nothing))
            await session.quiet("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
            for one in cases:
                await _ask(session, Store(http, store), one)
            seen[title] = session.steps
        return seen


async def _nothing(_: Session) -> None:
    """Cases are no script of requests."""


async def _ask(session: Session, store: Store, one: Case) -> None:
    if one.old is None:
        await session.ask(one.method, one.path, one.body, note=one.test)
        return
    await store.put(one.key, one.old)
    path = one.path.partition("?")[0]
    path = path if path.endswith(one.old["metadata"]["name"]) else path.rpartition("/")[0]
    for _ in range(100):
        held = await session.quiet("GET", path)
        if held.code != 200 or held.at("metadata.uid") == one.old["metadata"]["uid"]:
            if held.code != 404:
                break
        await asyncio.sleep(0.01)
    await session.ask(one.method, one.path, one.body, note=one.test)
    await store.delete(one.key)


def differences(upstream: dict[str, list[Tree]], kcompat: dict[str, list[Tree]]) -> list[Difference]:
    return [found for title in upstream for found in compare(f"cases/{title}", upstream[title], kcompat[title])]


def failed(found: Iterable[Difference]) -> set[tuple[str, int]]:
    return {(difference.script, difference.step) for difference in found if not difference.why}
