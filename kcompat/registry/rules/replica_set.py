"""Rules of ReplicaSets. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/defaults.go:SetDefaults_ReplicaSet and pkg/registry/apps/replicaset/strategy.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import field
from kcompat.apimachinery.field import FieldError
from kcompat.registry.declare import Tree
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.workload import WorkloadRules, default
from kcompat.registry.rules.workload_validation import SPEC, STATUS

_COUNTERS = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")


class ReplicaSetRules(WorkloadRules):
    def default_spec(self, obj: Tree) -> None:
        spec = obj.setdefault("spec", {})
        default(spec, "replicas", 1)

    def empty_status(self) -> Tree:
        return {"replicas": 0}

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        return _spec(obj["spec"], None)

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return [*_spec(new["spec"], old["spec"]), *check.immutable(new["spec"], old["spec"], "selector")]

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return replica_status(new.get("status") or {}, "terminatingReplicas")


def replica_status(status: Tree, *more: str) -> list[FieldError]:
    """ValidateReplicaSetStatus, ValidateReplicationControllerStatus."""
    errors = check.nonnegative(status, STATUS, "replicas", *_COUNTERS, "observedGeneration", *more)
    errors += check.at_most(status, _COUNTERS, "replicas")
    return errors + check.at_most(status, ("availableReplicas",), "readyReplicas", "readyReplicas")


def _spec(spec: Tree, old: Tree | None) -> list[FieldError]:
    """ValidateReplicaSetSpec."""
    errors = check.nonnegative(spec, SPEC, "replicas", "minReadySeconds")
    return errors + check.selector(spec.get("selector"), "deployment") + replicated_template(spec, old)


def replicated_template(spec: Tree, old: Tree | None) -> list[FieldError]:
    """The template of a ReplicaSet or Deployment, and its selector (ValidatePodTemplateSpecForReplicaSet)."""
    selector, template, at = check.parsed(spec.get("selector")), spec.get("template") or {}, SPEC.child("template")
    if selector is None:
        return [field.invalid(SPEC.child("selector"), check.shown_selector(spec.get("selector")), "invalid label selector")]
    errors = [] if selector.empty or selector.matches(check.labels_of(template)) else [check.mismatch(template, at)]
    errors += check.template(template, (old or {}).get("template"), at)
    return errors + check.always_restarted(template, "ReplicaSet", at)
