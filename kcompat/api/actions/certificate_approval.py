"""certificatesigningrequests/approval: changes the Approved and Denied conditions. Upstream: pkg/registry/certificates/certificates."""

from __future__ import annotations

from kcompat.api.actions.trusted import Trusted
from kcompat.api.request import Answer, Request, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs import get as getting
from kcompat.api.verbs import patch as patching
from kcompat.api.verbs import update as updating
from kcompat.registry.declare import keep


class _Approval(Trusted):
    """Only the conditions, and metadata, may change."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        conditions = new.get("status", {}).get("conditions")
        keep(new, old, "spec", "status")
        status = {**new.get("status", {})}
        if conditions:
            status["conditions"] = conditions
        else:
            status.pop("conditions", None)
        new["status"] = status


RULES = _Approval()


async def get(request: Request, scope: Scope) -> Answer:
    return await getting.handle(request, scope)


async def update(request: Request, scope: Scope) -> Answer:
    return await updating.handle(request, scope, rules=RULES)


async def patch(request: Request, scope: Scope) -> Answer:
    return await patching.handle(request, scope, rules=RULES)
