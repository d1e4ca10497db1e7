"""Field managers: `metadata.managedFields` entries by who, how and in which version; reading, writing, order and cap.

Called by updater, field_manager and scale. Answers managedfields/internal/{managedfields,capmanagers}.go. An entry that does not
change stays the very dict it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.sets import EMPTY, Set
from kcompat.apimachinery.quote import quote

Entry = dict[str, Any]
APPLY, UPDATE = "Apply", "Update"
MAX_UPDATE_MANAGERS: Final = 10
_ANCIENT: Final = "ancient-changes"


class Manager(NamedTuple):
    """Who owns an entry. Appliers are the same in every version: their `api_version` is ""."""

    name: str
    operation: str
    api_version: str
    subresource: str

    @property
    def identifier(self) -> str:
        """Upstream's text for it, by which it sorts (BuildManagerIdentifier)."""
        fields = {"manager": self.name, "operation": self.operation, "apiVersion": self.api_version, "subresource": self.subresource}
        return orjson.dumps({name: value for name, value in fields.items() if value}).decode()


class Owned(NamedTuple):
    """What a manager owns. `entry` is the stored form of exactly this, None once something changed. `time` "" is no time."""

    fields: Set
    api_version: str
    time: str
    entry: Entry | None = None

    def with_fields(self, fields: Set) -> Owned:
        return self if fields is self.fields else Owned(fields, self.api_version, self.time)


Managers = dict[Manager, Owned]


def updating(name: str, api_version: str, subresource: str) -> Manager:
    return Manager(name or "unknown", UPDATE, api_version, subresource)


def applying(name: str, subresource: str) -> Manager:
    return Manager(name or "unknown", APPLY, "", subresource)


def decode(entries: Sequence[Entry], known: Sequence[Entry] = ()) -> Managers:
    """Managers of a managedFields list; entries equal to `known` ones are taken to be canonical. Raises ValueError as upstream."""
    trusted = {id(entry) for entry in known}
    managers: Managers = {}
    for index, entry in enumerate(entries):
        if id(entry) not in trusted:
            entry = next((present for present in known if present == entry), {}) or _checked(entry, index)
        get = entry.get
        operation, version = entry["operation"], entry["apiVersion"]
        manager = Manager(get("manager", ""), operation, "" if operation == APPLY else version, get("subresource", ""))
        managers[manager] = Owned(get("fieldsV1") or EMPTY, version, get("time") or "", entry)
    return managers


def _checked(entry: Entry, index: int) -> Entry:
    if entry.get("operation") not in (APPLY, UPDATE):
        raise ValueError("operation must be `Apply` or `Update`")
    if not entry.get("apiVersion"):
        raise ValueError("apiVersion must not be empty")
    kind = entry.get("fieldsType")
    if kind != "FieldsV1":
        wrong = f"invalid fieldsType {quote(kind)}" if kind else "missing fieldsType"
        raise ValueError(f"{wrong} in managed fields entry {index}")
    fields = entry.get("fieldsV1")
    return {**entry, "fieldsV1": sets.read(fields) if fields is not None else EMPTY}


def encode(managers: Managers) -> list[Entry]:
    """The managedFields list: by operation, time, manager, version and subresource."""
    ordered = sorted(managers.items(), key=_position) if len(managers) > 1 else managers.items()
    return [owned.entry or _entry(manager, owned) for manager, owned in ordered]


def _position(item: tuple[Manager, Owned]) -> tuple[str, str, str, str, str]:
    manager, owned = item
    return (manager.operation, owned.time, manager.name, owned.api_version, manager.subresource)


def _entry(manager: Manager, owned: Owned) -> Entry:
    """Keys in upstream's order; what is empty is left out."""
    entry: Entry = {"manager": manager.name} if manager.name else {}
    entry["operation"] = manager.operation
    entry["apiVersion"] = owned.api_version
    if owned.time:
        entry["time"] = owned.time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = owned.fields
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def cap(managers: Managers) -> Managers:
    """At most ten updaters: the oldest ones of a version become one, `ancient-changes` (capUpdateManagers)."""
    updaters = [manager for manager in managers if manager.operation == UPDATE]
    if len(updaters) <= MAX_UPDATE_MANAGERS:
        return managers
    updaters.sort(key=lambda manager: (managers[manager].time, manager.identifier))
    capped = dict(managers)
    first: dict[str, Manager] = {}
    excess = len(updaters) - MAX_UPDATE_MANAGERS
    for manager in updaters:
        if not excess:
            break
        version = capped[manager].api_version
        if version not in first:
            first[version] = manager
            continue
        _pour(capped, first[version], manager, version)
        excess -= 1
    return capped


def _pour(managers: Managers, first: Manager, manager: Manager, version: str) -> None:
    """Puts what a manager owns into its version's bucket, which the oldest manager of the version begins."""
    bucket = Manager(_ANCIENT, UPDATE, version, "")
    if bucket not in managers:
        managers[bucket] = managers.pop(first)
    owned = managers[manager]
    managers[bucket] = Owned(sets.union(owned.fields, managers[bucket].fields), version, owned.time)
    managers.pop(manager)


def is_reset(entries: Any) -> bool:
    """Whether a client asks for managedFields to be forgotten: an empty list, or one empty entry."""
    return entries in ([], [{}])


def same_but_times(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two lists differ in nothing but times."""
    return len(old) == len(new) and all(
        was is now or {**was, "time": None} == {**now, "time": None} for was, now in zip(old, new, strict=True)
    )
