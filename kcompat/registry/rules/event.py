"""Events, in the core group and in events.k8s.io (upstream: pkg/apis/core/validation/events.go, pkg/apis/events/v1/conversion.go).

Both are one resource: it is stored in the core group's shape, and errors speak of that shape's fields.
"""

from __future__ import annotations

from typing import Any, Final

from kcompat.apimachinery.field import FieldError, Path, invalid, required
from kcompat.apimachinery.names import byte_length, name_is_dns_subdomain
from kcompat.apimachinery.schema import ordered
from kcompat.apimachinery.validation import immutable, same_time, validate_object_meta
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.fields import label_key

API_VERSION: Final = "events.k8s.io/v1"
_NAMES: Final = {
    "regarding": "involvedObject", "note": "message", "deprecatedSource": "source", "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp", "deprecatedCount": "count", "reportingController": "reportingComponent",
}
_CORE_NAMES: Final = {core: new for new, core in _NAMES.items()}
_ALWAYS: Final[Tree] = {
    "involvedObject": {}, "source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": None, "reportingComponent": "",
    "reportingInstance": "",
}
"""Fields that Go writes whether set or not."""
_ALWAYS_NEW: Final[Tree] = {
    "regarding": {}, "deprecatedSource": {}, "deprecatedFirstTimestamp": None, "deprecatedLastTimestamp": None, "eventTime": None,
}
_LIMITS: Final = (("reportingInstance", 128), ("action", 128), ("reason", 128), ("message", 1024))
_OBJECT: Final = (
    ("Kind", "kind"), ("Namespace", "namespace"), ("Name", "name"), ("UID", "uid"), ("APIVersion", "apiVersion"),
    ("ResourceVersion", "resourceVersion"), ("FieldPath", "fieldPath"),
)


def to_core(event: Tree) -> Tree:
    """An event of events.k8s.io in the shape of the core group; one in that shape already is returned as it is."""
    if event.get("apiVersion") == "v1":
        return event
    renamed = {_NAMES.get(name, name): value for name, value in event.items()}
    return {**_ALWAYS, **renamed, "apiVersion": "v1"}


def from_core(event: Tree) -> Tree:
    """A stored event in the shape of events.k8s.io."""
    if event.get("apiVersion") == API_VERSION:
        return event
    renamed = {_CORE_NAMES.get(name, name): value for name, value in event.items() if value != ""}
    return ordered({**_ALWAYS_NEW, **renamed, "apiVersion": API_VERSION}, "events.k8s.io", "v1", "Event")


def _validate_legacy(event: Tree, controller: str) -> list[FieldError]:
    """Of every version's events (legacyValidateEvent); `controller` is how the request's version calls the reporting component."""
    own, about = event["metadata"].get("namespace", ""), event["involvedObject"].get("namespace", "")
    new = event.get("eventTime") is not None
    fits = (about or own in ("default", "kube-system")) if new else own == about or (not about and own in ("", "default"))
    errors = []
    if not fits:
        errors.append(invalid(Path("involvedObject", "namespace"), about, "does not match event.namespace"))
    return errors + (_validate_reporter(event, controller) if new else [])


def _validate_reporter(event: Tree, controller: str) -> list[FieldError]:
    name = event.get("reportingComponent", "")
    errors = [] if name else [required(Path(controller))]
    errors += label_key(name, Path(controller))
    for member, limit in _LIMITS:
        value = event.get(member) or ""
        if not value and member != "message":
            errors.append(required(Path(member)))
        if byte_length(value) > limit:
            errors.append(invalid(Path(member), "", f"can have at most {limit} characters"))
    return errors


def _validate_series(series: Tree | None) -> list[FieldError]:
    if series is None:
        return []
    errors = [invalid(Path("series.count"), "", "should be at least 2")] if series.get("count", 0) < 2 else []
    return errors + ([] if series.get("lastObservedTime") else [required(Path("series.lastObservedTime"))])


class EventRules(Rules):
    """Of the core group."""

    allow_create_on_update = True
    garbage_collection = "Unsupported"
    checks_metadata = False

    def prepare_for_create(self, obj: Tree) -> None:
        """There is no status to drop."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """There is no status to keep."""

    def validate(self, obj: Tree) -> list[FieldError]:
        return _validate_legacy(obj, "reportingComponent")


class NewEventRules(EventRules):
    """Of events.k8s.io: stricter, and nearly everything is immutable."""

    def validate(self, obj: Tree) -> list[FieldError]:
        event = to_core(obj)
        kind = event.get("type", "")
        errors = _validate_legacy(event, "reportingController")
        errors += validate_object_meta(obj["metadata"], True, name_is_dns_subdomain, Path("metadata"))
        errors += _validate_series(event.get("series"))
        if event.get("eventTime") is None:
            errors.append(required(Path("eventTime")))
        if kind not in ("Normal", "Warning"):
            errors.append(invalid(Path("type"), "", f"has invalid value: {kind}"))
        unset = ("firstTimestamp", "lastTimestamp", "count", "source")
        return errors + [invalid(Path(name), "", "needs to be unset") for name in unset if event.get(name)]

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        event, before = to_core(new), to_core(old)
        errors = _validate_legacy(event, "reportingController")
        if event.get("series") != before.get("series"):
            errors += _validate_series(event.get("series"))
        for name in ("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime",
                     "action", "related", "reportingComponent", "reportingInstance"):
            if not _same(name, event.get(name), before.get(name)):
                shown = Path("reportingController" if name == "reportingComponent" else name)
                errors += immutable(_shown(name, event.get(name)), _DIFFERENT, shown)
        return errors


_DIFFERENT: Final = object()


def _same(name: str, new: Any, old: Any) -> bool:
    """An empty related object is another than none."""
    if name.endswith("Time"):
        return same_time(new, old)
    return bool(new == old) if name == "related" else (new or None) == (old or None)


def _shown(name: str, value: Any) -> Any:
    """As Go prints its internal structs, which have no JSON names."""
    if name in ("involvedObject", "related") and value is not None:
        return {internal: value.get(own, "") for internal, own in _OBJECT}
    if name == "source":
        return {"Component": (value or {}).get("component", ""), "Host": (value or {}).get("host", "")}
    return (value or 0) if name == "count" else value if value is not None or name.endswith(("Time", "Timestamp", "related")) else ""
