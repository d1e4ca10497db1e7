"""What failed pods mean for their job: the pod failure policy, and how long to wait before the next try. Pure.

Upstream: job/pod_failure_policy.go, job/backoff_utils.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.client.interface import Tree
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import spec_of, status_of
from kcompat.controllers.job import indexes

FIRST_WAIT, LONGEST_WAIT = 10.0, 600.0
"""Seconds before a failed pod is replaced; doubled with each failure in a row."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the policy says: action None: no rule matches; counted: towards backoffLimit; message: why the job is to fail."""

    action: str | None = None
    counted: bool = True
    message: str | None = None


def only_failed_replaced(job: Tree) -> bool:
    """podReplacementPolicy Failed: pods that are still terminating are waited for."""
    return bool(spec_of(job).get("podReplacementPolicy") == "Failed")


def is_failed(pod: Tree, job: Tree) -> bool:
    """Failed, or deleted before it could (unless the job waits for those)."""
    if podutil.phase(pod) == "Failed":
        return True
    return not only_failed_replaced(job) and meta.is_being_deleted(pod) and podutil.phase(pod) != "Succeeded"


def judge(policy: Tree | None, pod: Tree) -> Judgement:
    """The first rule that matches decides (upstream: matchPodFailurePolicy)."""
    for index, rule in enumerate((policy or {}).get("rules") or ()):
        what = _matched(rule, pod)
        if what is None:
            continue
        action = rule["action"]
        message = f"{what} matching {action} rule at index {index}" if action == "FailJob" else None
        return Judgement(action, action != "Ignore", message)
    return Judgement()


def _matched(rule: Tree, pod: Tree) -> str | None:
    """What in the pod fits the rule, as the message tells it."""
    where = f"{meta.namespace(pod)}/{meta.name(pod)}"
    if requirement := rule.get("onExitCodes"):
        statuses = (*(status_of(pod).get("containerStatuses") or ()), *(status_of(pod).get("initContainerStatuses") or ()))
        found = next((status for status in statuses if _exit_code_matches(requirement, status)), None)
        if found is None:
            return None
        return f"Container {found['name']} for pod {where} failed with exit code {found['state']['terminated']['exitCode']}"
    for condition in status_of(pod).get("conditions") or ():
        for pattern in rule.get("onPodConditions") or ():
            if condition["type"] == pattern["type"] and condition["status"] == pattern.get("status", "True"):
                return f"Pod {where} has condition {condition['type']}"
    return None


def _exit_code_matches(requirement: Tree, status: Tree) -> bool:
    terminated = (status.get("state") or {}).get("terminated")
    if terminated is None or not terminated.get("exitCode"):
        return False
    if requirement.get("containerName") not in (None, status["name"]):
        return False
    return (terminated["exitCode"] in (requirement.get("values") or ())) == (requirement.get("operator") == "In")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Failures since the last success, and when the last of them was."""

    failures: int = 0
    last: datetime | None = None

    def after(self, succeeded: Iterable[Tree], failed: Iterable[Tree]) -> Backoff:
        """The record with newly finished pods (upstream: newBackoffRecord)."""
        successes, failures = sorted(map(finished_at, succeeded)), sorted(map(finished_at, failed))
        if not successes:
            return Backoff(self.failures + len(failures), failures[-1]) if failures else self
        later = [moment for moment in failures if moment > successes[-1]]
        return Backoff(len(later), later[-1] if later else None)

    def remaining(self, now: datetime) -> float:
        """Seconds to wait before the next pod is made."""
        return _remaining(self.failures, self.last, now)


def remaining_of_index(last_failed: Tree | None, now: datetime) -> float:
    """Seconds to wait before the replacement of an index's failed pod is made (upstream: getRemainingTimePerIndex)."""
    if last_failed is None:
        return 0.0
    failures = indexes.failure_count(last_failed) + indexes.ignored_failure_count(last_failed) + 1
    return _remaining(failures, finished_at(last_failed), now)


def _remaining(failures: int, last: datetime | None, now: datetime) -> float:
    if failures == 0 or last is None:
        return 0.0
    wait = min(FIRST_WAIT * 2.0 ** min(failures - 1, 64), LONGEST_WAIT)
    return max(0.0, wait - (now - last).total_seconds())


def finished_at(pod: Tree) -> datetime:
    """When its containers ended; else when it became unready, when it was deleted, or when it was made (upstream: getFinishedTime)."""
    ended = _containers_finished_at(pod)
    if ended is not None:
        return ended
    ready = podutil.condition(pod, "Ready")
    if ready is not None and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return parse_rfc3339(ready["lastTransitionTime"])
    if deleted := meta.deletion_timestamp(pod):
        return parse_rfc3339(deleted) - timedelta(seconds=meta.metadata(pod).get("deletionGracePeriodSeconds") or 0)
    return parse_rfc3339(meta.creation_timestamp(pod))


def _containers_finished_at(pod: Tree) -> datetime | None:
    """The latest end of a container or sidecar, where all of them have ended."""
    sidecars = {item["name"] for item in spec_of(pod).get("initContainers") or () if item.get("restartPolicy") == "Always"}
    init = [status for status in status_of(pod).get("initContainerStatuses") or () if status["name"] in sidecars]
    return _latest(init, _latest(status_of(pod).get("containerStatuses") or (), None))


def _latest(statuses: Sequence[Any], latest: datetime | None) -> datetime | None:
    for status in statuses:
        ended = ((status.get("state") or {}).get("terminated") or {}).get("finishedAt")
        if not ended:
            return None
        moment = parse_rfc3339(ended)
        latest = moment if latest is None else max(latest, moment)
    return latest
