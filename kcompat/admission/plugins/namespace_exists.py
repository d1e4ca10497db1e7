"""Every request in a namespace needs the namespace (upstream: plugin/pkg/admission/namespace/exists)."""

from __future__ import annotations

from kcompat.admission.interface import CREATE, DELETE, UPDATE, Attributes, ValidatingPlugin, on
from kcompat.apimachinery import errors


class NamespaceExists(ValidatingPlugin):
    name = "NamespaceExists"
    handles = on(CREATE, UPDATE, DELETE)
    enabled_by_default = False

    async def validate(self, attributes: Attributes) -> None:
        namespace = attributes.namespace
        if not namespace or (attributes.kind == "Namespace" and not attributes.kind_group):
            return
        if await self.reader.get("", "namespaces", "", namespace) is None:
            raise errors.not_found("", "namespaces", namespace)
