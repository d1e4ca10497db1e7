"""services/proxy: answered by a node's server, which simulated nodes do not have yet: an error says so."""

from __future__ import annotations

from kcompat.api.actions.unreachable import refuse
from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.quote import quote


async def connect(request: Request, scope: Scope) -> Answer:
    """Raises ServiceUnavailable where there is no such service: upstream looks at its endpoints only."""
    if (await scope.store.fresh()).get(scope.store.key(scope.namespace, scope.name)) is None:
        raise errors.service_unavailable(f"no endpoints available for service {quote(scope.name)}")
    return await refuse(request, scope)


create = get = update = patch = delete = connect
