"""What a sync of a job decides: has it ended, and which pods to make or remove. Pure; upstream: job_controller.go syncJob, manageJob."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.client.interface import Tree
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import spec_of, status_of
from kcompat.controllers.job import indexes
from kcompat.controllers.job.failures import Backoff, finished_at, is_failed, judge, only_failed_replaced, remaining_of_index
from kcompat.controllers.job.indexes import Intervals, completion_index

TRACKING = "batch.kubernetes.io/job-tracking"
BURST = 500
"""Pods made or removed at most in one sync."""
COMPLETE, FAILED, FAILURE_TARGET, SUCCESS_MET, SUSPENDED = "Complete", "Failed", "FailureTarget", "SuccessCriteriaMet", "Suspended"


def is_tracked(pod: Tree) -> bool:
    return TRACKING in meta.finalizers(pod)


def is_suspended(job: Tree) -> bool:
    return bool(spec_of(job).get("suspend"))


def is_indexed(job: Tree) -> bool:
    return bool(spec_of(job).get("completionMode") == "Indexed")


def finished_condition(job: Tree) -> str | None:
    """Complete or Failed; None: it is not finished (upstream: util.FinishedCondition)."""
    for condition in meta.conditions(job):
        if condition["type"] in (COMPLETE, FAILED) and condition["status"] == "True":
            return str(condition["type"])
    return None


def make_condition(kind: str, status: str, reason: str, message: str, now: datetime) -> Tree:
    stamp = rfc3339(now)
    return {
        "type": kind, "status": status, "lastProbeTime": stamp, "lastTransitionTime": stamp, "reason": reason, "message": message,
    }  # fmt: skip


def true_condition(conditions: Iterable[Any], kind: str) -> Tree | None:
    return next((dict(item) for item in conditions if item["type"] == kind and item["status"] == "True"), None)


class View:
    """A job, its pods, and what follows from them at once. removing: uids of pods whose finalizer was removed, though the cache has it."""

    def __init__(self, job: Tree, pods: Sequence[Tree], removing: Collection[str], backoff: Backoff) -> None:
        self.job, self.pods = job, pods
        self.spec, self.status = spec_of(job), status_of(job)
        self.completions: int | None = self.spec.get("completions")
        self.per_index: int | None = self.spec.get("backoffLimitPerIndex")
        self.policy: Tree | None = self.spec.get("podFailurePolicy")
        self.tracked = [pod for pod in pods if is_tracked(pod) and meta.uid(pod) not in removing]
        self.active = [pod for pod in pods if podutil.is_active(pod)]
        uncounted = self.status.get("uncountedTerminatedPods") or {}
        self.uncounted_succeeded = set(uncounted.get("succeeded") or ())
        self.uncounted_failed = set(uncounted.get("failed") or ())
        new_succeeded = self._new(self.uncounted_succeeded, lambda pod: podutil.phase(pod) == "Succeeded")
        new_failed = self._new(self.uncounted_failed, lambda pod: is_failed(pod, job))
        self.backoff = backoff.after(new_succeeded, new_failed)
        counted = sum(1 for pod in new_failed if judge(self.policy, pod).counted)
        self.failed = (self.status.get("failed") or 0) + counted + len(self.uncounted_failed)
        self.succeeded = (self.status.get("succeeded") or 0) + len(new_succeeded) + len(self.uncounted_succeeded)
        if self.indexed:
            self.succeeded = indexes.total(self.succeeded_indexes)

    @property
    def indexed(self) -> bool:
        return is_indexed(self.job)

    def valid_index(self, pod: Tree) -> int | None:
        """The pod's index if the job has such an index."""
        index = completion_index(pod)
        return index if index is not None and index < (self.completions or 0) else None

    def _new(self, uncounted: set[str], which: Callable[[Tree], bool]) -> list[Tree]:
        """Finished pods that the status does not know yet (upstream: getNewFinishedPods)."""
        found = (pod for pod in self.tracked if meta.uid(pod) not in uncounted and which(pod))
        return [pod for pod in found if not self.indexed or self.valid_index(pod) is not None]

    @cached_property
    def earlier_indexes(self) -> Intervals:
        return indexes.parse(self.status.get("completedIndexes") or "", self.completions or 0)

    @cached_property
    def succeeded_indexes(self) -> Intervals:
        done = (self.valid_index(pod) for pod in self.pods if podutil.phase(pod) == "Succeeded" and is_tracked(pod))
        return indexes.merge(self.earlier_indexes, indexes.of(index for index in done if index is not None))

    @cached_property
    def failed_indexes(self) -> Intervals | None:
        """None where failures are not counted by index (upstream: calculateFailedIndexes)."""
        if not self.indexed or self.per_index is None:
            return None
        earlier = indexes.parse(self.status.get("failedIndexes") or "", self.completions or 0)
        failed = (self.valid_index(pod) for pod in self.pods if is_tracked(pod) and self._fails_index(pod))
        return indexes.merge(earlier, indexes.of(index for index in failed if index is not None))

    def _fails_index(self, pod: Tree) -> bool:
        if not is_failed(pod, self.job):
            return False
        judgement = judge(self.policy, pod)
        if judgement.action == "FailIndex":
            return True
        return judgement.counted and indexes.failure_count(pod) >= (self.per_index or 0)

    @cached_property
    def awaiting_replacement(self) -> dict[int, Tree]:
        """By index the last failed pod, kept until its replacement has taken over its count of failures
        (upstream: getPodsWithDelayedDeletionPerIndex)."""
        if self.failed_indexes is None:
            return {}
        settled = indexes.merge(self.succeeded_indexes, self.failed_indexes, indexes.indexes_of(self.active))
        last: dict[int, Tree] = {}
        for pod in self.tracked:
            index = self.valid_index(pod)
            if index is None or not is_failed(pod, self.job) or indexes.contains(settled, index):
                continue
            if index not in last or _is_later(pod, last[index]):
                last[index] = pod
        return last


def _is_later(pod: Tree, other: Tree) -> bool:
    return _all_failures(other) <= _all_failures(pod) and finished_at(other) <= finished_at(pod)


def _all_failures(pod: Tree) -> int:
    return indexes.failure_count(pod) + indexes.ignored_failure_count(pod)


# -- has it ended


def ending(view: View, now: datetime) -> Tree | None:
    """The condition that ends the job, by what earlier syncs decided, by failure, then by its success policy; None: it goes on."""
    conditions = meta.conditions(view.job)
    if (met := true_condition(conditions, SUCCESS_MET)) is not None:
        return met
    if (target := true_condition(conditions, FAILURE_TARGET)) is not None:
        return make_condition(FAILED, "True", target["reason"], target["message"], now)
    if (failure := _failure(view, now)) is not None:
        return make_condition(FAILURE_TARGET, "True", *failure, now)
    if view.indexed and (message := _success_by_policy(view)) is not None:
        return make_condition(SUCCESS_MET, "True", "SuccessPolicy", message, now)
    return None


def _failure(view: View, now: datetime) -> tuple[str, str] | None:
    """Reason and message."""
    failed = (pod for pod in view.pods if is_failed(pod, view.job)) if view.policy else ()
    if message := next((message for pod in failed if (message := judge(view.policy, pod).message)), None):
        return "PodFailurePolicy", message
    if view.failed > view.spec.get("backoffLimit", 6) or _restarted_too_often(view):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    if (left := deadline_left(view.job, now)) is not None and left <= 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    if view.failed_indexes is None:
        return None
    failures, most = indexes.total(view.failed_indexes), view.spec.get("maxFailedIndexes")
    if most is not None and failures > most:
        return "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"
    if failures and failures + indexes.total(view.succeeded_indexes) >= (view.completions or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def _restarted_too_often(view: View) -> bool:
    """With restartPolicy OnFailure failures are restarts of containers (upstream: pastBackoffLimitOnFailure)."""
    if meta.get(view.spec, ("template", "spec", "restartPolicy")) != "OnFailure":
        return False
    restarts, limit = 0, view.spec.get("backoffLimit", 6)
    for pod in view.pods:
        if podutil.phase(pod) in ("Running", "Pending"):
            found = (*(status_of(pod).get("initContainerStatuses") or ()), *(status_of(pod).get("containerStatuses") or ()))
            restarts += sum(status.get("restartCount") or 0 for status in found)
    return restarts > 0 if limit == 0 else bool(restarts >= limit)


def deadline_left(job: Tree, now: datetime) -> float | None:
    """Seconds until activeDeadlineSeconds are over; None: they do not count now."""
    seconds, started = spec_of(job).get("activeDeadlineSeconds"), status_of(job).get("startTime")
    if seconds is None or is_suspended(job) or not started:
        return None
    return (parse_rfc3339(started) + timedelta(seconds=seconds) - now).total_seconds()


def _success_by_policy(view: View) -> str | None:
    """The message of the first rule that is met (upstream: matchSuccessPolicy)."""
    rules = (view.spec.get("successPolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules if view.succeeded_indexes else ()):
        wanted, count = rule.get("succeededIndexes"), rule.get("succeededCount")
        if wanted is None:
            met = count is not None and indexes.total(view.succeeded_indexes) >= count
        else:
            required = indexes.parse(wanted, view.completions or 0)
            have = indexes.overlap(required, view.succeeded_indexes)
            met = bool(required) and (have == indexes.total(required) or (count is not None and have >= count))
        if met:
            return f"Matched rules at index {number}"
    return None


def is_complete(view: View, active: int) -> bool:
    """Enough pods succeeded and none runs; without completions the first success is enough."""
    enough = view.succeeded > 0 if view.completions is None else view.succeeded >= view.completions
    return enough and active == 0


def completed(now: datetime) -> Tree:
    return make_condition(SUCCESS_MET, "True", "CompletionsReached", "Reached expected number of succeeded pods", now)


# -- which pods


@dataclass(frozen=True, slots=True)
class Plan:
    """Make so many pods (for these indexes, if the job has them), or remove these; wait: seconds until more may be made."""

    create: int = 0
    indexes: Sequence[int] = ()
    delete: Sequence[Tree] = ()
    wait: float = 0.0


def manage(view: View, terminating: int, now: datetime) -> Plan:
    """Brings the active pods to what is wanted, removing before making; terminating: pods that are going (upstream: manageJob)."""
    active = len(view.active)
    if is_suspended(view.job):
        return Plan(delete=_surplus(view, active, now))
    wanted = _wanted(view)
    if surplus := _surplus(view, max(0, active - wanted), now)[:BURST]:
        return Plan(delete=surplus)
    missing = wanted - active - (terminating if only_failed_replaced(view.job) else 0)
    if missing <= 0:
        return Plan()
    if view.per_index is None and (wait := view.backoff.remaining(now)) > 0:
        return Plan(wait=wait)
    return _creations(view, min(missing, BURST), now)


def _wanted(view: View) -> int:
    parallelism = view.spec.get("parallelism", 1)
    if view.completions is None:
        return len(view.active) if view.succeeded > 0 else int(parallelism)
    return max(0, min(view.completions - view.succeeded, int(parallelism)))


def _creations(view: View, count: int, now: datetime) -> Plan:
    if not view.indexed:
        return Plan(create=count)
    taken = indexes.merge(view.succeeded_indexes, indexes.indexes_of(view.active), view.failed_indexes or ())
    if only_failed_replaced(view.job):
        taken = indexes.merge(taken, indexes.indexes_of([pod for pod in view.pods if podutil.is_terminating(pod)]))
    pending = indexes.first_missing(taken, count, view.completions or 0)
    if view.per_index is None:
        return Plan(create=len(pending), indexes=pending)
    waits = {index: remaining_of_index(view.awaiting_replacement.get(index), now) for index in pending}
    ready = [index for index, wait in waits.items() if wait == 0]
    return Plan(len(ready), ready) if ready else Plan(wait=min(waits.values(), default=0.0))


def _surplus(view: View, at_least: int, now: datetime) -> list[Tree]:
    """The active pods to remove: repeated and invalid indexes, then the least useful (upstream: activePodsForRemoval)."""
    removed: list[Tree] = []
    left = view.active
    if view.indexed:
        removed, left = _repeated(view, now)
    if len(removed) < at_least:
        removed += podutil.preferred_for_deletion(left, (), now)[: at_least - len(removed)]
    return removed


def _repeated(view: View, now: datetime) -> tuple[list[Tree], list[Tree]]:
    """Of several pods with one index all but the most useful go, as does what has no index of the job."""
    removed = [pod for pod in view.active if completion_index(pod) is None]
    by_index: dict[int, list[Tree]] = {}
    for pod in view.active:
        if (index := completion_index(pod)) is not None:
            by_index.setdefault(index, []).append(pod)
    left = []
    for index, pods in sorted(by_index.items()):
        if index >= (view.completions or 0):
            removed += pods
            continue
        *worse, best = podutil.preferred_for_deletion(pods, (), now) if len(pods) > 1 else pods
        removed += worse
        left.append(best)
    return removed, left
