"""The revisions of a template that a daemon set or stateful set keeps, as ControllerRevisions it owns (upstream: pkg/controller/history).

`data` of a revision is the patch that brings the template back. Used by those two controllers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import CONTROLLER_REVISIONS, ResourceType
from kcompat.client.store import CONTROLLER, Store
from kcompat.controllers.controller import spec_of
from kcompat.controllers.ownership import Claimer

PREFIX_LENGTH = 223


def data_of(owner: Tree) -> Tree:
    """What a revision remembers of its owner: a patch that replaces the template; keys in order, clients compare bytes (getPatch)."""
    patch = {"spec": {"template": {**(spec_of(owner).get("template") or {}), "$patch": "replace"}}}
    ordered: Tree = orjson.loads(orjson.dumps(patch, option=orjson.OPT_SORT_KEYS))
    return ordered


def restored(owner: Tree, revision: Tree) -> Tree:
    """The owner with the template that a revision remembers (upstream: ApplyRevision)."""
    template = {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}
    return {**owner, "spec": {**spec_of(owner), "template": template}}


def number(revision: Tree) -> int:
    return int(revision.get("revision") or 0)


def sort_key(revision: Tree) -> tuple[int, str, str]:
    """Oldest first (upstream: SortControllerRevisions)."""
    return number(revision), meta.creation_timestamp(revision), meta.name(revision)


def newest(revisions: Iterable[Tree]) -> int:
    return max(map(number, revisions), default=0)


def revision_name(owner: Tree, digest: str) -> str:
    return f"{meta.name(owner)[:PREFIX_LENGTH]}-{digest}"


class History:
    """The revisions of one kind of owner. revisions: a lister with the CONTROLLER index."""

    def __init__(self, client: Client, owner_type: ResourceType, revisions: Store) -> None:
        self._client, self._owner_type, self._store = client, owner_type, revisions
        self._revisions = client.of(CONTROLLER_REVISIONS)

    async def claim(self, owner: Tree, selector: LabelSelector) -> list[Tree]:
        """The owner's revisions, oldest first; orphans that match become its own."""
        owned = self._store.by_index(CONTROLLER, meta.uid(owner))
        orphans = self._store.by_index(CONTROLLER, f"{meta.namespace(owner)}/")
        claimer = Claimer(self._client, owner, self._owner_type, CONTROLLER_REVISIONS)
        return sorted(await claimer.claim([*owned, *orphans], selector), key=sort_key)

    def make(self, owner: Tree, name: str, labels: Any, revision: int, annotations: Any = None) -> Tree:
        """A revision of the owner's template as it is now, not created yet."""
        metadata = {
            "name": name,
            "namespace": meta.namespace(owner),
            "labels": dict(labels),
            "ownerReferences": [meta.controller_reference(owner, self._owner_type.api_version, self._owner_type.kind)],
        }
        if annotations:
            metadata["annotations"] = dict(annotations)
        return {"metadata": metadata, "data": data_of(owner), "revision": revision}

    async def create(self, revision: Tree) -> Tree | None:
        """The created one, or the one that is there with the same content; None: its name is taken by other content."""
        try:
            return await self._revisions.create(revision)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
        present = await self._revisions.get(meta.name(revision), meta.namespace(revision))
        return present if present.get("data") == revision["data"] else None

    async def renumber(self, revision: Tree, to: int) -> Tree:
        return revision if number(revision) == to else await self._revisions.update({**revision, "revision": to})

    async def update(self, revision: Tree) -> Tree:
        return await self._revisions.update(revision)

    async def delete(self, revision: Tree) -> None:
        await self._revisions.delete(meta.name(revision), meta.namespace(revision))
