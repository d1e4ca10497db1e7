"""The Endpoints object of each service that chooses pods, for clients older than endpoint slices (upstream: pkg/controller/endpoint)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.events import WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import ENDPOINTS, PODS, SERVICES
from kcompat.controllers import pods as podutil
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, split_key
from kcompat.controllers.pod_control import is_namespace_terminating
from kcompat.controllers.service_endpoints import (
    HEADLESS,
    TRIGGER_TIME,
    TriggerTimes,
    addresses,
    behind,
    belongs,
    has_pods,
    hostname,
    is_headless,
    pod_reference,
    services_changed,
    target_port,
)

MANAGED_BY, OURS = "endpoints.kubernetes.io/managed-by", "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
LEADER = "control-plane.alpha.kubernetes.io/leader"
MAX_ADDRESSES = 1000

Port = tuple[str, int, str, str]


def address_of(pod: Tree, service: Tree) -> Tree | None:
    """None: the pod has no address of the service's family (upstream: podToEndpointAddressForService)."""
    families = spec_of(service).get("ipFamilies") or ()
    cluster_ip = spec_of(service).get("clusterIP") or ""
    wanted = families[0] if families else ("IPv6" if ":" in cluster_ip else "IPv4")
    found = next((ip for ip in addresses(pod) if (":" in ip) == (wanted == "IPv6")), None)
    if found is None:
        return None
    entry: Tree = {"ip": str(ipaddress.ip_address(found)), "targetRef": pod_reference(pod)}
    optional = {"nodeName": podutil.node_name(pod), "hostname": hostname(pod, service)}
    return entry | {key: value for key, value in optional.items() if value}


def subsets_of(service: Tree, pods: Iterable[Tree]) -> list[Tree]:
    """Addresses with the same ports together, ready ones apart (upstream: syncService, RepackSubsets)."""
    spec = spec_of(service)
    anyhow = bool(spec.get("publishNotReadyAddresses"))
    grouped: dict[tuple[Port, ...], dict[str, list[Tree]]] = {}
    for pod in pods:
        address = address_of(pod, service) if belongs(pod, terminating=anyhow) else None
        ports = _ports(service, pod)
        if address is None or not (ports or (not spec.get("ports") and spec.get("clusterIP") == "None")):
            continue
        kind = "addresses" if anyhow or podutil.is_ready(pod) else "notReadyAddresses"
        grouped.setdefault(ports, {}).setdefault(kind, []).append(address)
    return [_subset(ports, found) for ports, found in sorted(grouped.items())]


def _ports(service: Tree, pod: Tree) -> tuple[Port, ...]:
    found = []
    for port in spec_of(service).get("ports") or ():
        number = target_port(pod, port)
        if number is not None:
            found.append((port.get("name") or "", number, port.get("protocol", "TCP"), port.get("appProtocol") or ""))
    return tuple(sorted(found))


def _subset(ports: Sequence[Port], found: Mapping[str, list[Tree]]) -> Tree:
    subset: Tree = {kind: sorted(entries, key=_order) for kind, entries in found.items()}
    if ports:
        fields = ("name", "port", "protocol", "appProtocol")
        subset["ports"] = [{key: value for key, value in zip(fields, port, strict=True) if value} for port in ports]
    return subset


def _order(address: Tree) -> tuple[int, str]:
    return int(ipaddress.ip_address(address["ip"])), address["targetRef"]["uid"]


def truncated(subsets: list[Tree]) -> tuple[list[Tree], bool]:
    """At most MAX_ADDRESSES, ready ones first; whether any was left out (upstream: truncateEndpoints shares them out over the subsets)."""
    total = sum(len(subset.get(kind, ())) for subset in subsets for kind in ("addresses", "notReadyAddresses"))
    if total <= MAX_ADDRESSES:
        return subsets, False
    room, kept = MAX_ADDRESSES, [dict(subset) for subset in subsets]
    for kind in ("addresses", "notReadyAddresses"):
        for subset in kept:
            subset[kind] = subset.get(kind, [])[:room]
            room -= len(subset[kind])
    cleaned = ({key: value for key, value in subset.items() if value} for subset in kept)
    return [subset for subset in cleaned if "addresses" in subset or "notReadyAddresses" in subset], True


def labels_of(service: Tree) -> dict[str, str]:
    own = {key: value for key, value in meta.labels(service).items() if key != HEADLESS}
    return own | ({HEADLESS: ""} if is_headless(service) else {}) | {MANAGED_BY: OURS}


def wanted(service: Tree, pods: Iterable[Tree], present: Tree | None, time: str | None) -> Tree | None:
    """The object to write; None: it is right as it is."""
    subsets, is_truncated = truncated(subsets_of(service, pods))
    labels, over = labels_of(service), "truncated" if is_truncated else None
    if present is not None and _subsets(present) == subsets and dict(meta.labels(present)) == labels:
        if meta.annotations(present).get(OVER_CAPACITY) == over:
            return None
    base = present or {"metadata": {"name": meta.name(service), "namespace": meta.namespace(service)}}
    tree = meta.with_annotations(meta.with_metadata(base, labels=labels), {TRIGGER_TIME: time, OVER_CAPACITY: over})
    kept = {key: value for key, value in tree.items() if key != "subsets"}
    return {**kept, "subsets": subsets} if subsets else kept


def _subsets(present: Tree) -> list[Tree]:
    found = []
    for subset in present.get("subsets") or ():
        entry = {key: value for key, value in subset.items() if value}
        for kind in ("addresses", "notReadyAddresses"):
            if kind in entry:
                entry[kind] = [_without_version(address) for address in entry[kind]]
        found.append(entry)
    return found


def _without_version(address: Tree) -> Tree:
    target = {key: value for key, value in (address.get("targetRef") or {}).items() if key != "resourceVersion"}
    return {**address, "targetRef": target}


@controller("endpoints-controller", workers=5, account="endpoint-controller")
class EndpointsController:
    """Keys are namespace/name of services."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(ENDPOINTS)
        self._times, self._written = TriggerTimes(), Written()
        self._services = context.watch(SERVICES, context.enqueue)
        self._pods = context.watch(PODS, self._pod_changed)
        self._endpoints = context.watch(ENDPOINTS, self._endpoints_changed)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        for key in services_changed(old, new, self._services):
            self._context.queue.add(key)

    def _endpoints_changed(self, old: Tree | None, new: Tree | None) -> None:
        """Those that are gone are made again."""
        if new is None and old is not None:
            self._written.forget(old)
            self._context.queue.add(meta.key(old))

    async def run(self) -> None:
        """Those left over from services that are gone go, once: later ones are their makers' (upstream: checkLeftoverEndpoints)."""
        for endpoints in self._endpoints:
            if LEADER not in meta.annotations(endpoints):
                self._context.queue.add(meta.key(endpoints))

    async def reconcile(self, key: str) -> float | None:
        service, present = self._services.get(*split_key(key)), self._endpoints.get(*split_key(key))
        if service is None:
            await self._remove(key, present)
            return None
        if not has_pods(service):
            return None
        if present is not None and self._written.is_stale(present):
            raise Requeue
        pods = behind(service, self._pods)
        tree = wanted(service, pods, present, self._times.changed(service, pods))
        if tree is not None:
            await self._write(service, tree, present)
        return None

    async def _remove(self, key: str, present: Tree | None) -> None:
        self._times.forget(key)
        if present is None or LEADER in meta.annotations(present):
            return
        try:
            await self._client.delete(meta.name(present), meta.namespace(present))
        except StatusError as error:
            if error.code != 404:
                raise

    async def _write(self, service: Tree, tree: Tree, present: Tree | None) -> None:
        try:
            self._written.wrote(await (self._client.update(tree) if present is not None else self._client.create(tree)))
        except StatusError as error:
            if present is None and is_namespace_terminating(error):
                return
            key = meta.key(service)
            reason, what = ("FailedToCreateEndpoint", f"create endpoint for service {key}")
            if present is not None:
                reason, what = ("FailedToUpdateEndpoint", f"update endpoint {key}")
            self._context.recorder.event(tree, WARNING, reason, f"Failed to {what}: {error}", resource=ENDPOINTS)
            raise
