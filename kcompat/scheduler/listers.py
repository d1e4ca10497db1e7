"""Plugins' look-ups served by informers. Made by loop.py."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from kcompat.client.informer import Informer, InformerFactory
from kcompat.client.resources import ResourceType
from kcompat.scheduler.framework import Action, ClusterEvent

Tree = dict[str, Any]


def _tell(informer: Informer, happened: Callable[[ClusterEvent, Tree | None, Tree | None], None]) -> None:
    kind = informer.type.kind
    added, updated, deleted = (ClusterEvent(kind, action) for action in (Action.ADD, Action.UPDATE, Action.DELETE))
    informer.add_handler(
        lambda new: happened(added, None, new),
        lambda old, new: happened(updated, old, new),
        lambda last: happened(deleted, last, None),
    )


class InformerListers:
    """Answers from the informers of the resources that plugins named in `watches` (framework.py:Listers)."""

    def __init__(self, factory: InformerFactory) -> None:
        self._factory = factory
        self._informers: dict[tuple[str, str], Informer] = {}

    def watch(self, resource: ResourceType) -> None:
        self._informers[resource.group, resource.plural] = self._factory.informer(resource)

    def tell(self, happened: Callable[[ClusterEvent, Tree | None, Tree | None], None]) -> None:
        """Calls `happened` with every change from now on; the event's resource is the kind. What is there already is no news."""
        for informer in self._informers.values():
            _tell(informer, happened)

    async def wait_synced(self) -> None:
        for informer in self._informers.values():
            await informer.wait_synced()

    def get(self, group: str, resource: str, namespace: str, name: str) -> Tree | None:
        informer = self._informers.get((group, resource))
        return informer.store.get(namespace, name) if informer is not None else None

    def list(self, group: str, resource: str, namespace: str = "") -> Collection[Tree]:
        informer = self._informers.get((group, resource))
        return informer.store.list(namespace) if informer is not None else ()
