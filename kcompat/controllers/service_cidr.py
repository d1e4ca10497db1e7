"""Keeps ServiceCIDRs while Services need their addresses, and says whether they are ready (upstream: pkg/controller/servicecidrs)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.address_range import AddressRange, range_of
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.ip import Address, parse_ip
from kcompat.client.client import APPLY_PATCH, STRATEGIC_MERGE_PATCH, Client
from kcompat.client.events import WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.controllers.controller import Context, controller

SERVICE_CIDRS = ResourceType("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", namespaced=False)
IP_ADDRESSES = ResourceType("networking.k8s.io", "v1", "ipaddresses", "IPAddress", namespaced=False)
NAME, FINALIZER = "service-cidr-controller", "networking.k8s.io/service-cidr-finalizer"
MANAGED_BY, ALLOCATOR = "ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io"
GRACE_SECONDS = 10.0
"""How long API servers have to notice that a ServiceCIDR is going."""
READY = {"type": "Ready", "status": "True", "reason": "", "message": "Kubernetes Service CIDR is ready"}
IN_USE = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
TERMINATING = {"type": "Ready", "status": "False", "reason": "Terminating", "message": IN_USE}


def ranges(cidr: Tree) -> list[AddressRange]:
    """The ranges of a ServiceCIDR."""
    found = (range_of(text) for text in cidr["spec"].get("cidrs") or ())
    return [each for each in found if each is not None]


def overlapping(cidr: Tree, all_cidrs: Iterable[Tree]) -> list[str]:
    """Names of those that hold or are held by it, its own among them."""
    own = [each.network for each in ranges(cidr)]
    return [
        meta.name(other) for other in all_cidrs
        if any(a.version == b.network.version and a.overlaps(b.network) for a in own for b in ranges(other))
    ]  # fmt: skip


def holding(address: Address, all_cidrs: Iterable[Tree]) -> list[str]:
    """Names of those that hold an address."""
    return [meta.name(cidr) for cidr in all_cidrs if any(each.holds(address) for each in ranges(cidr))]


def may_go(cidr: Tree, all_cidrs: Sequence[Tree], addresses: Iterable[Tree]) -> bool:
    """Whether no Service would lose its network: other ServiceCIDRs hold all of it, or the addresses in use (canDeleteCIDR)."""
    others = [other for other in all_cidrs if meta.name(other) != meta.name(cidr)]
    if all(any(_within(own, each) for other in others for each in ranges(other)) for own in ranges(cidr)):
        return True
    in_use = (parse_ip(meta.name(address)) for address in addresses if _allocated(address))
    return not any(ip is not None and holding(ip, all_cidrs) == [meta.name(cidr)] for ip in in_use)


def _within(inner: AddressRange, outer: AddressRange) -> bool:
    one, two = inner.network, outer.network
    return one.version == two.version and two.prefixlen <= one.prefixlen and one.overlaps(two)


def _allocated(address: Tree) -> bool:
    return meta.labels(address).get(MANAGED_BY) == ALLOCATOR


@controller(NAME, workers=5, account="service-cidrs-controller", component=NAME)
class ServiceCIDRController:
    """Keys are names of ServiceCIDRs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(SERVICE_CIDRS)
        self._applier = Client(context.client.transport, NAME).of(SERVICE_CIDRS)
        self._cidrs = context.watch(SERVICE_CIDRS, self._cidr_changed)
        self._addresses = context.watch(IP_ADDRESSES, self._address_changed)

    def _cidr_changed(self, old: Tree | None, new: Tree | None) -> None:
        self._context.enqueue(old, new)
        if old is None and new is not None:
            self._queue(overlapping(new, self._cidrs))

    def _address_changed(self, old: Tree | None, new: Tree | None) -> None:
        address = new or old
        if address is not None and (old is None or new is None) and _allocated(address):
            self._queue(holding(ip, self._cidrs) if (ip := parse_ip(meta.name(address))) is not None else ())

    def _queue(self, names: Iterable[str]) -> None:
        for name in names:
            self._context.queue.add(name)

    async def reconcile(self, key: str) -> float | None:
        cidr = self._cidrs.get("", key)
        if cidr is None:
            return None
        if meta.is_being_deleted(cidr):
            return await self._finish(cidr)
        if FINALIZER not in meta.finalizers(cidr):
            await self._patch(cidr, {"finalizers": [FINALIZER]})
        try:
            await self._condition(cidr, READY)
        except StatusError:
            self._context.recorder.event(
                cidr, WARNING, "KubernetesServiceCIDRError", "The ServiceCIDR Status can not be set to Ready=True", resource=SERVICE_CIDRS
            )
            raise
        return None

    async def _finish(self, cidr: Tree) -> float | None:
        if not may_go(cidr, list(self._cidrs), self._addresses):
            await self._condition(cidr, TERMINATING)
            return None
        gone = (self._context.clock.now() - parse_rfc3339(meta.deletion_timestamp(cidr))).total_seconds()
        if gone < GRACE_SECONDS:
            return GRACE_SECONDS - gone
        if FINALIZER in meta.finalizers(cidr):
            await self._patch(cidr, {"$deleteFromPrimitiveList/finalizers": [FINALIZER]})
        return None

    async def _patch(self, cidr: Tree, metadata: dict[str, Any]) -> None:
        try:
            await self._client.patch(meta.name(cidr), {"metadata": metadata}, content_type=STRATEGIC_MERGE_PATCH)
        except StatusError as error:
            if error.code != 404:
                raise

    async def _condition(self, cidr: Tree, wanted: dict[str, str]) -> None:
        found = meta.find_condition(meta.conditions(cidr), wanted["type"]) or {}
        if {name: found.get(name) for name in wanted} == wanted:
            return
        condition = {**wanted, "lastTransitionTime": rfc3339(self._context.clock.now())}
        body: Tree = {"apiVersion": SERVICE_CIDRS.api_version, "kind": SERVICE_CIDRS.kind, "metadata": {"name": meta.name(cidr)}}
        body["status"] = {"conditions": [condition]}
        await self._applier.patch(meta.name(cidr), body, content_type=APPLY_PATCH, subresource="status", force=True)
