"""DELETE of a collection. Upstream: apiserver endpoints/handlers/delete.go:DeleteCollection."""

from __future__ import annotations

from kcompat.api import parameters, respond
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.api.verbs.delete import admission, read_options, warn
from kcompat.api.verbs.list import list_response
from kcompat.apimachinery import errors
from kcompat.apimachinery.field import invalid
from kcompat.registry import deletion
from kcompat.registry.deletion import ONLY_UNREADABLE
from kcompat.registry.listing import list_objects


async def handle(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    options = await read_options(request)
    if options.only_unreadable:
        found = [invalid(ONLY_UNREADABLE, True, "is not allowed with DELETECOLLECTION, try again after removing the option")]
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", found)
    selection = parameters.list_options(request, scope)
    warn(request, scope, options)
    listed = await list_objects(scope.store, scope.namespace, selection)
    await deletion.delete_each(scope.store, scope.namespace, list(listed.entries), options, admission(request, scope, options))
    return list_response(request, scope, listed, form)
