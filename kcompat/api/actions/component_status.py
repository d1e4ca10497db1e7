"""componentstatuses (deprecated): scheduler, controller-manager and etcd as this process knows them. Upstream: pkg/registry/core/componentstatus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from kcompat.api import parameters, respond, table
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors

Probe = Callable[[], Awaitable[None]]


async def list(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    probes: Mapping[str, Probe] = scope.services.settings["components"]
    chosen = parameters.list_options(request, scope)
    known = {"metadata.namespace": ""}
    items = [
        await _status(name, probe)
        for name, probe in sorted(probes.items())
        if chosen.labels.matches({}) and chosen.fields.matches(known | {"metadata.name": name})
    ]
    if form.transform:
        return respond.tree_response(request, table.transform_list(request, scope.resource, items, {}, form), form)
    document = {"kind": "ComponentStatusList", "apiVersion": "v1", "metadata": {}, "items": items}
    return respond.tree_response(request, document, form)


async def get(request: Request, scope: Scope) -> Answer:
    form = respond.output(request)
    probes: Mapping[str, Probe] = scope.services.settings["components"]
    if scope.name not in probes:
        raise errors.not_found("", "componentstatus", scope.name)
    document = {"kind": "ComponentStatus", "apiVersion": "v1", **await _status(scope.name, probes[scope.name])}
    return respond.object_response(request, scope.resource, document, form)


async def _status(name: str, probe: Probe) -> Tree:
    condition: Tree = {"type": "Healthy", "status": "True", "message": "ok"}
    try:
        await probe()
    except Exception as error:
        condition = {"type": "Healthy", "status": "False", "error": str(error)}
    return {"metadata": {"name": name}, "conditions": [condition]}
