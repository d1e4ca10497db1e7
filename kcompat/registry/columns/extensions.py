"""Table columns of apiregistration.k8s.io, and the default ones. Called by `registry/groups/*`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta
from kcompat.registry.columns.cells import AGE, NAME, path
from kcompat.registry.declare import Cell, Column, Tree

DEFAULT: Final = (NAME, Column("Created At", path(".metadata.creationTimestamp"), type="date"))
"""Of kinds without columns of their own (apiserver registry/rest: NewDefaultTableConvertor)."""


def _service(obj: Tree, now: datetime) -> Cell:
    service = meta.get(obj, ("spec", "service"))
    return f"{service.get('namespace', '')}/{service.get('name', '')}" if service is not None else "Local"


def _available(obj: Tree, now: datetime) -> Cell:
    condition = meta.find_condition(meta.conditions(obj), "Available")
    if condition is None:
        return "Unknown"
    status, reason = condition.get("status", ""), condition.get("reason")
    return f"{status} ({reason})" if status != "True" and reason else status


API_SERVICE: Final = (NAME, Column("Service", _service), Column("Available", _available), AGE)
