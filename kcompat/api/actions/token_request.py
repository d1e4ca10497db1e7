"""serviceaccounts/token: issues a token. Upstream: pkg/registry/core/serviceaccount/storage/token.go."""

from __future__ import annotations

from kcompat.admission.interface import CREATE
from kcompat.api import body, field_managers, respond
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.api.verbs.create import check_namespace
from kcompat.apimachinery import errors
from kcompat.apimachinery.field import Path, invalid
from kcompat.apimachinery.schema import ordered

DEFAULT_SECONDS = 3600


async def create(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=False)
    dry_run = body.validate_write_options(request, "CreateOptions")
    asked = await body.read_object(request, "authentication.k8s.io", "v1", "TokenRequest")
    check_namespace(asked, scope.namespace)
    if asked["spec"].get("expirationSeconds") is None:
        asked["spec"]["expirationSeconds"] = DEFAULT_SECONDS
    asked = field_managers.track(request, scope, None, asked)
    attributes = scope.attributes(CREATE, request, asked, None, dry_run=dry_run)
    await scope.services.admission.admit(attributes)
    if asked["metadata"].get("name", scope.name) != scope.name:
        why = "must match the service account name if specified"
        found = [invalid(Path("metadata").child("name"), asked["metadata"]["name"], why)]
        raise errors.invalid("authentication.k8s.io", "TokenRequest", scope.name, found)
    account = (await scope.store.get(scope.namespace, scope.name)).peek()
    uid, own = asked["metadata"].get("uid", ""), account["metadata"]["uid"]
    if uid not in ("", own):
        why = f"the UID in the token request ({uid}) does not match the UID of the service account ({own})"
        raise errors.conflict("authentication.k8s.io", "TokenRequest", scope.name, why)
    attributes.object = wanted = scope.services.tokens.completed(account, asked)
    await scope.services.admission.validate(attributes)
    answer = await scope.services.tokens.issue(account, wanted)
    return respond.tree_response(request, ordered(answer, "authentication.k8s.io", "v1", "TokenRequest"), form, 201)
