"""What a deployment says of itself: counts, and the conditions Available, Progressing and ReplicaFailure. Pure. Called by sync.

Upstream: pkg/controller/deployment/{sync,progress}.go and util/deployment_util.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.client.interface import Tree
from kcompat.controllers.controller import spec_of, status_of
from kcompat.controllers.deployment.rollout import available, max_unavailable, size, total

PROGRESSING = "Progressing"
AVAILABLE = "Available"
REPLICA_FAILURE = "ReplicaFailure"

NEW_REPLICA_SET_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
PAUSED = "DeploymentPaused"

NO_LIMIT = 2**31 - 1
_COUNTS = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def has_deadline(deployment: Tree) -> bool:
    return spec_of(deployment).get("progressDeadlineSeconds") not in (None, NO_LIMIT)


def condition(kind: str, status: str, reason: str, message: str, now: datetime) -> Tree:
    stamp = rfc3339(now)
    return {"type": kind, "status": status, "lastUpdateTime": stamp, "lastTransitionTime": stamp, "reason": reason, "message": message}


def with_condition(status: Mapping[str, Any], new: Tree) -> Tree:
    """A status that has the condition; one that says the same already stays as it is (upstream: SetDeploymentCondition)."""
    old = find(status, new["type"])
    if old is not None and old["status"] == new["status"]:
        if old.get("reason") == new.get("reason"):
            return dict(status)
        new = {**new, "lastTransitionTime": old.get("lastTransitionTime")}
    return {**status, "conditions": [*without(status, new["type"]).get("conditions", ()), new]}


def without(status: Mapping[str, Any], kind: str) -> Tree:
    return {**status, "conditions": [item for item in status.get("conditions") or () if item["type"] != kind]}


def find(status: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    return meta.find_condition(status.get("conditions") or (), kind)


def same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Do two statuses say the same? Counts that are zero may be missing."""
    if any((a.get(key) or 0) != (b.get(key) or 0) for key in _COUNTS):
        return False
    if any(a.get(key) != b.get(key) for key in ("terminatingReplicas", "collisionCount")):
        return False
    return list(a.get("conditions") or ()) == list(b.get("conditions") or ())


def is_complete(deployment: Tree, status: Mapping[str, Any]) -> bool:
    """All wanted replicas are updated and available, and no others exist (upstream: DeploymentComplete)."""
    wanted = size(deployment)
    counts = (status.get(key) or 0 for key in ("updatedReplicas", "replicas", "availableReplicas"))
    return all(count == wanted for count in counts) and (status.get("observedGeneration") or 0) >= meta.generation(deployment)


def counted(deployment: Tree, replica_sets: Sequence[Tree], new: Tree | None, now: datetime) -> Tree:
    """The counts, and whether enough is available; other conditions stay (upstream: calculateStatus)."""
    old = status_of(deployment)
    usable = sum(map(available, replica_sets))
    counts = {
        "observedGeneration": meta.generation(deployment),
        "replicas": _sum(replica_sets, "replicas"),
        "updatedReplicas": _sum([new] if new else [], "replicas"),
        "readyReplicas": _sum(replica_sets, "readyReplicas"),
        "availableReplicas": usable,
        "unavailableReplicas": max(0, total(replica_sets) - usable),
    }
    status: Tree = {key: count for key, count in counts.items() if count}
    if (terminating := _terminating(replica_sets)) is not None:
        status["terminatingReplicas"] = terminating
    if old.get("collisionCount") is not None:
        status["collisionCount"] = old["collisionCount"]
    status["conditions"] = list(old.get("conditions") or ())
    return with_condition(status, _availability(usable >= size(deployment) - max_unavailable(deployment), now))


def _availability(enough: bool, now: datetime) -> Tree:
    if enough:
        return condition(AVAILABLE, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
    return condition(AVAILABLE, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now)


def _sum(replica_sets: Iterable[Tree], count: str) -> int:
    return sum(status_of(item).get(count) or 0 for item in replica_sets)


def _terminating(replica_sets: Iterable[Tree]) -> int | None:
    """None if a replica set that has been synced does not say (upstream: GetTerminatingReplicaCountForReplicaSets)."""
    found = 0
    for item in map(status_of, replica_sets):
        count = item.get("terminatingReplicas")
        if count is None and item.get("observedGeneration"):
            return None
        found += count or 0
    return found


def of_rollout(deployment: Tree, replica_sets: Sequence[Tree], new: Tree | None, now: datetime) -> Tree:
    """The status during a rollout: counts, progress, failures (upstream: syncRolloutStatus)."""
    status = counted(deployment, replica_sets, new, now)
    current = find(status_of(deployment), PROGRESSING)
    if not has_deadline(deployment):
        status = without(status, PROGRESSING)
    elif not (current and current.get("reason") == NEW_REPLICA_SET_AVAILABLE and status.get("replicas") == status.get("updatedReplicas")):
        status = _with_progress(deployment, status, current, new, now)
    failure = _failure(replica_sets, new)
    return with_condition(status, failure) if failure else without(status, REPLICA_FAILURE)


def _with_progress(deployment: Tree, status: Tree, current: Mapping[str, Any] | None, new: Tree | None, now: datetime) -> Tree:
    who = f'ReplicaSet "{meta.name(new)}"' if new else f'Deployment "{meta.name(deployment)}"'
    if is_complete(deployment, status):
        message = f"{who} has successfully progressed."
        return with_condition(status, condition(PROGRESSING, "True", NEW_REPLICA_SET_AVAILABLE, message, now))
    if _has_progressed(status_of(deployment), status):
        progress = condition(PROGRESSING, "True", "ReplicaSetUpdated", f"{who} is progressing.", now)
        if current is not None and current["status"] == "True":
            progress["lastTransitionTime"] = current.get("lastTransitionTime")
        return with_condition(without(status, PROGRESSING), progress)  # also with the same reason: its lastUpdateTime counts
    if _has_timed_out(deployment, status, now):
        return with_condition(status, condition(PROGRESSING, "False", TIMED_OUT, f"{who} has timed out progressing.", now))
    return status


def _has_progressed(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """More new pods, fewer old ones, or more that are ready or available (upstream: DeploymentProgressing)."""

    def grew(key: str) -> bool:
        return (new.get(key) or 0) > (old.get(key) or 0)

    def outdated(status: Mapping[str, Any]) -> int:
        return int(status.get("replicas") or 0) - int(status.get("updatedReplicas") or 0)

    return grew("updatedReplicas") or outdated(new) < outdated(old) or grew("readyReplicas") or grew("availableReplicas")


def _has_timed_out(deployment: Tree, status: Mapping[str, Any], now: datetime) -> bool:
    progress = find(status, PROGRESSING)
    if progress is None or progress.get("reason") == NEW_REPLICA_SET_AVAILABLE:
        return False
    return progress.get("reason") == TIMED_OUT or _deadline(deployment, progress) < now


def _deadline(deployment: Tree, progress: Mapping[str, Any]) -> datetime:
    return parse_rfc3339(progress["lastUpdateTime"]) + timedelta(seconds=spec_of(deployment)["progressDeadlineSeconds"])


def next_progress_check(deployment: Tree, now: datetime) -> float | None:
    """Seconds after which a deployment that shows no progress has to be looked at again (upstream: requeueStuckDeployment)."""
    status = status_of(deployment)
    progress = find(status, PROGRESSING)
    if not has_deadline(deployment) or progress is None:
        return None
    if is_complete(deployment, status) or progress.get("reason") == TIMED_OUT:
        return None
    left = (_deadline(deployment, progress) - now).total_seconds()
    return left + 1.0 if left >= 1.0 else max(left, 0.0) + 0.1


def _failure(replica_sets: Sequence[Tree], new: Tree | None) -> Tree | None:
    """The failure of the new replica set, else that of another (upstream: getReplicaFailures)."""
    for replica_set in [*([new] if new else []), *replica_sets]:
        failed = find(status_of(replica_set), REPLICA_FAILURE)
        if failed is not None:
            return {**failed, "lastUpdateTime": failed.get("lastTransitionTime")}
    return None


def pause_condition(deployment: Tree, now: datetime) -> Tree | None:
    """The condition that tells of a pause or its end, if it has to be told: the time until then must not count as lack of progress
    (upstream: checkPausedConditions)."""
    progress = find(status_of(deployment), PROGRESSING)
    if not has_deadline(deployment) or (progress and progress.get("reason") == TIMED_OUT):
        return None
    told = progress is not None and progress.get("reason") == PAUSED
    paused = bool(spec_of(deployment).get("paused"))
    if paused and not told:
        return condition(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", now)
    if told and not paused:
        return condition(PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed", now)
    return None
