"""Asks a server every case, and compares what two servers say. Called by __main__.py."""

from __future__ import annotations

import asyncio
import base64
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import aiohttp
import orjson

from conformance.differential.compare import Difference, compare
from conformance.differential.script import Script, Session
from conformance.validation import variants
from conformance.validation.cases import NAMESPACE, Case, calls, case

Tree = dict[str, Any]
Steps = dict[str, list[Tree]]
_TRIES = 6
_EXPRESSION = re.compile(
    "compilation failed: |must evaluate to |estimated (rule|messageExpression) cost|contributed to estimated rule cost total"
    "|failed rule: |too complex, exceeds cost limit"
)


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
    for title, made in variants.more():
        if package in title.partition("/")[0] and function in title:
            found[title].append(made)
    return found


def left_out(package: str = "") -> dict[str, int]:
    """Calls that make no case, by what they are about."""
    left: dict[str, int] = defaultdict(int)
    for number, (_, call) in enumerate(calls(package)):
        if case(call, number) is None:
            left[f"{call['function']}: {call['parts'][0]['type']}"] += 1
    return dict(left)


async def ask(url: str, store: str, scripts: dict[str, list[Case]]) -> Steps:
    """The steps of each script at one server."""
    async with _http() as http:
        seen = {}
        for title, cases in scripts.items():
            session = Session(http, url, Script("cases", title, _nothing))
            await session.quiet("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
            for one in cases:
                await _ask(session, Store(http, store), one)
            seen[title] = session.steps
        return seen


def _http() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=False), timeout=aiohttp.ClientTimeout(total=20), auto_decompress=False
    )


async def settle(url: str, store: str, scripts: dict[str, list[Case]], upstream: Steps, kcompat: Steps) -> None:
    """Asks upstream again what is answered differently. Go walks maps in any order: an answer that upstream gives at another time is right,
    and where its own answers differ in the order of the causes only, the order is not compared."""
    async with _http() as http:
        for script, step in failed(differences(upstream, kcompat)):
            title = script.removeprefix("cases/")
            session = Session(http, url, Script("cases", title, _nothing))
            for _ in range(_TRIES):
                await _ask(session, Store(http, store), scripts[title][step])
            ours = kcompat[title]
            upstream[title][step], ours[step] = _agreed([upstream[title][step], *session.steps], ours[step])


def _agreed(answers: list[Tree], ours: Tree) -> tuple[Tree, Tree]:
    """What to compare: upstream's answer and ours."""
    if ours in answers:
        return ours, ours
    loose = [_unordered(answer) for answer in answers]
    if any(answer != answers[0] for answer in answers) and all(answer == loose[0] for answer in loose):
        return loose[0], _unordered(ours)
    return answers[0], ours


def _unordered(step: Tree) -> Tree:
    """The answer with its causes sorted, and without the list of them in its message."""
    body = step.get("body")
    if not isinstance(body, dict) or not (causes := (body.get("details") or {}).get("causes")):
        return step
    details = body["details"] | {"causes": sorted(causes, key=lambda cause: [str(cause.get(name)) for name in ("field", "reason", "message")])}
    return step | {"body": body | {"details": details, "message": body["message"].partition(" is invalid: ")[0]}}


async def _nothing(_: Session) -> None:
    """Cases are no script of requests."""


async def _ask(session: Session, store: Store, one: Case) -> None:
    headers = {"Content_Type": one.content_type} if one.content_type else {}
    if one.old is None:
        await session.ask(one.method, one.path, one.body, note=one.test, **headers)
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
    await session.ask(one.method, one.path, one.body, note=one.test, **headers)
    await store.delete(one.key)


def differences(upstream: Steps, kcompat: Steps) -> list[Difference]:
    return [_explained(found, upstream, kcompat) for title in upstream for found in compare(f"cases/{title}", upstream[title], kcompat[title])]


def _explained(found: Difference, upstream: Steps, kcompat: Steps) -> Difference:
    """Whatever upstream says of expressions is out of reach; everything else of the answer must be the same."""
    title = found.script.removeprefix("cases/")
    theirs, ours = _causes(upstream[title][found.step]), _causes(kcompat[title][found.step])
    rest = [cause for cause in theirs if not _EXPRESSION.search(cause.get("message", ""))]
    if found.why or len(rest) == len(theirs) or sorted(map(str, rest)) != sorted(map(str, ours)):
        return found
    return replace(found, why="CEL expressions are not compiled yet")


def _causes(step: Tree) -> list[Tree]:
    body = step.get("body")
    return (body.get("details") or {}).get("causes") or [] if isinstance(body, dict) else []


def failed(found: Iterable[Difference]) -> set[tuple[str, int]]:
    return {(difference.script, difference.step) for difference in found if not difference.why}
