"""DELETE of one object. Upstream: apiserver endpoints/handlers/delete.go:DeleteResource."""

from __future__ import annotations

from typing import Any

from kcompat.admission.interface import DELETE
from kcompat.api import body, negotiate, parameters, respond
from kcompat.api.negotiate import Output
from kcompat.api.request import Answer, Request, Response, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors, schema
from kcompat.registry import deletion
from kcompat.registry.deletion import DeleteOptions, Deletion


async def handle(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=scope.tables)
    options = await read_options(request)
    warn(request, scope, options)
    outcome = await deletion.delete(scope.store, scope.namespace, scope.name, options, admission(request, scope, options))
    return delete_response(request, scope, outcome, options, form)


def warn(request: Request, scope: Scope, options: DeleteOptions) -> None:
    """Where the default of what becomes of dependents surprises (upstream: pkg/registry/batch/job/storage)."""
    warning = scope.resource.rules.deletion_warning
    if warning and options.propagation is None and options.orphan_dependents is None:
        request.warnings.append(warning)


async def read_options(request: Request) -> DeleteOptions:
    """DeleteOptions from the body, or from parameters when there is none. Raises BadRequest, Invalid."""
    document = await _document(request)
    options = parameters.delete_options(document)
    deletion.validate_options(options)
    return options


async def _document(request: Request) -> Tree:
    if request.object is not None:
        tree: Any = request.object
        return dict(tree)
    data = await request.read()
    if not data:
        return parameters.delete_options_from_query(request.query)
    media_type = negotiate.body_type(request.headers.get("Content-Type", ""))
    tree, _ = body.parse(media_type, data, "")
    try:
        api_version, kind = schema.interpret(tree)
        if kind not in ("", "DeleteOptions"):
            raise schema.unknown_kind(api_version or "meta.k8s.io/v1", kind)
        return schema.decode(tree, "", "v1", "DeleteOptions").tree
    except schema.DecodeError as error:
        raise errors.bad_request(str(error)) from None


def admission(request: Request, scope: Scope, options: DeleteOptions) -> deletion.AdmitDelete:
    """Admission of a deletion, mutating plugins first as upstream."""
    chain = scope.services.admission

    async def admit(old: Tree) -> None:
        attributes = scope.attributes(DELETE, request, None, old, dry_run=options.dry_run)
        attributes.name = old["metadata"]["name"]
        await chain.admit(attributes)
        await chain.validate(attributes)

    return admit


def delete_response(request: Request, scope: Scope, outcome: Deletion, options: DeleteOptions, form: Output) -> Response:
    """The object where the resource answers with it, or it is not gone yet; else a Status."""
    resource = scope.resource
    status = 202 if not outcome.deleted and options.orphan_dependents is False else 200
    if resource.returns_deleted or not outcome.deleted:
        tree = resource.from_storage(outcome.tree) if resource.from_storage else outcome.tree
        return respond.object_response(request, resource, tree, form, status)
    metadata = outcome.tree["metadata"]
    details = {"name": metadata["name"], "group": resource.group, "kind": resource.name, "uid": metadata["uid"]}
    answer = errors.success(details)
    answer.pop("code", None)
    return respond.tree_response(request, answer, Output(form.media_type, pretty=form.pretty), status)
