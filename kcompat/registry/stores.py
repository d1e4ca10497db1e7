"""All stores of a server, made when first used, and the Reader over them. Called by `cluster.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kcompat.apimachinery.clock import Clock, Identity
from kcompat.registry.catalog import Catalog
from kcompat.registry.declare import Resource
from kcompat.registry.hooks import Check, Hooks
from kcompat.registry.leases import Leases
from kcompat.registry.store import Store
from kcompat.storage.entries import CacheEvent
from kcompat.storage.watch_cache import WatchCache

Tree = dict[str, Any]


class Stores:
    """One Store a stored resource. Two versions of a resource have a Store each, over the same keys."""

    def __init__(self, catalog: Catalog, cache: WatchCache, clock: Clock, identity: Identity, lease_seconds: Mapping[str, int]) -> None:
        self.catalog = catalog
        self.cache = cache
        self._clock = clock
        self._identity = identity
        self._leases = Leases(cache.backend, clock, lease_seconds)
        self._stores: dict[tuple[str, str, str], Store] = {}
        self.hooks: dict[str, Hooks] = {}
        self.checks: dict[str, Check] = {}
        """Both by `plural.group`; set before the store is first used."""

    def of(self, resource: Resource) -> Store:
        """The store of a resource."""
        key = (resource.group, resource.version, resource.name)
        store = self._stores.get(key)
        if store is None or store.resource is not resource:
            prefix = self.catalog.store_prefix(resource) + "/"
            store = Store(resource, prefix, self.cache, self._clock, self._identity, self._leases, self.hooks.get(resource.qualified))
            store.check = self.checks.get(resource.qualified)
            self._stores[key] = store
        return store

    def named(self, group: str, name: str) -> Store:
        """The store of a resource in its group's preferred version. Raises KeyError."""
        for version in self.catalog.versions(group):
            resource = self.catalog.get(group, version, name)
            if resource is not None:
                return self.of(resource)
        raise KeyError(f"{name}.{group}")


class CacheReader:
    """apimachinery.reader.Reader over the watch cache."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def get(self, group: str, resource: str, namespace: str, name: str) -> Tree | None:
        store = self._stores.named(group, resource)
        key = store.key(namespace, name)
        entry = (await store.entries()).get(key) or (await store.fresh()).get(key)  # as upstream: informer first, then a live read
        return entry.tree() if entry is not None else None

    async def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Tree]:
        store = self._stores.named(group, resource)
        return [entry.peek() for entry in (await store.fresh()).scan(store.scope(namespace))]

    def on_change(self, group: str, resource: str, callback: Callable[[Tree | None, Tree | None], None]) -> None:
        store = self._stores.named(group, resource)

        def changed(event: CacheEvent) -> None:
            old = event.previous.peek() if event.previous is not None else None
            callback(old, event.entry.peek() if event.type != "DELETED" else None)

        store.cache.resource(store.layout).callbacks.append(changed)
