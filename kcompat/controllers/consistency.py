"""Did the informer see what this controller wrote itself? Deciding on an older state would repeat or undo the write
(upstream: pkg/controller/util/consistency). Used by controllers that write objects which they also watch.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery import meta
from kcompat.client.informer import InformerFactory
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType


class Written:
    """The version of each object as it was last written here, by uid, until it or a newer one is seen."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def wrote(self, tree: Tree) -> None:
        """The server's answer to a write."""
        self._versions[meta.uid(tree)] = int(meta.resource_version(tree))

    def is_stale(self, tree: Tree) -> bool:
        """A cached object is older than what was written: its next event is on its way, and will bring the reconciler back."""
        written = self._versions.get(meta.uid(tree))
        if written is None:
            return False
        if int(meta.resource_version(tree)) < written:
            return True
        del self._versions[meta.uid(tree)]
        return False

    def any_stale(self, trees: Iterable[Tree]) -> bool:
        return bool(self._versions) and any(self.is_stale(tree) for tree in trees)

    def forget(self, tree: Tree) -> None:
        """The object is gone."""
        self._versions.pop(meta.uid(tree), None)


class Made:
    """The newest version of each kind of object written for a key, new objects included, until the informer has come that far."""

    def __init__(self, informers: InformerFactory) -> None:
        self._informers = informers
        self._versions: dict[str, dict[ResourceType, int]] = {}

    def wrote(self, key: str, kind: ResourceType, tree: Tree) -> None:
        versions = self._versions.setdefault(key, {})
        versions[kind] = max(versions.get(kind, 0), int(meta.resource_version(tree)))

    def is_seen(self, key: str) -> bool:
        """An older view would make again what is made already."""
        for kind, version in self._versions.get(key, {}).items():
            if version > int(self._informers.informer(kind).resource_version or 0):
                return False
        self._versions.pop(key, None)
        return True

    def forget(self, key: str) -> None:
        self._versions.pop(key, None)
