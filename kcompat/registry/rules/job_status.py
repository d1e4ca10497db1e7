"""What a job's status may become. Called by job.

Answers pkg/apis/batch/validation/validation.go:ValidateJobStatusUpdate and pkg/registry/batch/job/strategy.go:getStatusValidationOptions:
other controllers may run jobs, so statuses are checked, but only where they changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kcompat.apimachinery import field
from kcompat.apimachinery.field import FieldError
from kcompat.registry.declare import Tree
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.job_indexes import IndexesError, count_indexes, overlap
from kcompat.registry.rules.workload_validation import STATUS

_CONDITIONS: Final = STATUS.child("conditions")


@dataclass(frozen=True, slots=True)
class _Job:
    """A job with its status at hand."""

    tree: Tree

    @property
    def status(self) -> Tree:
        return self.tree.get("status") or {}

    @property
    def spec(self) -> Tree:
        return self.tree["spec"]  # type: ignore[no-any-return]

    def get(self, member: str, default: Any = None) -> Any:
        value = self.status.get(member)
        return default if value is None else value

    def has(self, kind: str, status: str = "True") -> bool:
        return any(c.get("type") == kind and c.get("status") == status for c in self.get("conditions", ()))

    @property
    def complete(self) -> bool:
        return self.has("Complete")

    @property
    def failed(self) -> bool:
        return self.has("Failed")

    @property
    def finished(self) -> bool:
        return self.complete or self.failed


def updated_status(new_tree: Tree, old_tree: Tree) -> list[FieldError]:
    new, old = _Job(new_tree), _Job(old_tree)
    errors = check.nonnegative(new.status, STATUS, "active", "succeeded", "failed", "ready", "terminating")
    errors += _uncounted(new)
    errors += list(_conflicting_conditions(new, old))
    errors += list(_times(new, old))
    errors += list(_required_conditions(new, old))
    errors += list(_of_finished(new, old))
    errors += list(_indexes(new, old))
    errors += list(_counters(new, old))
    return errors + list(_success_criteria(new)) + list(_transitions(new, old))


def _condition_error(detail: str) -> FieldError:
    return field.invalid(_CONDITIONS, field.OMITTED, detail)


def _uncounted(new: _Job) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    pods = new.get("uncountedTerminatedPods") or {}
    for name in ("succeeded", "failed"):
        for index, uid in enumerate(pods.get(name) or ()):
            at = STATUS.child("uncountedTerminatedPods", name).index(index)
            if not uid:
                errors.append(field.invalid(at, uid, "must not be empty"))
            elif uid in seen:
                errors.append(field.duplicate(at, uid))
            seen.add(uid)
    return errors


def _conflicting_conditions(new: _Job, old: _Job) -> Iterator[FieldError]:
    completed = new.complete != old.complete
    if (completed or new.failed != old.failed) and new.complete and new.failed:
        yield _condition_error("cannot set Complete=True and Failed=true conditions")
    target = new.has("FailureTarget")
    if (completed or target != old.has("FailureTarget")) and new.complete and target:
        yield _condition_error("cannot set Complete=True and FailureTarget=true conditions")


def _times(new: _Job, old: _Job) -> Iterator[FieldError]:
    started, done, at = new.get("startTime"), new.get("completionTime"), STATUS.child("completionTime")
    start_changed, done_changed = started != old.get("startTime"), done != old.get("completionTime")
    if done_changed or new.complete != old.complete:
        if done is not None and not new.complete:
            yield field.invalid(at, done, "cannot set completionTime when there is no Complete=True condition")
        if done is None and new.complete:
            yield field.required(at, "completionTime is required for Complete jobs")
    if (start_changed or done_changed) and started is not None and done is not None and done < started:
        yield field.invalid(at, done, "must be equal to or after `startTime`")


def _required_conditions(new: _Job, old: _Job) -> Iterator[FieldError]:
    met = new.has("SuccessCriteriaMet")
    failed_indexes_changed = new.get("failedIndexes") != old.get("failedIndexes")
    if (new.failed != old.failed or failed_indexes_changed) and new.failed and not new.has("FailureTarget"):
        yield _condition_error("cannot set Failed=True condition without the FailureTarget=true condition")
    if (new.complete != old.complete or met != old.has("SuccessCriteriaMet")) and new.complete and not met:
        yield _condition_error("cannot set Complete=True condition without the SuccessCriteriaMet=true condition")


def _of_finished(new: _Job, old: _Job) -> Iterator[FieldError]:
    """A finished job has no pods left and once was started."""
    if not new.finished:
        return
    changed = new.finished != old.finished
    active = new.get("active", 0)
    if (changed or active != old.get("active", 0)) and active > 0:
        yield field.invalid(STATUS.child("active"), active, "active>0 is invalid for finished job")
    empty = new.spec.get("suspend") is True and new.spec.get("completions") == 0
    if (changed or new.get("startTime") != old.get("startTime")) and new.get("startTime") is None and not empty:
        yield field.required(STATUS.child("startTime"), "startTime is required for finished job")
    pods = new.get("uncountedTerminatedPods")
    if (changed or pods != old.get("uncountedTerminatedPods")) and pods and (pods.get("failed") or pods.get("succeeded")):
        shown = {"Succeeded": pods.get("succeeded"), "Failed": pods.get("failed")}
        yield field.invalid(STATUS.child("uncountedTerminatedPods"), shown, "must be empty for finished job")


def _indexes(new: _Job, old: _Job) -> Iterator[FieldError]:
    completions, per_index = new.spec.get("completions"), new.spec.get("backoffLimitPerIndex")
    completed, failed = new.get("completedIndexes", ""), new.get("failedIndexes")
    completed_changed, failed_changed = completed != old.get("completedIndexes", ""), failed != old.get("failedIndexes")
    at_completed, at_failed = STATUS.child("completedIndexes"), STATUS.child("failedIndexes")
    if completed_changed and completions is not None and (detail := _malformed(completed, completions)):
        yield field.invalid(at_completed, completed, f"error parsing completedIndexes: {detail}")
    if failed_changed and completions is not None and per_index is not None and failed is not None:
        if detail := _malformed(failed, completions):
            yield field.invalid(at_failed, failed, f"error parsing failedIndexes: {detail}")
    if completed_changed and completed and new.spec.get("completionMode") != "Indexed":
        yield field.invalid(at_completed, completed, "cannot set non-empty completedIndexes when non-indexed completion mode")
    if failed_changed and per_index is None and failed is not None:
        yield field.invalid(at_failed, failed, "cannot set non-null failedIndexes when backoffLimitPerIndex is null")
    if (failed_changed or completed_changed) and completions is not None and failed is not None:
        if (index := overlap(completed, failed, completions)) is not None:
            yield field.invalid(at_failed, failed, f"failedIndexes and completedIndexes overlap at index: {index}")


def _malformed(text: str, completions: int) -> str:
    try:
        count_indexes(text, completions)
    except IndexesError as error:
        return str(error)
    return ""


def _counters(new: _Job, old: _Job) -> Iterator[FieldError]:
    terminating, ready, active = new.get("terminating"), new.get("ready"), new.get("active", 0)
    if (new.finished != old.finished or terminating != old.get("terminating")) and terminating and terminating > 0 and new.finished:
        yield field.invalid(STATUS.child("terminating"), terminating, "terminating>0 is invalid for finished job")
    if (ready != old.get("ready") or active != old.get("active", 0)) and ready is not None and ready > active:
        yield field.invalid(STATUS.child("ready"), ready, "cannot set more ready pods than active")


def _success_criteria(new: _Job) -> Iterator[FieldError]:
    met = new.has("SuccessCriteriaMet")
    if met and new.failed:
        yield _condition_error("cannot set SuccessCriteriaMet=True and Failed=true conditions")
    if met and new.has("FailureTarget"):
        yield _condition_error("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions")
    if new.spec.get("successPolicy") is not None and not met and new.complete:
        yield _condition_error("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True")


def _transitions(new: _Job, old: _Job) -> Iterator[FieldError]:
    """What ended stays ended, and counters do not go back."""
    for kind in ("Failed", "Complete", "FailureTarget"):
        if old.has(kind) and not new.has(kind):
            yield _condition_error(f"cannot disable the terminal {kind}=True condition")
    spec = new.spec
    counters = ["failed"]
    if spec.get("completionMode") != "Indexed" or spec.get("completions") != spec.get("parallelism"):
        counters.append("succeeded")
    for name in counters:
        if new.get(name, 0) < old.get(name, 0):
            yield field.invalid(STATUS.child(name), new.get(name, 0), f"cannot decrease the {name} counter")
    done, before = new.get("completionTime"), old.get("completionTime")
    if done is not None and before is not None and done != before:
        yield field.invalid(STATUS.child("completionTime"), done, check.IMMUTABLE)
    yield from _start_time(new, old)
    if old.has("SuccessCriteriaMet") and not new.has("SuccessCriteriaMet"):
        yield _condition_error("cannot disable the SuccessCriteriaMet=True condition")
    if old.complete and not old.has("SuccessCriteriaMet") and new.has("SuccessCriteriaMet"):
        yield _condition_error("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")


def _start_time(new: _Job, old: _Job) -> Iterator[FieldError]:
    """Only a suspended job starts anew, or one that is being resumed."""
    started, before = new.get("startTime"), old.get("startTime")
    resuming = old.has("Suspended") and new.has("Suspended", "False")
    if before is not None and started != before and not resuming and not new.spec.get("suspend"):
        yield field.invalid(STATUS.child("startTime"), started, "field is immutable for unsuspended job once set")
