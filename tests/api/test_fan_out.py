"""Many watches of the same thing: each sees every event once and in order, whenever it joins and however slowly it reads."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import orjson
import pytest
from in_process import Api

from kcompat.api.request import StreamResponse
from kcompat.registry import fan_out
from kcompat.registry.fan_out import Chunk, Stream
from kcompat.storage import watcher

SELECTORS = {
    "": lambda labels: True,
    "labelSelector=odd%3D1": lambda labels: labels.get("odd") == "1",
    "labelSelector=odd%21%3D1": lambda labels: labels.get("odd") != "1",
    "fieldSelector=metadata.name%3Dm3": lambda labels: labels["name"] == "m3",
}


class Connection:
    """An outlet that can be made to wait, and what was written to it."""

    def __init__(self) -> None:
        self.paused = False
        self.chunks: list[Chunk] = []
        self._resumed = asyncio.Event()
        self.arrived = asyncio.Condition()

    def write(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)

    async def drain(self) -> None:
        if self.paused:
            await self._resumed.wait()

    def pause(self) -> None:
        self.paused = True
        self._resumed.clear()

    def resume(self) -> None:
        self.paused = False
        self._resumed.set()

    def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for chunk in self.chunks for line in chunk.data.splitlines()]

    def seen(self) -> list[tuple[str, str, str]]:
        return [described(event) for event in self.events() if event["type"] != "BOOKMARK"]


def described(event: dict[str, Any]) -> tuple[str, str, str]:
    metadata = event["object"]["metadata"]
    return event["type"], metadata["name"], metadata["resourceVersion"]


async def watching(api: Api, url: str, **headers: str) -> Stream:
    separator = "&" if "?" in url else "?"
    answer = await api.raw("GET", f"{url}{separator}watch=1", **headers)
    assert isinstance(answer, StreamResponse) and isinstance(answer.chunks, Stream)
    return answer.chunks


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- the condition is anything
            await asyncio.sleep(0.002)


def config_map(name: str, odd: int = 0, size: int = 0) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"odd": str(odd)}}, "data": {"text": "x" * size}}


class History:
    """Random changes, and what a watch from a revision with a selector must see of them."""

    def __init__(self, api: Api, url: str) -> None:
        self.api, self.url = api, url
        self.revisions: list[str] = []
        self.changes: list[tuple[str, str, str, dict[str, str] | None, dict[str, str] | None]] = []
        self._present: dict[str, dict[str, str]] = {}

    async def change(self) -> None:
        name, odd = f"m{random.randrange(12)}", random.randrange(2)
        labels, before = {"odd": str(odd), "name": name}, self._present.get(name)
        if before is None:
            found = await self.api.ok("POST", self.url, config_map(name, odd, random.randrange(50)))
        elif random.random() < 0.3:
            await self.api.ok("DELETE", f"{self.url}/{name}")
            found = {"metadata": {"resourceVersion": str(self.api.control_plane.cache.revision)}}
            labels = None  # type: ignore[assignment]
        else:
            found = await self.api.ok("PUT", f"{self.url}/{name}", config_map(name, odd, 60 + len(self.changes)))
        self._present.pop(name, None)
        if labels is not None:
            self._present[name] = labels
        self.revisions.append(found["metadata"]["resourceVersion"])
        self.changes.append(("", name, self.revisions[-1], before, labels))

    def expected(self, after: int, selector: str) -> list[tuple[str, str, str]]:
        matches = SELECTORS[selector]
        events = []
        for _, name, revision, old, new in self.changes:
            was, is_ = old is not None and matches(old), new is not None and matches(new)
            if int(revision) > after and (was or is_):
                events.append(("ADDED" if not was else "MODIFIED" if is_ else "DELETED", name, revision))
        return events


@pytest.mark.parametrize("seed", range(3))
async def test_every_watch_sees_each_event_once_in_order(api: Api, config_maps: str, seed: int) -> None:
    random.seed(seed)
    history = History(api, config_maps)
    await history.change()
    piped: list[tuple[Connection, int, str, asyncio.Task[None]]] = []
    iterated: list[tuple[Stream, int, str]] = []
    for _ in range(120):
        await history.change()
        if random.random() < 0.3:
            after, selector = int(random.choice(history.revisions)), random.choice([*SELECTORS])
            stream = await watching(api, f"{config_maps}?resourceVersion={after}&{selector}")
            if random.random() < 0.8:
                connection = Connection()
                piped.append((connection, after, selector, asyncio.create_task(stream.pipe(connection))))
            else:
                iterated.append((stream, after, selector))
        for connection, *_ in piped:
            if random.random() < 0.1:
                connection.resume() if connection.paused else connection.pause()
    for connection, after, selector, task in piped:
        connection.resume()
        wanted = history.expected(after, selector)
        await until(lambda: len(connection.seen()) >= len(wanted))  # noqa: B023 - called within the loop
        assert connection.seen() == wanted
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for stream, after, selector in iterated:
        wanted, seen = history.expected(after, selector), []
        while len(seen) < len(wanted):
            seen += [described(orjson.loads(line)) for line in (await anext(stream)).splitlines()]
        assert seen == wanted
        await stream.aclose()
    assert not any(store.broadcasts for store in api.control_plane.stores._stores.values())


async def test_those_who_see_the_same_share_the_bytes(api: Api, config_maps: str) -> None:
    await api.ok("POST", config_maps, config_map("a"))
    connections = [Connection() for _ in range(3)]
    urls = [
        f"{config_maps}?resourceVersion=1",
        f"{config_maps}?resourceVersion=1",
        f"{config_maps}?resourceVersion=1&labelSelector=odd%3D0",
    ]
    tasks = [asyncio.create_task((await watching(api, url)).pipe(c)) for url, c in zip(urls, connections, strict=True)]
    await until(lambda: all(len(connection.chunks) == 1 for connection in connections))
    await api.ok("POST", config_maps, config_map("b"))
    await until(lambda: all(len(connection.chunks) == 2 for connection in connections))
    one, other, selecting = (connection.chunks[1] for connection in connections)
    assert one is other and one is not selecting and one.data == selecting.data
    assert one.framed == b"%x\r\n" % len(one.data) + one.data + b"\r\n"
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_each_watch_of_a_table_is_told_its_columns(api: Api, config_maps: str) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    streams = [await watching(api, config_maps, Accept=accept) for _ in range(2)]
    for name in ("a", "b"):
        await api.ok("POST", config_maps, config_map(name))
    for stream in streams:
        events: list[Any] = []
        while len(events) < 2:
            events += [orjson.loads(line) for line in (await anext(stream)).splitlines()]
        assert [bool(event["object"]["columnDefinitions"]) for event in events] == [True, False]
        await stream.aclose()


async def test_a_watch_that_cannot_keep_up_is_ended_and_holds_nothing(api: Api, config_maps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "QUEUE_BYTES", 10_000)
    slow, quick = Connection(), Connection()
    streams = [await watching(api, config_maps) for _ in range(2)]
    tasks = [asyncio.create_task(stream.pipe(c)) for stream, c in zip(streams, (slow, quick), strict=True)]
    slow.pause()
    for number in range(5):
        await api.ok("POST", config_maps, config_map(f"m{number}", size=3000))
        await until(lambda: len(quick.events()) == number + 1)  # noqa: B023
    slow.resume()
    async with asyncio.timeout(5):
        await tasks[0]
    assert len(slow.events()) < 5 and not streams[0]._held
    await api.ok("POST", config_maps, config_map("last"))
    await until(lambda: len(quick.events()) == 6)
    assert len(slow.events()) < 5
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_bookmark_comes_behind_the_events_it_speaks_of(api: Api, config_maps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "_REST", 1e9)
    monkeypatch.setattr(fan_out, "_REST_AT_MOST", 60)
    connection = Connection()
    stream = await watching(api, f"{config_maps}?allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=1")
    task = asyncio.create_task(stream.pipe(connection))
    await api.ok("POST", config_maps, config_map("a"))
    await until(lambda: connection.chunks)
    created = await api.ok("POST", config_maps, config_map("b"))  # waits while the broadcast rests
    await until(lambda: connection.events()[-1]["type"] == "BOOKMARK")
    last, mark = connection.events()[-2:]
    assert last["object"]["metadata"]["name"] == "b"
    assert int(mark["object"]["metadata"]["resourceVersion"]) >= int(created["metadata"]["resourceVersion"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_events_that_cannot_be_encoded_end_the_watches(api: Api, config_maps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = await watching(api, config_maps)
    task = asyncio.create_task(stream.pipe(Connection()))
    await asyncio.sleep(0)

    def encode(batch: Any) -> bytes:
        raise ValueError("no such form")

    stream._broadcast.encode = encode
    await api.ok("POST", config_maps, config_map("a"))
    async with asyncio.timeout(5):
        await task
