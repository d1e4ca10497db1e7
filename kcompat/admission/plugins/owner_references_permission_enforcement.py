"""Owner references cannot be used to delete, or to keep others from deleting, what one may not (upstream: plugin/pkg/admission/gc)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, UPDATE, Access, Attributes, ValidatingPlugin, on
from kcompat.apimachinery import meta

Reference = Mapping[str, Any]


class OwnerReferencesPermissionEnforcement(ValidatingPlugin):
    name = "OwnerReferencesPermissionEnforcement"
    handles = on(CREATE, UPDATE)
    enabled_by_default = False

    async def validate(self, attributes: Attributes) -> None:
        new, old = meta.owner_references(attributes.object or {}), meta.owner_references(attributes.old_object or {})
        if list(new) == list(old) or (attributes.resource, attributes.group, attributes.subresource) == ("pods", "", "status"):
            return
        if attributes.operation != CREATE:
            await self._check_delete(attributes)
        blocking = _newly_blocking(new, old)
        anything = Access(attributes.user, "update", "*", "*", "finalizers", name="*")
        if not blocking or (await self.services.authorize(anything))[0]:
            return
        for reference in blocking:
            for access in self._finalizers(attributes, reference):
                allowed, reason = await self.services.authorize(access)
                if not allowed:
                    problem = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on"
                    raise forbidden(attributes, f"{problem}: {reason}, <nil>")

    async def _check_delete(self, attributes: Attributes) -> None:
        a = attributes
        allowed, reason = await self.services.authorize(Access(a.user, "delete", a.group, a.resource, a.subresource, a.namespace, a.name))
        if not allowed:
            raise forbidden(attributes, f"cannot set an ownerRef on a resource you can't delete: {reason}, <nil>")

    def _finalizers(self, attributes: Attributes, reference: Reference) -> Iterator[Access]:
        """What must be allowed on the owner, for every resource of its kind. Raises Forbidden for a kind that is not served."""
        version, kind = reference.get("apiVersion", ""), reference.get("kind", "")
        resources = self.services.resources_of_kind(version, kind)
        if not resources:
            problem = f"cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion {version} Kind {kind}"
            raise forbidden(attributes, f'{problem}: no matches for kind "{kind}" in version "{version}"')
        for group, resource, namespaced in resources:
            namespace = attributes.namespace if namespaced else ""
            yield Access(attributes.user, "update", group, resource, "finalizers", namespace, reference.get("name", ""))


def _newly_blocking(new: Sequence[Reference], old: Sequence[Reference]) -> list[Reference]:
    before = {reference.get("uid") for reference in old if reference.get("blockOwnerDeletion")}
    return [reference for reference in new if reference.get("blockOwnerDeletion") and reference.get("uid") not in before]
