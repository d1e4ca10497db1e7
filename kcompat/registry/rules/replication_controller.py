"""Rules of ReplicationControllers. Declared in `registry/groups/core_pods.py`.

Answers pkg/apis/core/v1/defaults.go:SetDefaults_ReplicationController and pkg/registry/core/replicationcontroller/strategy.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import field, meta
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules import workload_validation as check
from kcompat.registry.rules.declarative import long_name
from kcompat.registry.rules.pod.warnings import template_warnings
from kcompat.registry.rules.replica_set import replica_status
from kcompat.registry.rules.workload import WorkloadRules, default
from kcompat.registry.rules.workload_validation import SPEC


class ReplicationControllerRules(WorkloadRules):
    garbage_collection = "OrphanDependents"

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

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        errors, name = _spec(obj["spec"], None), meta.name(obj)
        return [*errors, *long_name(name, Path("metadata", "name"))] if name else errors

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        """Upstream checks the name by declaration, and generateName not at all."""
        return ()

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return _spec(new["spec"], old["spec"])

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        """On updates upstream looks at the old template, and so do we."""
        if old is None or meta.generation(new) == meta.generation(old):
            return super().warnings(new, old)
        return template_warnings(self.template(old), Path(*self.template_steps))

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return replica_status(new.get("status") or {})


def _spec(spec: Tree, old: Tree | None) -> list[FieldError]:
    """ValidateReplicationControllerSpec; what upstream checks by declaration comes last."""
    selector, template, at = spec.get("selector") or {}, spec.get("template"), SPEC.child("template")
    errors = [] if selector else [field.required(SPEC.child("selector"))]
    if template is None:
        errors.append(field.required(at))
    else:
        labels = check.labels_of(template)
        if any(labels.get(key) != value for key, value in selector.items()):
            errors.append(check.mismatch(template, at))
        errors += check.template(template, (old or {}).get("template"), at)
        errors += check.always_restarted(template, "ReplicationController", at)
    return errors + check.nonnegative(spec, SPEC, "replicas", "minReadySeconds")
