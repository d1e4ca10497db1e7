"""Empties namespaces that are being deleted, says on their status how far it got, and lets them go (upstream: pkg/controller/namespace)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.discovery import Discovered, ServedResource, discover
from kcompat.client.interface import Tree
from kcompat.client.resources import NAMESPACES, PODS, ResourceType
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of

FINALIZER = "kubernetes"
GRACE_SECONDS = 0.2
"""Between the deletion and the first look: creations admitted just before may still be on their way. Upstream waits 5 s for
API servers whose caches lag behind; Settings.namespace_grace sets it where there are several."""
FINALIZER_ESTIMATE = 15
"""Seconds that finalizers of the content are thought to need."""

OK = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    "NamespaceDeletionContentFailure": ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}
"""Reason and message of each condition when all is well, in upstream's order."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of one resource. estimate: seconds until it is thought to be gone; error: why it could not be removed."""

    type: ResourceType
    count: int = 0
    finalizers: Mapping[str, int] = field(default_factory=dict)
    estimate: int = 0
    error: str = ""


def assess(resource: ResourceType, namespace: str, items: Sequence[Tree], estimate: int) -> Remains:
    """What the objects still there after a deletion mean (upstream: deleteAllContentForGroupVersionResource). Pure."""
    if not items:
        return Remains(resource)
    finalizers = Counter(finalizer for item in items for finalizer in meta.finalizers(item))
    if estimate or finalizers:
        return Remains(resource, len(items), finalizers, estimate or FINALIZER_ESTIMATE)
    version = f"{resource.group}/{resource.version}, Resource={resource.plural}"
    return Remains(resource, len(items), error=f"unexpected items still remain in namespace: {namespace} for gvr: {version}")


def termination_estimate(pods: Sequence[Tree], deleted_at: datetime, now: datetime) -> int:
    """The longest grace period of pods that still run; 0 once it has passed (upstream: estimateGracefulTermination). Pure."""
    graces = (spec_of(pod).get("terminationGracePeriodSeconds") or 0 for pod in pods if not podutil.is_terminal(pod))
    longest = max(graces, default=0)
    return 0 if (now - deleted_at).total_seconds() >= longest else int(longest)


def problems(discovery_failure: str, failed_groups: int, remains: Sequence[Remains], *, complete: bool) -> dict[str, tuple[str, str]]:
    """Reason and message of the conditions that are true. complete: all resources were looked at, not only pods. Pure."""
    found: dict[str, tuple[str, str]] = {}
    if discovery_failure:
        message = f"Discovery failed for some groups, {failed_groups} failing: {discovery_failure}" if failed_groups else discovery_failure
        found["NamespaceDeletionDiscoveryFailure"] = ("DiscoveryFailed", message)
    errors = sorted(item.error for item in remains if item.error)
    if errors:
        message = f"Failed to delete all resource types, {len(errors)} remaining: {', '.join(errors)}"
        found["NamespaceDeletionContentFailure"] = ("ContentDeletionFailed", message)
    if complete:
        found |= _totals(remains)
    return found


def _totals(remains: Sequence[Remains]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    left = sorted(f"{item.type.plural}.{item.type.group} has {item.count} resource instances" for item in remains if item.count)
    if left:
        found["NamespaceContentRemaining"] = ("SomeResourcesRemain", f"Some resources are remaining: {', '.join(left)}")
    finalizers: Counter[str] = Counter()
    for item in remains:
        finalizers.update(item.finalizers)
    if finalizers:
        listed = ", ".join(sorted(f"{name} in {count} resource instances" for name, count in finalizers.items()))
        found["NamespaceFinalizersRemaining"] = (
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {listed}",
        )
    return found


def with_conditions(present: Sequence[Tree], found: Mapping[str, tuple[str, str]], now: datetime) -> list[Tree]:
    """The conditions brought up to date, each type at its place (upstream: updateConditions). Pure."""
    updated = [dict(item) for item in present]
    for kind, fine in OK.items():
        reason, message = found.get(kind, fine)
        new = {"type": kind, "status": "True" if kind in found else "False", "reason": reason, "message": message}
        old = next((item for item in updated if item["type"] == kind), None)
        if old is None:
            updated.append({**new, "lastTransitionTime": rfc3339(now)})
        else:
            if old["status"] != new["status"]:
                old["lastTransitionTime"] = rfc3339(now)
            old.update(new)
    return updated


@controller("namespace-controller", workers=10, max_delay=60.0)
class NamespaceController:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(NAMESPACES)
        self._metadata = context.client.metadata_only()
        self._attempts: dict[str, int] = {}
        self._namespaces = context.watch(NAMESPACES, self._changed)
        self._grace = GRACE_SECONDS if context.settings.namespace_grace is None else context.settings.namespace_grace

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None and old is not None:
            self._attempts.pop(meta.name(old), None)
        elif new is not None and meta.is_being_deleted(new) and (old is None or not meta.is_being_deleted(old)):
            self._context.queue.add_after(meta.name(new), self._grace)

    async def reconcile(self, key: str) -> float | None:
        _, name = split_key(key)
        if self._namespaces.get("", name) is None:
            return None
        try:
            namespace = await self._client.get(name)
            if not meta.is_being_deleted(namespace):
                return None
            namespace = await self._insist(namespace, self._mark_terminating)
            if FINALIZER not in (spec_of(namespace).get("finalizers") or ()):
                return None
            estimate = await self._empty(namespace)
            if estimate:
                return self._next_look(name, estimate)
            await self._insist(namespace, self._finalize)
        except StatusError as error:
            if error.code != 404:
                raise
        return None

    def _next_look(self, name: str, estimate: int) -> float:
        """Sooner than the estimate at first: most content is gone in a moment."""
        attempts = self._attempts[name] = self._attempts.get(name, 0) + 1
        return min(estimate / 2 + 1, 0.1 * 1.5 ** min(attempts, 20))

    async def _insist(self, namespace: Tree, change: Callable[[Tree], Awaitable[Tree]]) -> Tree:
        """Tries a change on the current state until nobody else wrote in between."""
        while True:
            try:
                return await change(namespace)
            except StatusError as error:
                if error.reason != "Conflict":
                    raise
            uid = meta.uid(namespace)
            namespace = await self._client.get(meta.name(namespace))
            if meta.uid(namespace) != uid:
                raise RuntimeError("namespace uid has changed across retries")

    async def _mark_terminating(self, namespace: Tree) -> Tree:
        if status_of(namespace).get("phase") == "Terminating":
            return namespace
        return await self._client.update_status({**namespace, "status": {**status_of(namespace), "phase": "Terminating"}})

    async def _finalize(self, namespace: Tree) -> Tree:
        left = sorted({item for item in spec_of(namespace).get("finalizers") or () if item != FINALIZER})
        return await self._client.update({**namespace, "spec": {**spec_of(namespace), "finalizers": left}}, "finalize")

    async def _empty(self, namespace: Tree) -> int:
        """Removes the content, pods first; returns how many seconds the rest may take (upstream: deleteAllContent)."""
        found, failure = await self._discover()
        deletable = [item for item in found.preferred("delete") if item.type.namespaced]
        pods = [item for item in deletable if item.type == PODS]
        others = [item for item in deletable if item.type != PODS]
        remains = [await self._remove(item, namespace) for item in pods]
        complete = not any(item.count for item in remains)
        if complete:
            remains += await asyncio.gather(*(self._remove(item, namespace) for item in others))
        await self._tell(namespace, problems(failure, len(found.failed), remains, complete=complete))
        errors = [item.error for item in remains if item.error] + ([failure] if failure else [])
        if errors:
            raise RuntimeError(f"namespace {meta.name(namespace)} is not empty: {'; '.join(errors)}")
        return max((item.estimate for item in remains), default=0)

    async def _discover(self) -> tuple[Discovered, str]:
        try:
            found = await discover(self._context.client)
        except (StatusError, OSError) as error:
            return Discovered(), str(error)
        return found, found.failure

    async def _remove(self, resource: ServedResource, namespace: Tree) -> Remains:
        """Deletes a resource's objects in the namespace, if it has any, and looks what is left."""
        name = meta.name(namespace)
        estimate = 0
        try:
            items = await self._list(resource, name)
            if items:
                estimate = self._estimate(resource, items, namespace)
                await self._delete(resource, name, items)
                items = await self._list(resource, name)
            return assess(resource.type, name, items, estimate)
        except (StatusError, OSError) as error:
            text = f"failed to delete pods for namespace: {name}, err: {error}" if resource.type == PODS else str(error)
            return Remains(resource.type, estimate=estimate, error=text)

    def _estimate(self, resource: ServedResource, items: Sequence[Tree], namespace: Tree) -> int:
        if resource.type != PODS:
            return 0
        return termination_estimate(items, parse_rfc3339(meta.deletion_timestamp(namespace)), self._context.clock.now())

    async def _list(self, resource: ServedResource, namespace: str) -> list[Tree]:
        """Pods whole, because their grace periods count; of all else the metadata. Nothing where listing is not supported."""
        if not resource.supports("list"):
            return []
        client = self._context.client if resource.type == PODS else self._metadata
        try:
            return list((await client.of(resource.type).list(namespace)).get("items") or ())
        except StatusError as error:
            if error.code not in (404, 405):
                raise
            return []

    async def _delete(self, resource: ServedResource, namespace: str, items: Sequence[Tree]) -> None:
        client = self._context.client.of(resource.type)
        if resource.supports("deletecollection"):
            try:
                await client.delete_collection(namespace, propagation="Background")
                return
            except StatusError as error:
                if error.code not in (404, 405):
                    raise
        for item in items:
            try:
                await client.delete(meta.name(item), namespace, propagation="Background")
            except StatusError as error:
                if error.code not in (404, 405):
                    raise

    async def _tell(self, namespace: Tree, found: Mapping[str, tuple[str, str]]) -> None:
        """Writes the conditions if they changed; that failing does not stop the deletion."""
        present = status_of(namespace).get("conditions") or []
        updated = with_conditions(present, found, self._context.clock.now())
        if updated == present:
            return
        with contextlib.suppress(StatusError):
            await self._client.update_status({**namespace, "status": {**status_of(namespace), "conditions": updated}})
