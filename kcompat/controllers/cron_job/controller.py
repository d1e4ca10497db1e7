"""Watches cron jobs and their jobs, lets plan.py decide, and acts. Upstream: cronjob/cronjob_controllerv2.go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kcompat.apimachinery import cron, meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.quote import quote
from kcompat.client.events import NORMAL, WARNING, reference
from kcompat.client.interface import Tree
from kcompat.client.resources import CRON_JOBS, JOBS
from kcompat.client.store import CONTROLLER, controller_uids
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of
from kcompat.controllers.cron_job.plan import (
    MANY,
    InvalidSchedule,
    beyond_limit,
    due,
    finished,
    job_name,
    job_of,
    next_delay,
    schedule_text,
)


class CannotReplace(Exception):
    """A running job could not be deleted to make place for the next."""


class Record:
    """The status of a cron job as a sync changes it."""

    def __init__(self, cron_job: Tree) -> None:
        self.cron_job = cron_job
        self.status: Tree = dict(status_of(cron_job))
        self.changed = False

    @property
    def active(self) -> Sequence[Tree]:
        return self.status.get("active") or ()

    def is_active(self, uid: str) -> bool:
        return any(entry.get("uid") == uid for entry in self.active)

    def set(self, **fields: Any) -> None:
        self.status |= fields
        self.changed = True

    def ended(self, uid: str) -> None:
        self.set(active=[entry for entry in self.active if entry.get("uid") != uid])

    @property
    def tree(self) -> Tree:
        return {**self.cron_job, "status": {key: value for key, value in self.status.items() if value}}


@controller("cronjob-controller", workers=5)
class CronJobController:
    """Keys are namespace/name of cron jobs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client, self._jobs_client = context.client.of(CRON_JOBS), context.client.of(JOBS)
        self._written = Written()
        self._cron_jobs = context.watch(CRON_JOBS, self._changed)
        self._jobs = context.watch(JOBS, self._job_changed, {CONTROLLER: controller_uids})

    # -- what happened

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None and old is not None:
            self._written.forget(old)
        if old is None or new is None or schedule_text(old) == schedule_text(new):
            self._context.enqueue(old, new)
            return
        try:
            schedule = cron.parse(schedule_text(new))
        except cron.CronError:
            text = f"unparseable schedule for cronjob: {spec_of(new)['schedule']}"
            self._tell(new, WARNING, "UnParseableCronJobSchedule", text)
            return
        delay = next_delay(new, self._context.clock.now(), schedule)
        if delay is not None:
            self._context.queue.add_after(meta.key(new), delay)

    def _job_changed(self, old: Tree | None, new: Tree | None) -> None:
        for job in (old, new):
            owner = meta.controller_of(job) if job is not None else None
            if job is None or owner is None or owner.get("kind") != CRON_JOBS.kind:
                continue
            found = self._cron_jobs.get(meta.namespace(job), owner["name"])
            if found is not None and meta.uid(found) == owner.get("uid"):
                self._context.queue.add(meta.key(found))

    # -- what to do

    async def reconcile(self, key: str) -> float | None:
        cron_job = self._cron_jobs.get(*split_key(key))
        if cron_job is None or self._written.is_stale(cron_job):
            return None
        jobs = list(self._jobs.by_index(CONTROLLER, meta.uid(cron_job)))
        record = Record(cron_job)
        await self._clean_up(record, jobs)
        again, failure = None, None
        try:
            again = await self._sync(record, jobs)
        except (StatusError, OSError, CannotReplace) as error:
            failure = error
        if record.changed:
            self._written.wrote(await self._client.update_status(record.tree))
        if failure is not None:
            raise failure
        return again

    async def _clean_up(self, record: Record, jobs: Sequence[Tree]) -> None:
        spec = spec_of(record.cron_job)
        surplus = beyond_limit(jobs, "Complete", spec.get("successfulJobsHistoryLimit"))
        surplus += beyond_limit(jobs, "Failed", spec.get("failedJobsHistoryLimit"))
        for job in surplus:
            await self._delete(record, job)

    async def _sync(self, record: Record, jobs: Sequence[Tree]) -> float | None:
        for job in jobs:
            await self._follow(record, job)
        await self._miss(record, {meta.uid(job) for job in jobs})
        cron_job = record.cron_job
        if meta.is_being_deleted(cron_job):
            return None
        schedule = self._schedule(cron_job)
        if schedule is None or spec_of(cron_job).get("suspend"):
            return None
        now = self._context.clock.now()
        try:
            scheduled = self._due(cron_job, now, schedule)
        except InvalidSchedule as error:
            self._tell(cron_job, WARNING, "InvalidSchedule", f"invalid schedule: {spec_of(cron_job)['schedule']} : {error}")
            return None
        if scheduled is not None and self._may_start(record, scheduled, now) and not await self._start(record, scheduled):
            return None
        return next_delay(record.tree, now, schedule)

    async def _follow(self, record: Record, job: Tree) -> None:
        """What became of a job that belongs to it."""
        uid, outcome = meta.uid(job), finished(job)
        if outcome is None:
            if not record.is_active(uid):
                await self._meet_unexpected(record, job)
            return
        if record.is_active(uid):
            record.ended(uid)
            self._tell(record.cron_job, NORMAL, "SawCompletedJob", f"Saw completed job: {meta.name(job)}, condition: {outcome}")
        ended, last = status_of(job).get("completionTime"), record.status.get("lastSuccessfulTime")
        if outcome == "Complete" and ended and (not last or parse_rfc3339(ended) > parse_rfc3339(last)):
            record.set(lastSuccessfulTime=ended)

    async def _meet_unexpected(self, record: Record, job: Tree) -> None:
        """The cache may not know yet that it was started here."""
        fresh = await self._client.get(meta.name(record.cron_job), meta.namespace(record.cron_job))
        if Record(fresh).is_active(meta.uid(job)):
            record.cron_job, record.status = fresh, {**status_of(fresh), **(record.status if record.changed else {})}
            record.status["active"] = status_of(fresh)["active"]
            return
        text = f"Saw a job that the controller did not create or forgot: {meta.name(job)}"
        self._tell(record.cron_job, WARNING, "UnexpectedJob", text)

    async def _miss(self, record: Record, present: set[str]) -> None:
        """Jobs that are said to run, but are gone."""
        for entry in record.active:
            if entry["uid"] in present:
                continue
            try:
                await self._jobs_client.get(entry["name"], entry["namespace"])
            except StatusError as error:
                if error.code != 404:
                    raise
                self._tell(record.cron_job, NORMAL, "MissingJob", f"Active job went missing: {entry['name']}")
                record.ended(entry["uid"])

    def _schedule(self, cron_job: Tree) -> cron.Schedule | None:
        spec = spec_of(cron_job)
        text, zone = spec.get("schedule") or "", spec.get("timeZone")
        if zone is not None:
            try:
                cron.load_location(zone)
            except cron.CronError as error:
                self._tell(cron_job, WARNING, "UnknownTimeZone", f"invalid timeZone: {quote(zone)}: {error}")
                return None
        if spec.get("suspend"):
            return None
        if "TZ" in text:
            where = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
            told = f"CRON_TZ or TZ used in schedule {quote(text)} is not officially supported, see {where} for more details"
            self._tell(cron_job, WARNING, "UnsupportedSchedule", told)
        try:
            return cron.parse(schedule_text(cron_job))
        except cron.CronError as error:
            self._tell(cron_job, WARNING, "UnparseableSchedule", f"unparseable schedule: {quote(text)} : {error}")
            return None

    def _due(self, cron_job: Tree, now: datetime, schedule: cron.Schedule) -> datetime | None:
        found = due(cron_job, now, schedule, with_deadline=True)
        if found.latest is not None and found.missed > MANY:
            text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._tell(cron_job, WARNING, "TooManyMissedTimes", text)
        return found.latest

    def _may_start(self, record: Record, scheduled: datetime, now: datetime) -> bool:
        cron_job, last = record.cron_job, record.status.get("lastScheduleTime")
        deadline = spec_of(cron_job).get("startingDeadlineSeconds")
        if deadline is not None and scheduled + timedelta(seconds=deadline) < now:
            when = scheduled.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
            self._tell(cron_job, WARNING, "MissSchedule", f"Missed scheduled time to start a job: {when}")
            return False
        name = job_name(cron_job, scheduled)
        if any(entry["name"] == name for entry in record.active) or (last and parse_rfc3339(last) == scheduled):
            return False
        if spec_of(cron_job).get("concurrencyPolicy") == "Forbid" and record.active:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._tell(cron_job, NORMAL, "JobAlreadyActive", text)
            return False
        return True

    async def _start(self, record: Record, scheduled: datetime) -> bool:
        """Whether the schedule is dealt with; False: somebody else's job has its name, or the cache is behind."""
        cron_job = record.cron_job
        if spec_of(cron_job).get("concurrencyPolicy") == "Replace":
            await self._replace(record)
        job = await self._create(cron_job, job_of(cron_job, scheduled))
        if job is None or record.is_active(meta.uid(job)):
            return False
        record.set(active=[*record.active, reference(job, JOBS)], lastScheduleTime=rfc3339(scheduled))
        return True

    async def _create(self, cron_job: Tree, wanted: Tree) -> Tree | None:
        try:
            job = await self._jobs_client.create(wanted)
        except StatusError as error:
            if error.reason == "AlreadyExists":
                present = await self._jobs_client.get(meta.name(wanted), meta.namespace(wanted))
                return present if meta.is_controlled_by(present, cron_job) else None
            if not error.has_cause("NamespaceTerminating"):
                self._tell(cron_job, WARNING, "FailedCreate", f"Error creating job: {error}")
            raise
        self._tell(cron_job, NORMAL, "SuccessfulCreate", f"Created job {meta.name(job)}")
        return job

    async def _replace(self, record: Record) -> None:
        for entry in record.active:
            try:
                job = await self._jobs_client.get(entry["name"], entry["namespace"])
            except StatusError as error:
                self._tell(record.cron_job, WARNING, "FailedGet", f"Get job: {error}")
                raise
            if not await self._delete(record, job):
                raise CannotReplace(f"could not replace job {meta.key(job)}")

    async def _delete(self, record: Record, job: Tree) -> bool:
        try:
            await self._jobs_client.delete(meta.name(job), meta.namespace(job), propagation="Background")
        except StatusError as error:
            self._tell(record.cron_job, WARNING, "FailedDelete", f"Deleted job: {error}")
            return False
        record.ended(meta.uid(job))
        self._tell(record.cron_job, NORMAL, "SuccessfulDelete", f"Deleted job {meta.name(job)}")
        return True

    def _tell(self, cron_job: Tree, kind: str, reason: str, message: str) -> None:
        self._context.recorder.event(cron_job, kind, reason, message, resource=CRON_JOBS)
