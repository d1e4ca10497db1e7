"""Rules of CronJobs. Declared in `registry/groups/batch.py`.

Answers pkg/apis/batch/v1/defaults.go:SetDefaults_CronJob and pkg/registry/batch/cronjob/strategy.go.
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.registry.declare import Tree
from kcompat.registry.rules.job import default_conditions, drop_disabled_job_fields
from kcompat.registry.rules.workload import WorkloadRules, default

_JOB_SPEC = ("spec", "jobTemplate", "spec")


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
