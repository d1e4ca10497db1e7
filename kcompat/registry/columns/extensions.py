"""Table columns of apiregistration.k8s.io and apiextensions.k8s.io, and the default ones. Called by `registry/groups/*`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta
from kcompat.registry.columns.cells import AGE, NAME, path, wide
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


def _versions(obj: Tree, now: datetime) -> Cell:
    served = (version for version in meta.get(obj, ("spec", "versions")) or () if version.get("served"))
    return ",".join(sorted(f"{version['name']}(storage)" if version.get("storage") else version["name"] for version in served))


def _short_names(obj: Tree, now: datetime) -> Cell:
    return ",".join(meta.get(obj, ("spec", "names", "shortNames")) or ())


def _established(obj: Tree, now: datetime) -> Cell:
    return meta.is_condition_true(meta.conditions(obj), "Established")


CUSTOM_RESOURCE_DEFINITION: Final = (
    NAME, Column("Scope", path(".spec.scope")), Column("Versions", _versions), DEFAULT[1],
    *wide(
        Column("Group", path(".spec.group")), Column("Kind", path(".spec.names.kind")), Column("ShortNames", _short_names),
        Column("Established", _established, type="boolean"),
    ),
)
