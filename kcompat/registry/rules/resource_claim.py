"""ResourceClaim and ResourceClaimTemplate (upstream: pkg/registry/resource, pkg/apis/resource/validation).

That admin access needs a label on the namespace is not for rules to check: it is an admission.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.validation import IMMUTABLE, unchanged
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import immutable
from kcompat.registry.rules.device_allocation import drop_deallocated, status_errors
from kcompat.registry.rules.device_claim import claim_errors, claim_found, default_claim, default_tolerations, drop_derived
from kcompat.registry.rules.plain import PlainRules, StatusRules
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.volume_claim import template_metadata

_SPEC: Final = Path("spec")


class ResourceClaimRules(StatusRules):
    def default(self, obj: Tree) -> None:
        default_claim(obj["spec"])
        allocation = (obj.get("status") or {}).get("allocation") or {}
        for result in (allocation.get("devices") or {}).get("results") or ():
            default_tolerations(result)

    def prepare_for_create(self, obj: Tree) -> None:
        super().prepare_for_create(obj)
        drop_derived(obj["spec"])

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_update(new, old)
        drop_derived(new["spec"], old["spec"])

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_status_update(new, old)
        status = new["status"] = dict(new.get("status") or {})
        if not any(result.get("skipNodeOperations") for result in _results(old)):
            for result in _results(new):
                result.pop("skipNodeOperations", None)
        drop_deallocated(status, old.get("status") or {})

    def validate(self, obj: Tree) -> list[FieldError]:
        return claim_errors(obj["spec"], _SPEC)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return immutable(new["spec"], old["spec"], _SPEC)

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return status_errors(new, old)


def _results(claim: Tree) -> Sequence[Tree]:
    """The devices of its allocation."""
    return meta.get(claim, ("status", "allocation", "devices", "results"), ()) or ()


class ResourceClaimTemplateRules(PlainRules):
    def default(self, obj: Tree) -> None:
        default_claim(obj["spec"]["spec"])

    def prepare_for_create(self, obj: Tree) -> None:
        drop_derived(obj["spec"]["spec"])

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        drop_derived(new["spec"]["spec"], old["spec"]["spec"])

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj["spec"], [])

    def _validate(self, spec: Tree, changed: list[FieldError]) -> list[FieldError]:
        """`changed`: that it may not change, which comes before what upstream makes from tags."""
        found = claim_found(spec["spec"], _SPEC.child("spec"))
        return [*template_metadata(spec.get("metadata") or {}, _SPEC.child("metadata")), *found.plain, *changed, *found.declared]

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        if unchanged(new["spec"], old["spec"]):
            return self.validate(new)
        shown = go_form(new["spec"], "resource/v1.ResourceClaimTemplateSpec")
        return self._validate(new["spec"], [invalid(_SPEC, shown, IMMUTABLE)])
