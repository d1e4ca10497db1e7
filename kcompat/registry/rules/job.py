"""Rules of Jobs; CronJobs use the part about job specs. Declared in `registry/groups/batch.py`.

Answers pkg/apis/batch/v1/defaults.go:SetDefaults_Job and pkg/registry/batch/job/strategy.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules import job_scheduling, job_spec, job_status
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.job_spec import CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME
from kcompat.registry.rules.workload import WorkloadRules, default
from kcompat.registry.rules.workload_validation import SPEC


class JobRules(WorkloadRules):
    garbage_collection = "OrphanDependents"
    deletion_warning = (
        "child pods are preserved by default when jobs are deleted; "
        "set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"
    )

    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        _default_job(spec)
        labels = meta.get(spec, ("template", "metadata", "labels"))
        metadata = obj.setdefault("metadata", {})
        if labels and not metadata.get("labels"):
            metadata["labels"] = labels  # the same, as upstream: labels that creation makes come along
        default_conditions(spec)

    def prepare_for_create(self, obj: Tree) -> None:
        if not obj["spec"].get("manualSelector"):
            _generate_selector(obj)
        super().prepare_for_create(obj)
        drop_disabled_job_fields(obj["spec"], None)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_update(new, old)
        drop_disabled_job_fields(new["spec"], old["spec"])

    def canonicalize(self, obj: Tree) -> None:
        """Upstream defaults what it reads back from storage too, by when the template has labels."""
        if not obj["metadata"].get("labels") and (labels := check.labels_of(obj["spec"]["template"])):
            obj["metadata"]["labels"] = dict(labels)

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        errors = job_spec.generated_selector(obj) + job_spec.job(obj["spec"], None)
        return [*errors, *job_spec.name_allows_completions(obj), *job_scheduling.declared(obj["spec"], None, SPEC)]

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        errors = [*job_spec.updated_job(new["spec"], old), *job_spec.name_allows_completions(new)]
        return [*errors, *job_scheduling.declared(new["spec"], old["spec"], SPEC)]

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return job_status.updated_status(new, old)

    def spec_warnings(self, obj: Tree) -> Sequence[str]:
        return job_spec.warnings(obj["spec"], Path("spec"))


def _default_job(spec: Tree) -> None:
    """SetDefaults_Job: a job that says nothing runs once."""
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    default(spec, "parallelism", 1)
    default(spec, "backoffLimit", 6 if spec.get("backoffLimitPerIndex") is None else 2**31 - 1)
    default(spec, "completionMode", "NonIndexed")
    default(spec, "suspend", False)
    default(spec, "podReplacementPolicy", "TerminatingOrFailed" if spec.get("podFailurePolicy") is None else "Failed")
    default(spec, "manualSelector", False)


def default_conditions(spec: Tree) -> None:
    """The status a pod failure rule looks for is True unless it says otherwise; job templates get this too."""
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern["status"] = pattern.get("status") or "True"


def drop_disabled_job_fields(spec: Tree, old: Tree | None) -> None:
    """spec.scheduling needs the gate WorkloadWithJob (pkg/api/job: DropDisabledFields)."""
    if not old or old.get("scheduling") is None:
        spec.pop("scheduling", None)


def _generate_selector(obj: Tree) -> None:
    """Labels of the template and a selector that find this job's pods and no others (generateSelector). Needs name and uid."""
    name, uid = meta.name(obj), meta.uid(obj)
    spec = obj["spec"]
    template = spec.setdefault("template", {})
    metadata = dict(template.get("metadata") or {})
    given, labels = obj["metadata"].get("labels"), metadata.get("labels") or {}
    own = {LEGACY_JOB_NAME: name, JOB_NAME: name, LEGACY_CONTROLLER_UID: uid, CONTROLLER_UID: uid}
    metadata["labels"] = {**own, **labels}
    if given and given is labels:
        obj["metadata"]["labels"] = dict(metadata["labels"])
    template["metadata"] = metadata
    selector = dict(spec.get("selector") or {})
    selector["matchLabels"] = {CONTROLLER_UID: uid, **(selector.get("matchLabels") or {})}
    spec["selector"] = selector
