"""Owners of an object's replicas as owners of its Scale, and back. Called by the API's scale action.

Upstream: apimachinery pkg/util/managedfields/scalehandler.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.managers import Entry, Managers, Owned, decode, encode
from kcompat.apimachinery.apply.sets import Path

_API_VERSION: Final = "autoscaling/v1"
_REPLICAS: Final[Path] = ("f:spec", "f:replicas")
Mappings = Mapping[str, Path | None]
"""Where replicas stand in each served version of the kind; None for a version without scale."""


def to_scale(entries: Sequence[Entry], mappings: Mappings) -> list[Entry]:
    """managedFields of the Scale: every manager that owns the replicas."""
    owners: Managers = {}
    for manager, owned in decode(entries, entries).items():
        path = mappings.get(owned.api_version)
        if path and sets.has(owned.fields, path):
            owners[manager] = Owned(sets.of(_REPLICAS), _API_VERSION, owned.time)
    return encode(owners)


def to_parent(entries: Sequence[Entry], scale_entries: Sequence[Entry], api_version: str, mappings: Mappings) -> list[Entry]:
    """managedFields of the object after its Scale got `scale_entries`, written in `api_version`.

    As upstream, who is new there gets no time.
    """
    scaled = decode(scale_entries, scale_entries)
    owners: Managers = {}
    for manager, owned in decode(entries, entries).items():
        if owned.api_version not in mappings:
            continue
        path = mappings[owned.api_version]
        if path is None or not sets.has(owned.fields, path):
            owners[manager] = owned
        elif manager in scaled:
            owners[manager] = owned
            del scaled[manager]
        elif rest := sets.difference(owned.fields, sets.of(path)):
            owners[manager] = owned.with_fields(rest)
    times = {manager: owned.time for manager, owned in decode(entries, entries).items()}
    for manager, owned in scaled.items():
        if sets.has(owned.fields, _REPLICAS):
            owners[manager] = Owned(sets.of(mappings[api_version] or ()), api_version, times.get(manager, ""))
    return encode(owners)
