"""namespaces/finalize: sets spec.finalizers; the last one gone ends the namespace. Upstream: pkg/registry/core/namespace/storage."""

from __future__ import annotations

from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.api.verbs import update as updating
from kcompat.registry.rules.namespace import NamespaceFinalizeRules

_RULES = NamespaceFinalizeRules()


async def update(request: Request, scope: Scope) -> Answer:
    return await updating.handle(request, scope, rules=_RULES)
