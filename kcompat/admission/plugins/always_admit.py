"""Does nothing; kept because upstream has it (upstream: plugin/pkg/admission/admit)."""

from __future__ import annotations

from kcompat.admission.interface import CONNECT, CREATE, DELETE, UPDATE, Attributes, ValidatingPlugin, on


class AlwaysAdmit(ValidatingPlugin):
    name = "AlwaysAdmit"
    handles = on(CREATE, UPDATE, DELETE, CONNECT)
    enabled_by_default = False

    async def validate(self, attributes: Attributes) -> None:
        return
