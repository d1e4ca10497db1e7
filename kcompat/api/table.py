"""Tables and metadata-only objects: the transforms of meta.k8s.io that `kubectl get` and metadata clients ask for.

Upstream: apiserver endpoints/handlers/response.go, registry/rest/table.go; pkg/printers/internalversion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache

from kcompat.api.column_descriptions import column_description
from kcompat.api.negotiate import Output
from kcompat.api.request import Request, Tree
from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import SystemClock
from kcompat.apimachinery.quote import quote
from kcompat.registry.declare import Column, Resource

_NONE, _METADATA, _OBJECT = "None", "Metadata", "Object"
_clock = SystemClock()


def include_object(request: Request) -> str:
    """The includeObject parameter. Raises BadRequest."""
    policy = request.query.get("includeObject") or _METADATA
    if policy not in (_NONE, _METADATA, _OBJECT):
        why = "must be 'Metadata', 'Object', 'None', or empty"
        raise errors.bad_request(f"Unable to convert to Table as requested: includeObject: Invalid value: {quote(policy)}: {why}")
    return policy


def transform_object(request: Request, resource: Resource, tree: Tree, form: Output) -> Tree:
    """One object as a Table or as PartialObjectMetadata."""
    if form.transform == "Table":
        revision = tree.get("metadata", {}).get("resourceVersion")
        metadata = {"resourceVersion": revision} if revision else {}
        return table(request, resource, [tree], metadata, form)
    if form.transform == "PartialObjectMetadata":
        return partial(resource, tree, form)
    raise errors.not_acceptable(f"you requested PartialObjectMetadataList, but the requested object is not a list ({_go_type(resource, resource.kind)})")


def transform_list(request: Request, resource: Resource, items: Iterable[Tree], metadata: Tree, form: Output) -> Tree:
    """A list as a Table or as PartialObjectMetadataList."""
    if form.transform == "Table":
        ordered = sorted(items, key=resource.row_order) if resource.row_order is not None else items
        return table(request, resource, ordered, metadata, form)
    if form.transform == "PartialObjectMetadataList":
        version = f"meta.k8s.io/{form.version}"
        return {"kind": "PartialObjectMetadataList", "apiVersion": version, "metadata": metadata, "items": [partial(resource, i, form) for i in items] or None}
    raise errors.not_acceptable(f"you requested PartialObjectMetadata, but the requested object is a list ({_go_type(resource, resource.list_kind)})")


def _go_type(resource: Resource, kind: str) -> str:
    """What Go calls the unversioned type."""
    package = "core" if resource.group in ("", "events.k8s.io") else resource.group.split(".", 1)[0]
    return f"*{package}.{kind}"


def partial(resource: Resource, tree: Tree, form: Output) -> Tree:
    metadata = tree.get("metadata", {})
    if hidden := resource.rules.converted_annotations:
        metadata = without_annotations(metadata, hidden)
    return {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{form.version}", "metadata": metadata}


def without_annotations(metadata: Tree, hidden: Collection[str]) -> Tree:
    shown = {name: value for name, value in (metadata.get("annotations") or {}).items() if name not in hidden}
    return {name: shown if name == "annotations" else value for name, value in metadata.items() if name != "annotations" or shown}


def table(request: Request, resource: Resource, items: Iterable[Tree], metadata: Tree, form: Output, *, headers: bool = True) -> Tree:
    """A meta.k8s.io Table: column definitions and a row an object."""
    policy = include_object(request)
    columns = resource.columns or DEFAULT_COLUMNS
    now = _clock.now()
    document: Tree = {"kind": "Table", "apiVersion": f"meta.k8s.io/{form.version}", "metadata": metadata}
    document["columnDefinitions"] = list(_definitions(resource.kind if resource.columns else "", columns)) if headers else None
    document["rows"] = [row(resource, columns, item, now, policy, form) for item in items]
    return document


@lru_cache(maxsize=256)
def _definitions(kind: str, columns: tuple[Column, ...]) -> tuple[Tree, ...]:
    return tuple(definition(column, kind) for column in columns if column.name)


def definition(column: Column, kind: str) -> Tree:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description or column_description(kind, column.name),
        "priority": column.priority,
    }


def row(resource: Resource, columns: tuple[Column, ...], item: Tree, now: datetime, policy: str, form: Output) -> Tree:
    document: Tree = {"cells": [column.cell(item, now) for column in columns]}
    if resource.row_conditions is not None and (conditions := resource.row_conditions(item)):
        document["conditions"] = conditions
    document["object"] = None if policy == _NONE else item if policy == _OBJECT else partial(resource, item, form)
    return document


def _name(obj: Tree, now: datetime) -> str:
    return str(obj["metadata"].get("name", ""))


def _created(obj: Tree, now: datetime) -> str:
    return str(obj["metadata"].get("creationTimestamp", ""))


DEFAULT_COLUMNS = (
    Column("Name", _name, format="name"),
    Column("Created At", _created, type="date"),
)
"""What resources without columns of their own show (upstream: rest.NewDefaultTableConvertor)."""
