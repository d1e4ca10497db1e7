"""Looks at daemon sets, their pods and revisions, and the nodes; lets plan.py decide, and acts.

Upstream: pkg/controller/daemon/daemon_controller.go, update.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError, already_exists
from kcompat.apimachinery.selectors import LabelSelector, SelectorError, from_label_selector
from kcompat.client.events import WARNING
from kcompat.client.expectations import Expectations
from kcompat.client.interface import Tree
from kcompat.client.resources import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
from kcompat.client.store import CONTROLLER, controller_uids
from kcompat.controllers import history
from kcompat.controllers import pods as podutil
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of
from kcompat.controllers.daemon_set.placement import (
    HASH_LABEL,
    Placement,
    bound_to,
    is_updated,
    pod_template,
    target_node,
    template_generation,
)
from kcompat.controllers.daemon_set.plan import Plan, View, by_age, manage, rolling_update
from kcompat.controllers.hashing import content_hash
from kcompat.controllers.ownership import Claimer
from kcompat.controllers.pod_control import PodControl, is_namespace_terminating, pod_from_template, slow_start

BURST = 250
STATUS_RETRIES = 1
FAILED_FIRST, FAILED_MOST = 1.0, 900.0
"""Seconds between removals of failed pods on one node; a kubelet that refuses them would fight with us."""
MAX_INT32 = 2**31 - 1


class FailedPods:
    """How long to wait before the next failed pod of a node goes (upstream: flowcontrol.Backoff)."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def wait(self, key: str, now: float) -> float:
        """Seconds to wait; 0: remove it now, which is remembered."""
        since, delay = self._last.get(key, (now, 0.0))
        if delay and now - since > 2 * FAILED_MOST:
            delay = 0.0
        elif now - since < delay:
            return delay
        self._last[key] = (now, min(2 * delay or FAILED_FIRST, FAILED_MOST))
        return 0.0

    def forget(self, prefix: str) -> None:
        self._last = {key: value for key, value in self._last.items() if not key.startswith(prefix)}


@controller("daemonset-controller", workers=2, account="daemon-set-controller", component="daemonset-controller")
class DaemonSetController:
    """Keys are namespace/name of daemon sets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(DAEMON_SETS)
        self._pods_client = context.client.of(PODS)
        self._pod_control = PodControl(context.client, context.recorder)
        self._expectations, self._written, self._failed = Expectations(), Written(), FailedPods()
        self._sets = context.watch(DAEMON_SETS, self._set_changed)
        self._pods = context.watch(PODS, self._pod_changed, {CONTROLLER: controller_uids})
        self._nodes = context.watch(NODES, self._node_changed)
        revisions = context.watch(CONTROLLER_REVISIONS, self._revision_changed, {CONTROLLER: controller_uids})
        self._history = history.History(context.client, DAEMON_SETS, revisions)

    # -- what happened

    def _set_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None and old is not None:
            self._expectations.forget(meta.key(old))
            self._written.forget(old)
            self._failed.forget(meta.uid(old))
        self._context.enqueue(old, new)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None or meta.is_being_deleted(new):
            self._pod_gone(new or old or {})
            return
        owner = self._owner(new)
        if old is not None and meta.controller_of(old) != meta.controller_of(new):
            self._enqueue(self._owner(old))
        if owner is not None:
            if old is None:
                self._expectations.creation_observed(meta.key(owner))
            self._enqueue(owner)
            self._look_again(owner, old, new)
        elif meta.controller_of(new) is None and (old is None or meta.metadata(old) != meta.metadata(new)):
            self._offer(new)

    def _look_again(self, owner: Tree, old: Tree | None, new: Tree) -> None:
        """When a pod that became ready becomes available; a second more for what is lost in rounding."""
        seconds = spec_of(owner).get("minReadySeconds") or 0
        if seconds and old is not None and podutil.is_ready(new) and not podutil.is_ready(old):
            self._context.queue.add_after(meta.key(owner), seconds + 1.0)

    def _pod_gone(self, pod: Tree) -> None:
        owner = self._owner(pod)
        if owner is not None:
            self._expectations.deletion_observed(meta.key(owner), meta.uid(pod))
            self._enqueue(owner)

    def _revision_changed(self, old: Tree | None, new: Tree | None) -> None:
        """One more of a set's revisions is no news: the set made it itself (upstream: addHistory, updateHistory, deleteHistory)."""
        before, now = (meta.controller_of(revision) if revision is not None else None for revision in (old, new))
        if new is None or (old is None and meta.is_being_deleted(new)):
            self._enqueue(self._owner(new or old or {}))
            return
        if old is not None and before != now:
            self._enqueue(self._owner(old))
        if now is None:
            if old is None or before is not None or meta.labels(old) != meta.labels(new):
                self._offer(new)
        elif old is not None:
            self._enqueue(self._owner(new))

    def _node_changed(self, old: Tree | None, new: Tree | None) -> None:
        """Wakes the sets for which the node's labels or taints make a difference (upstream: syncNodeUpdate)."""
        if new is None:
            return
        if old is not None and meta.labels(old) == meta.labels(new) and spec_of(old).get("taints") == spec_of(new).get("taints"):
            return
        for daemon_set in self._sets:
            should_run, should_stay = Placement(daemon_set).judge(new)
            owned = self._pods.by_index(CONTROLLER, meta.uid(daemon_set))
            present = any(podutil.node_name(pod) == meta.name(new) for pod in owned)
            misplaced = present and (status_of(daemon_set).get("numberMisscheduled") or 0) > 0
            if (should_run and not present) or (present and not should_stay) or misplaced:
                self._enqueue(daemon_set)

    def _owner(self, tree: Tree) -> Tree | None:
        reference = meta.controller_of(tree)
        if reference is None or reference.get("kind") != DAEMON_SETS.kind:
            return None
        found = self._sets.get(meta.namespace(tree), reference["name"])
        return found if found is not None and meta.uid(found) == reference.get("uid") else None

    def _offer(self, orphan: Tree) -> None:
        for daemon_set in self._sets.list(meta.namespace(orphan)) if meta.labels(orphan) else ():
            selector = _selector(daemon_set)
            if selector is not None and selector.matches(meta.labels(orphan)):
                self._enqueue(daemon_set)

    def _enqueue(self, daemon_set: Tree | None) -> None:
        if daemon_set is not None:
            self._context.queue.add(meta.key(daemon_set))

    # -- what to do

    async def reconcile(self, key: str) -> float | None:
        daemon_set = self._sets.get(*split_key(key))
        if daemon_set is None or self._written.is_stale(daemon_set):
            return None
        if not spec_of(daemon_set).get("selector"):
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self._context.recorder.event(daemon_set, WARNING, "SelectingAll", message, resource=DAEMON_SETS)
            return None
        selector = _selector(daemon_set)
        if selector is None or meta.is_being_deleted(daemon_set):
            return None
        current, old = await self._revisions(daemon_set, selector)
        return await self._sync(key, daemon_set, selector, meta.labels(current).get(HASH_LABEL, ""), old)

    async def _sync(self, key: str, daemon_set: Tree, selector: LabelSelector, digest: str, old: list[Tree]) -> float | None:
        nodes, placement = list(self._nodes), Placement(daemon_set)

        async def look() -> View:
            return View(daemon_set, nodes, await self._by_node(daemon_set, selector), digest, self._context.clock.now())

        acting = self._expectations.satisfied(key)
        try:
            if acting:
                await self._act(key, await look(), placement)
                if self._expectations.satisfied(key) and _strategy(daemon_set) == "RollingUpdate":
                    view = await look()
                    await self._carry_out(key, view, rolling_update(view, placement))
                await self._clean_up(daemon_set, selector, old)
        finally:
            view = await look()
            status = decide_status(view, placement, observed=acting)
            await self._report(daemon_set, status)
        seconds = spec_of(daemon_set).get("minReadySeconds") or 0
        return float(seconds) if seconds and status["numberReady"] != status.get("numberAvailable", 0) else None

    async def _act(self, key: str, view: View, placement: Placement) -> None:
        def may_replace(node: str) -> bool:
            observed = status_of(view.daemon_set).get("observedGeneration") or 0
            wait = self._failed.wait(f"{meta.uid(view.daemon_set)}/{observed}/{node}", self._context.clock.monotonic())
            if wait:
                self._context.queue.add_after(key, wait)
            return not wait

        await self._carry_out(key, view, manage(view, placement, may_replace))

    async def _by_node(self, daemon_set: Tree, selector: LabelSelector, *, ended: bool = False) -> dict[str, list[Tree]]:
        """The set's pods by the node they are on or for; those that ended and are being deleted only if asked for."""
        found: dict[str, list[Tree]] = {}
        for pod in await self._claim(daemon_set, selector):
            if not ended and podutil.is_terminal(pod) and meta.is_being_deleted(pod):
                continue
            if node := target_node(pod):
                found.setdefault(node, []).append(pod)
        return found

    async def _claim(self, daemon_set: Tree, selector: LabelSelector) -> list[Tree]:
        owned = self._pods.by_index(CONTROLLER, meta.uid(daemon_set))
        orphans = self._pods.by_index(CONTROLLER, f"{meta.namespace(daemon_set)}/")
        return await Claimer(self._context.client, daemon_set, DAEMON_SETS, PODS).claim([*owned, *orphans], selector)

    async def _carry_out(self, key: str, view: View, plan: Plan) -> None:
        """Makes and removes pods, at most BURST of each (upstream: syncNodes)."""
        for kind, reason, message in plan.events:
            self._context.recorder.event(view.daemon_set, kind, reason, message, resource=DAEMON_SETS)
        create, delete = plan.create[:BURST], plan.delete[:BURST]
        self._expectations.expect(key, len(create), [meta.uid(pod) for pod in delete])
        failure = await self._create(key, view, create)
        failures = [failure, *await asyncio.gather(*(self._delete(key, view.daemon_set, pod) for pod in delete))]
        if failed := next((error for error in failures if error is not None), None):
            raise failed

    async def _create(self, key: str, view: View, nodes: Sequence[str]) -> Exception | None:
        pod = pod_from_template(pod_template(view.daemon_set, view.digest), view.daemon_set, DAEMON_SETS)
        left = list(reversed(nodes))

        async def create() -> None:
            try:
                await self._pod_control.create(bound_to(pod, left.pop()), view.daemon_set, DAEMON_SETS)
            except StatusError as error:
                if not is_namespace_terminating(error):
                    raise

        created, failure = await slow_start(len(nodes), create)
        self._expectations.creation_observed(key, len(nodes) - created)
        return failure

    async def _delete(self, key: str, daemon_set: Tree, pod: Tree) -> Exception | None:
        try:
            await self._pod_control.delete(pod, daemon_set, DAEMON_SETS)
        except Exception as error:
            self._expectations.deletion_observed(key, meta.uid(pod))
            return None if isinstance(error, StatusError) and error.code == 404 else error
        return None

    async def _report(self, daemon_set: Tree, status: Tree) -> None:
        """Writes the status if it tells anything new; after a conflict once more on what is there now (upstream: storeDaemonSetStatus)."""
        old = status_of(daemon_set)
        if all((old.get(name) or 0) == value for name, value in status.items() if name != "observedGeneration"):
            if (old.get("observedGeneration") or 0) >= meta.generation(daemon_set):
                return
        for retries in range(STATUS_RETRIES + 1):
            try:
                changed = {**daemon_set, "status": {**status_of(daemon_set), **status}}
                self._written.wrote(await self._client.update_status(changed))
                return
            except StatusError:
                if retries == STATUS_RETRIES:
                    raise
                daemon_set = await self._client.get(meta.name(daemon_set), meta.namespace(daemon_set))

    # -- revisions

    async def _revisions(self, daemon_set: Tree, selector: LabelSelector) -> tuple[Tree, list[Tree]]:
        """The revision of the current template, made if there is none, and the others (upstream: constructHistory)."""
        data = history.data_of(daemon_set)
        current: list[Tree] = []
        old: list[Tree] = []
        for revision in await self._history.claim(daemon_set, selector):
            if HASH_LABEL not in meta.labels(revision):
                revision = await self._history.update(meta.with_labels(revision, {HASH_LABEL: meta.name(revision)}))
            (current if revision.get("data") == data else old).append(revision)
        number = history.newest(old) + 1
        if not current:
            return await self._snapshot(daemon_set, number), old
        kept = await self._only_one(daemon_set, selector, current)
        return (await self._history.renumber(kept, number) if history.number(kept) < number else kept), old

    async def _snapshot(self, daemon_set: Tree, number: int) -> Tree:
        collisions = status_of(daemon_set).get("collisionCount")
        template = spec_of(daemon_set).get("template") or {}
        digest = content_hash(template, collisions)
        labels = {**meta.labels(template), HASH_LABEL: digest}
        name = f"{meta.name(daemon_set)}-{digest}"
        made = await self._history.create(self._history.make(daemon_set, name, labels, number, meta.annotations(daemon_set)))
        if made is not None:
            return made
        fresh = await self._client.get(meta.name(daemon_set), meta.namespace(daemon_set))
        if status_of(fresh).get("collisionCount") == collisions:
            await self._client.update_status({**fresh, "status": {**status_of(fresh), "collisionCount": (collisions or 0) + 1}})
        raise already_exists("apps", "controllerrevisions", name)

    async def _only_one(self, daemon_set: Tree, selector: LabelSelector, same: list[Tree]) -> Tree:
        """Of several revisions with the same content the last stays, and the pods of the others become its own."""
        kept = same[-1]
        if len(same) == 1:
            return kept
        digest = meta.labels(kept)[HASH_LABEL]
        for pod in await self._claim(daemon_set, selector):
            if meta.labels(pod).get(HASH_LABEL) != digest:
                await self._pods_client.patch(meta.name(pod), {"metadata": {"labels": {HASH_LABEL: digest}}}, meta.namespace(pod))
        for revision in same[:-1]:
            await self._history.delete(revision)
        return kept

    async def _clean_up(self, daemon_set: Tree, selector: LabelSelector, old: list[Tree]) -> None:
        """Removes the oldest revisions that no pod has, down to the limit."""
        surplus = len(old) - spec_of(daemon_set).get("revisionHistoryLimit", MAX_INT32)
        if surplus <= 0:
            return
        pods = await self._by_node(daemon_set, selector, ended=True)
        living = {meta.labels(pod).get(HASH_LABEL) for on_node in pods.values() for pod in on_node}
        for revision in [item for item in old if meta.labels(item).get(HASH_LABEL) not in living][:surplus]:
            await self._history.delete(revision)


def decide_status(view: View, placement: Placement, *, observed: bool) -> Tree:
    """The counts that describe the daemon's pods; observed: this generation was acted on (upstream: updateDaemonSetStatus). Pure."""
    wanted = present = misplaced = ready = updated = available = 0
    generation = template_generation(view.daemon_set)
    for node in view.nodes:
        pods = view.pods.get(meta.name(node)) or ()
        if not placement.should_run(node):
            misplaced += bool(pods)
            continue
        wanted += 1
        if not pods:
            continue
        present += 1
        oldest = by_age(pods)[0]
        ready += podutil.is_ready(oldest)
        available += view.is_available(oldest)
        updated += is_updated(oldest, view.digest, generation)
    status = {
        "currentNumberScheduled": present,
        "numberMisscheduled": misplaced,
        "desiredNumberScheduled": wanted,
        "numberReady": ready,
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": wanted - available,
    }
    return status | ({"observedGeneration": meta.generation(view.daemon_set)} if observed else {})


def _strategy(daemon_set: Tree) -> str:
    return str((spec_of(daemon_set).get("updateStrategy") or {}).get("type") or "")


def _selector(daemon_set: Tree) -> LabelSelector | None:
    try:
        return from_label_selector(spec_of(daemon_set).get("selector"))
    except SelectorError:
        return None
