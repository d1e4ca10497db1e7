"""Rules of ReplicationControllers. Declared in `registry/groups/core_pods.py`.

Answers pkg/apis/core/v1/defaults.go:SetDefaults_ReplicationController and pkg/registry/core/replicationcontroller/strategy.go.
"""

from __future__ import annotations

from kcompat.registry.declare import Tree
from kcompat.registry.rules.workload import WorkloadRules, default


class ReplicationControllerRules(WorkloadRules):
    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        default(spec, "replicas", 1)
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
        if labels:
            if not spec.get("selector"):
                spec["selector"] = dict(labels)
            metadata = obj.setdefault("metadata", {})
            if not metadata.get("labels"):
                metadata["labels"] = dict(labels)

    def empty_status(self) -> Tree:
        return {"replicas": 0}
