"""Measures what namespaces use of their ResourceQuotas and writes it to their status (upstream: pkg/controller/resourcequota).

Admission raises the use with every creation; this controller gives back what deletions free, and puts right what was counted in vain.
Resources are watched only when a quota names them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from kcompat.apimachinery import meta, resource_list
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.pod_resources import quantities
from kcompat.apimachinery.quota.evaluator import Evaluator, ResourceList
from kcompat.apimachinery.quota.measuring import concerned, used_together
from kcompat.client.discovery import discover
from kcompat.client.informer import Informer
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, split_key, status_of

RESOURCE_QUOTAS = ResourceType("", "v1", "resourcequotas", "ResourceQuota")
RESYNC_SECONDS = 300.0
DISCOVERY_SECONDS = 30.0
"""What is served is asked again after this long at the earliest."""
SYNC_PATIENCE = 10.0
"""Seconds for what a quota names to be listed."""
RECENT_SECONDS = 2.0
_VERBS = ("create", "list", "watch", "delete")


def wanted_status(quota: Tree, measured: ResourceList) -> Tree | None:
    """The status a quota should have, what is not measured kept as it was; None: it has that already. Pure."""
    hard: Mapping[str, str] = spec_of(quota).get("hard") or {}
    status = status_of(quota)
    before = quantities(status.get("used"))
    used = resource_list.mask({**before, **measured}, hard)
    same_hard = "hard" in status and resource_list.equal(quantities(hard), quantities(status["hard"]))
    if same_hard and "used" in status and resource_list.equal(used, before):
        return None
    return {"hard": dict(hard), "used": resource_list.render(used)}


def is_dirty(old: Tree, new: Tree) -> bool:
    """Whether an update calls for measuring: status is written by admission and by this controller itself. Pure."""
    return not resource_list.equal(quantities(spec_of(old).get("hard")), quantities(spec_of(new).get("hard")))


@controller("resourcequota-controller", workers=5)
class ResourceQuotaController:
    """Keys are those of quotas."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._queue = context.queue
        self._client = context.client.of(RESOURCE_QUOTAS)
        self._quotas = context.watch(RESOURCE_QUOTAS, self._quota_changed)
        self._monitors: dict[Evaluator, Informer] = {}
        self._served: dict[tuple[str, str], ResourceType] = {}
        self._discovered_at = float("-inf")
        self._written: dict[str, float] = {}
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Measures everything again every now and then."""
        while True:
            await asyncio.sleep(RESYNC_SECONDS)
            for quota in list(self._quotas):
                self._queue.add(meta.key(quota))

    async def reconcile(self, key: str) -> None:
        quota = self._quotas.get(*split_key(key))
        if quota is None:
            self._written.pop(key, None)
            return
        await self._watch_for(quota)
        measured = used_together(quota, lambda evaluator: self._objects(evaluator, meta.namespace(quota)), self._context.clock.now())
        status = wanted_status(quota, measured)
        if status is None:
            return
        self._written[key] = self._context.clock.monotonic()
        try:
            await self._client.update_status({**quota, "status": status})
        except StatusError as error:
            if error.reason == "Conflict":  # admission was first: what it counted will be here in a moment
                raise Requeue from error
            if error.reason != "NotFound":
                raise

    # -- what is measured ----------------------------------------------------------------------------------------------

    def _objects(self, evaluator: Evaluator, namespace: str) -> Iterable[Tree] | None:
        informer = self._monitors.get(evaluator)
        return informer.store.list(namespace) if informer is not None and informer.has_synced else None

    async def _watch_for(self, quota: Tree) -> None:
        """Returns when all that the quota names is known, as far as it is served. Raises TimeoutError."""
        evaluators = concerned(spec_of(quota).get("hard") or ())
        async with self._lock:
            for evaluator in evaluators:
                if evaluator not in self._monitors and (resource := await self._type_of(evaluator)) is not None:
                    self._monitor(evaluator, resource)
        async with asyncio.timeout(SYNC_PATIENCE):
            await asyncio.gather(*(self._monitors[evaluator].wait_synced() for evaluator in evaluators if evaluator in self._monitors))

    async def _type_of(self, evaluator: Evaluator) -> ResourceType | None:
        name, now = (evaluator.group, evaluator.resource), self._context.clock.monotonic()
        if name not in self._served and now - self._discovered_at >= DISCOVERY_SECONDS:
            found = await discover(self._context.client)
            self._served = {(each.type.group, each.type.plural): each.type for each in found.preferred(*_VERBS) if each.type.namespaced}
            self._discovered_at = now
        return self._served.get(name)

    def _monitor(self, evaluator: Evaluator, resource: ResourceType) -> None:
        informers = self._context.informers
        informer = informers.informer(resource) if evaluator.whole else informers.metadata_informer(resource)
        self._monitors[evaluator] = informer

        def updated(old: Tree, new: Tree) -> None:
            if evaluator.replenishes(old, new, self._context.clock.now()):
                self._replenish(evaluator, new)

        informer.add_handler(lambda new: self._came(evaluator, new), updated, lambda last: self._replenish(evaluator, last))

    # -- what calls for measuring --------------------------------------------------------------------------------------

    def _quota_changed(self, old: Tree | None, new: Tree | None) -> None:
        if old is None or new is None or is_dirty(old, new):
            self._context.enqueue(old, new)

    def _replenish(self, evaluator: Evaluator, tree: Tree) -> None:
        for key in self._limiting(evaluator, tree):
            self._queue.add(key)

    def _came(self, evaluator: Evaluator, tree: Tree) -> None:
        """Admission has counted it; but a measurement may have been under way that did not see it yet."""
        now = self._context.clock.monotonic()
        for key in self._limiting(evaluator, tree):
            if now - self._written.get(key, float("-inf")) < RECENT_SECONDS:
                self._queue.add_after(key, RECENT_SECONDS)

    def _limiting(self, evaluator: Evaluator, tree: Any) -> Iterable[str]:
        """Keys of the quotas that limit something of an object's resource."""
        quotas = self._quotas.list(meta.namespace(tree))
        return [meta.key(quota) for quota in quotas if evaluator.matching(spec_of(quota).get("hard") or ())]
