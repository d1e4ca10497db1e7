"""No new use of a Service's externalIPs (upstream: plugin/pkg/admission/network/denyserviceexternalips)."""

from __future__ import annotations

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, UPDATE, Attributes, ValidatingPlugin, on


class DenyServiceExternalIPs(ValidatingPlugin):
    name = "DenyServiceExternalIPs"
    handles = on(CREATE, UPDATE)
    resources = ("services",)
    enabled_by_default = False

    async def validate(self, attributes: Attributes) -> None:
        new, old = (set(((tree or {}).get("spec") or {}).get("externalIPs") or ()) for tree in (attributes.object, attributes.old_object))
        if not new <= old:
            raise forbidden(attributes, "Use of external IPs is denied by admission control")
