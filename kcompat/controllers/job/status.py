"""The account of finished pods in a job's status: each is first written down as uncounted, then loses its finalizer, then is counted,
so that none is forgotten or counted twice whatever fails between. Pure; upstream: trackJobStatusAndRemoveFinalizers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree
from kcompat.controllers import pods as podutil
from kcompat.controllers.job import indexes
from kcompat.controllers.job.failures import is_failed, judge
from kcompat.controllers.job.plan import COMPLETE, FAILED, FAILURE_TARGET, SUCCESS_MET, View, make_condition, true_condition

MAX_UNCOUNTED = 500
_ZERO_LEFT_OUT = ("active", "succeeded", "failed", "completedIndexes", "startTime", "completionTime", "conditions")


@dataclass(slots=True)
class Account:
    """A status to write, the pods that may then lose their finalizer, and the condition that ends the job once all are counted."""

    status: Tree
    release: list[Tree]
    end: Tree | None
    full: bool = False
    """More pods are finished than one status may name."""


def ensure_condition(conditions: list[Tree], wanted: Tree) -> list[Tree] | None:
    """With the condition added or replaced; None: nothing to change. A false one is not added (upstream: ensureJobConditionStatus)."""
    kind = wanted["type"]
    present = next((item for item in conditions if item["type"] == kind), None)
    if present is None:
        return None if wanted["status"] == "False" else [*conditions, wanted]
    if all(present.get(field) == wanted[field] for field in ("status", "reason", "message")):
        return None
    return [wanted if item is present else item for item in conditions]


def written(status: Tree) -> Tree:
    """Without the fields that are left out when empty."""
    return {key: value for key, value in status.items() if value or key not in _ZERO_LEFT_OUT}


def count_released(status: Tree, tracked: Collection[str]) -> Tree:
    """Counts the uncounted pods that lost their finalizer; tracked: uids of those that have it (cleanUncountedPodsWithoutFinalizers)."""
    uncounted = status.get("uncountedTerminatedPods") or {}
    changed = {**status, "uncountedTerminatedPods": {}}
    for outcome in ("succeeded", "failed"):
        before = uncounted.get(outcome) or ()
        if left := [uid for uid in before if uid in tracked]:
            changed["uncountedTerminatedPods"][outcome] = left
        changed[outcome] = (status.get(outcome) or 0) + len(before) - len(left)
    return changed


def account(view: View, status: Tree, end: Tree | None, now: datetime) -> Account:
    """What is to be written before finalizers are removed; end: the condition that ends the job, if it can end now."""
    status = count_released(status, {meta.uid(pod) for pod in view.tracked})
    result = Account(status, [], end)
    uncounted = {outcome: list(status["uncountedTerminatedPods"].get(outcome) or ()) for outcome in ("succeeded", "failed")}
    new_indexes: list[int] = []
    pods = sorted(view.tracked, key=lambda pod: _order(pod)) if view.indexed else view.tracked
    for pod in pods:
        if not _may_release(view, pod, end):
            continue
        result.release.append(pod)
        _enter(view, pod, end, uncounted, new_indexes)
        if len(new_indexes) + sum(map(len, uncounted.values())) >= MAX_UNCOUNTED:
            result.full = True
            break
    status["uncountedTerminatedPods"] = {outcome: uids for outcome, uids in uncounted.items() if uids}
    if view.indexed:
        _enter_indexes(view, status, new_indexes)
    _enter_end(result, now)
    return result


def _order(pod: Tree) -> int:
    index = indexes.completion_index(pod)
    return -1 if index is None else index


def _may_release(view: View, pod: Tree, end: Tree | None) -> bool:
    """upstream: canRemoveFinalizer."""
    if meta.is_being_deleted(view.job) or end is not None or podutil.phase(pod) == "Succeeded":
        return True
    if not is_failed(pod, view.job):
        return False
    index = indexes.completion_index(pod)
    awaiting = view.awaiting_replacement.get(index) if index is not None else None
    return awaiting is None or meta.uid(awaiting) != meta.uid(pod)


def _enter(view: View, pod: Tree, end: Tree | None, uncounted: dict[str, list[str]], new_indexes: list[int]) -> None:
    uid, index = meta.uid(pod), view.valid_index(pod)
    if podutil.phase(pod) == "Succeeded" and uid not in view.uncounted_failed:
        if view.indexed:
            if index is not None and not indexes.contains(view.earlier_indexes, index):
                new_indexes.append(index)
        elif uid not in view.uncounted_succeeded:
            uncounted["succeeded"].append(uid)
    elif is_failed(pod, view.job) or (end is not None and end["type"] != SUCCESS_MET):
        if uid not in view.uncounted_failed and (not view.indexed or index is not None) and judge(view.policy, pod).counted:
            uncounted["failed"].append(uid)


def _enter_indexes(view: View, status: Tree, new_indexes: list[int]) -> None:
    """Indexes that succeeded need no uids: to see a pod again changes nothing."""
    done = indexes.merge(view.succeeded_indexes, indexes.of(new_indexes))
    status["succeeded"] = indexes.total(done)
    status["completedIndexes"] = indexes.text(done)
    status.pop("failedIndexes", None)
    if view.failed_indexes is not None:
        status["failedIndexes"] = indexes.text(view.failed_indexes)


def _enter_end(result: Account, now: datetime) -> None:
    """The interim condition goes into the status, the final one waits until all pods are counted."""
    if result.end is None:
        return
    kind, conditions = result.end["type"], list(result.status.get("conditions") or ())
    if kind not in (FAILURE_TARGET, SUCCESS_MET):
        return
    if true_condition(conditions, kind) is None:
        result.status["conditions"] = [*conditions, result.end]
    final = FAILED if kind == FAILURE_TARGET else COMPLETE
    result.end = make_condition(final, "True", result.end["reason"], result.end["message"], now)


def may_finish(status: Tree, terminating: int) -> bool:
    """All pods are counted and gone (upstream: enactJobFinished)."""
    uncounted = status.get("uncountedTerminatedPods") or {}
    return terminating == 0 and not uncounted.get("succeeded") and not uncounted.get("failed")


def finished(status: Tree, end: Tree) -> Tree:
    conditions = ensure_condition(list(status.get("conditions") or ()), end)
    status = status if conditions is None else {**status, "conditions": conditions}
    return {**status, "completionTime": end["lastTransitionTime"]} if end["type"] == COMPLETE else status
