"""The watch cache: what every read is served from, and the fan-out of changes to watchers.

One backend watch over /registry feeds all resources (`WatchCache`); a resource's objects are loaded when it is first used
(`ResourceCache`) and kept as bytes. Labels, field labels and decoded trees are made only for who needs them, once per
object version. Upstream: staging/src/k8s.io/apiserver/pkg/storage/cacher. Called by `registry/store.py` and `cluster.py`.

Invariants: a ResourceCache reflects exactly the store at `WatchCache.revision` (events are applied without awaiting in
between), and a watcher is registered in the same step as the snapshot it starts from is taken, so it misses nothing.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

from kcompat.storage import codec
from kcompat.storage.entries import ADDED, DELETED, MODIFIED, CacheEvent, Entry, Layout, Past, Tree, with_revision
from kcompat.storage.indexes import Indexes, Term
from kcompat.storage.interface import Backend, Compacted, Event, KeyValue, Revision, StorageError, Unavailable
from kcompat.storage.watcher import Concern, Watcher

log = logging.getLogger(__name__)

HISTORY = 4096
HISTORY_BYTES = 32 << 20
"""Events, and bytes of them, kept per resource; older ones are read from the backend."""


_LOADED_AT_ONCE = 1000
"""Entries read at first use before others get a turn; read all at once, they would stand in memory twice."""
_WORTH_AN_INDEX = 256


class ResourceCache:
    """All objects of one resource, ordered by key, with recent history and watchers."""

    def __init__(self, cache: WatchCache, layout: Layout) -> None:
        self.cache = cache
        self.layout = layout
        self.entries: dict[str, Entry] = {}
        self.keys: list[str] = []
        self.indexes = Indexes(layout.indexes)
        self.history: deque[CacheEvent] = deque()
        self._history_bytes = 0
        self.history_start: Revision = 0
        """Every event with a revision above this is in `history`."""
        self.changed: Revision = 0
        """Revision of the last change to this resource."""
        self.watchers: set[Watcher] = set()
        self._concerned: dict[Concern, set[Watcher]] = {}
        """The watchers again, so that an event only meets those it may concern."""
        self.callbacks: list[Callable[[CacheEvent], None]] = []
        self._loaded = False
        self._loading: asyncio.Lock = asyncio.Lock()
        self._backlog: list[Event] | None = None
        self._before: dict[str, Entry] = {}

    def successor(self) -> ResourceCache:
        """Takes this one's place when changes were missed; whoever follows it is told of them when it has loaded."""
        following = ResourceCache(self.cache, self.layout)
        following.callbacks, following._before = self.callbacks, self.entries if self._loaded else self._before
        return following

    async def ready(self) -> ResourceCache:
        """Loads the resource on first use."""
        if not self._loaded:
            async with self._loading:
                if not self._loaded:
                    await self._load()
        return self

    async def _load(self) -> None:
        """Page by page, each as of its own revision; what happened since the first was asked for is then made up for."""
        self._backlog = []
        self.entries, self.keys, self.indexes = {}, [], Indexes(self.layout.indexes)  # an attempt before may have failed half-way
        start: str | None = None
        while True:
            page = await self.cache.backend.range(self.layout.prefix, start=start, limit=_LOADED_AT_ONCE)
            for item in page.items:
                self._insert(self.entry(item))
            if not page.more:
                break
            start = page.items[-1].key + "\0"
        await self.cache.wait_for(page.revision)
        self.history_start = self.changed = page.revision
        backlog, self._backlog = self._backlog, None
        self._loaded = True
        newer = bisect_right(backlog, page.revision, key=lambda event: event.revision)
        for event in backlog[:newer]:
            self._make_up_for(event)
        self._tell_missed(page.revision)
        for event in backlog[newer:]:
            self.apply(event)

    def _make_up_for(self, event: Event) -> None:
        """A change that happened while pages were read: in some of them it is, in others not."""
        present = self.entries.get(event.key)
        if present is not None and present.revision >= event.revision:
            return
        if event.value is None:
            if present is not None:
                self._remove(present)
            return
        entry = self.entry(KeyValue(event.key, event.value, event.revision, 0))
        if present is None:
            self._insert(entry)
        else:
            self._replace(present, entry)

    def _tell_missed(self, revision: Revision) -> None:
        """What changed since the cache was lost that this one succeeds."""
        before, self._before = self._before, {}
        if not self.callbacks:
            return
        for key, previous in before.items():
            if key not in self.entries:
                self._tell(CacheEvent(DELETED, self.gone(previous, revision), previous))
        for key, entry in self.entries.items():
            known = before.get(key)
            if known is None or known.revision != entry.revision:
                self._tell(CacheEvent(MODIFIED if known else ADDED, entry, known))

    def entry(self, item: KeyValue, tree: Tree | None = None) -> Entry:
        """A stored value as an entry."""
        value = codec.canonical(item.value, self.layout.head, self.layout.decode_foreign)
        return Entry(self.layout, item.key, codec.tail(value, len(self.layout.head), item.mod_revision), item.mod_revision, tree)

    def apply(self, event: Event) -> None:
        """Takes in one change from the backend and hands it to watchers."""
        if not self._loaded:
            if self._backlog is not None:
                self._backlog.append(event)
            return
        previous = self.entries.get(event.key)
        if event.value is None:
            if previous is None:
                return
            change = CacheEvent(DELETED, self.gone(previous, event.revision), previous)
            self._remove(previous)
        else:
            tree = self.cache.hints.pop(id(event.value), None)
            entry = self.entry(KeyValue(event.key, event.value, event.revision, 0), with_revision(tree, event.revision))
            change = CacheEvent(MODIFIED if previous else ADDED, entry, previous)
            if previous is None:
                self._insert(entry)
            else:
                self._replace(previous, entry)
        self._publish(change)

    def gone(self, previous: Entry, revision: Revision) -> Entry:
        tail = codec.moved(previous.tail, revision)
        tree = with_revision(previous._tree, revision)
        return Entry(self.layout, previous.key, tail, revision, tree)

    def _publish(self, change: CacheEvent) -> None:
        self.changed = change.revision
        self._remember(change)
        for concern in self._concerns(change) if self.watchers else ():
            for watcher in self._concerned.get(concern, ()):
                if change.entry.key.startswith(watcher.prefix):
                    watcher.push(change)
        self._tell(change)
        if not any(watcher.trees for watcher in self.watchers):
            change.entry.release()
        if change.previous is not None:
            change.previous.release()

    def _tell(self, change: CacheEvent) -> None:
        """A follower that fails keeps nothing from the others."""
        for callback in self.callbacks:
            try:
                callback(change)
            except Exception:
                log.exception("a follower of %s failed", self.layout.prefix)

    def _concerns(self, change: CacheEvent) -> set[Concern]:
        """What the change is about, the fields of before and after included."""
        key = change.entry.key
        concerns: set[Concern] = {self.layout.prefix, key[: key.rindex("/") + 1], key}
        for version in (change.previous, change.entry if change.type != DELETED else None):
            if version is not None:
                concerns.update((name, version.fields.get(name, "")) for name in self.layout.indexes)
        return concerns

    def _remember(self, change: CacheEvent) -> None:
        history = self.history
        history.append(change)
        self._history_bytes += len(change.entry.tail)
        while len(history) > HISTORY or self._history_bytes > HISTORY_BYTES:
            oldest = history.popleft()
            self.history_start = oldest.revision
            self._history_bytes -= len(oldest.entry.tail)

    def _insert(self, entry: Entry) -> None:
        self.entries[entry.key] = entry
        if self.keys and entry.key > self.keys[-1]:
            self.keys.append(entry.key)
        else:
            insort(self.keys, entry.key)
        self.indexes.add(entry)

    def _replace(self, previous: Entry, entry: Entry) -> None:
        self.entries[entry.key] = entry
        self.indexes.replace(previous, entry)

    def _remove(self, previous: Entry) -> None:
        del self.entries[previous.key]
        del self.keys[bisect_left(self.keys, previous.key)]
        self.indexes.discard(previous)

    def get(self, key: str) -> Entry | None:
        return self.entries.get(key)

    def scan(self, prefix: str, start: str | None = None) -> Sequence[Entry]:
        """Entries under prefix in key order, from start on."""
        keys, entries = self.keys, self.entries
        if start is None and prefix == self.layout.prefix:
            return [entries[key] for key in keys]
        low, high = self._span(prefix, start)
        return [entries[key] for key in keys[low:high]]

    def _span(self, prefix: str, start: str | None) -> tuple[int, int]:
        """Where in `keys` those under prefix, from start on, are."""
        keys = self.keys
        low = bisect_left(keys, start if start is not None and start > prefix else prefix)
        return low, bisect_left(keys, prefix[:-1] + chr(ord(prefix[-1]) + 1), low)

    def page(self, prefix: str, start: str | None, limit: int, past: Past) -> tuple[list[Entry], int]:
        """The first `limit` entries under prefix in key order, from start on, and how many there are in all; as it was in the `past`."""
        low, high = self._span(prefix, start)
        keys, entries = self.keys, self.entries
        if not past:
            return [entries[key] for key in keys[low : min(high, low + limit)]], high - low
        old = {key: entry for key, entry in past.items() if key.startswith(prefix) and (start is None or key >= start)}
        gone = [key for key, entry in old.items() if entry is not None and key not in entries]
        unborn = [key for key, entry in old.items() if entry is None and key in entries]
        present = [key for key in keys[low : min(high, low + limit + len(unborn))] if old.get(key, self) is not None]
        chosen = [old.get(key) or entries[key] for key in sorted([*present, *gone])[:limit]]
        return chosen, high - low + len(gone) - len(unborn)

    def last(self, prefix: str) -> str:
        """The last key under prefix; "" when there is none."""
        low, high = self._span(prefix, None)
        return self.keys[high - 1] if high > low else ""

    def past(self, revision: Revision) -> Past | None:
        """What was different at `revision`; None when the history does not reach back to it."""
        if revision < self.history_start:
            return None
        past: Past = {}
        for event in reversed(self.history):
            if event.revision <= revision:
                break
            past[event.entry.key] = event.previous
        return past

    def candidates(self, prefix: str, terms: Sequence[Term], start: str | None = None) -> Sequence[Entry]:
        """Entries under prefix in key order, from start on: all that fulfil all the terms, and perhaps others."""
        entries = self.entries
        if not terms or len(entries) < _WORTH_AN_INDEX:
            return self.scan(prefix, start)
        keys = self.indexes.fewest(terms, entries.values())
        if len(keys) > len(entries) // 2:
            return self.scan(prefix, start)
        return [entries[key] for key in sorted(keys) if key.startswith(prefix) and (start is None or key >= start)]

    def subscribe(self, prefix: str, concern: Concern = "") -> Watcher:
        """A watcher of everything after the cache's present revision (or only of a concern under the prefix). Call `unsubscribe` when done."""
        watcher = Watcher(prefix, self.cache.revision, concern)
        self.watchers.add(watcher)
        self._concerned.setdefault(watcher.concern, set()).add(watcher)
        return watcher

    def subscribe_after(self, prefix: str, revision: Revision, concern: Concern = "") -> Watcher | None:
        """A watcher that starts with the kept events after `revision`; None when they are no longer all here."""
        if revision < self.history_start:
            return None
        watcher = self.subscribe(prefix, concern)
        watcher.revision = max(watcher.revision, revision)
        if revision < self.changed:
            watcher.events = [e for e in self.history if e.revision > revision and e.entry.key.startswith(prefix)]
        return watcher

    def unsubscribe(self, watcher: Watcher) -> None:
        self.watchers.discard(watcher)
        concerned = self._concerned.get(watcher.concern, set())
        concerned.discard(watcher)
        if not concerned:
            self._concerned.pop(watcher.concern, None)

    async def replay(self, prefix: str, revision: Revision, concern: Concern = "") -> tuple[list[CacheEvent], Watcher]:
        """Events after `revision` from the backend's history up to what the cache keeps, and a watcher that goes on from there.

        Watches the whole root, as its batches pass every revision even when this resource did not change. Raises Compacted.
        """
        events: list[CacheEvent] = []
        batches = self.cache.backend.watch(self.cache.root, after=revision)
        try:
            while (watcher := self.subscribe_after(prefix, revision, concern)) is None:
                async with asyncio.timeout(10):
                    batch = await anext(batches)
                events.extend(self._historic(event) for event in batch.events if event.key.startswith(prefix))
                revision = max(revision, batch.revision)
            return events, watcher
        finally:
            await _close(batches)

    def _historic(self, event: Event) -> CacheEvent:
        previous = self.entry(event.previous) if event.previous else None
        if event.value is None:
            if previous is None:
                raise Compacted(event.revision)
            return CacheEvent(DELETED, self.gone(previous, event.revision), previous)
        return CacheEvent(MODIFIED if previous else ADDED, self.entry(KeyValue(event.key, event.value, event.revision, 0)), previous)


class WatchCache:
    """Follows the backend and feeds the resource caches."""

    def __init__(self, backend: Backend, root: str = "/registry/") -> None:
        self.backend = backend
        self.root = root
        self.revision: Revision = 0
        self.hints: dict[int, Tree] = {}
        """Trees of values being written here, by id of the bytes: spares decoding what this process just encoded."""
        self.resources: dict[str, ResourceCache] = {}
        self._waiters: list[tuple[Revision, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._reloading: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self.revision = await self.backend.revision()
        self._task = asyncio.create_task(self._follow(), name="watch-cache")

    async def close(self) -> None:
        tasks = [task for task in (self._task, *self._reloading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for resource in self.resources.values():
            for watcher in resource.watchers:
                watcher.drop()

    def resource(self, layout: Layout) -> ResourceCache:
        """The cache of the resource at layout.prefix; made on first call."""
        cache = self.resources.get(layout.prefix)
        if cache is None:
            cache = self.resources[layout.prefix] = ResourceCache(self, layout)
        assert cache.layout.head == layout.head, f"{layout.prefix} is stored in one version only"
        return cache

    def forget(self, layout: Layout) -> None:
        """Drops a resource that is no longer served (a deleted custom resource definition)."""
        cache = self.resources.pop(layout.prefix, None)
        if cache is not None:
            for watcher in cache.watchers:
                watcher.drop()

    async def fresh(self) -> Revision:
        """Waits until the cache has everything acknowledged before this call, by any server."""
        revision = await self.backend.revision()
        if self.revision < revision:
            await self.wait_for(revision)
        return self.revision

    async def reached(self, revision: Revision) -> None:
        """Waits, within reason, until a write made here is in the cache: what it decides (roles, namespaces) holds for the next request."""
        if self.revision < revision:
            with suppress(TimeoutError):
                await self.wait_for(revision, 1)

    async def wait_for(self, revision: Revision, timeout: float = 10) -> None:
        """Waits until the cache has reached `revision`. Raises TimeoutError."""
        if self.revision >= revision:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiters.append((revision, future))
        timer = loop.call_later(timeout, _expire, future)  # asyncio.timeout costs three times as much
        try:
            await future
        finally:
            timer.cancel()

    async def _follow(self) -> None:
        lost = False
        while True:
            try:
                if lost:
                    await self._restart()
                lost = False
                await self._consume(self.backend.watch(self.root, after=self.revision))
            except Compacted:
                lost = True
            except Unavailable as error:
                log.warning("store watch interrupted: %s", error)
                await asyncio.sleep(0.2)
            except Exception:
                log.exception("the watch cache failed and is made anew")
                lost = True
                await asyncio.sleep(0.2)

    async def _consume(self, batches: AsyncIterator[Any]) -> None:
        async for batch in batches:
            for event in batch.events:
                resource = self.find(event.key)
                if resource is not None:
                    resource.apply(event)
            self._advance(batch.revision)
        await asyncio.sleep(0.05)

    def find(self, key: str) -> ResourceCache | None:
        """The resource cache a key belongs to: the longest known prefix (`/registry/services/specs/`)."""
        parts = key.split("/", 5)
        for count in (3, 4, 5):
            found = self.resources.get("/".join(parts[:count]) + "/")
            if found is not None:
                return found
        return None

    def _advance(self, revision: Revision) -> None:
        if revision > self.revision:
            self.revision = revision
        if self._waiters:
            due = [w for w in self._waiters if w[0] <= self.revision]
            if due:
                self._waiters = [w for w in self._waiters if w[0] > self.revision]
                for _, future in due:
                    if not future.done():
                        future.set_result(None)

    async def _restart(self) -> None:
        """The history moved on without us: start over; watchers are dropped and list again."""
        self.revision = await self.backend.revision()
        resources = list(self.resources.values())
        self.resources.clear()
        for resource in resources:
            for watcher in resource.watchers:
                watcher.drop()
            if resource.callbacks:
                following = self.resources[resource.layout.prefix] = resource.successor()
                task = asyncio.create_task(self._reload(following), name="watch-cache reload")
                self._reloading.add(task)
                task.add_done_callback(self._reloading.discard)

    async def _reload(self, resource: ResourceCache) -> None:
        """Followers never ask for what they follow: it is loaded for them."""
        while self.resources.get(resource.layout.prefix) is resource:
            with suppress(StorageError, TimeoutError):
                await resource.ready()
                return
            await asyncio.sleep(0.2)


def _expire(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError())


async def _close(batches: AsyncIterator[Any]) -> None:
    close: Callable[[], Any] | None = getattr(batches, "aclose", None)
    if close is not None:
        await close()
