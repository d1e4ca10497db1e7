"""nodes/proxy, pods/proxy and services/proxy: where a name leads, and the request passed on there. Called by the actions of those subresources.

Upstream: registry/core/{node,pod}/strategy.go:ResourceLocation, registry/core/service/storage/storage.go:ResourceLocation.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from ipaddress import ip_address

from kcompat.api import kubelets, proxying
from kcompat.api.pod_streams import plain
from kcompat.api.proxying import Backend
from kcompat.api.request import Answer, Request, Response, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.selectors import parse_label_selector
from kcompat.auth.kubelet_client import unverified
from kcompat.registry.listing import ListOptions, list_objects

_SCHEMES = ("", "http", "https")
_SERVICE_NAME = "kubernetes.io/service-name"


async def to_pod(request: Request, scope: Scope) -> Answer:
    scheme, name, port = _split(scope, "pod")
    pod = (await scope.store.get(scope.namespace, name)).peek()
    if not port:
        declared = (p["containerPort"] for c in pod["spec"]["containers"] for p in c.get("ports") or ())
        port = str(next(declared, "443" if scheme == "https" else "80"))
    ips = (pod.get("status") or {}).get("podIPs") or ()
    address = ips[0]["ip"] if ips else (pod.get("status") or {}).get("podIP", "")
    if not _is_allowed(address):
        raise errors.bad_request("address not allowed")
    backend = Backend(address, _number(port), _context(scheme))
    await _check_listens(scope, pod, backend)
    return await _pass_on(request, scope, backend)


async def _check_listens(scope: Scope, pod: Tree, backend: Backend) -> None:
    """No process listens in a simulated pod, and its address is nobody's: the answer need not be waited for."""
    node = pod["spec"].get("nodeName")
    if node and (await kubelets.location_of(scope, node)).is_simulated:
        refused = f"dial tcp {backend.authority}: connect: connection refused"
        raise errors.service_unavailable(f"error trying to reach service: {refused}")


async def to_service(request: Request, scope: Scope) -> Answer:
    scheme, name, port = _split(scope, "service")
    if port.isdigit():
        service = (await scope.store.get(scope.namespace, name)).peek()
        named = next((p.get("name") or "" for p in service["spec"].get("ports") or () if p["port"] == int(port)), None)
        if named is None:
            raise errors.service_unavailable(f"no service port {int(port)} found for service {quote(name)}")
        port = named
    pod, address, number = await _endpoint(scope, name, port)
    backend = Backend(address, number, _context(scheme))
    await _check_listens(scope, pod, backend)
    return await _pass_on(request, scope, backend)


async def to_node(request: Request, scope: Scope) -> Answer:
    scheme, name, port = _split(scope, "node")
    location = await kubelets.location_of(scope, name)
    to_kubelet = not port or port == str(location.port)
    if location.simulated is not None:
        page = location.simulated.page(f"/{request.info.rest}") if to_kubelet else None
        return Response(200, page[1], page[0]) if page is not None else plain(404, "404 page not found\n")
    await _check_host(location.host)
    backend = proxying.kubelet(scope, location) if to_kubelet else Backend(location.host, _number(port), _context(scheme))
    return await _pass_on(request, scope, backend)


def _split(scope: Scope, kind: str) -> tuple[str, str, str]:
    """`name`, `name:port` or `scheme:name:port`. Raises BadRequest (util/net:SplitSchemeNamePort)."""
    parts = scope.name.split(":")
    scheme, name, port = {1: ("", *parts, ""), 2: ("", *parts), 3: parts}.get(len(parts), ("", "", ""))
    if not name or scheme not in _SCHEMES:
        raise errors.bad_request(f"invalid {kind} request {quote(scope.name)}")
    return scheme, name, port


def _number(port: str) -> int:
    if not port.isdigit() or int(port) > 0xFFFF:
        raise errors.service_unavailable(f"error trying to reach service: dial tcp: lookup tcp/{port}: unknown port")
    return int(port)


def _context(scheme: str) -> ssl.SSLContext | None:
    return unverified() if scheme == "https" else None


def _is_allowed(address: str) -> bool:
    """A global unicast address (net.IP.IsGlobalUnicast)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return not (ip.is_loopback or ip.is_multicast or ip.is_link_local or ip.is_unspecified or str(ip) == "255.255.255.255")


async def _check_host(host: str) -> None:
    """Raises BadRequest for a host at an address that must not be proxied to (node/strategy.go:isProxyableHostname)."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        raise errors.bad_request(f"lookup {host}: no such host") from None
    if not all(_is_allowed(str(info[4][0])) for info in found):
        raise errors.bad_request("address not allowed")


async def _endpoint(scope: Scope, service: str, port: str) -> tuple[Tree, str, int]:
    """A ready endpoint that is really a pod (util/proxy:RandomEndpoint). Raises ServiceUnavailable."""
    slices = scope.services.catalog.get("discovery.k8s.io", "v1", "endpointslices")
    pods = scope.services.catalog.get("", "v1", "pods")
    assert slices is not None and pods is not None
    wanted = ListOptions(labels=parse_label_selector(f"{_SERVICE_NAME}={service}"))
    listed = await list_objects(scope.services.stores(slices), scope.namespace, wanted)
    start = scope.services.identity.fraction()
    for address, number, reference in _endpoints([entry.peek() for entry in listed.entries], port, start):
        if reference.get("namespace") != scope.namespace:
            continue
        try:
            pod = (await scope.services.stores(pods).get(scope.namespace, reference.get("name", ""))).peek()
        except errors.StatusError:
            continue
        if any(ip["ip"] == address for ip in (pod.get("status") or {}).get("podIPs") or ()):
            return pod, address, number
    raise errors.service_unavailable(f"no endpoints available for service {quote(service)}")


def _endpoints(slices: list[Tree], port: str, start: float) -> Iterator[tuple[str, int, Tree]]:
    """Address, port and target of every ready endpoint, from a random one on, the slices of IPv4 first."""
    for each in sorted(slices, key=lambda each: str(each.get("addressType") != "IPv4")):
        for offered in each.get("ports") or ():
            if offered.get("name") != port or offered.get("port") is None:
                continue
            endpoints = each.get("endpoints") or []
            first = int(start * len(endpoints))
            for endpoint in endpoints[first:] + endpoints[:first]:
                if (endpoint.get("conditions") or {}).get("ready") is not False and endpoint.get("targetRef"):
                    yield endpoint["addresses"][0], offered["port"], endpoint["targetRef"]


async def _pass_on(request: Request, scope: Scope, backend: Backend) -> Answer:
    rest = request.info.rest
    if not rest and not request.path.endswith("/"):
        if request.method in ("GET", "HEAD"):  # relative links of a page need a directory
            query = f"?{request.query.raw}" if request.query.raw else ""
            return Response(301, b"", "", {"Location": f"{request.path}/{query}"})
    path = f"/{rest}"
    if request.path.endswith("/") and not path.endswith("/"):
        path += "/"
    prefix = request.path.rstrip("/")[: -len(rest) or None].rstrip("/") if rest else request.path.rstrip("/")
    return await proxying.forward(request, backend, path, prefix)
