"""What exec, attach, port-forward and proxy answer while nodes have no server of their own."""

from __future__ import annotations

from kcompat.api.request import Answer, Request
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors


async def refuse(request: Request, scope: Scope) -> Answer:
    """Raises NotFound for an absent object, else says what is missing."""
    tree = (await scope.store.get(scope.namespace, scope.name)).peek()
    node = tree.get("spec", {}).get("nodeName", "") if scope.resource.name == "pods" else scope.name
    if scope.resource.name == "pods" and not node:
        raise errors.bad_request(f"pod {scope.name} does not have a host assigned")
    raise no_kubelet(scope, node)


def no_kubelet(scope: Scope, node: str) -> errors.StatusError:
    name = scope.subresource.name if scope.subresource else ""
    return errors.internal_error(f"{scope.resource.name}/{name} is not available: the API server does not speak to the kubelet of node {node} yet")


get = create = update = patch = delete = refuse
