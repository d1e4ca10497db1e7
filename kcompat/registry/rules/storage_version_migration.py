"""StorageVersionMigration (upstream: pkg/registry/storagemigration, pkg/apis/storagemigration/validation)."""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, invalid, required
from kcompat.apimachinery.names import is_dns1035_label, is_dns1123_subdomain
from kcompat.apimachinery.validation import IMMUTABLE, validate_conditions
from kcompat.registry.declare import Tree
from kcompat.registry.rules.plain import StatusRules
from kcompat.registry.rules.pod.go_form import go_form, go_list

_SPEC, _RESOURCE = Path("spec"), Path("spec", "resource")
_CONDITIONS, _VERSION = Path("status", "conditions"), Path("status", "resourceVersion")


def _version(version: str) -> str:
    """What is wrong with a resource version that is to be compared (util/resourceversion)."""
    if not version.isascii() or not version.isdigit():
        return f"resource version is not well formed: {version}"
    return f"resource version is not well formed: {version}" if version.startswith("0") else ""


def _is(obj: Tree, kind: str) -> bool:
    return meta.is_condition_true(meta.conditions(obj), kind)


class StorageVersionMigrationRules(StatusRules):
    allow_unconditional_update = False

    def validate(self, obj: Tree) -> list[FieldError]:
        target = obj["spec"].get("resource") or {}
        resource, group = target.get("resource", ""), target.get("group", "")
        errors = [] if resource else [required(_RESOURCE.child("resource"), "resource is required to be set")]
        for name, value, check in (("resource", resource, is_dns1035_label), ("group", group, is_dns1123_subdomain)):
            if value and (problems := check(value)):
                errors.append(invalid(_RESOURCE.child(name), value, ",".join(problems)))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        errors = self.validate(new)
        if new["spec"] != old["spec"]:
            errors.append(invalid(_SPEC, go_form(new["spec"], "storagemigration/v1.StorageVersionMigrationSpec"), IMMUTABLE))
        return errors

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        conditions = meta.conditions(new)
        version, before = (meta.get(tree, ("status", "resourceVersion"), "") for tree in (new, old))
        errors = [invalid(_VERSION, version, problem)] if version and (problem := _version(version)) else []
        errors += validate_conditions(conditions, _CONDITIONS)
        if before and version != before:
            errors.append(invalid(_VERSION, version, IMMUTABLE))
        details = []
        if _is(new, "Succeeded") and _is(new, "Failed"):
            details.append("Both success and failed conditions cannot be true at the same time")
        for kind, name in (("Succeeded", "Success"), ("Failed", "Failed")):
            if _is(old, kind) and not _is(new, kind):
                details.append(f"{name} condition cannot be set to false once it is true")
        shown = go_list(list(conditions), "meta/v1.Condition") if details else None
        return errors + [invalid(_CONDITIONS, shown, detail) for detail in details]
