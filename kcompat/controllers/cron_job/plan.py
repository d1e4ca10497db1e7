"""When a cron job is due, which job that makes, and which finished jobs go. Pure; upstream: cronjob/utils.go, cronjob_controllerv2.go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kcompat.apimachinery import cron, meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.client.interface import Tree
from kcompat.client.resources import CRON_JOBS
from kcompat.controllers.controller import spec_of, status_of

SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MARGIN = timedelta(milliseconds=100)
"""Clocks differ: a cron job is looked at a little after it is due."""
MANY = 100


class InvalidSchedule(ValueError):
    """The schedule never falls due, though its grammar is right."""


@dataclass(frozen=True, slots=True)
class Due:
    """earliest: from when schedules count; latest: the last one up to now, if there is one; missed: about how many there were."""

    earliest: datetime
    latest: datetime | None = None
    missed: int = 0


def schedule_text(cron_job: Tree) -> str:
    """The schedule with its time zone in front, as the parser wants it; a zone that is unknown is left out."""
    schedule, zone = spec_of(cron_job).get("schedule") or "", spec_of(cron_job).get("timeZone")
    if "TZ" in schedule or zone is None:
        return str(schedule)
    try:
        cron.load_location(zone)
    except cron.CronError:
        return str(schedule)
    return f"TZ={zone} {schedule}"


def due(cron_job: Tree, now: datetime, schedule: cron.Schedule, *, with_deadline: bool) -> Due:
    """with_deadline: what startingDeadlineSeconds excludes does not count (upstream: mostRecentScheduleTime)."""
    earliest = parse_rfc3339(status_of(cron_job).get("lastScheduleTime") or meta.creation_timestamp(cron_job))
    deadline = spec_of(cron_job).get("startingDeadlineSeconds")
    if with_deadline and deadline is not None:
        earliest = max(earliest, now - timedelta(seconds=deadline))
    first = schedule.next(earliest)
    second = schedule.next(first) if first is not None else None
    if first is not None and now < first:
        return Due(earliest)
    if first is not None and second is not None and now < second:
        return Due(earliest, first)
    period = round((second - first).total_seconds()) if first is not None and second is not None else 0
    if first is None or period < 1:
        raise InvalidSchedule("time difference between two schedules is less than 1 second")
    missed = int((now - first).total_seconds()) // period + 1
    # Two periods back, and on from there: schedules need not be regular.
    latest, moment = None, schedule.next(first + timedelta(seconds=(missed - 2) * period))
    while moment is not None and moment <= now:
        latest, moment = moment, schedule.next(moment)
    return Due(earliest, latest, missed)


def next_delay(cron_job: Tree, now: datetime, schedule: cron.Schedule) -> float | None:
    """Seconds until the cron job is to be looked at again; None: never (upstream: nextScheduleTimeDuration)."""
    try:
        found = due(cron_job, now, schedule, with_deadline=False)
        last = found.latest or (now if found.missed else found.earliest)
    except InvalidSchedule:
        last = now
    following = schedule.next(last)
    return (following + MARGIN - now).total_seconds() if following is not None else None


def job_name(cron_job: Tree, scheduled: datetime) -> str:
    """The same for the same schedule: it never makes two jobs."""
    return f"{meta.name(cron_job)}-{int(scheduled.timestamp()) // 60}"


def job_of(cron_job: Tree, scheduled: datetime) -> Tree:
    """The job of one schedule (upstream: getJobFromTemplate2)."""
    template = spec_of(cron_job).get("jobTemplate") or {}
    owner = meta.controller_reference(cron_job, CRON_JOBS.api_version, CRON_JOBS.kind)
    metadata: Tree = {"name": job_name(cron_job, scheduled), "namespace": meta.namespace(cron_job), "ownerReferences": [owner]}
    if labels := meta.labels(template):
        metadata["labels"] = labels
    metadata["annotations"] = {**meta.annotations(template), SCHEDULED: _in_zone(cron_job, scheduled)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template.get("spec") or {}}


def _in_zone(cron_job: Tree, scheduled: datetime) -> str:
    zone = spec_of(cron_job).get("timeZone")
    if not zone:
        return rfc3339(scheduled)
    local = scheduled.astimezone(cron.load_location(zone))
    return rfc3339(scheduled) if not local.utcoffset() else local.isoformat("T", "seconds")


def finished(job: Tree) -> str | None:
    """Complete or Failed; None: it is not finished."""
    conditions = meta.conditions(job)
    return next((str(c["type"]) for c in conditions if c["type"] in ("Complete", "Failed") and c["status"] == "True"), None)


def beyond_limit(jobs: Iterable[Tree], outcome: str, limit: int | None) -> list[Tree]:
    """The oldest of the jobs that finished so, but for `limit` of them; None: all are kept."""
    found = sorted((job for job in jobs if finished(job) == outcome), key=_started)
    return found[: max(0, len(found) - limit)] if limit is not None else []


def _started(job: Tree) -> tuple[bool, datetime, str]:
    started = status_of(job).get("startTime")
    return not started, parse_rfc3339(started) if started else datetime.min.replace(tzinfo=UTC), meta.name(job)
