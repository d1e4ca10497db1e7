"""Looks at nodes of the graph that a change made suspicious, asks the server for the truth, and deletes, finalizes or orphans.

Monitors every deletable resource that discovery knows (upstream: garbagecollector.go).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import MERGE_PATCH, STRATEGIC_MERGE_PATCH
from kcompat.client.discovery import Discovered, discover
from kcompat.client.events import WARNING
from kcompat.client.informer import Informer
from kcompat.client.interface import Tree
from kcompat.client.resources import API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS, ResourceType
from kcompat.controllers.controller import Context, Requeue, controller
from kcompat.controllers.garbage_collector.graph import FOREGROUND, ORPHAN, Graph, Identity, Node, Reference, Work, coordinates

log = logging.getLogger(__name__)

SYNC_SECONDS = 30.0
IGNORED = {("", "events"), ("events.k8s.io", "events")}
CONFLICT_RETRIES = 4
ORPHANING = "orphan "
"""Prefix of queue keys that mean: part from the dependents; others are uids of nodes to try to delete."""


class Misplaced(Exception):
    """A cluster-scoped object names a namespaced owner: no retry will help."""


@dataclass(slots=True)
class Owners:
    """An object's owner references by what became of the owners."""

    solid: list[Reference] = field(default_factory=list)
    dangling: list[Reference] = field(default_factory=list)
    waiting: list[Reference] = field(default_factory=list)


@controller("garbage-collector-controller", workers=20, account="generic-garbage-collector", component="garbage-collector-controller")
class GarbageCollector:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.metadata_only()
        self._graph = Graph()
        self._monitors: dict[ResourceType, Informer] = {}
        self._kinds: Mapping[tuple[str, str], ResourceType] = {}
        self._ready = asyncio.Event()
        self._changed = asyncio.Event()

    # -- monitors

    async def run(self) -> None:
        """Follows discovery: at once when definitions of resources change, and every SYNC_SECONDS."""
        with contextlib.suppress(TimeoutError):  # whatever the other controllers watch comes first
            async with asyncio.timeout(SYNC_SECONDS):
                await self._context.informers.wait_synced()
        while True:
            self._changed.clear()
            try:
                await self._sync_monitors()
            except (StatusError, OSError) as error:
                log.warning("garbage collector: discovery failed: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SYNC_SECONDS if self._ready.is_set() else 1.0):
                    await self._changed.wait()
                await asyncio.sleep(0.5)  # a definition changes several times as it is established

    async def _sync_monitors(self) -> None:
        found = await discover(self._context.client)
        self._kinds = found.by_kind()
        wanted = self._wanted(found)
        for resource in [resource for resource in self._monitors if resource not in wanted]:
            await self._stop_monitor(resource)
        for resource in wanted:
            if resource not in self._monitors:
                self._start_monitor(resource)
        if not self._ready.is_set() and wanted:
            await self._wait_synced()

    def _wanted(self, found: Discovered) -> set[ResourceType]:
        """What can be deleted and watched, and what is watched already and cannot be asked about now."""
        served = {item.type for item in found.preferred("delete", "list", "watch")}
        kept = {resource for resource in self._monitors if resource.api_version in found.failed}
        return {resource for resource in served | kept if (resource.group, resource.plural) not in IGNORED}

    async def _wait_synced(self) -> None:
        """Dependents not seen yet would be overlooked; but one resource that cannot be listed must not stop everything."""
        try:
            async with asyncio.timeout(SYNC_SECONDS):
                await asyncio.gather(*(informer.wait_synced() for informer in self._monitors.values()))
        except TimeoutError:
            log.warning("garbage collector: not all resource monitors could be synced, proceeding anyways")
        self._ready.set()

    def _start_monitor(self, resource: ResourceType) -> None:
        informer = self._context.informers.metadata_informer(resource)
        self._monitors[resource] = informer
        informer.add_handler(
            lambda new: self._observed(resource, None, new),
            lambda old, new: self._observed(resource, old, new),
            lambda last: self._apply(self._graph.gone(identity_of(resource, last))),
        )
        if resource in (CUSTOM_RESOURCE_DEFINITIONS, API_SERVICES):
            informer.add_handler(None, lambda old, new: self._changed.set(), lambda last: self._changed.set())

    async def _stop_monitor(self, resource: ResourceType) -> None:
        informer = self._monitors.pop(resource)
        if not any(informer is watched for watched in self._context.watched):
            await self._context.informers.stop_informer(informer)

    def _observed(self, resource: ResourceType, old: Tree | None, new: Tree) -> None:
        self._apply(self._graph.observed(identity_of(resource, new), old, new))

    def _apply(self, work: Work) -> None:
        queue = self._context.queue
        for uid in work.delete:
            queue.add(uid)
        for uid in work.delete_later:
            queue.add_rate_limited(uid)
        for uid in work.orphan:
            queue.add(ORPHANING + uid)
        for dependent, owner in work.invalid:
            message = f'ownerRef {owner} does not exist in namespace "{dependent.namespace}"'
            metadata = {"name": dependent.name, "namespace": dependent.namespace, "uid": dependent.uid}
            about = {"apiVersion": dependent.api_version, "kind": dependent.kind, "metadata": metadata}
            self._context.recorder.event(about, WARNING, "OwnerRefInvalidNamespace", message)

    # -- one node

    async def reconcile(self, key: str) -> None:
        await self._ready.wait()
        node = self._graph.get(key.removeprefix(ORPHANING))
        if node is None:
            return
        if key.startswith(ORPHANING):
            await self._orphan(node)
            return
        identity = node.identity
        try:
            await self._try_delete(node)
        except Misplaced:
            return
        if node.virtual and self._graph.get(key) is node and node.identity == identity:
            raise Requeue  # it exists, or existed a moment ago: look again until an informer has seen it

    async def _try_delete(self, node: Node) -> None:
        """Deletes the object if it is there and none of its owners is (upstream: attemptToDeleteItem)."""
        if node.being_deleted and not node.deleting_dependents:
            return
        identity = node.identity
        latest = await self._get(identity)
        if latest is None or meta.uid(latest) != identity.uid:
            self._apply(self._graph.absent_on_server(identity))
        elif node.deleting_dependents:
            await self._finish_foreground(node)
        elif references := meta.owner_references(latest):
            await self._decide(node, latest, await self._classify(node, references))

    async def _decide(self, node: Node, latest: Tree, owners: Owners) -> None:
        if owners.solid:
            gone = [item["uid"] for item in (*owners.dangling, *owners.waiting)]
            if gone:
                await self._drop_owners(node, gone)
            return
        if owners.waiting and node.dependents:
            if any(dependent.deleting_dependents for dependent in node.dependents):
                await self._unblock(node)  # two objects may be waiting for each other
            await self._delete(node.identity, latest, "Foreground")
            return
        finalizers = meta.finalizers(latest)
        policy = "Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background"
        await self._delete(node.identity, latest, policy)

    async def _classify(self, node: Node, references: Sequence[Reference]) -> Owners:
        owners = Owners()
        for reference in references:
            owner = await self._owner(node, reference)
            if owner is None:
                owners.dangling.append(reference)
            elif meta.is_being_deleted(owner) and FOREGROUND in meta.finalizers(owner):
                owners.waiting.append(reference)
            else:
                owners.solid.append(reference)
        return owners

    async def _owner(self, node: Node, reference: Reference) -> Tree | None:
        """The owner as the server has it; None if it does not exist (upstream: isDangling)."""
        namespace = node.identity.namespace
        if coordinates(reference, "") in self._graph.absent or coordinates(reference, namespace) in self._graph.absent:
            return None
        resource = self._resource(reference["apiVersion"], reference["kind"])
        if resource.namespaced and not namespace:
            raise Misplaced
        meant = coordinates(reference, namespace if resource.namespaced else "")
        owner = await self._get(meant)
        if owner is None or meta.uid(owner) != meant.uid:
            self._graph.absent.add(meant)
            return None
        return owner

    async def _finish_foreground(self, node: Node) -> None:
        """Deletes what blocks; when nothing does any more, lets the object go (upstream: processDeletingDependentsItem)."""
        blocking = node.blocking_dependents()
        if not blocking:
            await self._remove_finalizer(node.identity, FOREGROUND)
        for dependent in blocking:
            if not dependent.deleting_dependents:
                self._context.queue.add(dependent.identity.uid)

    async def _orphan(self, node: Node) -> None:
        """Takes the owner out of its dependents, then lets it go (upstream: attemptToOrphanWorker)."""
        results = await asyncio.gather(*(self._part(dependent, node) for dependent in list(node.dependents)), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        await self._remove_finalizer(node.identity, ORPHAN)

    async def _part(self, dependent: Node, owner: Node) -> None:
        try:
            await self._drop_owners(dependent, [owner.identity.uid])
        except StatusError as error:
            if error.code != 404:
                raise

    # -- requests

    def _resource(self, api_version: str, kind: str) -> ResourceType:
        """Raises Requeue for a kind not served: it may be soon (upstream: restMappingError)."""
        found = self._kinds.get((api_version, kind))
        if found is None:
            raise Requeue(f"unable to get REST mapping for {api_version}/{kind}.")
        return found

    def _where(self, identity: Identity) -> tuple[Any, str]:
        """The client for an object's resource and the namespace to use; Misplaced if it must have one and has none."""
        resource = self._resource(identity.api_version, identity.kind)
        if resource.namespaced and not identity.namespace:
            raise Misplaced
        return self._client.of(resource), identity.namespace if resource.namespaced else ""

    async def _get(self, identity: Identity) -> Tree | None:
        client, namespace = self._where(identity)
        try:
            found: Tree = await client.get(identity.name, namespace)
        except StatusError as error:
            if error.code != 404:
                raise
            return None
        return found

    async def _delete(self, identity: Identity, latest: Tree, policy: str) -> None:
        """Deletes what was looked at, or what it became if its owners are still the same (upstream: deleteObject)."""
        client, namespace = self._where(identity)
        version = meta.resource_version(latest)
        try:
            try:
                await client.delete(identity.name, namespace, uid=identity.uid, resource_version=version, propagation=policy)
            except StatusError as error:
                if error.reason != "Conflict" or not await self._same_owners(identity, latest):
                    raise
                await client.delete(identity.name, namespace, uid=identity.uid, propagation=policy)
        except StatusError as error:
            if error.code != 404:
                raise
            self._apply(self._graph.absent_on_server(identity))

    async def _same_owners(self, identity: Identity, latest: Tree) -> bool:
        live = await self._get(identity)
        if live is None or meta.uid(live) != identity.uid:
            return False
        return list(meta.owner_references(live)) == list(meta.owner_references(latest))

    async def _drop_owners(self, node: Node, uids: Sequence[str]) -> None:
        gone = [{"$patch": "delete", "uid": uid} for uid in uids]
        await self._patch_owners(node, gone, [item for item in node.owners if item["uid"] not in uids])

    async def _unblock(self, node: Node) -> None:
        unblocked = [{**item, "blockOwnerDeletion": False} for item in node.owners]
        changed = [new for new, old in zip(unblocked, node.owners, strict=True) if old.get("blockOwnerDeletion")]
        await self._patch_owners(node, changed, unblocked)

    async def _patch_owners(self, node: Node, strategic: Sequence[Reference], merged: Sequence[Reference]) -> None:
        """A strategic merge patch; custom resources know only merge patches, which replace the whole list (upstream: patch)."""
        client, namespace = self._where(node.identity)
        name, uid = node.identity.name, node.identity.uid
        try:
            body: Tree = {"metadata": {"ownerReferences": list(strategic), "uid": uid}}
            await client.patch(name, body, namespace, content_type=STRATEGIC_MERGE_PATCH)
        except StatusError as error:
            if error.code != 415:
                raise
            latest = await client.get(name, namespace)
            kept = {item["uid"]: item for item in merged}
            owners = [kept[item["uid"]] for item in meta.owner_references(latest) if item["uid"] in kept]
            body = {"metadata": {"ownerReferences": owners, "uid": uid, "resourceVersion": meta.resource_version(latest)}}
            await client.patch(name, body, namespace, content_type=MERGE_PATCH)

    async def _remove_finalizer(self, identity: Identity, finalizer: str) -> None:
        """Upstream: removeFinalizer; of conflicting writers the last tries again."""
        client, namespace = self._where(identity)
        for retries in range(CONFLICT_RETRIES):
            latest = await self._get(identity)
            if latest is None or finalizer not in meta.finalizers(latest):
                return
            left = [item for item in meta.finalizers(latest) if item != finalizer]
            body = {"metadata": {"resourceVersion": meta.resource_version(latest), "finalizers": left}}
            try:
                await client.patch(identity.name, body, namespace, content_type=MERGE_PATCH)
                return
            except StatusError as error:
                if error.code == 404:
                    return
                if error.reason != "Conflict" or retries == CONFLICT_RETRIES - 1:
                    raise
            await asyncio.sleep(0.01 * 5**retries)


def identity_of(resource: ResourceType, tree: Tree) -> Identity:
    """Kinds come from the resource: objects of a list, and metadata alone, do not have their own."""
    return Identity(resource.kind, resource.api_version, meta.namespace(tree), meta.name(tree), meta.uid(tree))
