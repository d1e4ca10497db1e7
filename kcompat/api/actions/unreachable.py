"""What log, exec, attach, port-forward and proxy answer while nodes have no server of their own."""

from __future__ import annotations

from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors


async def refuse(request: Request, scope: Scope) -> Answer:
    """Raises NotFound for an absent object, else as upstream when no kubelet answers."""
    entry = await scope.store.get(scope.namespace, scope.name)
    tree = entry.peek()
    node = tree.get("spec", {}).get("nodeName", "") if scope.resource.name == "pods" else scope.name
    if scope.resource.name == "pods" and not node:
        raise errors.bad_request(f"pod {scope.name} does not have a host assigned")
    name = scope.subresource.name if scope.subresource else ""
    raise errors.internal_error(f"{scope.resource.name}/{name} is not available: node {node!r} is simulated and has no kubelet server")


get = create = update = patch = delete = refuse
