"""Query parameters of lists, watches and deletes as typed options. Called by the verbs. Upstream: ListOptions' parameter codec."""

from __future__ import annotations

from typing import Any

from kcompat.api.request import Query, Request
from kcompat.api.scope import Scope
from kcompat.apimachinery import duration, errors
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.selectors import (
    ALL_FIELDS,
    EVERYTHING,
    FieldSelector,
    LabelSelector,
    SelectorError,
    parse_field_selector,
    parse_label_selector,
)
from kcompat.registry.declare import Resource
from kcompat.registry.deletion import NOTHING, DeleteOptions
from kcompat.registry.listing import ListOptions
from kcompat.registry.store import Preconditions
from kcompat.registry.watching import WatchOptions

Tree = dict[str, Any]
_UNSAFE = "ignoreStoreReadErrorWithClusterBreakingPotential"


def boolean(query: Query, name: str) -> bool | None:
    """None when absent; everything but "false" and "0" is true (upstream: Convert_Slice_string_To_bool)."""
    if name not in query:
        return None
    return query.get(name).lower() not in ("false", "0")


def integer(query: Query, name: str) -> int | None:
    """Raises BadRequest with Go's text."""
    if name not in query:
        return None
    text = query.get(name)
    digits = text.lstrip("+-")
    if not digits.isascii() or not digits.isdigit() or len(text) - len(digits) > 1:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    value = int(text)
    if not -(1 << 63) <= value < 1 << 63:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return value


def label_selector(query: Query) -> LabelSelector:
    text = query.get("labelSelector")
    if not text:
        return EVERYTHING
    try:
        return parse_label_selector(text)
    except SelectorError as error:
        raise errors.bad_request(str(error)) from None


def field_selector(query: Query, resource: Resource) -> FieldSelector:
    text = query.get("fieldSelector")
    if not text:
        return ALL_FIELDS
    try:
        selector = parse_field_selector(text)
    except SelectorError as error:
        raise errors.bad_request(str(error)) from None
    return check_labels(selector, resource)


def check_labels(selector: FieldSelector, resource: Resource) -> FieldSelector:
    """Raises BadRequest for a field label the resource does not have."""
    for requirement in selector.requirements:
        label = requirement.field
        if label not in resource.fields and label != "metadata.name" and not (label == "metadata.namespace" and resource.namespace_label):
            raise errors.bad_request(_unsupported(label, resource))
    return selector


def _unsupported(label: str, resource: Resource) -> str:
    """Kinds with field labels of their own say it in their own words (upstream: AddFieldLabelConversionFunc)."""
    if resource.field_label_error:
        return resource.field_label_error.format(label)
    if resource.fields:
        return f"field label not supported: {label}"
    return f'{quote(label)} is not a known field selector: only "metadata.name", "metadata.namespace"'


def list_options(request: Request, scope: Scope) -> ListOptions:
    """Raises BadRequest."""
    query = request.query
    fields = with_name(field_selector(query, scope.resource), scope.name) if query.raw or scope.name else ALL_FIELDS
    if not query.raw:
        return ListOptions(fields=fields)
    for name in ("timeoutSeconds",):
        integer(query, name)  # lists take it too, to no effect but this
    return ListOptions(
        labels=label_selector(query),
        fields=fields,
        limit=integer(query, "limit") or 0,
        continue_token=query.get("continue"),
        resource_version=query.get("resourceVersion"),
        match=query.get("resourceVersionMatch"),
        initial_events="sendInitialEvents" in query,
    )


def with_name(selector: FieldSelector, name: str) -> FieldSelector:
    """A watch of one object by its path is a watch with a field selector on its name, and one given must say so too."""
    if not name:
        return selector
    if not selector.empty and selector.requires_exact_match("metadata.name") != name:
        raise errors.bad_request("fieldSelector metadata.name doesn't match requested name")
    named = parse_field_selector(f"metadata.name={name}")
    return FieldSelector((*selector.requirements, *named.requirements))


def watch_options(request: Request, scope: Scope) -> WatchOptions:
    """Raises BadRequest."""
    query = request.query
    return WatchOptions(
        list_options(request, scope),
        bookmarks=boolean(query, "allowWatchBookmarks") or False,
        send_initial_events=boolean(query, "sendInitialEvents"),
        timeout=duration.of_seconds(integer(query, "timeoutSeconds") or 0) / duration.SECOND,
    )


def delete_options(document: Tree) -> DeleteOptions:
    """From a decoded metav1.DeleteOptions."""
    preconditions = document.get("preconditions")
    return DeleteOptions(
        grace_period=document.get("gracePeriodSeconds"),
        orphan_dependents=document.get("orphanDependents"),
        propagation=document.get("propagationPolicy"),
        preconditions=NOTHING if preconditions is None else Preconditions(preconditions.get("uid"), preconditions.get("resourceVersion")),
        dry_runs=tuple(document.get("dryRun") or ()),
        only_unreadable=bool(document.get(_UNSAFE)),
    )


def delete_options_from_query(query: Query) -> Tree:
    """A DeleteOptions document from parameters, as when the body is empty."""
    document: Tree = {}
    if not query.raw:
        return document
    if (grace := integer(query, "gracePeriodSeconds")) is not None:
        document["gracePeriodSeconds"] = grace
    if (orphan := boolean(query, "orphanDependents")) is not None:
        document["orphanDependents"] = orphan
    if "propagationPolicy" in query:
        document["propagationPolicy"] = query.get("propagationPolicy")
    if dry_run := query.all("dryRun"):
        document["dryRun"] = dry_run
    if preconditions := {name: query.get(name) for name in ("uid", "resourceVersion") if name in query}:
        document["preconditions"] = preconditions
    if (unsafe := boolean(query, _UNSAFE)) is not None:
        document[_UNSAFE] = unsafe
    return document
