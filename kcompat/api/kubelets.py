"""Finds who answers for a node: a simulated one in this process, or a kubelet's address. Called by the actions that need a node.

Upstream: pkg/kubelet/client/kubelet_client.go:GetConnectionInfo, registry/core/pod/strategy.go:streamLocation.
"""

from __future__ import annotations

from dataclasses import dataclass

from kcompat.api.request import Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.remote_command import Kubelet
from kcompat.apimachinery.simulation import is_simulated

_PREFERRED = ("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP")
_PORT = 10250


@dataclass(frozen=True, slots=True)
class Location:
    """Where a node's kubelet listens, and who it is if it is simulated here."""

    host: str
    port: int
    is_simulated: bool = False
    simulated: Kubelet | None = None


async def location_of(scope: Scope, name: str) -> Location:
    """Raises NotFound, and an error without a reason for a node without an address."""
    nodes = scope.services.catalog.get("", "v1", "nodes")
    assert nodes is not None
    try:
        node = (await scope.services.stores(nodes).get("", name)).peek()
    except errors.StatusError as error:  # named after the resource that was asked for
        raise errors.not_found("", scope.resource.name, name) if error.code == 404 else error from None
    status = node.get("status") or {}
    addresses: list[Tree] = status.get("addresses") or []
    host = next((a["address"] for kind in _PREFERRED for a in addresses if a["type"] == kind), "")
    if not host:
        known = " ".join(f"{{{a['type']} {a['address']}}}" for a in addresses)
        raise errors.StatusError(500, "", f"no preferred addresses found; known addresses: [{known}]")
    port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port") or _PORT
    simulated = is_simulated(node)
    return Location(host, port, simulated, scope.services.kubelet(name) if simulated else None)


def chosen_container(pod: Tree, wanted: str) -> str:
    """The container asked for, or the only one. Raises BadRequest (upstream: validateContainer)."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [c["name"] for kind in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(kind) or ()]
    if wanted:
        if wanted not in names:
            raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    mains = spec.get("containers") or []
    if len(mains) == 1:
        only: str = mains[0]["name"]
        return only
    message = f"a container name must be specified for pod {name}"
    raise errors.bad_request(f"{message}, choose one of: [{' '.join(names)}]" if mains else message)
