"""POST: create. Upstream: apiserver endpoints/handlers/create.go."""

from __future__ import annotations

from kcompat.admission.interface import CREATE
from kcompat.api import body, field_managers, owner_references, respond
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.registry.object_meta import wipe_system_fields

_WIPED = frozenset(("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "selfLink", "uid"))
"""What only the server sets; gone before anybody can own it (upstream: rest.WipeObjectMetaSystemFields)."""


async def handle(request: Request, scope: Scope) -> Answer:
    resource = scope.resource
    form = respond.output(request)
    dry_run = body.validate_write_options(request, "CreateOptions")
    obj = await body.read_object(request, resource.group, resource.version, resource.kind)
    obj = await prepare(request, scope, obj, dry_run)
    attributes = scope.attributes(CREATE, request, obj, None, dry_run=dry_run)

    async def admit(new: Tree, old: Tree | None) -> None:
        attributes.object, attributes.name = new, new["metadata"].get("name", "")
        request.warnings.extend(resource.rules.warnings(new, None))
        await scope.services.admission.validate(attributes)

    request.warnings.extend(resource.rules.preparation_warnings(obj))
    written = await scope.store.create(obj, scope.namespace, admit=admit, dry_run=dry_run)
    return respond.entry_response(request, scope, written.entry, form, 201)


async def prepare(request: Request, scope: Scope, obj: Tree, dry_run: bool) -> Tree:
    """Defaults, managedFields and mutating admission: what happens to a new object before the store sees it."""
    resource = scope.resource
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):  # rest.WipeObjectMetaSystemFields
        obj["metadata"].pop(name, None)
    check_namespace(obj, scope.namespace)
    resource.rules.default(obj)
    wipe_system_fields(obj["metadata"])
    owner_references.deduplicate(request, obj)
    if not _WIPED.isdisjoint(obj["metadata"]):
        obj["metadata"] = {name: value for name, value in obj["metadata"].items() if name not in _WIPED}
    if scope.namespace and not obj["metadata"].get("namespace"):
        obj["metadata"]["namespace"] = scope.namespace
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds"):  # not its creator's to own
        obj["metadata"].pop(name, None)
    obj = field_managers.track(request, scope, None, obj)
    attributes = scope.attributes(CREATE, request, obj, None, dry_run=dry_run)
    attributes.name = obj["metadata"].get("name", "")
    entries = obj["metadata"].get("managedFields")
    resource.rules.requested_by(obj, request.user)
    await scope.services.admission.admit(attributes)
    field_managers.check_admitted(request, obj, entries)
    owner_references.deduplicate(request, obj, after_admission=True)
    return resource.to_storage(obj) if resource.to_storage is not None else obj


def check_namespace(obj: Tree, namespace: str) -> None:
    """Raises BadRequest when the object names another namespace than the URL (rest.EnsureObjectNamespaceMatchesRequestNamespace)."""
    found = obj["metadata"].get("namespace", "")
    if found and found != namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        if not namespace:
            obj["metadata"].pop("namespace")
            return
        raise errors.bad_request(message)
