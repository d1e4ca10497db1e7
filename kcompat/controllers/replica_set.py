"""ReplicaSets and ReplicationControllers: as many pods as wanted, no more and no fewer (upstream: pkg/controller/replicaset, replication).

A sync claims the pods that match, then, if everything asked for earlier has been seen, makes or removes the difference, and reports status.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector, SelectorError, from_label_selector, from_labels
from kcompat.client.expectations import Expectations
from kcompat.client.interface import Tree
from kcompat.client.resources import PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, ResourceType
from kcompat.client.store import CONTROLLER, controller_uids
from kcompat.controllers import pods as podutil
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of
from kcompat.controllers.ownership import Claimer
from kcompat.controllers.pod_control import PodControl, is_namespace_terminating, pod_from_template, slow_start

BURST = 500
"""Pods made or removed at most before what was done is looked at again."""
STATUS_RETRIES = 1
DELAY_PER_POD = 0.0002
MAX_DELAY = 0.2
"""Seconds by which the news of one pod may wait for that of others of a large set: a sync looks at every pod of its set.

The last pod that was waited for does not wait: the next ones are to be made."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync does about pods: make so many, or remove these."""

    create: int = 0
    delete: Sequence[Tree] = ()


def decide(active: Sequence[Tree], wanted: int, related: Collection[Tree], now: datetime) -> Plan:
    """The difference, at most BURST of it; related: pods of the sets of the same owner, which spread over nodes with these. Pure."""
    surplus = len(active) - wanted
    if surplus < 0:
        return Plan(create=min(-surplus, BURST))
    surplus = min(surplus, BURST)
    if surplus and surplus < len(active):
        return Plan(delete=podutil.preferred_for_deletion(active, related, now)[:surplus])
    return Plan(delete=list(active[:surplus]))


def decide_status(
    replica_set: Tree, active: Sequence[Tree], terminating: int | None, failure: Exception | None, labels: LabelSelector, now: datetime
) -> Tree:
    """The status that describes these pods; keys that are zero are left out where upstream leaves them out. Pure.

    terminating: None where the kind does not report it; failure: why pods could not be made or removed; labels: those of the template.
    """
    spec, old = spec_of(replica_set), status_of(replica_set)
    ready = [pod for pod in active if podutil.is_ready(pod)]
    wait = spec.get("minReadySeconds") or 0
    available = sum(1 for pod in ready if podutil.is_available(pod, wait, now)) if wait else len(ready)
    counts = {
        "fullyLabeledReplicas": sum(1 for pod in active if labels.matches(meta.labels(pod))),
        "readyReplicas": len(ready),
        "availableReplicas": available,
        "observedGeneration": meta.generation(replica_set),
    }
    status: Tree = {"replicas": len(active)} | {key: count for key, count in counts.items() if count}
    if terminating is not None:
        status["terminatingReplicas"] = terminating
    if conditions := _conditions(old.get("conditions") or (), len(active) - spec.get("replicas", 1), failure, now):
        status["conditions"] = conditions
    return status


def _conditions(present: Sequence[Tree], surplus: int, failure: Exception | None, now: datetime) -> list[Tree]:
    failed = meta.find_condition(present, "ReplicaFailure")
    if failure is None:
        return [condition for condition in present if condition["type"] != "ReplicaFailure"]
    if failed is not None:
        return list(present)
    condition = {"type": "ReplicaFailure", "status": "True", "lastTransitionTime": rfc3339(now)}
    if surplus:
        condition["reason"] = "FailedCreate" if surplus < 0 else "FailedDelete"
    return [*present, condition | {"message": str(failure)}]


def differs(old: Tree, new: Tree) -> bool:
    """Would writing the status tell anything new?"""
    keys = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    if any((old.get(key) or 0) != (new.get(key) or 0) for key in keys):
        return True
    if old.get("terminatingReplicas") != new.get("terminatingReplicas"):
        return True
    return (old.get("conditions") or []) != (new.get("conditions") or [])


def _same_but_status(old: Tree, new: Tree) -> bool:
    """Was it nothing but the report of an earlier sync?"""
    return meta.generation(old) == meta.generation(new) and meta.is_being_deleted(old) == meta.is_being_deleted(new)


@controller("replicaset-controller", workers=5)
class ReplicaSetController:
    """One kind of set; ReplicationControllers differ in their selector and in what their status reports."""

    type: ResourceType = REPLICA_SETS
    counts_terminating = True

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sets_client = context.client.of(self.type)
        self._pod_control = PodControl(context.client, context.recorder)
        self._expectations = Expectations()
        self._written = Written()
        self._selectors: dict[str, tuple[str, LabelSelector]] = {}
        self._sets = context.watch(self.type, self._set_changed, {CONTROLLER: controller_uids})
        self._pods = context.watch(PODS, self._pod_changed, {CONTROLLER: controller_uids})

    # -- what happened

    def _set_changed(self, old: Tree | None, new: Tree | None) -> None:
        tree = new if new is not None else old
        if tree is None:
            return
        key = meta.key(tree)
        if new is None:
            self._expectations.forget(key)
            self._written.forget(tree)
            self._selectors.pop(meta.uid(tree), None)
        if old is not None and new is not None and _same_but_status(old, new):
            self._enqueue(new)
        else:
            self._context.queue.add(key)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None:
            if old is not None:
                self._pod_gone(old)
        elif "deletionTimestamp" in new["metadata"]:  # whoever waits for its end, a set replaces it now
            self._pod_gone(new)
            if old is not None and meta.controller_of(old) != meta.controller_of(new):
                self._pod_gone(old)
        elif old is None:
            self._pod_created(new)
        else:
            self._pod_updated(old, new)

    def _pod_created(self, pod: Tree) -> None:
        owner = self._owner(pod)
        if owner is not None:
            key = meta.key(owner)
            self._expectations.creation_observed(key)
            if self._expectations.satisfied(key):
                self._context.queue.add(key)
            else:
                self._enqueue(owner)
        elif meta.controller_of(pod) is None:
            self._offer(pod)

    def _pod_updated(self, old: Tree, new: Tree) -> None:
        before, after = meta.controller_of(old), meta.controller_of(new)
        if before != after and (released := self._owner(old)) is not None:
            self._enqueue(released)
        if after is None:
            if before is not None or meta.labels(old) != meta.labels(new):
                self._offer(new)
        elif (owner := self._owner(new)) is not None:
            self._enqueue(owner)
            delay = spec_of(owner).get("minReadySeconds") or 0
            if delay and podutil.is_ready(new) and not podutil.is_ready(old):
                self._context.queue.add_after(meta.key(owner), delay)

    def _pod_gone(self, pod: Tree) -> None:
        owner = self._owner(pod)
        if owner is not None:
            self._expectations.deletion_observed(meta.key(owner), meta.uid(pod))
            self._enqueue(owner)

    def _enqueue(self, replica_set: Tree) -> None:
        size = len(self._pods.by_index(CONTROLLER, meta.uid(replica_set)))
        self._context.queue.add_after(meta.key(replica_set), min(MAX_DELAY, size * DELAY_PER_POD) if size > 20 else 0.0)

    def _owner(self, pod: Tree) -> Tree | None:
        """The set that manages a pod, if it is one of ours and the very one (upstream: resolveControllerRef)."""
        reference = meta.controller_of(pod)
        if reference is None or reference.get("kind") != self.type.kind:
            return None
        found = self._sets.get(meta.namespace(pod), reference["name"])
        return found if found is not None and meta.uid(found) == reference.get("uid") else None

    def _offer(self, orphan: Tree) -> None:
        """Wakes every set that would adopt the pod."""
        labels = meta.labels(orphan)
        if not labels:
            return
        for replica_set in self._sets.list(meta.namespace(orphan)):
            selector = self._selector(replica_set)
            if selector is not None and selector.matches(labels):
                self._context.queue.add(meta.key(replica_set))

    # -- what to do

    async def reconcile(self, key: str) -> float | None:
        replica_set = self._sets.get(*split_key(key))
        if replica_set is None or self._written.is_stale(replica_set):
            return None
        selector = self._selector(replica_set)
        if selector is None:
            return None
        return await self._sync(key, replica_set, selector)

    async def _sync(self, key: str, replica_set: Tree, selector: LabelSelector) -> float | None:
        may_act = self._expectations.satisfied(key)
        owned = list(self._pods.by_index(CONTROLLER, meta.uid(replica_set)))
        orphans = list(self._pods.by_index(CONTROLLER, f"{meta.namespace(replica_set)}/"))
        claimer = Claimer(self._context.client, replica_set, self.type, PODS)
        active = await claimer.claim((pod for pod in (*owned, *orphans) if podutil.is_active(pod)), selector)
        failure = None
        if may_act and not meta.is_being_deleted(replica_set):
            failure = await self._manage(key, replica_set, active)
        terminating = None
        if self.counts_terminating:
            terminating = sum(1 for pod in owned if podutil.is_terminating(pod) and selector.matches(meta.labels(pod)))
        now = self._context.clock.now()
        await self._report(replica_set, active, terminating, failure, now)
        if failure is not None:
            raise failure
        return self._next_check(replica_set, active, now)

    async def _manage(self, key: str, replica_set: Tree, active: list[Tree]) -> Exception | None:
        wanted = spec_of(replica_set).get("replicas", 1)
        related = self._related_pods(replica_set) if len(active) > wanted else ()
        plan = decide(active, wanted, related, self._context.clock.now())
        if plan.create:
            return await self._create(key, replica_set, plan.create)
        return await self._delete(key, replica_set, plan.delete) if plan.delete else None

    async def _create(self, key: str, replica_set: Tree, count: int) -> Exception | None:
        pod = pod_from_template(spec_of(replica_set).get("template") or {}, replica_set, self.type)
        self._expectations.expect_creations(key, count)

        async def create() -> None:
            try:
                await self._pod_control.create(pod, replica_set, self.type)
            except StatusError as error:
                if not is_namespace_terminating(error):  # there, every creation fails and none is needed
                    raise

        created, failure = await slow_start(count, create)
        self._expectations.creation_observed(key, count - created)
        return failure

    async def _delete(self, key: str, replica_set: Tree, doomed: Sequence[Tree]) -> Exception | None:
        self._expectations.expect_deletions(key, [meta.uid(pod) for pod in doomed])

        async def delete(pod: Tree) -> Exception | None:
            try:
                await self._pod_control.delete(pod, replica_set, self.type)
            except Exception as error:
                self._expectations.deletion_observed(key, meta.uid(pod))
                return None if isinstance(error, StatusError) and error.code == 404 else error
            return None

        failures = await asyncio.gather(*map(delete, doomed))
        return next((failure for failure in failures if failure is not None), None)

    def _related_pods(self, replica_set: Tree) -> list[Tree]:
        """The pods matched by the sets that have the same owner (upstream: getIndirectlyRelatedPods)."""
        owner = meta.controller_of(replica_set)
        if owner is None:
            return []
        found: dict[str, Tree] = {}
        for other in self._sets.by_index(CONTROLLER, owner["uid"]):
            selector = self._selector(other)
            if selector is not None:
                found |= {meta.uid(pod): pod for pod in self._pods.list(meta.namespace(other), selector)}
        return list(found.values())

    async def _report(
        self, replica_set: Tree, active: list[Tree], terminating: int | None, failure: Exception | None, now: datetime
    ) -> None:
        """Writes the status if it changed; after a conflict once more on what is there now (upstream: updateReplicaSetStatus)."""
        labels = from_labels(meta.labels(spec_of(replica_set).get("template") or {}))
        status = decide_status(replica_set, active, terminating, failure, labels, now)
        if not differs(status_of(replica_set), status):
            return
        for retries in range(STATUS_RETRIES + 1):
            try:
                self._written.wrote(await self._sets_client.update_status({**replica_set, "status": status}))
                return
            except StatusError:
                if retries == STATUS_RETRIES:
                    raise
                replica_set = await self._sets_client.get(meta.name(replica_set), meta.namespace(replica_set))

    def _next_check(self, replica_set: Tree, active: list[Tree], now: datetime) -> float | None:
        """When the next ready pod becomes available; nothing else would tell."""
        wait = spec_of(replica_set).get("minReadySeconds") or 0
        if not wait or all(podutil.is_available(pod, wait, now) for pod in active if podutil.is_ready(pod)):
            return None
        upcoming = podutil.next_availability(active, wait, now)
        return float(wait) if upcoming is None else upcoming

    def _selector(self, replica_set: Tree) -> LabelSelector | None:
        """Compiled once per generation; None: it cannot be compiled, and the set is left alone."""
        uid, version = meta.uid(replica_set), f"{meta.generation(replica_set)}"
        cached = self._selectors.get(uid)
        if cached is not None and cached[0] == version:
            return cached[1]
        try:
            selector = self._compile(replica_set)
        except SelectorError:
            return None
        self._selectors[uid] = (version, selector)
        return selector

    def _compile(self, replica_set: Tree) -> LabelSelector:
        return from_label_selector(spec_of(replica_set).get("selector"))


@controller("replicationcontroller-controller", workers=5, account="replication-controller")
class ReplicationControllerController(ReplicaSetController):
    type = REPLICATION_CONTROLLERS
    counts_terminating = False

    def _compile(self, replica_set: Tree) -> LabelSelector:
        return from_labels(spec_of(replica_set).get("selector") or {})
