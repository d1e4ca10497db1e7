"""`scheduling` of job specs: which pods of a job start together. Called by `job_spec.py` and `cron_job.py`.

The field needs the gate WorkloadWithJob, which is off: only objects that a server with the gate stored have it, and they may not change it.
Answers pkg/apis/batch/validation/validation.go:{validateGangMinCount,validateJobScheduling,validateJobSchedulingUpdate} and the tags of
batch/v1.JobSpec. Pure.
"""

from __future__ import annotations

from kcompat.apimachinery import field, meta
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.checks import NONE, Errors
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.workload_validation import SPEC

_FROZEN = "the basic/gang policy variant is immutable after creation; only schedulingPolicy.gang.minCount may be updated"


def checks(spec: Tree, at: Path) -> list[FieldError]:
    """What holds whenever a job spec has the field."""
    scheduling = spec.get("scheduling")
    if scheduling is None:
        return []
    errors, parallelism = list[FieldError](), spec.get("parallelism")
    parallelism = 1 if parallelism is None else parallelism
    least = meta.get(scheduling, ("schedulingPolicy", "gang", "minCount"))
    if least is not None and least > parallelism:
        here = at.child("schedulingPolicy", "gang", "minCount")
        errors.append(field.invalid(here, least, f"must not be greater than parallelism ({parallelism})"))
    mode = scheduling.get("disruptionMode") or {}
    if _is_basic(scheduling) and "single" not in mode and "all" in mode:
        detail = "the disruptionMode `all` is not supported with the Basic scheduling policy"
        errors.append(field.invalid(at.child("disruptionMode"), "", detail))
    return errors


def _is_basic(scheduling: Tree) -> bool:
    """The policy in force: basic, too, where none is named."""
    policy = scheduling.get("schedulingPolicy") or {}
    return "basic" in policy or "gang" not in policy


def updated(new: Tree, old: Tree) -> Errors:
    """A job's policy stays of its variant."""
    policies = [(spec.get("scheduling") or {}).get("schedulingPolicy") for spec in (new, old)]
    was, policy = policies
    if was is None or policy is None or ("basic" in was) == ("basic" in policy):
        return NONE
    return [field.invalid(SPEC.child("scheduling", "schedulingPolicy"), None, _FROZEN)]


def declared(new: Tree, old: Tree | None, at: Path) -> Errors:
    """The tags of the field itself, the gate being off."""
    value, before = new.get("scheduling"), (old or {}).get("scheduling")
    if same(value, before):
        return NONE
    if value is not None:
        return [field.forbidden(at.child("scheduling"), "")]
    return [field.invalid(at.child("scheduling"), None, "field cannot be cleared once set")]
