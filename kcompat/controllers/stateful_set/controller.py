"""Looks at stateful sets, their pods, claims and revisions; lets plan.py decide, and acts.

Upstream: pkg/controller/statefulset/{stateful_set,stateful_set_control,stateful_pod_control}.go.
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector, SelectorError, from_label_selector
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS
from kcompat.client.store import CONTROLLER, controller_uids
from kcompat.controllers import history
from kcompat.controllers import pods as podutil
from kcompat.controllers.consistency import Made, Written
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, split_key, status_of
from kcompat.controllers.hashing import content_hash
from kcompat.controllers.ownership import Claimer
from kcompat.controllers.pod_control import slow_start
from kcompat.controllers.stateful_set import claims as ownership
from kcompat.controllers.stateful_set.identity import (
    claim_names,
    claims,
    identity_matches,
    is_member,
    ordinal,
    revision_of,
    storage_matches,
    with_identity,
    with_storage,
)
from kcompat.controllers.stateful_set.plan import CLAIMS, CREATE, DELETE, OWNERS, Claims, Plan, View, decide, decide_status

HASH_LABEL = "controller.kubernetes.io/hash"
STATUS_RETRIES = 5
_STATUS = (
    "replicas",
    "currentReplicas",
    "readyReplicas",
    "updatedReplicas",
    "availableReplicas",
    "currentRevision",
    "updateRevision",
    "conditions",
)


class ClaimError(Exception):
    """A pod's volume claims cannot be made or settled now."""


@controller("statefulset-controller", workers=5, account="statefulset-controller", component="statefulset-controller")
class StatefulSetController:
    """Keys are namespace/name of stateful sets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(STATEFUL_SETS)
        self._pods_client = context.client.of(PODS)
        self._claims_client = context.client.of(PERSISTENT_VOLUME_CLAIMS)
        self._written = Written()
        self._made = Made(context.informers)
        self._sets = context.watch(STATEFUL_SETS, self._set_changed)
        self._pods = context.watch(PODS, self._pod_changed, {CONTROLLER: controller_uids})
        self._claims = context.watch(PERSISTENT_VOLUME_CLAIMS)
        revisions = context.watch(CONTROLLER_REVISIONS, None, {CONTROLLER: controller_uids})
        self._history = history.History(context.client, STATEFUL_SETS, revisions)

    # -- what happened

    def _set_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None and old is not None:
            self._written.forget(old)
            self._made.forget(meta.key(old))
        self._context.enqueue(old, new)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        for pod in (old, new):
            if pod is not None and (owner := self._owner(pod)) is not None:
                self._context.queue.add(meta.key(owner))
                self._look_again(owner, old, new)
        if new is not None and meta.controller_of(new) is None and not meta.is_being_deleted(new):
            self._offer(new)

    def _look_again(self, owner: Tree, old: Tree | None, new: Tree | None) -> None:
        seconds = spec_of(owner).get("minReadySeconds") or 0
        if seconds and old is not None and new is not None and podutil.is_ready(new) and not podutil.is_ready(old):
            self._context.queue.add_after(meta.key(owner), seconds + 1.0)

    def _owner(self, pod: Tree) -> Tree | None:
        reference = meta.controller_of(pod)
        if reference is None or reference.get("kind") != STATEFUL_SETS.kind:
            return None
        found = self._sets.get(meta.namespace(pod), reference["name"])
        return found if found is not None and meta.uid(found) == reference.get("uid") else None

    def _offer(self, orphan: Tree) -> None:
        for stateful_set in self._sets.list(meta.namespace(orphan)) if meta.labels(orphan) else ():
            selector = _selector(stateful_set)
            if selector is not None and selector.matches(meta.labels(orphan)) and is_member(stateful_set, orphan):
                self._context.enqueue(None, stateful_set)

    # -- what to do

    async def reconcile(self, key: str) -> float | None:
        stateful_set = self._sets.get(*split_key(key))
        if stateful_set is None or self._written.is_stale(stateful_set):
            return None
        selector = _selector(stateful_set)
        if selector is None:
            return None
        if not self._made.is_seen(key):
            raise Requeue
        return await self._sync(key, stateful_set, selector)

    async def _sync(self, key: str, stateful_set: Tree, selector: LabelSelector) -> float | None:
        revisions = await self._history.claim(stateful_set, selector)
        pods = await self._claim_pods(stateful_set, selector)
        current, update, collisions = await self._current_and_update(stateful_set, revisions)
        view = View(
            stateful_set,
            history.restored(stateful_set, current),
            history.restored(stateful_set, update),
            meta.name(current),
            meta.name(update),
            pods,
            self._context.clock.now(),
        )
        plan = decide(view, Claims(lambda pod: self._settled(view.update, pod), lambda pod: self._is_stale(stateful_set, pod)))
        status = decide_status(view, plan, collisions)
        try:
            for group in plan.groups:
                await self._carry_out(key, view, group)
        except Exception:
            status = decide_status(view, Plan(), collisions)
            raise
        finally:
            await self._report(stateful_set, status)
            await self._truncate(stateful_set, pods, revisions, {view.current_revision, view.update_revision})
        return _next_check(view, status)

    async def _claim_pods(self, stateful_set: Tree, selector: LabelSelector) -> list[Tree]:
        owned = self._pods.by_index(CONTROLLER, meta.uid(stateful_set))
        orphans = self._pods.by_index(CONTROLLER, f"{meta.namespace(stateful_set)}/")
        members = [pod for pod in [*owned, *orphans] if is_member(stateful_set, pod)]
        return await Claimer(self._context.client, stateful_set, STATEFUL_SETS, PODS).claim(members, selector)

    async def _carry_out(self, key: str, view: View, steps: list[tuple[str, Tree]]) -> None:
        """One after the other; a parallel set's in growing batches."""
        if not view.is_parallel:
            for what, pod in steps:
                await self._do(key, view, what, pod)
            return
        left = list(reversed(steps))

        async def do() -> None:
            await self._do(key, view, *left.pop())

        _, failure = await slow_start(len(steps), do)
        if failure is not None:
            raise failure

    async def _do(self, key: str, view: View, what: str, pod: Tree) -> None:
        if what == CREATE:
            await self._create(key, view.stateful_set, pod)
        elif what == DELETE:
            await self._delete(view.stateful_set, pod)
        elif what == CLAIMS:
            await self._make_claims(key, view.stateful_set, pod)
            await self._settle(key, view.stateful_set, pod)
        elif what == OWNERS:
            await self._settle(key, view.update, pod)
        else:
            await self._update(key, view.update, pod)

    # -- pods

    async def _create(self, key: str, stateful_set: Tree, pod: Tree) -> None:
        try:
            await self._make_claims(key, stateful_set, pod)
            made = await self._pods_client.create(pod, meta.namespace(stateful_set))
            self._made.wrote(key, PODS, made)
        except (StatusError, ClaimError) as error:
            if not (isinstance(error, StatusError) and error.reason == "AlreadyExists"):
                self._tell("Create", stateful_set, pod, error)
            raise
        self._tell("Create", stateful_set, pod)

    async def _delete(self, stateful_set: Tree, pod: Tree) -> None:
        try:
            await self._pods_client.delete(meta.name(pod), meta.namespace(pod))
        except StatusError as error:
            if error.code != 404:
                self._tell("Delete", stateful_set, pod, error)
                raise
        self._tell("Delete", stateful_set, pod)

    async def _update(self, key: str, stateful_set: Tree, pod: Tree) -> None:
        """Gives a pod its identity and its storage back; what is there of it may have changed meanwhile, then the next sync tries again."""
        wanted = pod
        if not identity_matches(stateful_set, pod):
            wanted = with_identity(stateful_set, wanted)
        try:
            if not storage_matches(stateful_set, pod):
                wanted = with_storage(stateful_set, wanted)
                await self._make_claims(key, stateful_set, pod)
            await self._settle(key, stateful_set, pod)
            if wanted is not pod:
                self._made.wrote(key, PODS, await self._pods_client.update(wanted))
        except (StatusError, ClaimError) as error:
            self._tell("Update", stateful_set, pod, error)
            raise
        if wanted is not pod:
            self._tell("Update", stateful_set, pod)

    def _tell(self, verb: str, stateful_set: Tree, pod: Tree, error: Exception | None = None) -> None:
        what = f"{verb} Pod {meta.name(pod)} in StatefulSet {meta.name(stateful_set)}"
        if error is None:
            self._context.recorder.event(stateful_set, NORMAL, f"Successful{verb}", f"{what} successful", resource=STATEFUL_SETS)
        else:
            message = f"{what} failed error: {error}"
            self._context.recorder.event(stateful_set, WARNING, f"Failed{verb}", message, resource=STATEFUL_SETS)

    # -- claims

    async def _make_claims(self, key: str, stateful_set: Tree, pod: Tree) -> None:
        failures = []
        for claim in claims(stateful_set, ordinal(pod)):
            present = self._claims.get(meta.namespace(claim), meta.name(claim))
            if present is None:
                failures.append(await self._make_claim(key, stateful_set, pod, claim))
            elif meta.is_being_deleted(present):
                failures.append(f"pvc {meta.name(claim)} is being deleted")
        if failed := [message for message in failures if message]:
            raise ClaimError(failed[0] if len(failed) == 1 else f"[{', '.join(failed)}]")

    async def _make_claim(self, key: str, stateful_set: Tree, pod: Tree, claim: Tree) -> str:
        what = f"Create Claim {meta.name(claim)}"
        where = f"in StatefulSet {meta.name(stateful_set)}"
        recorder = self._context.recorder
        try:
            self._made.wrote(key, PERSISTENT_VOLUME_CLAIMS, await self._claims_client.create(claim))
        except StatusError as error:
            if error.reason != "AlreadyExists":
                message = f"{what} for Pod {meta.name(pod)} {where} failed error: {error}"
                recorder.event(stateful_set, WARNING, "FailedCreate", message, resource=STATEFUL_SETS)
            return f"failed to create PVC {meta.name(claim)}: {error}"
        message = f"{what} Pod {meta.name(pod)} {where} success"
        recorder.event(stateful_set, NORMAL, "SuccessfulCreate", message, resource=STATEFUL_SETS)
        return ""

    def _present_claims(self, stateful_set: Tree, pod: Tree) -> list[Tree]:
        names = claim_names(stateful_set, ordinal(pod))
        found = (self._claims.get(meta.namespace(stateful_set), name) for name in names)
        return [claim for claim in found if claim is not None]

    def _settled(self, stateful_set: Tree, pod: Tree) -> bool:
        return all(ownership.is_up_to_date(claim, stateful_set, pod) for claim in self._present_claims(stateful_set, pod))

    def _is_stale(self, stateful_set: Tree, pod: Tree) -> bool:
        """Are there claims that go with an earlier pod of this place?"""
        if not ownership.deletes(stateful_set, "whenScaled"):
            return False
        return any(ownership.is_stale(claim, pod, PODS) for claim in self._present_claims(stateful_set, pod))

    async def _settle(self, key: str, stateful_set: Tree, pod: Tree) -> None:
        """Makes the claims belong to whom the retention policy says."""
        for claim in self._present_claims(stateful_set, pod):
            if ownership.has_unexpected_controller(claim, stateful_set, pod):
                message = (
                    f"PersistentVolumeClaim {meta.name(claim)} has a conflicting OwnerReference that acts as a manging controller, "
                    "the retention policy is ignored for this claim"
                )
                self._context.recorder.event(stateful_set, WARNING, "ConflictingController", message, resource=STATEFUL_SETS)
            if not ownership.is_up_to_date(claim, stateful_set, pod):
                self._made.wrote(
                    key, PERSISTENT_VOLUME_CLAIMS, await self._claims_client.update(ownership.with_owners(claim, stateful_set, pod))
                )

    # -- revisions and status

    async def _current_and_update(self, stateful_set: Tree, revisions: list[Tree]) -> tuple[Tree, Tree, int]:
        """The revision the pods are at, the one they go to, and how many names were taken (upstream: getStatefulSetRevisions)."""
        collisions = int(status_of(stateful_set).get("collisionCount") or 0)
        data = history.data_of(stateful_set)
        same = [revision for revision in revisions if revision.get("data") == data]
        if same and revisions[-1].get("data") == data:
            update = revisions[-1]
        elif same:
            update = await self._history.renumber(same[-1], history.newest(revisions) + 1)
        else:
            update, collisions = await self._new_revision(stateful_set, data, history.newest(revisions) + 1, collisions)
        named = status_of(stateful_set).get("currentRevision")
        return next((item for item in revisions if meta.name(item) == named), update), update, collisions

    async def _new_revision(self, stateful_set: Tree, data: Tree, number: int, collisions: int) -> tuple[Tree, int]:
        template = spec_of(stateful_set).get("template") or {}
        while True:
            digest = content_hash(data, collisions)
            labels = {**meta.labels(template), HASH_LABEL: digest}
            name = history.revision_name(stateful_set, digest)
            made = await self._history.create(self._history.make(stateful_set, name, labels, number, meta.annotations(stateful_set)))
            if made is not None:
                return made, collisions
            collisions += 1

    async def _truncate(self, stateful_set: Tree, pods: list[Tree], revisions: list[Tree], live: set[str]) -> None:
        """Removes the oldest revisions that nothing is at, down to the limit (upstream: truncateHistory)."""
        live = live | {revision_of(pod) for pod in pods}
        dead = [revision for revision in revisions if meta.name(revision) not in live]
        limit = spec_of(stateful_set).get("revisionHistoryLimit", 10)
        if limit < 0:
            return
        for revision in dead[: max(len(dead) - limit, 0)]:
            await self._history.delete(revision)

    async def _report(self, stateful_set: Tree, status: Tree) -> None:
        """Writes the status if it tells anything new (upstream: inconsistentStatus, UpdateStatefulSetStatus)."""
        old = status_of(stateful_set)
        same = all((old.get(name) or None) == (status.get(name) or None) for name in _STATUS)
        if same and (status.get("observedGeneration") or 0) <= (old.get("observedGeneration") or 0):
            return
        for retries in range(STATUS_RETRIES):
            try:
                self._written.wrote(await self._client.update_status({**stateful_set, "status": status}))
                return
            except StatusError as error:
                if error.reason != "Conflict" or retries == STATUS_RETRIES - 1:
                    raise
                stateful_set = await self._client.get(meta.name(stateful_set), meta.namespace(stateful_set))


def _next_check(view: View, status: Tree) -> float | None:
    """When the next ready pod becomes available."""
    seconds = spec_of(view.stateful_set).get("minReadySeconds") or 0
    if not seconds or status.get("readyReplicas", 0) == status.get("availableReplicas", 0):
        return None
    upcoming = podutil.next_availability(view.pods, seconds, view.now)
    return float(seconds) if upcoming is None else upcoming


def _selector(stateful_set: Tree) -> LabelSelector | None:
    try:
        return from_label_selector(spec_of(stateful_set).get("selector"))
    except SelectorError:
        return None
