"""namespaces/finalize: sets spec.finalizers; the last one gone ends the namespace. Upstream: pkg/registry/core/namespace/storage."""

from __future__ import annotations

from kcompat.api import body, field_managers, respond
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs.update import check_name
from kcompat.registry.rules.namespace import NamespaceFinalizeRules

_RULES = NamespaceFinalizeRules()


async def update(request: Request, scope: Scope) -> Answer:
    form = respond.output(request, tables=False)
    dry_run = body.validate_write_options(request, "UpdateOptions")
    namespace = await body.read_object(request, "", "v1", "Namespace")
    check_name(namespace, scope.name)
    scope.resource.rules.default(namespace)

    async def transform(current: Tree | None) -> Tree:
        return field_managers.track(request, scope, current, {**namespace, "metadata": dict(namespace["metadata"])})

    written = await scope.store.update("", scope.name, transform, rules=_RULES, dry_run=dry_run)
    return respond.entry_response(request, scope, written.entry, form)
