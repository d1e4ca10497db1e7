"""DELETE of a collection. Upstream: apiserver endpoints/handlers/delete.go:DeleteCollection."""

from __future__ import annotations

from dataclasses import replace

from kcompat.api import parameters, respond
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.api.verbs.delete import admission, read_options, warn
from kcompat.api.verbs.list import list_response, refuse_initial_events
from kcompat.registry import deletion
from kcompat.registry.listing import list_objects


async def handle(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    options = await read_options(request)
    warn(request, scope, options)
    refuse_initial_events(request)
    selection = replace(parameters.list_options(request, scope), continue_token=request.query.get("continue"))
    listed = await list_objects(scope.store, scope.namespace, selection)
    await deletion.delete_each(scope.store, scope.namespace, list(listed.entries), options, admission(request, scope, options))
    return list_response(request, scope, listed, form)
