"""Keeps something in memory current with all objects of a resource. Called by the RBAC rule resolver and the Node authorizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.reader import Reader

Tree = Mapping[str, Any]
Key = tuple[str, str]
"""Namespace ("" for cluster-scoped objects) and name."""


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
