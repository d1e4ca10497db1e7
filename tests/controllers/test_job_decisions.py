"""Jobs: what is decided, by tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kcompat.apimachinery.clock import rfc3339
from kcompat.controllers.job import indexes
from kcompat.controllers.job.failures import Backoff, finished_at, judge, remaining_of_index
from kcompat.controllers.job.plan import TRACKING, View, ending, is_complete, manage
from kcompat.controllers.job.pods import new_indexed_pod, new_pod
from kcompat.controllers.job.status import account, count_released, ensure_condition

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def job(status=None, **spec):
    template = {"metadata": {"labels": {"j": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}
    spec = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "template": template, **spec}
    return {"metadata": {"name": "sum", "namespace": "shop", "uid": "j"}, "spec": spec, "status": status or {}}


def pod(name, phase="Running", index=None, exit_code=None, finalizer=True, ended=0, failures=None, deleted=False, restarts=0):
    metadata = {"name": name, "uid": name, "namespace": "shop", "creationTimestamp": rfc3339(NOW - timedelta(hours=1)), "annotations": {}}
    if index is not None:
        metadata["annotations"][indexes.INDEX] = str(index)
    if failures is not None:
        metadata["annotations"][indexes.FAILURE_COUNT] = str(failures)
    if finalizer:
        metadata["finalizers"] = [TRACKING]
    if deleted:
        metadata["deletionTimestamp"] = rfc3339(NOW)
    container = {"name": "c", "restartCount": restarts, "state": {}}
    if phase in ("Failed", "Succeeded"):
        code = exit_code if exit_code is not None else int(phase == "Failed")
        container["state"] = {"terminated": {"exitCode": code, "finishedAt": rfc3339(NOW - timedelta(seconds=ended))}}
    return {"metadata": metadata, "spec": {}, "status": {"phase": phase, "containerStatuses": [container]}}


def view(tree, *pods, backoff=None):
    return View(tree, pods, (), backoff or Backoff())


@pytest.mark.parametrize(
    ("text", "completions", "parsed", "back"),
    [
        ("", 5, (), ""),
        ("0-2,4", 9, ((0, 2), (4, 4)), "0-2,4"),
        ("1,2", 9, ((1, 2),), "1,2"),
        ("1,x,3-9,12", 7, ((1, 1), (3, 6)), "1,3-6"),
    ],
)
def test_intervals(text, completions, parsed, back):
    assert indexes.parse(text, completions) == parsed
    assert indexes.text(parsed) == back


def test_indexes_that_are_missing():
    taken = indexes.of([0, 1, 3, 7])
    assert indexes.first_missing(taken, 3, 10) == [2, 4, 5]
    assert indexes.first_missing(taken, 9, 5) == [2, 4]
    assert indexes.first_missing((), 2, 1) == [0]
    assert indexes.contains(taken, 3) and not indexes.contains(taken, 2) and not indexes.contains(taken, 8)
    assert indexes.overlap(((0, 4),), ((3, 9),)) == 2


EXIT_CODES = {"onExitCodes": {"operator": "In", "values": [42]}}
CONDITIONS = {"onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}


@pytest.mark.parametrize(
    ("rule", "exit_code", "action", "counted"),
    [
        ({"action": "Ignore", **EXIT_CODES}, 42, "Ignore", False),
        ({"action": "Ignore", **EXIT_CODES}, 1, None, True),
        ({"action": "Count", **EXIT_CODES}, 42, "Count", True),
        ({"action": "FailIndex", "onExitCodes": {"operator": "NotIn", "values": [42]}}, 1, "FailIndex", True),
        ({"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42], "containerName": "d"}}, 42, None, True),
        ({"action": "Ignore", **CONDITIONS}, 1, "Ignore", False),
    ],
)
def test_pod_failure_policy(rule, exit_code, action, counted):
    failed = pod("p", "Failed", exit_code=exit_code)
    failed["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    judgement = judge({"rules": [rule]}, failed)
    assert (judgement.action, judgement.counted) == (action, counted)


def test_policy_that_fails_the_job():
    policy = {"rules": [{"action": "FailJob", **EXIT_CODES}]}
    condition = ending(view(job(podFailurePolicy=policy), pod("p", "Failed", exit_code=42)), NOW)
    assert condition["reason"] == "PodFailurePolicy" and condition["type"] == "FailureTarget"
    assert condition["message"] == "Container c for pod shop/p failed with exit code 42 matching FailJob rule at index 0"


POLICY = "SuccessPolicy"
INDEXED = {"completionMode": "Indexed", "completions": 4, "parallelism": 4}


@pytest.mark.parametrize(
    ("spec", "pods", "reason"),
    [
        ({"backoffLimit": 0}, [pod("a", "Failed")], "BackoffLimitExceeded"),
        ({"backoffLimit": 1}, [pod("a", "Failed")], None),
        ({"backoffLimit": 0}, [pod("a", deleted=True)], "BackoffLimitExceeded"),
        ({"backoffLimit": 0, "podReplacementPolicy": "Failed"}, [pod("a", deleted=True)], None),
        ({"activeDeadlineSeconds": 60}, [pod("a")], "DeadlineExceeded"),
        ({"activeDeadlineSeconds": 61}, [pod("a")], None),
        ({"activeDeadlineSeconds": 60, "suspend": True}, [], None),
        ({**INDEXED, "backoffLimitPerIndex": 0, "maxFailedIndexes": 0}, [pod("a", "Failed", 0)], "MaxFailedIndexesExceeded"),
        ({**INDEXED, "backoffLimitPerIndex": 1}, [pod("a", "Failed", 0, failures=0)], None),
        (
            {**INDEXED, "completions": 2, "backoffLimitPerIndex": 0},
            [pod("a", "Failed", 0, failures=0), pod("b", "Succeeded", 1)],
            "FailedIndexes",
        ),
        ({**INDEXED, "successPolicy": {"rules": [{"succeededIndexes": "1-2"}]}}, [pod("a", "Succeeded", 1)], None),
        ({**INDEXED, "successPolicy": {"rules": [{"succeededIndexes": "1-2", "succeededCount": 1}]}}, [pod("a", "Succeeded", 1)], POLICY),
        ({**INDEXED, "successPolicy": {"rules": [{"succeededCount": 2}]}}, [pod("a", "Succeeded", 1), pod("b", "Succeeded", 3)], POLICY),
    ],
)  # fmt: skip
def test_endings(spec, pods, reason):
    condition = ending(view(job({"startTime": rfc3339(NOW - timedelta(seconds=60))}, **spec), *pods), NOW)
    assert (condition or {}).get("reason") == reason


def test_restarts_count_as_failures_on_failure():
    tree = job(backoffLimit=2)
    tree["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    assert ending(view(tree, pod("a", restarts=1)), NOW) is None
    assert ending(view(tree, pod("a", restarts=2)), NOW)["reason"] == "BackoffLimitExceeded"


def test_earlier_decisions_stand():
    decided = {"type": "FailureTarget", "status": "True", "reason": "Why", "message": "because"}
    condition = ending(view(job({"conditions": [decided]})), NOW)
    assert (condition["type"], condition["reason"], condition["message"]) == ("Failed", "Why", "because")


@pytest.mark.parametrize(
    ("spec", "pods", "create", "delete"),
    [
        ({"completions": 5, "parallelism": 3}, [], 3, []),
        ({"completions": 5, "parallelism": 3}, [pod("a"), pod("b", "Succeeded")], 2, []),
        ({"completions": 2, "parallelism": 3}, [pod("a", "Succeeded")], 1, []),
        ({"completions": None, "parallelism": 2}, [pod("a", "Succeeded"), pod("b")], 0, []),
        ({"completions": 5, "parallelism": 1}, [pod("a"), pod("b")], 0, ["b"]),
        ({"completions": 5, "suspend": True}, [pod("a")], 0, ["a"]),
        ({"completions": 1}, [pod("a", deleted=True)], 0, []),  # waits: it counts as failed
        ({"completions": 1, "podReplacementPolicy": "Failed"}, [pod("a", deleted=True)], 0, []),
    ],
)
def test_manage(spec, pods, create, delete):
    seen = view(job(**spec), *pods)
    plan = manage(seen, sum(1 for item in pods if "deletionTimestamp" in item["metadata"]), NOW)
    assert (plan.create, len(plan.delete)) == (create, len(delete))


def test_indexes_are_filled_and_repeated_ones_removed():
    seen = view(job({"completedIndexes": "0"}, **INDEXED), pod("b", index=2))
    assert manage(seen, 0, NOW).indexes == [1, 3]
    repeated = view(job(**INDEXED), pod("a", index=1), pod("b", index=1), pod("c", index=9), pod("d"))
    removed = {item["metadata"]["name"] for item in manage(repeated, 0, NOW).delete}
    assert {"c", "d"} < removed and len(removed) == 3


def test_failures_are_waited_for():
    failed = [pod("a", "Failed", ended=4)]
    assert manage(view(job(completions=2), *failed), 0, NOW).wait == 6
    assert Backoff(3, NOW).remaining(NOW) == 40 and Backoff(30, NOW).remaining(NOW) == 600
    recovered = Backoff(3, NOW).after([pod("b", "Succeeded", ended=1)], [pod("a", "Failed", ended=5)])
    assert recovered == Backoff()
    assert Backoff(3, NOW).after([pod("b", "Succeeded", ended=5)], [pod("a", "Failed", ended=1)]).failures == 1
    assert remaining_of_index(pod("a", "Failed", index=0, failures=1, ended=0), NOW) == 20


def test_when_a_pod_finished():
    assert finished_at(pod("a", "Failed", ended=3)) == NOW - timedelta(seconds=3)
    assert finished_at(pod("a")) == NOW - timedelta(hours=1)
    assert finished_at(pod("a", deleted=True)) == NOW


def test_replacement_of_a_failed_index_carries_the_count():
    tree = job(**INDEXED, backoffLimitPerIndex=3)
    seen = view(tree, pod("a", "Failed", index=1, failures=1, ended=100))
    assert not account(seen, {}, None, NOW).release  # kept until its replacement is there
    body = new_indexed_pod(seen, new_pod(tree), 1)
    assert body["metadata"]["annotations"] == {indexes.INDEX: "1", indexes.FAILURE_COUNT: "2"}
    assert body["metadata"]["labels"][indexes.INDEX] == "1" and body["spec"]["hostname"] == "sum-1"
    assert body["metadata"]["generateName"] == "sum-1-" and body["metadata"]["finalizers"] == [TRACKING]
    assert body["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"


def test_pods_are_counted_when_their_finalizer_is_gone():
    first = account(view(job(), pod("a", "Failed")), {"uncountedTerminatedPods": {}}, None, NOW)
    assert first.status["uncountedTerminatedPods"] == {"failed": ["a"]} and first.status["failed"] == 0
    assert [item["metadata"]["name"] for item in first.release] == ["a"]
    counted = count_released(first.status, set())
    assert counted["failed"] == 1 and counted["uncountedTerminatedPods"] == {}
    again = account(view(job(first.status), pod("a", "Failed")), dict(first.status), None, NOW)
    assert again.status["uncountedTerminatedPods"] == {"failed": ["a"]}


def test_indexes_are_counted_without_uids():
    seen = view(job({"completedIndexes": "0"}, **INDEXED), pod("a", "Succeeded", 2), pod("b", "Succeeded", 1))
    status = account(seen, {"completedIndexes": "0"}, None, NOW).status
    assert (status["completedIndexes"], status["succeeded"], status["uncountedTerminatedPods"]) == ("0-2", 3, {})


def test_completion():
    assert is_complete(view(job(), pod("a", "Succeeded")), 0)
    assert not is_complete(view(job(completions=2), pod("a", "Succeeded")), 0)
    assert not is_complete(view(job(completions=None), pod("a", "Succeeded"), pod("b")), 1)


def test_conditions_are_not_added_to_deny_what_nobody_claimed():
    false = {"type": "Suspended", "status": "False", "reason": "JobResumed", "message": "Job resumed"}
    assert ensure_condition([], false) is None
    assert ensure_condition([{**false, "status": "True"}], false) == [false]
