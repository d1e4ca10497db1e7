"""Rules of ReplicaSets. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/defaults.go:SetDefaults_ReplicaSet and pkg/registry/apps/replicaset/strategy.go.
"""

from __future__ import annotations

from kcompat.registry.declare import Tree
from kcompat.registry.rules.workload import WorkloadRules, default


class ReplicaSetRules(WorkloadRules):
    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        default(spec, "replicas", 1)

    def empty_status(self) -> Tree:
        return {"replicas": 0}
