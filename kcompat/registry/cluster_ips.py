"""Cluster IPs: an address in use is an IPAddress object, which no two servers on one store can both create.

The networks are those of all ServiceCIDRs that are ready, as they are when an address is wanted. Called by `service_addresses.py` and
`service_repair.py`. Upstream: pkg/registry/core/service/ipallocator/{cidrallocator,ipallocator}.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.address_range import AddressRange, range_of
from kcompat.apimachinery.clock import Clock, Identity, rfc3339
from kcompat.apimachinery.ip import Address, ip_text, is_ipv6, parse_ip
from kcompat.registry.declare import Tree
from kcompat.registry.deletion import DeleteOptions, delete
from kcompat.registry.rules.service_allocation import FULL
from kcompat.registry.store import Store
from kcompat.registry.stores import Stores

GROUP = "networking.k8s.io"
FAMILY_LABEL, MANAGED_BY_LABEL = "ipaddress.kubernetes.io/ip-family", "ipaddress.kubernetes.io/managed-by"
MANAGER = "ipallocator.k8s.io"
ALLOCATED = "provided IP is already allocated"
MISMATCHED = "the provided network does not match the current range"
NOT_READY = "allocator not ready"
_WRITTEN_FIELDS: Tree = {
    "f:metadata": {"f:labels": {".": {}, f"f:{FAMILY_LABEL}": {}, f"f:{MANAGED_BY_LABEL}": {}}},
    "f:spec": {"f:parentRef": {".": {}, "f:name": {}, "f:namespace": {}, "f:resource": {}}},
}


class Refused(Exception):
    """A pool cannot serve a claim; the text is upstream's."""


def is_ready(cidr: Tree) -> bool:
    """Whether addresses may come from a ServiceCIDR; without the condition they may, as nobody may be there to set it."""
    ready = meta.find_condition(meta.conditions(cidr), "Ready")
    return not meta.is_being_deleted(cidr) and (ready is None or ready["status"] == "True")


def ranges(cidrs: Iterable[Tree], family: str) -> list[AddressRange]:
    """The ranges of these ServiceCIDRs in one family."""
    texts = dict.fromkeys(text for cidr in cidrs for text in cidr["spec"].get("cidrs") or ())
    found = (range_of(text) for text in texts)
    return [each for each in found if each is not None and each.network.version == (6 if family == "IPv6" else 4)]


def address_object(ip: str, service: Tree) -> Tree:
    """The IPAddress of an address that a Service has."""
    labels = {FAMILY_LABEL: "IPv6" if is_ipv6(ip) else "IPv4", MANAGED_BY_LABEL: MANAGER}
    parent = {"resource": "services", "namespace": meta.namespace(service), "name": meta.name(service)}
    return {"kind": "IPAddress", "apiVersion": f"{GROUP}/v1", "metadata": {"name": ip, "labels": labels}, "spec": {"parentRef": parent}}


class ClusterIPs:
    """The addresses of one cluster's Services."""

    def __init__(self, stores: Stores, clock: Clock, identity: Identity) -> None:
        self._stores = stores
        self._clock = clock
        self._identity = identity

    async def claim(self, service: Tree, wanted: str, family: str, dry_run: bool) -> str:
        """Takes an address ("": any) for a Service. Raises Refused."""
        return await (self._claim_one(service, wanted, family, dry_run) if wanted else self._claim_any(service, family, dry_run))

    async def release(self, ip: str) -> None:
        """Gives an address back; one that is not taken stays so."""
        try:
            await delete(self._store("ipaddresses"), "", ip_text(parse_ip(ip) or _nothing(ip)), DeleteOptions())
        except errors.StatusError as error:
            if error.reason != "NotFound":
                raise

    async def _claim_one(self, service: Tree, wanted: str, family: str, dry_run: bool) -> str:
        address = parse_ip(wanted) or _nothing(wanted)
        known = await self.cidrs()
        if dry_run:
            _check_dry(address, known, family)
        elif not any(each.holds(address) for each in ranges(filter(is_ready, known), family)):
            raise Refused(MISMATCHED)
        elif not await self.take(ip_text(address), service):
            raise Refused(ALLOCATED)
        return wanted

    async def _claim_any(self, service: Tree, family: str, dry_run: bool) -> str:
        usable = ranges(filter(is_ready, await self.cidrs()), family)
        if dry_run and usable:
            return str(usable[0].network.network_address)  # as upstream: nothing is looked for
        addresses = self._store("ipaddresses")
        taken = await addresses.fresh()
        for each in usable:
            for ip in each.candidates(self._identity.fraction()):
                if taken.get(addresses.key("", ip)) is None and await self.take(ip, service):
                    return ip
        raise Refused(FULL)

    async def take(self, ip: str, service: Tree) -> bool:
        """Creates the IPAddress; False when it exists already. Raises Refused when it cannot be created."""
        tree = address_object(ip, service)
        entry = {"apiVersion": tree["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": _WRITTEN_FIELDS, "manager": "kube-apiserver"}
        tree["metadata"]["managedFields"] = [{**entry, "operation": "Update", "time": rfc3339(self._clock.now())}]
        try:
            await self._store("ipaddresses").create(tree, "")
        except errors.StatusError as error:
            if error.reason == "AlreadyExists":
                return False
            raise Refused(error.message) from error
        return True

    async def cidrs(self) -> Sequence[Tree]:
        """All ServiceCIDRs, by name."""
        store = self._store("servicecidrs")
        return [entry.peek() for entry in (await store.fresh()).scan(store.prefix)]

    def _store(self, plural: str) -> Store:
        return self._stores.named(GROUP, plural)


def _check_dry(address: Address, cidrs: Sequence[Tree], family: str) -> None:
    """What a dry run checks: one of the ranges, whichever comes first."""
    ready = ranges(filter(is_ready, cidrs), family)
    if not ready:
        raise Refused(NOT_READY)
    if not any(each.holds(address) for each in ready):
        raise Refused(f"the provided IP ({ip_text(address)}) is not in the valid range. The range of valid IPs is {ready[0].network}")


def _nothing(text: str) -> Address:
    raise errors.internal_error(f"failed to parse service IP {text!r}")
