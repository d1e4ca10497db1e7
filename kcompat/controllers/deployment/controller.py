"""Listens to deployments, replica sets and the end of pods, and syncs deployments one by one (upstream: deployment_controller.go)."""

from __future__ import annotations

import asyncio

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector, SelectorError, from_label_selector
from kcompat.client.events import WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from kcompat.client.store import CONTROLLER, controller_uids
from kcompat.controllers import pods as podutil
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of
from kcompat.controllers.deployment import rollout
from kcompat.controllers.deployment.sync import Sync
from kcompat.controllers.ownership import Claimer
from kcompat.controllers.pod_control import is_namespace_terminating

UNSEEN_SECONDS = 5.0
"""How long a replica set made here may take to come back through the informer."""


@controller("deployment-controller", workers=5)
class DeploymentController:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._written = Written()
        self._unseen: dict[str, tuple[str, float]] = {}
        self._deployments = context.watch(DEPLOYMENTS, self._deployment_changed)
        self._replica_sets = context.watch(REPLICA_SETS, self._replica_set_changed, {CONTROLLER: controller_uids})
        self._pods = context.watch(PODS, self._pod_changed, {CONTROLLER: controller_uids})

    # -- what happened

    def _deployment_changed(self, old: Tree | None, new: Tree | None) -> None:
        self._context.enqueue(old, new)
        if new is None and old is not None:
            self._written.forget(old)
            self._unseen.pop(meta.key(old), None)

    def _replica_set_changed(self, old: Tree | None, new: Tree | None) -> None:
        before = meta.controller_of(old) if old is not None else None
        after = meta.controller_of(new) if new is not None else None
        if old is not None and before is not None and before != after and (owner := self._owner(old)) is not None:
            self._context.queue.add(meta.key(owner))
        if new is None:
            if old is not None:
                self._written.forget(old)
            return
        if after is not None:
            if (owner := self._owner(new)) is not None:
                self._context.queue.add(meta.key(owner))
        elif not meta.is_being_deleted(new) and (old is None or before is not None or meta.labels(old) != meta.labels(new)):
            self._offer(new)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        """Recreating deployments wait for the last old pod; the others need not know about pods."""
        if new is not None or old is None:
            return
        reference = meta.controller_of(old)
        if reference is None or reference.get("kind") != REPLICA_SETS.kind:
            return
        replica_set = self._replica_sets.get(meta.namespace(old), reference["name"])
        if replica_set is None or meta.uid(replica_set) != reference.get("uid"):
            return
        owner = self._owner(replica_set)
        if owner is not None and rollout.strategy(owner) == rollout.RECREATE:
            self._context.queue.add(meta.key(owner))

    def _owner(self, replica_set: Tree) -> Tree | None:
        reference = meta.controller_of(replica_set)
        if reference is None or reference.get("kind") != DEPLOYMENTS.kind:
            return None
        found = self._deployments.get(meta.namespace(replica_set), reference["name"])
        return found if found is not None and meta.uid(found) == reference.get("uid") else None

    def _offer(self, orphan: Tree) -> None:
        """Wakes the deployments that would adopt a replica set."""
        for deployment in self._deployments.list(meta.namespace(orphan)):
            wanted = spec_of(deployment).get("selector")
            selector = _selector(deployment)
            if wanted and selector is not None and selector.matches(meta.labels(orphan)):
                self._context.queue.add(meta.key(deployment))

    # -- what to do

    async def reconcile(self, key: str) -> float | None:
        deployment = self._deployments.get(*split_key(key))
        if deployment is None or self._written.is_stale(deployment):
            return None
        if (wait := self._unseen_for(key)) is not None:
            return wait
        if spec_of(deployment).get("selector") == {}:
            await self._refuse(deployment)
            return None
        selector = _selector(deployment)
        if selector is None:
            return None
        try:
            return await self._sync(key, deployment, selector)
        except StatusError as error:
            if is_namespace_terminating(error):
                return None
            raise

    async def _sync(self, key: str, deployment: Tree, selector: LabelSelector) -> float | None:
        owned = list(self._replica_sets.by_index(CONTROLLER, meta.uid(deployment)))
        orphans = list(self._replica_sets.by_index(CONTROLLER, f"{meta.namespace(deployment)}/"))
        if self._written.any_stale(owned):
            return None
        claimer = Claimer(self._context.client, deployment, DEPLOYMENTS, REPLICA_SETS)
        sync = Sync(self._context, self._written, deployment, await claimer.claim([*owned, *orphans], selector), self._pods_left)
        try:
            return await sync.run()
        finally:
            if sync.created and sync.created not in self._replica_sets:
                self._unseen[key] = (sync.created, asyncio.get_running_loop().time() + UNSEEN_SECONDS)

    def _unseen_for(self, key: str) -> float | None:
        """Seconds to wait at most for the replica set made last, which the informer does not know yet."""
        if key not in self._unseen:
            return None
        name, until = self._unseen[key]
        left = until - asyncio.get_running_loop().time()
        if name in self._replica_sets or left <= 0:
            del self._unseen[key]
            return None
        return left

    def _pods_left(self, replica_set: Tree) -> bool:
        return any(not podutil.is_terminal(pod) for pod in self._pods.by_index(CONTROLLER, meta.uid(replica_set)))

    async def _refuse(self, deployment: Tree) -> None:
        message = "This deployment is selecting all pods. A non-empty selector is required."
        self._context.recorder.event(deployment, WARNING, "SelectingAll", message, resource=DEPLOYMENTS)
        status = status_of(deployment)
        if (status.get("observedGeneration") or 0) < meta.generation(deployment):
            changed = {**deployment, "status": {**status, "observedGeneration": meta.generation(deployment)}}
            self._written.wrote(await self._context.client.of(DEPLOYMENTS).update_status(changed))


def _selector(deployment: Tree) -> LabelSelector | None:
    try:
        return from_label_selector(spec_of(deployment).get("selector"))
    except SelectorError:
        return None
