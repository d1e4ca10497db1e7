"""The watch cache over a memory backend: what watchers are given, and when they are given up."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from kcompat.apimachinery.clock import SystemClock
from kcompat.storage import codec, watch_cache
from kcompat.storage import watcher as watchers
from kcompat.storage.backends.memory import MemoryBackend
from kcompat.storage.entries import CacheEvent, Layout
from kcompat.storage.interface import ANY, Compacted, Page, Unavailable
from kcompat.storage.watch_cache import ResourceCache, WatchCache
from kcompat.storage.watcher import Dropped

PREFIX = "/registry/configmaps/"
LAYOUT = Layout(PREFIX, codec.head("ConfigMap", "v1"))


class Reins:
    """A backend whose first watch, which is the cache's, can be made to wait."""

    def __init__(self, backend: MemoryBackend) -> None:
        self._backend = backend
        self._watches = 0
        self.loose = asyncio.Event()
        self.loose.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def watch(self, prefix: str, *, after: int) -> AsyncIterator[Any]:
        self._watches += 1
        batches = self._backend.watch(prefix, after=after)
        return self._held(batches) if self._watches == 1 else batches

    async def _held(self, batches: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for batch in batches:
            await self.loose.wait()
            yield batch


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Reins, ResourceCache]]:
    backend = MemoryBackend(clock=SystemClock())
    await backend.start()
    reins = Reins(backend)
    cache = WatchCache(reins)  # type: ignore[arg-type]
    await cache.start()
    try:
        yield reins, await cache.resource(LAYOUT).ready()
    finally:
        reins.loose.set()
        await cache.close()
        await backend.close()


async def write(reins: Reins, name: str, size: int = 1) -> int:
    value = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": {"a": "x" * size}}
    return int(await reins.write(f"{PREFIX}{name}", orjson.dumps(value), expect=ANY))


async def test_a_replay_ahead_of_the_cache_repeats_nothing() -> None:
    async with running() as (reins, resource):
        first = await write(reins, "a")
        await resource.cache.wait_for(first)
        resource.history_start = first  # as after a restart
        reins.loose.clear()
        revisions = [await write(reins, name) for name in "bcd"]
        events, watcher = await resource.replay(PREFIX, first - 1)
        assert [event.revision for event in events] == [first, *revisions]
        reins.loose.set()
        last = await write(reins, "e")
        taken = await watcher.take(5)
        assert [event.revision for event in taken] == [last]


async def test_watchers_that_lag_too_far_are_dropped_and_hold_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "QUEUE_LIMIT", 3)
    async with running() as (reins, resource):
        slow, quick = resource.subscribe(PREFIX), resource.subscribe(PREFIX)
        for name in "abcd":
            await resource.cache.wait_for(await write(reins, name))
            assert len(await quick.take()) == 1
        assert slow.dropped and not slow.events
        await resource.cache.wait_for(await write(reins, "e"))
        assert not slow.events
        with pytest.raises(Dropped):
            await slow.take()


async def test_watchers_hold_so_many_bytes_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "QUEUE_BYTES", 10_000)
    async with running() as (reins, resource):
        watcher = resource.subscribe(PREFIX)
        await resource.cache.wait_for(await write(reins, "a", 9_000))
        assert len(await watcher.take()) == 1
        await resource.cache.wait_for(await write(reins, "b", 9_000))
        assert not watcher.dropped
        await resource.cache.wait_for(await write(reins, "c", 9_000))
        assert watcher.dropped


async def test_history_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_cache, "HISTORY", 3)
    monkeypatch.setattr(watch_cache, "HISTORY_BYTES", 10_000)
    async with running() as (reins, resource):
        revisions = [await write(reins, name) for name in "abcd"]
        await resource.cache.wait_for(revisions[-1])
        assert [event.revision for event in resource.history] == revisions[1:] and resource.history_start == revisions[0]
        large = await write(reins, "e", 9_900)
        await resource.cache.wait_for(large)
        assert [event.revision for event in resource.history] == [large] and resource.history_start == revisions[-1]
        events, _ = await resource.replay(PREFIX, revisions[0])
        assert [event.revision for event in events] == [*revisions[1:], large]


class Busy:
    """A backend that others write to whenever a page of it is read; the first reading fails half-way."""

    def __init__(self, backend: MemoryBackend, names: list[str]) -> None:
        self._backend, self._names, self._pages = backend, names, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def change(self, times: int) -> None:
        for _ in range(times):
            name = random.choice(self._names)
            present, _ = await self._backend.get(PREFIX + name)
            value = orjson.dumps({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}})
            await self._backend.write(PREFIX + name, None if present and random.random() < 0.5 else value, expect=ANY)

    async def range(self, prefix: str, **how: Any) -> Page:
        self._pages += 1
        if self._pages == 3:
            raise Unavailable("for a moment")
        await self.change(3)
        page = await self._backend.range(prefix, **how)
        await self.change(3)
        if random.random() < 0.5:
            await asyncio.sleep(0)
        return page


@pytest.mark.parametrize("seed", range(20))
async def test_what_changes_while_pages_are_read_is_made_up_for(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    random.seed(seed)
    monkeypatch.setattr(watch_cache, "_LOADED_AT_ONCE", 4)
    backend = MemoryBackend(clock=SystemClock())
    await backend.start()
    busy = Busy(backend, [f"m{number:02}" for number in range(30)])
    await busy.change(60)
    cache = WatchCache(busy)  # type: ignore[arg-type]
    await cache.start()
    resource = cache.resource(LAYOUT)
    with pytest.raises(Unavailable):
        await resource.ready()
    await resource.ready()
    await busy.change(5)
    await cache.fresh()
    page = await backend.range(PREFIX)
    assert [(entry.key, entry.revision) for entry in resource.scan(PREFIX)] == [(item.key, item.mod_revision) for item in page.items]
    assert sorted(resource.entries) == resource.keys
    await cache.close()
    await backend.close()


async def test_a_watcher_starts_with_the_kept_history() -> None:
    async with running() as (reins, resource):
        revisions = [await write(reins, name) for name in "abc"]
        await resource.cache.wait_for(revisions[-1])
        watcher = resource.subscribe_after(PREFIX, revisions[0])
        assert watcher is not None
        assert [event.revision for event in await watcher.take()] == revisions[1:]
        resource.history_start = revisions[1]
        assert resource.subscribe_after(PREFIX, revisions[0]) is None


class Broken:
    """Stands for the backend's watch, which fails once with this error when told to."""

    def __init__(self, backend: MemoryBackend, error: Exception) -> None:
        self._backend = backend
        self._error: Exception | None = error
        self.fails = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def watch(self, prefix: str, *, after: int) -> AsyncIterator[Any]:
        async for batch in self._backend.watch(prefix, after=after):
            if self.fails.is_set() and self._error is not None:
                error, self._error = self._error, None
                raise error
            yield batch


@pytest.mark.parametrize("error", [Compacted(7), RuntimeError("a defect")])
async def test_followers_are_told_what_changed_while_the_cache_was_lost(error: Exception) -> None:
    backend = MemoryBackend(clock=SystemClock())
    await backend.start()
    broken = Broken(backend, error)
    cache = WatchCache(broken)  # type: ignore[arg-type]
    await cache.start()
    told: list[tuple[str, str]] = []
    all_told = asyncio.Event()

    def follower(change: CacheEvent) -> None:
        told.append((change.type, change.entry.key.removeprefix(PREFIX)))
        if change.entry.key.endswith("/last"):
            all_told.set()
        raise LookupError("followers may fail")

    try:
        resource = await cache.resource(LAYOUT).ready()
        resource.callbacks.append(follower)
        for name in ("kept", "changed", "gone"):
            revision = await write(broken, name)  # type: ignore[arg-type]
        await cache.wait_for(revision)
        watcher = resource.subscribe(PREFIX)
        told.clear()
        broken.fails.set()
        await write(broken, "changed")  # type: ignore[arg-type]
        await backend.write(f"{PREFIX}gone", None, expect=ANY)
        revision = await write(broken, "new")  # type: ignore[arg-type]
        with pytest.raises(Dropped):
            await watcher.take()
        await cache.wait_for(revision)
        await cache.wait_for(await write(broken, "x/last"))  # type: ignore[arg-type]
        await all_told.wait()
        assert sorted(told) == [("ADDED", "new"), ("ADDED", "x/last"), ("DELETED", "gone"), ("MODIFIED", "changed")]
        assert [entry.key for entry in (await cache.resource(LAYOUT).ready()).scan(PREFIX)] == [
            f"{PREFIX}{name}" for name in ("changed", "kept", "new", "x/last")
        ]
    finally:
        await cache.close()
        await backend.close()
