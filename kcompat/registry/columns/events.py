"""Table columns of events, in the shape of the core group or of events.k8s.io. Called by `registry/groups/{core,events}.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from kcompat.registry.columns.cells import NAME, age, path, wide
from kcompat.registry.declare import Cell, Column, Tree


def _either(event: Tree, core: str, new: str) -> Any:
    """A field that the two shapes name differently."""
    return event.get(core) or event.get(new)


def _first_seen(obj: Tree, now: datetime) -> str:
    return age(_either(obj, "firstTimestamp", "deprecatedFirstTimestamp") or obj.get("eventTime"), now)


def _last_seen(obj: Tree, now: datetime) -> Cell:
    if series := obj.get("series"):
        return age(series.get("lastObservedTime"), now)
    last = _either(obj, "lastTimestamp", "deprecatedLastTimestamp")
    return age(last, now) if last else _first_seen(obj, now)


def _count(obj: Tree, now: datetime) -> Cell:
    if series := obj.get("series"):
        return int(series.get("count", 0))
    return int(_either(obj, "count", "deprecatedCount") or 1)


def _object(event: Tree) -> Tree:
    return _either(event, "involvedObject", "regarding") or {}


def _target(obj: Tree, now: datetime) -> Cell:
    target = _object(obj)
    kind, name = target.get("kind", "").lower(), target.get("name")
    return f"{kind}/{name}" if name else kind


def _source(obj: Tree, now: datetime) -> Cell:
    source = _either(obj, "source", "deprecatedSource") or {}
    component = source.get("component") or _either(obj, "reportingComponent", "reportingController") or ""
    instance = source.get("host") or obj.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


def _message(obj: Tree, now: datetime) -> Cell:
    return (_either(obj, "message", "note") or "").strip()


EVENT: Final = (
    Column("Last Seen", _last_seen), Column("Type", path("type")), Column("Reason", path("reason")), Column("Object", _target),
    *wide(Column("Subobject", lambda obj, now: _object(obj).get("fieldPath", "")), Column("Source", _source)),
    Column("Message", _message),
    *wide(Column("First Seen", _first_seen), Column("Count", _count), NAME),
)
