"""Jobs run by the real controller on a cluster in memory."""

from __future__ import annotations

from datetime import UTC, datetime

from memory_transport import until

from kcompat.apimachinery.clock import rfc3339
from kcompat.client.resources import EVENTS, JOBS, PODS
from kcompat.controllers.job.plan import TRACKING

JOB = "job-controller"


def job(name="sum", **spec):
    template = {"metadata": {"labels": {"job": name}}, "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}
    selector = {"matchLabels": {"job": name}}
    spec = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "selector": selector, "template": template, **spec}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def status(world, name="sum"):
    return (world.cluster.get(JOBS, "shop", name) or {}).get("status") or {}


def conditions(world):
    return {item["type"]: item["reason"] for item in status(world).get("conditions") or () if item["status"] == "True"}


def running(world):
    return [pod for pod in world.pods() if pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]]


def finish(world, pod, phase="Succeeded"):
    terminated = {"exitCode": int(phase == "Failed"), "finishedAt": rfc3339(datetime.now(UTC))}
    world.cluster.put(PODS, {**pod, "status": {"phase": phase, "containerStatuses": [{"name": "c", "state": {"terminated": terminated}}]}})


async def test_runs_to_completion(world):
    async with world.running(JOB):
        await world.client().of(JOBS).create(job(completions=3, parallelism=2))
        for done in range(3):
            await until(lambda done=done: status(world).get("ready") == len(running(world)) == min(2, 3 - done))
            pod = running(world)[0]
            assert TRACKING in pod["metadata"]["finalizers"]
            finish(world, pod)
            await until(lambda done=done: status(world).get("succeeded") == done + 1)
        await until(lambda: "Complete" in conditions(world))
        assert conditions(world) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
        found = status(world)
        assert found["completionTime"] and found["startTime"] and "active" not in found
        assert (found["terminating"], found["ready"], found["uncountedTerminatedPods"]) == (0, 0, {})
        assert not any(TRACKING in pod["metadata"].get("finalizers", ()) for pod in world.pods())
        await until(lambda: {event["reason"] for event in world.cluster.all(EVENTS)} == {"SuccessfulCreate", "Completed"})


async def test_fails_and_removes_what_runs(world):
    async with world.running(JOB):
        await world.client().of(JOBS).create(job(completions=2, parallelism=2, backoffLimit=0))
        await until(lambda: len(running(world)) == 2)
        finish(world, running(world)[0], "Failed")
        await until(lambda: "Failed" in conditions(world))
        assert conditions(world) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
        assert status(world)["failed"] == 2 and "completionTime" not in status(world)
        await until(lambda: "BackoffLimitExceeded" in {event["reason"] for event in world.cluster.all(EVENTS)})


async def test_indexed_suspended_and_resumed(world):
    async with world.running(JOB):
        jobs = world.client().of(JOBS)
        await jobs.create(job(completions=3, parallelism=3, completionMode="Indexed", suspend=True))
        await until(lambda: conditions(world) == {"Suspended": "JobSuspended"})
        assert not world.pods() and "startTime" not in status(world)
        await jobs.patch("sum", {"spec": {"suspend": False}}, "shop")
        await until(lambda: len(running(world)) == 3)
        assert sorted(pod["spec"]["hostname"] for pod in world.pods()) == ["sum-0", "sum-1", "sum-2"]
        for pod in running(world):
            finish(world, pod)
        await until(lambda: "Complete" in conditions(world))
        assert status(world)["completedIndexes"] == "0-2"


async def test_another_controller_is_left_alone_and_orphans_lose_the_finalizer(world):
    async with world.running(JOB):
        jobs = world.client().of(JOBS)
        await jobs.create(job("other", managedBy="example.com/x"))
        await jobs.create(job())
        await until(lambda: len(running(world)) == 1)
        assert not status(world, "other")
        world.cluster.drop(JOBS, "shop", "sum")
        await until(lambda: not any(TRACKING in pod["metadata"].get("finalizers", ()) for pod in world.pods()))
