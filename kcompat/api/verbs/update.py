"""PUT: update. Upstream: apiserver endpoints/handlers/update.go."""

from __future__ import annotations

from kcompat.admission.interface import CREATE, UPDATE
from kcompat.api import body, field_managers, owner_references, respond
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs.create import check_namespace
from kcompat.apimachinery import errors
from kcompat.apimachinery.apply.field_manager import changed_only_times
from kcompat.auth.authorization import forbidden
from kcompat.auth.interface import AuthorizationAttributes, Decision
from kcompat.registry.declare import Rules, Status
from kcompat.registry.store import Preconditions, Transform, Written


async def handle(request: Request, scope: Scope, *, rules: Rules | None = None) -> Answer:
    """`rules` are those of a subresource with rules of its own."""
    resource = scope.resource
    form = respond.output(request, tables=scope.tables)
    dry_run = body.validate_write_options(request, "UpdateOptions")
    obj = await body.read_object(request, resource.group, resource.version, resource.kind)
    check_name(obj, scope.name)
    check_namespace(obj, scope.namespace)
    resource.rules.default(obj)
    owner_references.deduplicate(request, obj)
    uid = obj["metadata"].get("uid", "")

    async def transform(current: Tree | None) -> Tree:
        live = resource.from_storage(current) if current is not None and resource.from_storage else current
        new = field_managers.track(request, scope, live, {**obj, "metadata": dict(obj["metadata"])})
        return resource.to_storage(new) if resource.to_storage else new

    written = await write(request, scope, transform, dry_run=dry_run, preconditions=Preconditions(uid=uid or None), rules=rules)
    return respond.entry_response(request, scope, written.entry, form, 201 if written.created else 200)


async def write(
    request: Request,
    scope: Scope,
    transform: Transform,
    *,
    dry_run: bool,
    retry: bool = False,
    rules: Rules | None = None,
    preconditions: Preconditions = Preconditions(),  # noqa: B008 - frozen
    allow_create: bool = False,
) -> Written:
    """The update loop with admission around it; shared with patch and apply.

    `allow_create`: also where a PUT cannot create. Where it can, so can one of the status (upstream: their strategies are one).
    """
    services, resource = scope.services, scope.resource
    if scope.subresource is None or isinstance(scope.subresource, Status):
        allow_create = allow_create or resource.rules.allow_create_on_update

    async def mutate(current: Tree | None) -> Tree:
        new: Tree = await transform(current)
        attributes = scope.attributes(UPDATE if current is not None else CREATE, request, new, current, dry_run=dry_run)
        entries = new["metadata"].get("managedFields")
        if current is None:
            resource.rules.requested_by(new, request.user)
        await services.admission.admit(attributes)
        field_managers.check_admitted(request, new, entries)
        owner_references.deduplicate(request, new, after_admission=True)
        if current is None:
            request.warnings.extend(resource.rules.preparation_warnings(new))
        return new

    async def admit(new: Tree, old: Tree | None) -> None:
        if old is None:
            await authorize_create(request, scope)
        else:
            keep_times(new, old)
        is_status = isinstance(scope.subresource, Status) and old is not None
        request.warnings.extend(resource.rules.status_warnings(new) if is_status else resource.rules.warnings(new, old))
        operation = UPDATE if old is not None else CREATE
        await services.admission.validate(scope.attributes(operation, request, new, old, dry_run=dry_run))

    return await scope.store.update(
        scope.namespace,
        scope.name,
        mutate,
        status=isinstance(scope.subresource, Status),
        admit=admit,
        create_admit=admit,
        preconditions=preconditions,
        allow_create=allow_create,
        retry=retry,
        rules=rules,
        dry_run=dry_run,
    )


async def authorize_create(request: Request, scope: Scope) -> None:
    """Creating by PUT or PATCH takes the right to create. Raises Forbidden (upstream: handlers/update.go:withAuthorization)."""
    of, user = scope.resource, request.user
    asked = AuthorizationAttributes(user, "create", of.group, of.version, of.name, "", scope.namespace, scope.name, request.path)
    verdict = await scope.services.authorizer.authorize(asked)
    if verdict.decision is not Decision.ALLOW:
        raise forbidden(asked, verdict.reason)


def keep_times(new: Tree, old: Tree) -> None:
    """A write that would only renew times in managedFields changes nothing (upstream: IgnoreManagedFieldsTimestampsTransformer)."""
    if changed_only_times(old, new):
        new["metadata"]["managedFields"] = old["metadata"]["managedFields"]


def check_name(obj: Tree, name: str) -> None:
    """Raises BadRequest when the object's name is not the URL's."""
    found = obj["metadata"].get("name", "")
    if not found:
        raise errors.bad_request(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if found != name:
        raise errors.bad_request(f"the name of the object ({found}) does not match the name on the URL ({name})")
