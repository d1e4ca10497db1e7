"""Shared informers: one list and one watch per resource and process keep a Store current and tell handlers what changed.

A handler sees each object added, updated and deleted consistently, also when the watch was interrupted and events were missed: after a
new list the difference to what was known is told (upstream: client-go tools/cache reflector.go and delta_fifo.go). Handlers are plain
functions called on the event loop in order of the changes; they queue work, they do not do it. Used by controllers, scheduler and nodes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Identity
from kcompat.apimachinery.errors import StatusError, from_status
from kcompat.client.backoff import Backoff, fraction
from kcompat.client.client import PAGE_SIZE, Client, ResourceClient
from kcompat.client.interface import Tree, WatchEvent
from kcompat.client.resources import ResourceType
from kcompat.client.store import Store
from kcompat.client.tasks import end

log = logging.getLogger(__name__)

MIN_WATCH_SECONDS = 300
YIELD_EVERY = 200
"""Changes handled before other tasks get a turn."""

OnAdd = Callable[[Tree], Any]
OnUpdate = Callable[[Tree, Tree], Any]
OnDelete = Callable[[Tree], Any]


@dataclass(frozen=True, slots=True)
class Handler:
    on_add: OnAdd | None = None
    on_update: OnUpdate | None = None
    on_delete: OnDelete | None = None


class _Relist(Exception):
    """The watch cannot go on from the last version seen."""


class Informer:
    """Keeps `store` equal to the server's objects of one resource. Made by InformerFactory; `run` is its whole life."""

    def __init__(
        self,
        resource: ResourceClient,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        transform: Callable[[Tree], Tree] | None = None,
        identity: Identity | None = None,
    ) -> None:
        self.type = resource.type
        self.store = Store()
        self._client = resource
        self._namespace = namespace
        self._labels, self._fields = label_selector, field_selector
        self._transform = transform
        self._identity = identity or Identity()
        self._backoff = Backoff(self._identity)
        self._handlers: list[Handler] = []
        self._synced = asyncio.Event()
        self._version = "0"
        self._handled = 0

    @property
    def has_synced(self) -> bool:
        """The first list is in the store and every handler has been told of it."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        await self._synced.wait()

    @property
    def resource_version(self) -> str:
        """The last version seen; "0" before the first list."""
        return self._version

    def add_handler(self, on_add: OnAdd | None = None, on_update: OnUpdate | None = None, on_delete: OnDelete | None = None) -> Handler:
        """A handler added late is told of everything already known as added."""
        handler = Handler(on_add, on_update, on_delete)
        self._handlers.append(handler)
        if on_add is not None:
            for tree in list(self.store):
                _call(on_add, tree)
        return handler

    def remove_handler(self, handler: Handler) -> None:
        self._handlers.remove(handler)

    async def run(self) -> None:
        """Lists and watches until cancelled (upstream: Reflector.ListAndWatch in a backoff loop)."""
        while True:
            try:
                await self._list()
                self._synced.set()
                await self._watch()
            except _Relist as reason:
                log.debug("relisting %s: %s", self.type.plural, reason)
                continue
            except (StatusError, OSError, TimeoutError) as error:
                log.warning("failed to list or watch %s: %s", self.type.plural, error)
            except Exception:
                log.exception("informer of %s failed", self.type.plural)
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(self._backoff.next(asyncio.get_running_loop().time()))

    async def _list(self) -> None:
        listing = await self._list_or_newest()
        await self._replace(listing.get("items") or ())
        self._version = listing["metadata"].get("resourceVersion", "")

    async def _list_or_newest(self) -> Tree:
        """Not older than what was seen; the newest, in pages, when the server no longer or not yet knows that version."""
        try:
            page_size = PAGE_SIZE if self._version == "" else 0
            return await self._list_at(self._version, page_size)
        except StatusError as error:
            if not self._version or not (_is_expired(error) or _is_too_large(error)):
                raise
            return await self._list_at("", PAGE_SIZE)

    async def _list_at(self, version: str, page_size: int) -> Tree:
        return await self._client.list(
            self._namespace, label_selector=self._labels, field_selector=self._fields, resource_version=version, page_size=page_size
        )

    async def _replace(self, items: Iterable[Tree]) -> None:
        """Takes a whole list for the new state, telling the differences (upstream: DeltaFIFO.Replace)."""
        seen: set[str] = set()
        for tree in items:
            seen.add(self._put(tree))
            await self._take_turns()
        for key in [key for key in self.store.keys() if key not in seen]:  # noqa: SIM118 -- Store iterates over objects
            self._remove(key, None)
            await self._take_turns()

    async def _watch(self) -> None:
        """Watches from the last version seen, again and again, until that is impossible."""
        while True:
            started, before = asyncio.get_running_loop().time(), self._version
            try:
                await self._watch_once()
            except StatusError as error:
                if _is_expired(error) or _is_too_large(error):
                    raise _Relist(str(error)) from error
                if error.code not in (429, 500, 503, 504):
                    raise
                log.debug("watch of %s refused: %s", self.type.plural, error)
            except (OSError, TimeoutError) as error:
                log.debug("watch of %s broke: %s", self.type.plural, error)
            if asyncio.get_running_loop().time() - started < 1.0 and before == self._version:
                await self._pause()

    async def _watch_once(self) -> None:
        timeout = int(MIN_WATCH_SECONDS * (1.0 + fraction(self._identity)))
        events = self._client.watch(
            self._namespace,
            resource_version=self._version,
            label_selector=self._labels,
            field_selector=self._fields,
            timeout_seconds=timeout,
        )
        try:
            async for event in events:
                self._handle(event)
                await self._take_turns()
        finally:
            if (close := getattr(events, "aclose", None)) is not None:
                await close()

    async def _take_turns(self) -> None:
        self._handled += 1
        if self._handled % YIELD_EVERY == 0:
            await asyncio.sleep(0)

    def _handle(self, event: WatchEvent) -> None:
        tree = event.object
        if event.type == "ERROR":
            raise from_status(tree)
        if event.type in ("ADDED", "MODIFIED"):
            self._put(tree)
        elif event.type == "DELETED":
            self._remove(meta.key(tree), tree)
        self._version = tree["metadata"]["resourceVersion"]

    def _put(self, tree: Tree) -> str:
        if self._transform is not None:
            tree = self._transform(tree)
        key = meta.key(tree)
        old = self.store.by_key(key)
        if old is None:
            self.store.put(key, tree)
            self._tell_added(tree)
        elif meta.uid(old) != meta.uid(tree):  # deleted and made again between two lists
            self._remove(key, None)
            self.store.put(key, tree)
            self._tell_added(tree)
        elif meta.resource_version(old) != meta.resource_version(tree):
            self.store.put(key, tree)
            for handler in self._handlers:
                if handler.on_update is not None:
                    _call(handler.on_update, old, tree)
        return key

    def _tell_added(self, tree: Tree) -> None:
        for handler in self._handlers:
            if handler.on_add is not None:
                _call(handler.on_add, tree)

    def _remove(self, key: str, last: Tree | None) -> None:
        """last: the final state where the server sent it; else the last one known is told."""
        old = self.store.remove(key)
        tree = last if last is not None else old
        if tree is None or old is None:
            return
        if last is not None and self._transform is not None:
            tree = self._transform(last)
        for handler in self._handlers:
            if handler.on_delete is not None:
                _call(handler.on_delete, tree)


def _call(function: Callable[..., Any], *arguments: Tree) -> None:
    try:
        function(*arguments)
    except Exception:
        log.exception("an informer's handler failed")


def _is_expired(error: StatusError) -> bool:
    return error.code == 410 or error.reason in ("Expired", "Gone")


def _is_too_large(error: StatusError) -> bool:
    """A version from the future: the server has been restored or is behind (upstream: isTooLargeResourceVersionError)."""
    return error.reason == "Timeout" and (error.has_cause("ResourceVersionTooLarge") or "Too large resource version" in error.message)


def metadata_of(tree: Tree) -> Tree:
    """Only the metadata, without managedFields; the kind is the informer's, for what lists hold may not have its own."""
    kept = {key: value for key, value in tree["metadata"].items() if key != "managedFields"}
    return {"metadata": kept}


class InformerFactory:
    """One informer per resource and selection, shared by all who ask; each starts with the factory, or at once if that runs already."""

    def __init__(self, client: Client, identity: Identity | None = None) -> None:
        self._client = client
        self._identity = identity or Identity()
        self._informers: dict[tuple[Any, ...], Informer] = {}
        self._tasks: dict[tuple[Any, ...], asyncio.Task[None]] = {}
        self._started = False

    def informer(self, resource: ResourceType, *, namespace: str = "", label_selector: str = "", field_selector: str = "") -> Informer:
        key = (resource, namespace, label_selector, field_selector)
        if key not in self._informers:
            self._add(
                key,
                Informer(
                    self._client.of(resource),
                    namespace=namespace,
                    label_selector=label_selector,
                    field_selector=field_selector,
                    identity=self._identity,
                ),
            )
        return self._informers[key]

    def metadata_informer(self, resource: ResourceType) -> Informer:
        """An informer whose objects have at least their metadata: the full one if somebody uses it already."""
        full = self._informers.get((resource, "", "", ""))
        if full is not None:
            return full
        key = (resource, "metadata")
        if key not in self._informers:
            client = self._client.metadata_only().of(resource)
            self._add(key, Informer(client, transform=metadata_of, identity=self._identity))
        return self._informers[key]

    def lister(self, resource: ResourceType) -> Store:
        return self.informer(resource).store

    def start(self) -> None:
        """Starts what has been asked for and everything that will be."""
        self._started = True
        for key, informer in self._informers.items():
            self._run(key, informer)

    async def wait_synced(self) -> None:
        await asyncio.gather(*(informer.wait_synced() for informer in list(self._informers.values())))

    async def stop_informer(self, informer: Informer) -> None:
        """Ends and forgets one informer, whose resource is no longer served."""
        for key in [key for key, known in self._informers.items() if known is informer]:
            del self._informers[key]
            if key in self._tasks:
                await end((self._tasks.pop(key),))

    async def stop(self) -> None:
        self._started = False
        tasks = list(self._tasks.values())
        self._tasks.clear()
        await end(tasks)

    def _add(self, key: tuple[Any, ...], informer: Informer) -> None:
        self._informers[key] = informer
        if self._started:
            self._run(key, informer)

    def _run(self, key: tuple[Any, ...], informer: Informer) -> None:
        if key not in self._tasks:
            self._tasks[key] = asyncio.create_task(informer.run(), name=f"informer {informer.type.plural}")

