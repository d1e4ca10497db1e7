"""GET of one object. Upstream: apiserver endpoints/handlers/get.go:GetResource."""

from __future__ import annotations

from kcompat.api import respond
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.registry import listing, watching


async def handle(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=scope.tables)
    if request.query.raw:
        await _not_older_than(request, scope)
    entry = await scope.store.get(scope.namespace, scope.name)
    return respond.entry_response(request, scope, entry, form)


async def _not_older_than(request: Request, scope: Scope) -> None:
    if "export" in request.query:
        raise errors.bad_request("the export parameter, deprecated since v1.14, is no longer supported")
    parse = listing.parse_revision if scope.resource.ttl else watching.parse_revision
    revision = parse(request.query.get("resourceVersion"))
    if revision:
        await listing.wait_for_revision(scope.store, revision)
