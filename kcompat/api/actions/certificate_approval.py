"""certificatesigningrequests/approval: changes the Approved and Denied conditions. Upstream: pkg/registry/certificates/certificates."""

from __future__ import annotations

from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.api.verbs import get as getting
from kcompat.api.verbs import patch as patching
from kcompat.api.verbs import update as updating
from kcompat.registry.rules.certificate_signing_request import ApprovalRules


async def get(request: Request, scope: Scope) -> Answer:
    return await getting.handle(request, scope)


async def update(request: Request, scope: Scope) -> Answer:
    return await updating.handle(request, scope, rules=ApprovalRules(scope.services.clock))


async def patch(request: Request, scope: Scope) -> Answer:
    return await patching.handle(request, scope, rules=ApprovalRules(scope.services.clock))
