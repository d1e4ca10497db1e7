"""Binds the pod through the API (plugins/defaultbinder)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery.errors import StatusError
from kcompat.scheduler.framework import Code, CycleState, Handle, Status

Tree = dict[str, Any]


class DefaultBinder:
    name = "DefaultBinder"

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""
        self._handle = handle

    async def bind(self, state: CycleState, pod: Tree, node_name: str) -> Status | None:
        binder = self._handle.binder
        if binder is None:
            return Status(Code.SKIP)
        try:
            await binder.bind(pod, node_name)
        except (StatusError, ConnectionError) as error:
            return Status(Code.ERROR, (str(error),))
        return None
