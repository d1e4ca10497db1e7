"""Rules of StatefulSets. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/{defaults,conversion}.go and pkg/registry/apps/statefulset/strategy.go.
"""

from __future__ import annotations

from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.defaults import default_claim_spec
from kcompat.registry.rules.pod.resource_list import round_up_to_milli
from kcompat.registry.rules.workload import WorkloadRules, default


class StatefulSetRules(WorkloadRules):
    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        spec["podManagementPolicy"] = spec.get("podManagementPolicy") or "OrderedReady"
        strategy = spec.setdefault("updateStrategy", {})
        if not strategy.get("type"):
            strategy["type"] = "RollingUpdate"
            default(strategy, "rollingUpdate", {})
        if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
            default(strategy["rollingUpdate"], "partition", 0)
            default(strategy["rollingUpdate"], "maxUnavailable", 1)
        default(spec, "persistentVolumeClaimRetentionPolicy", {})
        retention = spec["persistentVolumeClaimRetentionPolicy"]
        retention["whenDeleted"] = retention.get("whenDeleted") or "Retain"
        retention["whenScaled"] = retention.get("whenScaled") or "Retain"
        default(spec, "replicas", 1)
        default(spec, "revisionHistoryLimit", 10)
        for claim in spec.get("volumeClaimTemplates") or ():
            _default_claim(claim)

    def empty_status(self) -> Tree:
        return {"replicas": 0, "availableReplicas": 0}


def _default_claim(claim: Tree) -> None:
    claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
    status = claim.setdefault("status", {})
    status["phase"] = status.get("phase") or "Pending"
    default_claim_spec(claim.setdefault("spec", {}))
    for member in ("capacity", "allocatedResources"):
        round_up_to_milli(status.get(member) or {})
