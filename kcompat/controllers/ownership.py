"""Taking and leaving ownership of objects by their labels: orphans that match are adopted, owned objects that no longer match are released
(upstream: pkg/controller/controller_ref_manager.go). Used by the controllers that own pods or replica sets.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector
from kcompat.client.client import STRATEGIC_MERGE_PATCH, Client
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType


class ClaimError(Exception):
    """Ownership could not be settled; try again."""


KEEP, ADOPT, RELEASE, IGNORE = "keep", "adopt", "release", "ignore"


def verdict(owner: Tree, selector: LabelSelector, tree: Tree) -> str:
    """What the owner is to do about an object (upstream: BaseControllerRefManager.ClaimObject). Pure."""
    reference = meta.controller_of(tree)
    if reference is not None:
        if reference.get("uid") != meta.uid(owner):
            return IGNORE
        if selector.matches(meta.labels(tree)):
            return KEEP
        return IGNORE if meta.is_being_deleted(owner) else RELEASE
    if meta.is_being_deleted(owner) or not selector.matches(meta.labels(tree)):
        return IGNORE
    return IGNORE if meta.is_being_deleted(tree) or meta.namespace(owner) != meta.namespace(tree) else ADOPT


class Claimer:
    """Carries verdicts out for one owner; made anew for each sync, since whether it may adopt is checked at most once."""

    def __init__(self, client: Client, owner: Tree, owner_type: ResourceType, claimed_type: ResourceType) -> None:
        self._owner, self._owner_type = owner, owner_type
        self._owners, self._claimed = client.of(owner_type), client.of(claimed_type)
        self._may_adopt = False

    async def claim(self, objects: Iterable[Tree], selector: LabelSelector) -> list[Tree]:
        """The objects that are the owner's now. Raises ClaimError or StatusError after trying them all."""
        claimed: list[Tree] = []
        failure: Exception | None = None
        for tree in objects:
            decided = verdict(self._owner, selector, tree)
            if decided is KEEP:
                claimed.append(tree)
            elif decided is not IGNORE:
                try:
                    if await self._settle(tree, decided):
                        claimed.append(tree)
                except (StatusError, ClaimError, OSError) as error:
                    failure = failure or error
        if failure is not None:
            raise failure
        return claimed

    async def _settle(self, tree: Tree, decided: str) -> bool:
        try:
            if decided is ADOPT:
                await self._adopt(tree)
                return True
            await self._release(tree)
        except StatusError as error:
            if error.code != 404:
                raise
        return False

    async def _adopt(self, tree: Tree) -> None:
        await self._check_may_adopt(tree)
        reference = meta.controller_reference(self._owner, self._owner_type.api_version, self._owner_type.kind)
        await self._patch(tree, reference)

    async def _release(self, tree: Tree) -> None:
        try:
            await self._patch(tree, {"$patch": "delete", "uid": meta.uid(self._owner)})
        except StatusError as error:
            if error.code not in (404, 422):  # gone, or made again under this name: nothing to release
                raise

    async def _patch(self, tree: Tree, reference: Tree) -> None:
        body = {"metadata": {"ownerReferences": [reference], "uid": meta.uid(tree)}}
        await self._claimed.patch(meta.name(tree), body, meta.namespace(tree), content_type=STRATEGIC_MERGE_PATCH)

    async def _check_may_adopt(self, tree: Tree) -> None:
        """An owner deleted meanwhile must not adopt; the cache may not know yet, so the server is asked."""
        if self._may_adopt:
            return
        namespace, name = meta.namespace(self._owner), meta.name(self._owner)
        what = f"can't adopt {self._claimed.type.kind} {namespace}/{meta.name(tree)} ({meta.uid(tree)})"
        try:
            fresh = await self._owners.get(name, namespace)
        except StatusError as error:
            raise ClaimError(f"{what}: can't recheck DeletionTimestamp: {error}") from error
        if meta.uid(fresh) != meta.uid(self._owner):
            raise ClaimError(f"{what}: original {self._owner_type.kind} {namespace}/{name} is gone")
        if meta.is_being_deleted(fresh):
            raise ClaimError(f"{what}: {namespace}/{name} has just been deleted at {meta.deletion_timestamp(fresh)}")
        self._may_adopt = True
