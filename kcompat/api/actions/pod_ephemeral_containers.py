"""pods/ephemeralcontainers: adds debug containers to a running pod. Upstream: pkg/registry/core/pod/strategy.go."""

from __future__ import annotations

from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.api.verbs import get as getting
from kcompat.api.verbs import patch as patching
from kcompat.api.verbs import update as updating
from kcompat.registry.rules.pod.rules import EphemeralContainersRules

RULES = EphemeralContainersRules()


async def get(request: Request, scope: Scope) -> Answer:
    return await getting.handle(request, scope)


async def update(request: Request, scope: Scope) -> Answer:
    return await updating.handle(request, scope, rules=RULES)


async def patch(request: Request, scope: Scope) -> Answer:
    return await patching.handle(request, scope, rules=RULES)
