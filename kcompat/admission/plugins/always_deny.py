"""Denies every change (upstream: plugin/pkg/admission/deny)."""

from __future__ import annotations

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CONNECT, CREATE, DELETE, UPDATE, Attributes, MutatingPlugin, ValidatingPlugin, on

_MESSAGE = "admission control is denying all modifications"


class AlwaysDeny(MutatingPlugin, ValidatingPlugin):
    name = "AlwaysDeny"
    handles = on(CREATE, UPDATE, DELETE, CONNECT)
    enabled_by_default = False

    async def admit(self, attributes: Attributes) -> None:
        raise forbidden(attributes, _MESSAGE)

    async def validate(self, attributes: Attributes) -> None:
        raise forbidden(attributes, _MESSAGE)
