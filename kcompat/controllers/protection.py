"""Finalizers that keep an object while it is used: put on when it lacks them, taken off when it is to go and nothing uses it any more
(upstream: pkg/controller/volume/protectionutil). Used by the controllers that protect claims, volumes and their classes.
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType


def wants_protection(tree: Tree, finalizer: str) -> bool:
    return not meta.is_being_deleted(tree) and finalizer not in meta.finalizers(tree)


def waits_for_release(tree: Tree, finalizer: str) -> bool:
    return meta.is_being_deleted(tree) and finalizer in meta.finalizers(tree)


class Protection:
    """One finalizer on one kind of object."""

    def __init__(self, client: Client, kind: ResourceType, finalizer: str) -> None:
        self._objects, self._finalizer = client.of(kind), finalizer

    def concerns(self, tree: Tree | None) -> bool:
        return tree is not None and (wants_protection(tree, self._finalizer) or waits_for_release(tree, self._finalizer))

    async def settle(self, tree: Tree, *, used: bool) -> None:
        if waits_for_release(tree, self._finalizer):
            if not used:
                await self._objects.update(meta.without_finalizer(tree, self._finalizer))
        elif wants_protection(tree, self._finalizer):
            await self._objects.update(meta.with_finalizers(tree, [*meta.finalizers(tree), self._finalizer]))
