"""Namespace (upstream: pkg/registry/core/namespace, pkg/apis/core/validation: ValidateNamespace*)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.names import name_is_dns_label
from kcompat.apimachinery.validation import STANDARD_FINALIZERS, validate_finalizers
from kcompat.registry.declare import Rules, Tree, keep

FINALIZER = "kubernetes"
NAME_LABEL = "kubernetes.io/metadata.name"
_FINALIZERS = Path("spec", "finalizers")
_UNQUALIFIED = "name is neither a standard finalizer name nor is it fully qualified"


def label_name(obj: Tree) -> None:
    """Every namespace is labelled with its name, once it has one."""
    metadata = obj["metadata"]
    if name := metadata.get("name"):
        metadata["labels"] = {**(metadata.get("labels") or {}), NAME_LABEL: name}


def _validate_finalizer(name: str, path: Path) -> list[FieldError]:
    errors = validate_finalizers([name], path)
    if "/" not in name and name not in STANDARD_FINALIZERS:
        errors.append(invalid(path, name, _UNQUALIFIED))
    return errors


class NamespaceRules(Rules):
    own_preconditions = "Precondition failed"

    def default(self, obj: Tree) -> None:
        label_name(obj)
        obj["status"] = {"phase": "Active", **(obj.get("status") or {})}

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {"phase": "Active"}
        finalizers = (obj.get("spec") or {}).get("finalizers") or []
        if FINALIZER not in finalizers:
            obj["spec"] = {"finalizers": [*finalizers, FINALIZER]}

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "spec", "status")

    def validate(self, obj: Tree) -> list[FieldError]:
        finalizers = (obj.get("spec") or {}).get("finalizers") or ()
        return [error for name in finalizers for error in _validate_finalizer(name, _FINALIZERS)]

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        deleted, phase = "deletionTimestamp" in new["metadata"], new["status"].get("phase", "")
        wanted, rule = ("Terminating", "is not empty") if deleted else ("Active", "is empty")
        if phase == wanted:
            return []
        return [invalid(Path("status", "Phase"), phase, f"may only be '{wanted}' if `deletionTimestamp` {rule}")]

    def begin_deletion(self, obj: Tree) -> bool:
        obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
        return True

    def awaits_more(self, obj: Tree) -> bool:
        return bool((obj.get("spec") or {}).get("finalizers"))

    def held(self, obj: Tree) -> bool:
        return super().held(obj) or bool((obj.get("spec") or {}).get("finalizers"))

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        return name_is_dns_label(name, prefix)

    def canonicalize(self, obj: Tree) -> None:
        label_name(obj)


class NamespaceFinalizeRules(NamespaceRules):
    """PUT of namespaces/finalize: only the finalizers in spec change."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "status")

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        finalizers = new["spec"].get("finalizers") or ()
        return [error for index, name in enumerate(finalizers) for error in _validate_finalizer(name, _FINALIZERS.index(index))]
