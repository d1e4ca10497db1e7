"""Keeps something in memory current with all objects of a resource, so that hot paths look it up without awaiting or decoding.

Called by authorizers and admission plugins: what they need of every request (namespaces, roles, priority classes) is small.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from kcompat.apimachinery import meta
from kcompat.apimachinery.reader import Reader

Tree = Mapping[str, Any]
Key = tuple[str, str]
"""Namespace ("" for cluster-scoped objects) and name."""

T = TypeVar("T")


async def follow(reader: Reader, group: str, resource: str, store: Callable[[Key, Tree | None], None]) -> None:
    """Calls store(key, object) for all there are, and from now on for every change; None: it is gone."""
    changed: set[Key] = set()
    listed = False

    def change(old: Tree | None, new: Tree | None) -> None:
        key = key_of(new or old or {})
        if not listed:
            changed.add(key)
        store(key, new)

    reader.on_change(group, resource, change)
    for tree in await reader.list(group, resource):
        if (key := key_of(tree)) not in changed:  # what changed while the list was read is newer than the list
            store(key, tree)
    listed = True


def key_of(tree: Tree) -> Key:
    return meta.namespace(tree), meta.name(tree)


class Followed(Generic[T]):
    """What `keep` makes of every object of a resource (None: nothing), by namespace and name. Read it after load()."""

    def __init__(self, reader: Reader, group: str, resource: str, keep: Callable[[Tree], T | None]) -> None:
        self._reader = reader
        self._group = group
        self._resource = resource
        self._keep = keep
        self._kept: dict[str, dict[str, T]] = {}
        self._lock = asyncio.Lock()
        self._loaded = False

    async def load(self) -> None:
        """Reads all objects when first called; costs nothing from then on."""
        if self._loaded:
            return
        async with self._lock:
            if not self._loaded:
                await follow(self._reader, self._group, self._resource, self._store)
                self._loaded = True

    def get(self, namespace: str, name: str) -> T | None:
        return self.of(namespace).get(name)

    def of(self, namespace: str) -> Mapping[str, T]:
        """All of a namespace by name; "" holds the cluster-scoped ones."""
        return self._kept.get(namespace) or {}

    def _store(self, key: Key, tree: Tree | None) -> None:
        namespace, name = key
        kept = self._keep(tree) if tree is not None else None
        if kept is not None:
            self._kept.setdefault(namespace, {})[name] = kept
        elif (names := self._kept.get(namespace)) and names.pop(name, None) is not None and not names:
            del self._kept[namespace]
