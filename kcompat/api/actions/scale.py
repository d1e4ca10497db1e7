"""The scale subresource: autoscaling/v1 Scale over the replicas of an object. Upstream: pkg/registry/apps/*/storage: ScaleREST."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kcompat.admission.interface import UPDATE
from kcompat.api import body, field_managers, negotiate, respond
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs import apply as applying
from kcompat.api.verbs import patch as patching
from kcompat.api.verbs.create import check_namespace
from kcompat.api.verbs.update import check_name
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.apply.field_manager import entries_of, with_entries, without_entries
from kcompat.apimachinery.apply.scale import to_parent, to_scale
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.field import Path, invalid
from kcompat.apimachinery.selectors import from_label_selector, from_labels
from kcompat.registry.columns.scale import SCALE
from kcompat.registry.declare import Scale
from kcompat.registry.store import Preconditions


async def get(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    entry = await scope.store.get(scope.namespace, scope.name)
    return _answer(request, scope, entry.peek(), form)


def _answer(request: Request, scope: Scope, tree: Tree, form: negotiate.Output) -> Answer:
    shown = replace(scope.resource, columns=SCALE)
    return respond.object_response(request, shown, scale_of(tree, _declared(scope)), form)


async def update(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    dry_run = body.validate_write_options(request, "UpdateOptions")
    scale = await body.read_object(request, "autoscaling", "v1", "Scale")
    check_name(scale, scope.name)
    check_namespace(scale, scope.namespace)
    preconditions = Preconditions(uid=scale["metadata"].get("uid") or None)

    async def wanted(current: Tree) -> Tree:
        return field_managers.track(request, scope, current, scale)

    return await _write(request, scope, wanted, form, dry_run, preconditions)


async def patch(request: Request, scope: Scope) -> Answer:
    media_type = patching.patch_type(request)
    if media_type == negotiate.APPLY_PATCH:
        return await apply(request, scope)
    form = respond.output(request)
    data, dry_run = await body.read_patch(request)
    document = patching.read(request, data, "autoscaling", "v1", "Scale", media_type)

    async def wanted(current: Tree) -> Tree:
        _, new = document.patched(request, current)
        check_name(new, scope.name)
        check_namespace(new, scope.namespace)
        return field_managers.track(request, scope, current, new)

    return await _write(request, scope, wanted, form, dry_run, retry=True)


async def apply(request: Request, scope: Scope) -> Answer:
    """Server-side apply of a Scale."""
    form = respond.output(request)
    data, dry_run = await body.read_patch(request, apply=True)
    config, duplicates = applying.read_config(request, data)

    async def wanted(current: Tree) -> Tree:
        fields = scope.services.field_managers.of(scope)
        applied = applying.apply(request, fields, current, config, rfc3339(scope.services.clock.now()))
        applying.answer_duplicates(request, duplicates)
        scale = applying.decode(config, applied, "autoscaling", "v1", "Scale")
        applying.check(scope, current, scale)
        return scale

    return await _write(request, scope, wanted, form, dry_run, retry=True)


def _declared(scope: Scope) -> Scale:
    assert isinstance(scope.subresource, Scale)
    return scope.subresource


def scale_of(tree: Tree, declared: Scale) -> Tree:
    """The Scale an object shows."""
    metadata = {
        name: tree["metadata"][name]
        for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if name in tree["metadata"]
    }
    status: Tree = {"replicas": meta.get(tree, _path(declared.status_replicas), 0)}
    if text := _selector(meta.get(tree, _path(declared.selector))):
        status["selector"] = text
    spec = {} if not (replicas := meta.get(tree, _path(declared.replicas), 0)) else {"replicas": replicas}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status}


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(dotted.lstrip(".").split("."))


def _selector(selector: Any) -> str:
    if not selector:
        return ""
    if isinstance(selector, str):
        return selector
    structured = "matchLabels" in selector or "matchExpressions" in selector
    return str(from_label_selector(selector) if structured else from_labels(selector))


async def _write(
    request: Request, scope: Scope, wanted: Any, form: negotiate.Output, dry_run: bool,
    preconditions: Preconditions = Preconditions(),  # noqa: B008 - frozen
    *, retry: bool = False,
) -> Answer:  # fmt: skip
    declared, services = _declared(scope), scope.services
    version, path = scope.resource.api_version, _path(declared.replicas)
    mappings = {version: tuple(f"f:{name}" for name in path)}

    async def transform(current: Tree | None) -> Tree:
        assert current is not None
        before = with_entries(scale_of(current, declared), to_scale(entries_of(current), mappings))
        scale = await wanted(before)
        _check(scale, before, scope)
        attributes = scope.attributes(UPDATE, request, scale, before, dry_run=dry_run)
        await services.admission.admit(attributes)
        await services.admission.validate(attributes)
        changed: Tree = meta.replace(current, path, scale.get("spec", {}).get("replicas", 0))
        changed = meta.replace(changed, ("metadata", "resourceVersion"), scale["metadata"].get("resourceVersion", ""))
        return with_entries(without_entries(changed), to_parent(entries_of(current), entries_of(scale), version, mappings))

    written = await scope.store.update(scope.namespace, scope.name, transform, preconditions=preconditions, retry=retry, dry_run=dry_run)
    return _answer(request, scope, written.tree, form)


def _check(scale: Tree, before: Tree, scope: Scope) -> None:
    """Raises Invalid, Conflict (upstream: ValidateScale, scaleUpdatedObjectInfo). The store looks at the resourceVersion."""
    replicas = scale.get("spec", {}).get("replicas", 0)
    if replicas < 0:
        found = [invalid(Path("spec").child("replicas"), replicas, "must be greater than or equal to 0")]
        raise errors.invalid("autoscaling", "Scale", scale["metadata"].get("name", ""), found)
    uid = scale["metadata"].get("uid", "")
    if uid and uid != before["metadata"]["uid"]:
        message = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['metadata']['uid']}"
        resource = scope.resource
        raise errors.conflict(resource.group, f"{resource.name}/scale", scope.name, message)
