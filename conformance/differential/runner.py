"""Runs scripts at a server, records and compares. Called by __main__.py and tests/conformance."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path

import aiohttp

from conformance.differential import golden, topics
from conformance.differential.compare import Difference, compare
from conformance.differential.script import Script, Session, Tree


def scripts(topic: str = "") -> list[Script]:
    """All scripts of topics/*.py, or those of a topic; `topic/name` picks one."""
    found = []
    for file in sorted(Path(topics.__path__[0]).glob("[!_]*.py")):
        found += list(import_module(f"{topics.__name__}.{file.stem}").scripts())
    titles = [script.title for script in found]
    assert len(set(titles)) == len(titles), "two scripts of the same name"
    return [script for script in found if not topic or topic in (script.topic, script.title)]


async def run_at(start: Callable[..., AbstractAsyncContextManager[str]], chosen: Iterable[Script]) -> dict[str, list[Tree]]:
    """The steps of each script, at a server started for each setup that scripts need."""
    chosen = list(chosen)
    seen: dict[str, list[Tree]] = {}
    for setup in sorted({script.setup for script in chosen}):
        async with start(setup=setup) as url:
            seen |= await run(url, [script for script in chosen if script.setup == setup])
    return seen


async def run(url: str, chosen: Iterable[Script]) -> dict[str, list[Tree]]:
    """The steps of each script at this server, by title. A script that fails half-way keeps the steps it made."""
    connector = aiohttp.TCPConnector(ssl=False, limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=15), auto_decompress=False) as http:
        chosen = list(chosen)
        waiting = [asyncio.create_task(_steps(http, url, script)) for script in chosen if script.waits]
        seen = {script.title: await _steps(http, url, script) for script in chosen if not script.waits}
        slow = (script.title for script in chosen if script.waits)
        return seen | dict(zip(slow, await asyncio.gather(*waiting), strict=True))


async def _steps(http: aiohttp.ClientSession, url: str, script: Script) -> list[Tree]:
    session = Session(http, url, script)
    await session.open()
    try:
        await script.run(session)
    except Exception:
        print(f"{script.title} stopped:\n{traceback.format_exc()}", flush=True)
    return session.steps


def record(seen: dict[str, list[Tree]], again: dict[str, list[Tree]]) -> None:
    """Writes what a kube-apiserver answered, topic by topic; scripts that were not run keep their recording.

    `again` is a second answer to brief scripts: what it says otherwise is not compared.
    """
    kept: golden.Recording = {**seen, **{title: list(_digests(seen[title], steps)) for title, steps in again.items()}}
    for topic in {title.split("/", 1)[0] for title in seen}:
        known = {script.title for script in scripts(topic)}
        try:
            before = golden.load(topic)
        except FileNotFoundError:
            before = {}
        after = {title: steps for title, steps in (before | kept).items() if title in known}
        golden.save(topic, dict(sorted(after.items())))


def _digests(one: list[Tree], other: list[Tree]) -> Iterator[str]:
    for step, repeated in zip(one, other, strict=True):
        digest = golden.digest(step)
        yield digest if digest == golden.digest(repeated) else golden.UNSTABLE


def differences(seen: dict[str, list[Tree]]) -> list[Difference]:
    """Against the recordings."""
    recordings = {topic: golden.load(topic) for topic in {title.split("/", 1)[0] for title in seen}}
    return [found for title, steps in seen.items() for found in compare(title, recordings[title.split("/", 1)[0]].get(title, []), steps)]
