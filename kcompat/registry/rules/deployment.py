"""Rules of Deployments. Declared in `registry/groups/apps.py`.

Answers pkg/apis/apps/v1/defaults.go:SetDefaults_Deployment and pkg/registry/apps/deployment/strategy.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery import field, meta
from kcompat.apimachinery.field import FieldError
from kcompat.registry.declare import Tree
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.converted_annotation import NoIntegerError, parse, put, undecodable
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.replica_set import replicated_template
from kcompat.registry.rules.workload import WorkloadRules, default
from kcompat.registry.rules.workload_validation import SPEC, STATUS

ROLLBACK: Final = "deprecated.deployment.rollback.to"
_COUNTERS = ("updatedReplicas", "readyReplicas", "availableReplicas")


class DeploymentRules(WorkloadRules):
    converted_annotations = (ROLLBACK,)

    def default(self, obj: Tree) -> None:
        super().default(obj)
        if (text := meta.annotations(obj).get(ROLLBACK)) is None:
            return
        try:
            put(obj, ROLLBACK, parse(text) if text else None)
        except NoIntegerError as error:
            raise undecodable("Deployment", f"failed to parse annotation[{ROLLBACK}]={text} as int64: {error}") from None

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
        return not same(new.get("spec"), old.get("spec")) or meta.annotations(new) != meta.annotations(old)

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_status_update(new, old)
        keep_labels(new, old)

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        return _spec(obj, None)

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return [*_spec(new, old["spec"]), *check.immutable(new["spec"], old["spec"], "selector")]

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        status = new.get("status") or {}
        members = ("observedGeneration", "replicas", *_COUNTERS, "unavailableReplicas", "terminatingReplicas", "collisionCount")
        errors = check.nonnegative(status, STATUS, *members) + check.at_most(status, _COUNTERS, "replicas")
        return [*errors, *check.at_most(status, ("availableReplicas",), "readyReplicas", "readyReplicas"), *check.not_decremented(new, old)]


def _spec(obj: Tree, old: Tree | None) -> list[FieldError]:
    """ValidateDeploymentSpec."""
    spec = obj["spec"]
    errors = check.nonnegative(spec, SPEC, "replicas") + check.selector(spec.get("selector"), "deployment")
    errors += replicated_template(spec, old)
    errors += _strategy(spec.get("strategy") or {})
    errors += check.nonnegative(spec, SPEC, "minReadySeconds", "revisionHistoryLimit")
    if (revision := meta.annotations(obj).get(ROLLBACK)) is not None:
        errors += check.nonnegative({"version": parse(revision)}, SPEC.child("rollback"), "version")
    errors += check.nonnegative(spec, SPEC, "progressDeadlineSeconds")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        errors.append(field.invalid(SPEC.child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds"))
    return errors


def _strategy(strategy: Tree) -> list[FieldError]:
    """ValidateDeploymentStrategy."""
    at, kind, rolling = SPEC.child("strategy"), strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [] if rolling is None else [field.forbidden(at.child("rollingUpdate"), detail)]
    if kind != "RollingUpdate":
        shown = go_form(strategy, "apps/v1.DeploymentStrategy")
        return [field.not_supported(at, shown, ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [field.required(at.child("rollingUpdate"), "this should be defaulted and never be nil")]
    unavailable, surge, here = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0), at.child("rollingUpdate", "maxUnavailable")
    errors = check.positive_int_or_percent(unavailable, here)
    errors += check.positive_int_or_percent(surge, at.child("rollingUpdate", "maxSurge"))
    if check.amount(unavailable) == 0 and check.amount(surge) == 0:
        errors.append(field.invalid(here, unavailable, "may not be 0 when `maxSurge` is 0"))
    return [*errors, *check.at_most_100_percent(unavailable, here)]


def keep_labels(new: Tree, old: Tree) -> None:
    """A status update may not change labels."""
    metadata = {name: value for name, value in new["metadata"].items() if name != "labels"}
    if (labels := meta.labels(old)):
        metadata["labels"] = labels
    new["metadata"] = metadata
