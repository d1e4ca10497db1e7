"""Cron jobs: when they are due, and what the real controller makes of that on a cluster in memory. TTL of finished jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from memory_transport import until

from kcompat.apimachinery import cron
from kcompat.apimachinery.clock import rfc3339
from kcompat.client.resources import CRON_JOBS, EVENTS, JOBS
from kcompat.controllers.cron_job.plan import SCHEDULED, Due, InvalidSchedule, beyond_limit, due, job_of, next_delay, schedule_text
from kcompat.controllers.ttl_after_finished import time_left

CRON, TTL = "cronjob-controller", "ttl-after-finished-controller"
NOW = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)


def at(hour, minute, day=1):
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


def cron_job(created=NOW, last=None, name="tick", **spec):
    template = {"metadata": {"labels": {"l": "x"}, "annotations": {"a": "b"}}, "spec": {"template": {"spec": {}}}}
    spec = {"schedule": "0 * * * *", "concurrencyPolicy": "Allow", "jobTemplate": template, **spec}
    metadata = {"name": name, "namespace": "shop", "uid": "c", "creationTimestamp": rfc3339(created)}
    return {"metadata": metadata, "spec": spec, "status": {"lastScheduleTime": rfc3339(last)} if last else {}}


def job(name, outcome=None, started=None, uid=None):
    conditions = [{"type": outcome, "status": "True", "lastTransitionTime": rfc3339(NOW)}] if outcome else []
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "tick", "uid": "c", "controller": True}
    metadata = {"name": name, "namespace": "shop", "uid": uid or name, "ownerReferences": [owner]}
    status = {"conditions": conditions} | ({"startTime": rfc3339(started)} if started else {})
    return {"metadata": metadata, "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("tree", "schedule", "found"),
    [
        (cron_job(created=at(12, 0)), "0 * * * *", Due(at(12, 0))),
        (cron_job(created=at(11, 59)), "0 * * * *", Due(at(11, 59), at(12, 0))),
        (cron_job(created=at(9, 30)), "0 * * * *", Due(at(9, 30), at(12, 0), 3)),
        (cron_job(created=at(9, 30), last=at(11, 0)), "0 * * * *", Due(at(11, 0), at(12, 0))),
        (cron_job(created=at(9, 30), startingDeadlineSeconds=60), "0 * * * *", Due(NOW - timedelta(seconds=60), at(12, 0))),
        (cron_job(created=at(9, 30), startingDeadlineSeconds=10), "0 * * * *", Due(NOW - timedelta(seconds=10))),
        (cron_job(created=at(9, 30)), "@every 1h", Due(at(9, 30), at(11, 30), 2)),
        (cron_job(created=at(0, 0) - timedelta(days=1)), "*/5 * * * *", Due(at(0, 0) - timedelta(days=1), at(12, 0), 432)),
    ],
)
def test_due(tree, schedule, found):
    assert due(tree, NOW, cron.parse(schedule), with_deadline=True) == found


def test_never_due():
    never = cron.parse("59 23 31 2 *")
    with pytest.raises(InvalidSchedule, match="less than 1 second"):
        due(cron_job(), NOW, never, with_deadline=True)
    assert next_delay(cron_job(), NOW, never) is None


def test_delay_until_the_next_with_a_margin():
    assert next_delay(cron_job(created=at(11, 59)), NOW, cron.parse("0 * * * *")) == pytest.approx(59.5 * 60 + 0.1)


def test_zones():
    assert schedule_text(cron_job(timeZone="Europe/Berlin")) == "TZ=Europe/Berlin 0 * * * *"
    assert schedule_text(cron_job(timeZone="No/Where")) == "0 * * * *"
    assert schedule_text(cron_job(schedule="TZ=UTC 0 * * * *", timeZone="Europe/Berlin")) == "TZ=UTC 0 * * * *"


def test_the_job_of_a_schedule():
    made = job_of(cron_job(timeZone="Europe/Berlin"), at(12, 0))
    assert made["metadata"]["name"] == f"tick-{int(at(12, 0).timestamp()) // 60}"
    assert made["metadata"]["annotations"] == {"a": "b", SCHEDULED: "2026-05-01T14:00:00+02:00"}
    assert made["metadata"]["labels"] == {"l": "x"} and made["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    assert job_of(cron_job(), at(12, 0))["metadata"]["annotations"][SCHEDULED] == "2026-05-01T12:00:00Z"


def test_history():
    jobs = [job("a", "Complete", at(3, 0)), job("b", "Complete", at(1, 0)), job("c", "Failed", at(0, 0)), job("d"), job("e", "Complete")]
    assert [item["metadata"]["name"] for item in beyond_limit(jobs, "Complete", 1)] == ["b", "a"]
    assert beyond_limit(jobs, "Complete", None) == [] and beyond_limit(jobs, "Failed", 1) == []


def status(world):
    return world.cluster.get(CRON_JOBS, "shop", "tick").get("status") or {}


def names(world):
    return sorted(tree["metadata"]["name"] for tree in world.cluster.all(JOBS, "shop"))


def reasons(world):
    return {event["reason"] for event in world.cluster.all(EVENTS)}


def overdue(**spec):
    return cron_job(created=datetime.now(UTC) - timedelta(minutes=90), **spec)


async def finish(world, name, outcome="Complete"):
    found = world.cluster.get(JOBS, "shop", name)
    now = rfc3339(datetime.now(UTC))
    condition = {"type": outcome, "status": "True", "lastTransitionTime": now}
    world.cluster.put(JOBS, {**found, "status": {"startTime": now, "completionTime": now, "conditions": [condition]}})


async def test_a_job_is_made_once_and_followed(world):
    async with world.running(CRON):
        world.cluster.put(CRON_JOBS, overdue(successfulJobsHistoryLimit=0))
        await until(lambda: names(world))
        (name,) = names(world)
        await until(lambda: [entry["name"] for entry in status(world).get("active", ())] == [name])
        assert status(world)["active"][0]["kind"] == "Job" and status(world)["lastScheduleTime"]
        await finish(world, name)
        await until(lambda: not names(world) and "active" not in status(world) and status(world).get("lastSuccessfulTime"))
        await until(lambda: reasons(world) == {"SuccessfulCreate", "SuccessfulDelete"})


@pytest.mark.parametrize(
    ("policy", "left", "reason"),
    [("Forbid", ["old"], "JobAlreadyActive"), ("Replace", 1, "SuccessfulDelete"), ("Allow", 2, "SuccessfulCreate")],
)
async def test_concurrency(world, policy, left, reason):
    world.cluster.put(JOBS, job("old"))
    tree = overdue(concurrencyPolicy=policy)
    active = [{"kind": "Job", "namespace": "shop", "name": "old", "uid": "old"}]
    world.cluster.put(CRON_JOBS, {**tree, "status": {"active": active}})
    async with world.running(CRON):
        await until(lambda: reason in reasons(world))
        await until(lambda: left in (names(world), len(names(world))))
        assert ("old" in names(world)) == (policy != "Replace")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"schedule": "x"}, "UnparseableSchedule"),
        ({"timeZone": "No/Where"}, "UnknownTimeZone"),
        ({"schedule": "59 23 31 2 *"}, "InvalidSchedule"),
    ],
)
async def test_schedules_that_cannot_be(world, spec, reason):
    async with world.running(CRON):
        world.cluster.put(CRON_JOBS, overdue(**spec))
        await until(lambda: reason in reasons(world))
        assert not names(world)


@pytest.mark.parametrize(
    ("outcome", "seconds", "left"), [("Complete", 10, 10.0), ("Failed", 0, 0.0), ("Complete", None, None), (None, 10, None)]
)
def test_time_to_live(outcome, seconds, left):
    tree = job("a", outcome)
    tree["spec"] = {"ttlSecondsAfterFinished": seconds}
    assert time_left(tree, NOW) == left


async def test_finished_jobs_go(world):
    async with world.running(TTL):
        world.cluster.put(JOBS, {**job("a", "Complete"), "spec": {"ttlSecondsAfterFinished": 0}})
        world.cluster.put(JOBS, {**job("b"), "spec": {"ttlSecondsAfterFinished": 0}})
        await until(lambda: "deletionTimestamp" in world.cluster.get(JOBS, "shop", "a")["metadata"])
        assert "deletionTimestamp" not in world.cluster.get(JOBS, "shop", "b")["metadata"]
