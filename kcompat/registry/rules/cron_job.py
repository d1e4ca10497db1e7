"""Rules of CronJobs. Declared in `registry/groups/batch.py`.

Answers pkg/apis/batch/v1/defaults.go:SetDefaults_CronJob and pkg/registry/batch/cronjob/strategy.go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from kcompat.apimachinery import cron, field, meta
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules import job_scheduling, job_spec
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.job import default_conditions, drop_disabled_job_fields
from kcompat.registry.rules.pod.checks import one_of
from kcompat.registry.rules.workload import WorkloadRules, default
from kcompat.registry.rules.workload_validation import SPEC

_JOB_SPEC: Final = ("spec", "jobTemplate", "spec")
_CONCURRENCY: Final = ("Allow", "Forbid", "Replace")
_is_zone_part = re.compile(r"[A-Za-z.\-_0-9+]{1,14}").fullmatch


class CronJobRules(WorkloadRules):
    template_steps = (*_JOB_SPEC, "template")

    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        spec["concurrencyPolicy"] = spec.get("concurrencyPolicy") or "Allow"
        default(spec, "suspend", False)
        default(spec, "successfulJobsHistoryLimit", 3)
        default(spec, "failedJobsHistoryLimit", 1)
        default_conditions(meta.get(obj, _JOB_SPEC, {}))

    def prepare_for_create(self, obj: Tree) -> None:
        super().prepare_for_create(obj)
        drop_disabled_job_fields(meta.get(obj, _JOB_SPEC, {}), None)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_update(new, old)
        drop_disabled_job_fields(meta.get(new, _JOB_SPEC, {}), meta.get(old, _JOB_SPEC))

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        errors, name = _spec(obj["spec"], None), meta.name(obj)
        if len(name) > 52:  # the controller adds eleven characters for each job
            errors.append(field.invalid(Path("metadata", "name"), name, "must be no more than 52 characters"))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return _spec(new["spec"], old["spec"])

    def spec_warnings(self, obj: Tree) -> Sequence[str]:
        return job_spec.warnings(meta.get(obj, _JOB_SPEC, {}), Path(*_JOB_SPEC))

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        texts = [*super().warnings(new, old)]
        if old is not None and "TZ" in (new["spec"].get("schedule") or ""):
            see = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
            texts.append(f"cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see {see} for more details")
        return texts


def _spec(spec: Tree, old: Tree | None) -> list[FieldError]:
    """validateCronJobSpec; what upstream checks by declaration comes last."""
    schedule, zone = spec.get("schedule") or "", spec.get("timeZone")
    errors = _schedule(schedule, zone, old) if schedule else []
    errors += check.nonnegative(spec, SPEC, "startingDeadlineSeconds")
    if zone is not None and (old is None or old.get("timeZone") != zone):
        errors += _time_zone(zone, SPEC.child("timeZone"))
    errors += one_of(spec.get("concurrencyPolicy"), SPEC.child("concurrencyPolicy"), _CONCURRENCY)
    errors += _job_template(spec, old)
    errors += check.nonnegative(spec, SPEC, "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    if not schedule:
        errors.append(field.required(SPEC.child("schedule")))
    job, before = (meta.get(tree or {}, _JOB_SPEC[1:], {}) for tree in (spec, old))
    return [*errors, *job_scheduling.declared(job, before, Path(*_JOB_SPEC))]


def _schedule(schedule: str, zone: str | None, old: Tree | None) -> list[FieldError]:
    """validateScheduleFormat. Old objects may name a zone in the schedule."""
    at, errors = SPEC.child("schedule"), []
    try:
        cron.parse(schedule)
    except cron.CronError as error:
        errors.append(field.invalid(at, schedule, str(error)))
    if "TZ" not in schedule:
        return errors
    if "TZ" not in ((old or {}).get("schedule") or ""):
        errors.append(field.invalid(at, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
    elif zone is not None:
        errors.append(field.invalid(at, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule"))
    return errors


def _time_zone(zone: str, at: Path) -> list[FieldError]:
    """validateTimeZone."""
    if not zone:
        return [field.invalid(at, zone, "timeZone must be nil or non-empty string")]
    if any(part in (".", "..") or part.startswith("-") or not _is_zone_part(part) for part in zone.split("/")):
        return [field.invalid(at, zone, f"unknown time zone {zone}")]
    errors: list[FieldError] = []
    if zone.lower() == "local":
        see = "https://www.iana.org/time-zones"
        errors.append(field.invalid(at, zone, f"timeZone must be an explicit time zone as defined in {see}"))
    if zone != "Local":
        try:
            cron.load_location(zone)
        except cron.CronError as error:
            errors.append(field.invalid(at, zone, str(error)))
    return errors


def _job_template(spec: Tree, old: Tree | None) -> list[FieldError]:
    """ValidateJobTemplateSpec: selectors are made for each job."""
    job: dict[str, Any] = meta.get(spec, _JOB_SPEC[1:], {})
    at = Path(*_JOB_SPEC)
    errors = job_spec.spec(job, meta.get(old or {}, _JOB_SPEC[1:]), at)
    if (selector := job.get("selector")) is not None:
        errors.append(field.invalid(at.child("selector"), check.shown_selector(selector), "`selector` will be auto-generated"))
    if job.get("manualSelector"):
        errors.append(field.not_supported(at.child("manualSelector"), True, ("nil", "false")))
    return errors
