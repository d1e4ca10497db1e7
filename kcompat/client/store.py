"""The objects an informer knows, indexed. Reads are synchronous and from memory; nothing read here may be changed.

Written only by its informer; read by controllers, scheduler and nodes as a lister (upstream: client-go tools/cache thread_safe_store).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree

Indexer = Callable[[Tree], Iterable[str]]
"""The values under which an object is found in an index."""

OWNER = "owner"
CONTROLLER = "controller"


def owner_uids(tree: Tree) -> list[str]:
    """The uids of every owner."""
    return [owner["uid"] for owner in meta.owner_references(tree)]


def controller_uids(tree: Tree) -> list[str]:
    """The uid of the managing controller; "" for objects that have none, so that orphans are found too (upstream: PodControllerIndex)."""
    owner = meta.controller_of(tree)
    return [f"{meta.namespace(tree)}/" if owner is None else owner["uid"]]


class Index:
    """Objects by the values an indexer gives them."""

    __slots__ = ("_indexer", "_values")

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self._values: dict[str, dict[str, Tree]] = {}

    def get(self, value: str) -> Collection[Tree]:
        found = self._values.get(value)
        return found.values() if found else ()

    def values(self) -> Collection[str]:
        return self._values.keys()

    def put(self, key: str, old: Tree | None, new: Tree | None) -> None:
        """Takes the object from the values of its old state to those of its new one; None: it is not there."""
        before = () if old is None else self._indexer(old)
        after = () if new is None else self._indexer(new)
        for value in before:
            if value not in after:
                self._drop(value, key)
        if new is not None:
            for value in after:
                self._values.setdefault(value, {})[key] = new

    def _drop(self, value: str, key: str) -> None:
        bucket = self._values.get(value)
        if bucket is not None and bucket.pop(key, None) is not None and not bucket:
            del self._values[value]


class Store:
    """Objects by `namespace/name` (or `name`), by namespace, and by the indexes added to it."""

    def __init__(self) -> None:
        self._objects: dict[str, Tree] = {}
        self._namespaces = Index(lambda tree: (meta.namespace(tree),))
        self._indexes: dict[str, Index] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Tree]:
        return iter(self._objects.values())

    def __contains__(self, key: str) -> bool:
        return key in self._objects

    def keys(self) -> Collection[str]:
        return self._objects.keys()

    def by_key(self, key: str) -> Tree | None:
        return self._objects.get(key)

    def get(self, namespace: str, name: str) -> Tree | None:
        """namespace "" for cluster-scoped objects."""
        return self._objects.get(f"{namespace}/{name}" if namespace else name)

    def list(self, namespace: str = "", selector: Any = None) -> list[Tree]:
        """All objects, of one namespace if given, whose labels the selector matches (apimachinery.selectors.LabelSelector)."""
        found: Collection[Tree] = self._namespaces.get(namespace) if namespace else self._objects.values()
        if selector is None:
            return list(found)
        return [tree for tree in found if selector.matches(meta.labels(tree))]

    def add_index(self, name: str, indexer: Indexer) -> None:
        """Adds an index if there is none of that name; existing objects enter it at once."""
        if name not in self._indexes:
            index = self._indexes[name] = Index(indexer)
            for key, tree in self._objects.items():
                index.put(key, None, tree)

    def by_index(self, name: str, value: str) -> Collection[Tree]:
        """The objects with that value. A live view: copy it before awaiting anything."""
        return self._indexes[name].get(value)

    def index_values(self, name: str) -> Collection[str]:
        return self._indexes[name].values()

    def owned_by(self, uid: str) -> Collection[Tree]:
        """The objects that name uid among their owners; add_index(OWNER, owner_uids) first."""
        return self._indexes[OWNER].get(uid)

    def put(self, key: str, tree: Tree) -> Tree | None:
        """Stores the new state; the previous one is returned."""
        old = self._objects.get(key)
        self._objects[key] = tree
        self._reindex(key, old, tree)
        return old

    def remove(self, key: str) -> Tree | None:
        old = self._objects.pop(key, None)
        if old is not None:
            self._reindex(key, old, None)
        return old

    def _reindex(self, key: str, old: Tree | None, new: Tree | None) -> None:
        self._namespaces.put(key, old, new)
        for index in self._indexes.values():
            index.put(key, old, new)
