"""Did the informer see what this controller wrote itself? Deciding on an older state would repeat or undo the write
(upstream: pkg/controller/util/consistency). Used by controllers that write objects which they also watch.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree


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
