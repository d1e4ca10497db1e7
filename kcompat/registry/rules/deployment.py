"""Rules of Deployments. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/defaults.go:SetDefaults_Deployment and pkg/registry/apps/deployment/strategy.go.
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.registry.declare import Tree
from kcompat.registry.rules.workload import WorkloadRules, default


class DeploymentRules(WorkloadRules):
    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        default(spec, "replicas", 1)
        strategy = spec.setdefault("strategy", {})
        strategy["type"] = strategy.get("type") or "RollingUpdate"
        if strategy["type"] == "RollingUpdate":
            default(strategy, "rollingUpdate", {})
            default(strategy["rollingUpdate"], "maxUnavailable", "25%")
            default(strategy["rollingUpdate"], "maxSurge", "25%")
        default(spec, "revisionHistoryLimit", 10)
        default(spec, "progressDeadlineSeconds", 600)

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        """Annotations count too: they are copied to the ReplicaSets."""
        return new.get("spec") != old.get("spec") or meta.annotations(new) != meta.annotations(old)

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_status_update(new, old)
        keep_labels(new, old)


def keep_labels(new: Tree, old: Tree) -> None:
    """A status update may not change labels."""
    metadata = {name: value for name, value in new["metadata"].items() if name != "labels"}
    if (labels := meta.labels(old)):
        metadata["labels"] = labels
    new["metadata"] = metadata
