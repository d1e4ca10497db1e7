"""Watches jobs and their pods, lets plan.py and status.py decide, and acts. Upstream: job/job_controller.go, tracking_utils.go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector, SelectorError, from_label_selector
from kcompat.client.client import STRATEGIC_MERGE_PATCH
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.expectations import Expectations
from kcompat.client.interface import Tree
from kcompat.client.resources import JOBS, PODS
from kcompat.client.store import CONTROLLER, controller_uids
from kcompat.controllers import pods as podutil
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of
from kcompat.controllers.job import status as accounting
from kcompat.controllers.job.failures import Backoff
from kcompat.controllers.job.plan import (
    COMPLETE,
    SUSPENDED,
    Plan,
    View,
    completed,
    deadline_left,
    ending,
    finished_condition,
    is_complete,
    is_suspended,
    is_tracked,
    make_condition,
    manage,
)
from kcompat.controllers.job.pods import WITHOUT_TRACKING, JobClaimer, adopted, new_indexed_pod, new_pod
from kcompat.controllers.pod_control import PodControl, is_namespace_terminating, slow_start

BATCH_SECONDS, SECONDS_PER_POD, MOST_SECONDS = 0.05, 0.0002, 1.0
"""News of pods wait for that of others; a sync looks at every pod of its job. Upstream always waits a second."""
OURS = "kubernetes.io/job-controller"
_ORPHAN = "orphan:"
"""Marks keys of pods that no job counts any more; no name has a colon."""


@dataclass(slots=True)
class Progress:
    """What is there after pods were made and removed in a sync, before the cache knows."""

    active: int
    ready: int
    terminating: int
    failure: Exception | None = None
    wait: float | None = None

    def removed(self, pods: Sequence[Tree], failure: Exception | None) -> None:
        self.active -= len(pods)
        self.terminating += len(pods)
        self.ready -= sum(1 for pod in pods if podutil.is_ready(pod))
        self.failure = failure

    def wait_at_most(self, seconds: float | None) -> None:
        if seconds is not None:
            self.wait = seconds if self.wait is None else min(self.wait, seconds)


def is_managed_elsewhere(job: Tree) -> bool:
    """spec.managedBy names another controller."""
    return spec_of(job).get("managedBy") not in (None, OURS)


@controller("job-controller", workers=5, max_delay=60.0)
class JobController:
    """Keys are namespace/name of jobs, and, marked, of pods whose finalizer is to go though no job counts them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client, self._pods_client = context.client.of(JOBS), context.client.of(PODS)
        self._pod_control = PodControl(context.client, context.recorder)
        self._expectations, self._written = Expectations(), Written()
        self._removing: dict[str, set[str]] = {}
        self._backoffs: dict[str, Backoff] = {}
        self._jobs = context.watch(JOBS, self._job_changed)
        self._pods = context.watch(PODS, self._pod_changed, {CONTROLLER: controller_uids})

    # -- what happened

    def _job_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None or finished_condition(new) is not None:
            self._forget(new or old or {}, gone=new is None)
        elif old is None or meta.generation(old) != meta.generation(new):
            self._context.queue.add(meta.key(new))
        else:
            self._enqueue(new)

    def _forget(self, job: Tree, gone: bool) -> None:
        """Nothing is decided for it any more; what pods are left must not wait for that."""
        key = meta.key(job)
        self._backoffs.pop(key, None)
        self._written.forget(job)
        if gone:
            self._expectations.forget(key)
            self._removing.pop(key, None)
        selector = _selector(job)
        for pod in self._pods.list(meta.namespace(job), selector) if selector is not None else ():
            self._orphan(pod)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None or meta.is_being_deleted(new):
            self._pod_going(new or old or {}, gone=new is None)
            return
        before = meta.controller_of(old) if old is not None else None
        if before is not None and before != meta.controller_of(new) and (job := self._owner(old or {})) is not None:
            self._observe_release(job, new)
            self._enqueue(job)
        if meta.controller_of(new) is None:
            self._orphan(new)
            self._offer(new, old)
        elif (job := self._owner(new)) is not None:
            if old is None:
                self._expectations.creation_observed(meta.key(job))
            self._observe_release(job, new)
            self._enqueue(job)

    def _pod_going(self, pod: Tree, gone: bool) -> None:
        job = self._owner(pod)
        if job is None or finished_condition(job) is not None:
            self._orphan(pod)
            return
        self._expectations.deletion_observed(meta.key(job), meta.uid(pod))
        self._observe_release(job, pod, gone)
        self._enqueue(job)

    def _observe_release(self, job: Tree, pod: Tree, gone: bool = False) -> None:
        if gone or not is_tracked(pod):
            self._removing.get(meta.key(job), set()).discard(meta.uid(pod))

    def _orphan(self, pod: Tree) -> None:
        if is_tracked(pod):
            self._context.queue.add(_ORPHAN + meta.key(pod))

    def _offer(self, orphan: Tree, old: Tree | None) -> None:
        """Wakes the jobs that would adopt the pod."""
        changed = old is None or meta.labels(old) != meta.labels(orphan) or meta.controller_of(old) is not None
        for job in self._jobs.list(meta.namespace(orphan)) if changed and meta.labels(orphan) else ():
            selector = _selector(job)
            if selector is not None and selector.matches(meta.labels(orphan)):
                self._enqueue(job)

    def _owner(self, pod: Tree) -> Tree | None:
        reference = meta.controller_of(pod)
        if reference is None or reference.get("kind") != JOBS.kind:
            return None
        found = self._jobs.get(meta.namespace(pod), reference["name"])
        return found if found is not None and meta.uid(found) == reference.get("uid") else None

    def _enqueue(self, job: Tree) -> None:
        size = len(self._pods.by_index(CONTROLLER, meta.uid(job)))
        self._context.queue.add_after(meta.key(job), min(BATCH_SECONDS + size * SECONDS_PER_POD, MOST_SECONDS))

    # -- what to do

    async def reconcile(self, key: str) -> float | None:
        if key.startswith(_ORPHAN):
            await self._release_orphan(self._pods.get(*split_key(key.removeprefix(_ORPHAN))))
            return None
        job = self._jobs.get(*split_key(key))
        if job is None or is_managed_elsewhere(job) or finished_condition(job) is not None or self._written.is_stale(job):
            return None
        if spec_of(job).get("completionMode") not in (None, "NonIndexed", "Indexed"):
            self._tell(job, WARNING, "UnknownCompletionMode", "Skipped Job sync because completion mode is unknown")
            return None
        return await self._sync(key, job)

    async def _release_orphan(self, pod: Tree | None) -> None:
        if pod is None or not is_tracked(pod):
            return
        reference = meta.controller_of(pod)
        if reference is not None:
            if (reference.get("kind"), reference.get("apiVersion")) != (JOBS.kind, JOBS.api_version):
                return
            job = self._owner(pod)
            if job is not None and (is_managed_elsewhere(job) or finished_condition(job) is None):
                return
        try:
            await self._untrack(pod)
        except StatusError as error:
            if error.code != 404:
                raise

    async def _sync(self, key: str, job: Tree) -> float | None:
        may_act = self._expectations.satisfied(key)
        pods = await self._claim(job)
        now = self._context.clock.now()
        status = {"uncountedTerminatedPods": {}, **status_of(job)}
        if not status.get("startTime") and not is_suspended(job):
            status["startTime"] = rfc3339(now)
        view = View({**job, "status": status}, pods, self._removing.get(key) or (), self._backoffs.get(key, Backoff()))
        progress = Progress(len(view.active), sum(map(podutil.is_ready, view.active)), sum(map(podutil.is_terminating, pods)))
        end = ending(view, now)
        if end is not None:
            deleted = await self._delete_active(job, view.active, progress)
            if not deleted or not may_act:  # pods are left, or some may be that the cache does not know
                end = None
        else:
            progress.wait_at_most(deadline_left(view.job, now))
            if may_act and not meta.is_being_deleted(job):
                await self._manage(key, view, progress, now)
            if is_complete(view, progress.active):
                end = completed(now)
            elif may_act and not meta.is_being_deleted(job):
                status = self._suspend(job, status, now)
        status |= {"active": progress.active, "ready": progress.ready, "terminating": progress.terminating}
        await self._report(key, job, view, status, end, progress)
        if progress.failure is not None:
            raise progress.failure
        return progress.wait

    async def _claim(self, job: Tree) -> list[Tree]:
        selector = _selector(job)
        if selector is None:
            return []
        owned = list(self._pods.by_index(CONTROLLER, meta.uid(job)))
        orphans = list(self._pods.by_index(CONTROLLER, f"{meta.namespace(job)}/"))
        claimed = await JobClaimer(self._context.client, job, JOBS, PODS).claim((*owned, *orphans), selector)
        return [adopted(job, pod) for pod in claimed]

    def _suspend(self, job: Tree, status: Tree, now: datetime) -> Tree:
        """The condition that says whether the job is suspended; the time it may be active starts anew."""
        suspended = is_suspended(job)
        reason, message = ("JobSuspended", "Job suspended") if suspended else ("JobResumed", "Job resumed")
        wanted = make_condition(SUSPENDED, "True" if suspended else "False", reason, message, now)
        conditions = accounting.ensure_condition(list(status.get("conditions") or ()), wanted)
        if conditions is None:
            return status
        self._tell(job, NORMAL, reason.removeprefix("Job"), message)
        return {**status, "conditions": conditions, "startTime": None if suspended else rfc3339(now)}

    # -- pods

    async def _manage(self, key: str, view: View, progress: Progress, now: datetime) -> None:
        plan = manage(view, progress.terminating, now)
        progress.wait_at_most(plan.wait or None)
        if plan.create:
            await self._create(key, view, plan, progress)
        elif plan.delete:
            await self._delete(key, view.job, plan.delete, progress)

    async def _create(self, key: str, view: View, plan: Plan, progress: Progress) -> None:
        pod, waiting = new_pod(view.job), iter(plan.indexes)
        self._expectations.expect_creations(key, plan.create)

        async def create() -> None:
            body = new_indexed_pod(view, pod, next(waiting)) if plan.indexes else pod
            try:
                await self._pod_control.create(body, view.job, JOBS)
            except StatusError as error:
                if not is_namespace_terminating(error):  # there, every creation fails and none is needed
                    raise

        created, progress.failure = await slow_start(plan.create, create)
        progress.active += created
        self._expectations.creation_observed(key, plan.create - created)

    async def _delete(self, key: str, job: Tree, doomed: Sequence[Tree], progress: Progress) -> None:
        """Removes pods that are not to be counted."""
        self._expectations.expect_deletions(key, [meta.uid(pod) for pod in doomed])

        async def delete(pod: Tree) -> None:
            try:
                if is_tracked(pod):
                    await self._untrack(pod)
                await self._pod_control.delete(pod, job, JOBS)
            except Exception:
                self._expectations.deletion_observed(key, meta.uid(pod))
                raise

        progress.removed(*await _each(doomed, delete))

    async def _delete_active(self, job: Tree, pods: Sequence[Tree], progress: Progress) -> bool:
        """Removes what runs when the job ends; these are counted. Whether all of them went."""
        deleted, failure = await _each(pods, lambda pod: self._pod_control.delete(pod, job, JOBS))
        progress.removed(deleted, failure)
        return len(deleted) == len(pods)

    async def _untrack(self, pod: Tree) -> None:
        await self._pods_client.patch(meta.name(pod), WITHOUT_TRACKING, meta.namespace(pod), content_type=STRATEGIC_MERGE_PATCH)

    # -- status

    async def _report(self, key: str, job: Tree, view: View, status: Tree, end: Tree | None, progress: Progress) -> None:
        """Writes down what is finished, removes finalizers, then counts (upstream: flushUncountedAndRemoveFinalizers)."""
        account = accounting.account(view, status, end, self._context.clock.now())
        before, job = job, await self._write(job, account.status)
        if job is not before:
            self._backoffs[key] = view.backoff
        released, failure = await self._release(key, account.release)
        left = {meta.uid(pod) for pod in view.tracked} - released
        status = accounting.count_released(account.status, left)
        if failure is not None:
            await self._write(job, status)
            raise failure
        if account.end is None or account.full or not accounting.may_finish(status, progress.terminating):
            await self._write(job, status)
            return
        status = accounting.finished(status, account.end)
        await self._write(job, status)
        self._tell_finished(job, status, account.end)

    async def _write(self, job: Tree, status: Tree) -> Tree:
        wanted = accounting.written(status)
        if wanted == status_of(job):
            return job
        job = await self._client.update_status({**job, "status": wanted})
        self._written.wrote(job)
        return job

    async def _release(self, key: str, pods: Sequence[Tree]) -> tuple[set[str], Exception | None]:
        """Removes the finalizers; the uids of the pods that have none now, and the first error."""
        removing = self._removing.setdefault(key, set())
        removing.update(meta.uid(pod) for pod in pods)

        async def release(pod: Tree) -> None:
            try:
                await self._untrack(pod)
            except Exception:
                removing.discard(meta.uid(pod))
                raise

        released, failure = await _each(pods, release)
        return {meta.uid(pod) for pod in released}, failure

    def _tell(self, job: Tree, kind: str, reason: str, message: str) -> None:
        self._context.recorder.event(job, kind, reason, message, resource=JOBS)

    def _tell_finished(self, job: Tree, status: Tree, end: Tree) -> None:
        if end["type"] != COMPLETE:
            self._tell(job, WARNING, end["reason"], end["message"])
            return
        completions = spec_of(job).get("completions")
        if completions is not None and (status.get("succeeded") or 0) > completions:
            self._tell(job, WARNING, "TooManySucceededPods", "Too many succeeded pods running after completion count reached")
        self._tell(job, NORMAL, "Completed", "Job completed")


async def _each(pods: Sequence[Tree], act: Callable[[Tree], Awaitable[None]]) -> tuple[list[Tree], Exception | None]:
    """Acts on all at once. Those for which it worked (or that are gone), and the first error."""
    results = await asyncio.gather(*map(act, pods), return_exceptions=True)
    done, failure = [], None
    for pod, result in zip(pods, results, strict=True):
        if result is None or (isinstance(result, StatusError) and result.code == 404):
            done.append(pod)
        elif not isinstance(result, Exception):
            raise result
        else:
            failure = failure or result
    return done, failure


def _selector(job: Tree) -> LabelSelector | None:
    try:
        return from_label_selector(spec_of(job).get("selector"))
    except SelectorError:
        return None
