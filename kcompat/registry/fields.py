"""Getters of the field labels that field selectors know (upstream: each strategy's SelectableFields). Called by `registry/groups/*`."""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.registry.declare import FieldGetter, Tree


def at(*dotted: str) -> FieldGetter:
    """The first value that is set at one of these paths, "" if none: `at(".spec.type")`."""
    paths = tuple(tuple(path.strip(".").split(".")) for path in dotted)
    return lambda tree: next((value for path in paths if (value := meta.get(tree, path))), "")


def flag(dotted: str) -> FieldGetter:
    """A boolean as Go prints it: `true` or `false`."""
    value = at(dotted)
    return lambda tree: "true" if value(tree) else "false"


def count(dotted: str) -> FieldGetter:
    """An integer, 0 when absent: `count("status.replicas")`."""
    steps = tuple(dotted.split("."))
    return lambda tree: str(meta.get(tree, steps, 0))


def fields(*labels: str) -> dict[str, FieldGetter]:
    """Labels that are the very paths of their fields: `fields("spec.signerName")`."""
    return {label: at(label) for label in labels}


def _source(event: Tree) -> str:
    return str(meta.get(event, ("source", "component")) or event.get("reportingComponent") or "")


_OBJECT = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")

EVENT = {
    **{f"involvedObject.{name}": at(f"involvedObject.{name}") for name in _OBJECT},
    **fields("reason", "type", "reportingComponent"),
    "source": _source,
}
"""Events are stored in the core group's shape (pkg/registry/core/event: ToSelectableFields)."""

NEW_EVENT = {
    **{f"regarding.{name}": at(f"involvedObject.{name}") for name in _OBJECT},
    **fields("reason", "type"),
    "reportingController": at("reportingComponent"),
}
"""events.k8s.io's labels of the same stored fields (pkg/apis/events/v1: AddFieldLabelConversionsForEvent)."""

STORED_EVENT = {**EVENT, **NEW_EVENT}
