"""PATCH: JSON, merge and strategic merge patches; server-side apply is in `apply`. Upstream: apiserver endpoints/handlers/patch.go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from kcompat.api import body, field_managers, negotiate, respond
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs import apply
from kcompat.api.verbs.create import check_namespace
from kcompat.api.verbs.update import check_name, write
from kcompat.apimachinery import errors, json_strict, schema
from kcompat.apimachinery.field import Path, invalid
from kcompat.apimachinery.patch import json_patch, merge_patch, strategic
from kcompat.registry.declare import Rules

ACCEPTED = (negotiate.JSON_PATCH, negotiate.MERGE_PATCH, negotiate.STRATEGIC_PATCH, negotiate.APPLY_PATCH)
Patch = Callable[[Tree], Tree]


async def handle(request: Request, scope: Scope, *, rules: Rules | None = None) -> Answer:
    """`rules` are those of a subresource with rules of its own."""
    media_type = patch_type(request)
    if media_type == negotiate.APPLY_PATCH:
        return await apply.handle(request, scope, rules=rules)
    form = respond.output(request)
    dry_run = body.validate_write_options(request, "PatchOptions")
    transform = await patch_of(request, scope, media_type)
    written = await write(request, scope, transform, dry_run=dry_run, retry=True, rules=rules)
    return respond.entry_response(request, scope, written.entry, form)


def patch_type(request: Request) -> str:
    """The patch's media type. Raises UnsupportedMediaType."""
    media_type = request.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()
    if media_type in ACCEPTED:
        return media_type
    if media_type.startswith("application/apply-patch+"):
        message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(ACCEPTED)
        raise errors.unsupported_media_type(message)
    error = errors.unsupported_media_type("415: Unsupported Media Type")
    error.details = {}
    raise error


async def patch_of(request: Request, scope: Scope, media_type: str) -> Any:
    """The patch as a function of the current object (storage version in and out)."""
    resource = scope.resource
    document, duplicates = await read_patch(request, media_type)
    patch, unknown = applier(request, resource.group, resource.version, resource.kind, media_type, document)
    duplicates = [*unknown, *duplicates]

    async def transform(current: Tree | None) -> Tree:
        if current is None:
            raise scope.store.not_found(scope.name)
        served = resource.from_storage(current) if resource.from_storage else current
        patched = field_managers.track(request, scope, served, patch_object(request, scope, patch, served, duplicates))
        return resource.to_storage(patched) if resource.to_storage else patched

    return transform


async def read_patch(request: Request, media_type: str) -> tuple[Any, list[str]]:
    """The patch document, and the duplicate fields in it. Raises BadRequest."""
    if request.object is not None:
        return request.object, []
    data = await request.read()
    try:
        document, duplicates = json_strict.loads(data)
    except json_strict.JSONError as error:
        raise errors.bad_request(f"error decoding patch: {error}") from None
    return document, [f"json patch {text}" for text in duplicates] if media_type == negotiate.JSON_PATCH else duplicates


def applier(request: Request, group: str, version: str, kind: str, media_type: str, document: Any) -> tuple[Patch, list[str]]:
    """The patch as a function of an object of this kind, and the strict errors of the patch itself. Raises BadRequest."""
    validated = body.field_validation(request) != body.IGNORE
    if media_type == negotiate.JSON_PATCH:
        operations, unknown = json_patch.decode(document, validated=validated)
        return (lambda current: json_patch.apply(current, operations)), [f"json patch {text}" for text in unknown]
    if media_type == negotiate.MERGE_PATCH:
        if validated:
            merge_patch.check(document)
        return (lambda current: merge_patch.apply(current, document)), []
    typed = schema.type_of(group, version, kind)
    assert typed is not None  # only kinds of the catalog come here
    return (lambda current: strategic.apply(current, document, typed)), []


def patch_object(request: Request, scope: Scope, patch: Patch, current: Tree, duplicates: list[str]) -> Tree:
    """Patches, decodes and defaults. Raises BadRequest or Invalid as upstream words them."""
    resource = scope.resource
    patched: Any = patch(current)
    if isinstance(patched, dict):
        patched = {**patched, "kind": resource.kind, "apiVersion": resource.api_version}
    try:
        decoded = schema.decode(patched, resource.group, resource.version, resource.kind)
    except schema.DecodeError as error:
        shown = orjson.dumps(patched, option=orjson.OPT_SORT_KEYS).decode()
        raise errors.invalid("", "", "", [invalid(Path("patch"), shown, str(error))]) from None
    if decoded.strict_errors or duplicates:
        body.answer_strict_errors(request, [*decoded.strict_errors, *duplicates], "")
    obj = decoded.tree
    obj["kind"], obj["apiVersion"] = resource.kind, resource.api_version
    field_managers.keep_reset(patched, obj)
    check_name(obj, scope.name)
    check_namespace(obj, scope.namespace)
    resource.rules.default(obj)
    return obj
