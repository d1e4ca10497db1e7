"""Gives Services their cluster IPs and node ports, and takes them back: hooks of the services store. Built by `cluster.py`.

An address is claimed by creating its IPAddress object, which no two servers on one store can both do (upstream:
pkg/registry/core/service/ipallocator/ipallocator.go). Ports are those no stored Service has and no request under way has claimed.
What is planned is decided by `registry/rules/service_allocation.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import Identity
from kcompat.registry.declare import Tree
from kcompat.registry.deletion import DeleteOptions, delete
from kcompat.registry.hooks import Undo
from kcompat.registry.rules import service_allocation as allocation
from kcompat.registry.rules.service_allocation import Claim
from kcompat.registry.stores import Stores

GROUP = "networking.k8s.io"
_RANDOM_TRIES = 32


@dataclass(frozen=True, slots=True)
class Ranges:
    """Service networks, the primary one first, and node ports, both ends included."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    first_port: int
    last_port: int


def parse_ranges(cidrs: str, ports: str) -> Ranges:
    """From the flags. Raises ValueError."""
    networks = tuple(ip_network(cidr.strip()) for cidr in cidrs.split(","))
    first, _, last = ports.partition("-")
    return Ranges(networks, int(first), int(last))


class _Refused(Exception):
    """A pool's answer to a claim it cannot serve; the text is upstream's."""


class ServiceAddresses:
    """registry.hooks.Hooks of services."""

    def __init__(self, stores: Stores, identity: Identity, ranges: Ranges) -> None:
        self._stores = stores
        self._identity = identity
        self._ranges = ranges
        self._families = tuple("IPv6" if n.version == 6 else "IPv4" for n in ranges.networks)
        self._reserved: set[int] = set()

    async def before_create(self, obj: Tree, dry_run: bool) -> Undo:
        return await self._carry_out(obj, allocation.plan_create(obj, self._families), dry_run)

    async def before_update(self, new: Tree, old: Tree, dry_run: bool) -> Undo:
        return await self._carry_out(new, allocation.plan_update(new, old, self._families), dry_run)

    async def after_update(self, new: Tree, old: Tree) -> None:
        kept = set(allocation.held(new))
        await self._release([value for value in allocation.held(old) if value not in kept])

    async def after_delete(self, obj: Tree) -> None:
        await self._release(allocation.held(obj))

    async def _carry_out(self, service: Tree, plan: allocation.Plan, dry_run: bool) -> Undo:
        """Claims what is planned, all or nothing."""
        name = service["metadata"].get("name", "")
        if plan.errors:
            raise errors.invalid("", "Service", name, plan.errors)
        granted: list[str | int] = []
        for claim in plan.claims:
            try:
                value = await self._claim(service, claim, dry_run)
            except _Refused as refusal:
                await self._give_back(granted, dry_run)
                raise errors.invalid("", "Service", name, [allocation.refused(service, claim, str(refusal))]) from None
            granted.append(value)
            allocation.grant(service, claim, value)

        async def undo() -> None:
            await self._give_back(granted, dry_run)

        self._settle(granted)
        return undo

    def _settle(self, granted: Sequence[str | int]) -> None:
        """Ports stay reserved until their Service is in the cache, at the latest when the next one is looked for."""
        self._reserved.update(value for value in granted if isinstance(value, int))

    async def _give_back(self, granted: Sequence[str | int], dry_run: bool) -> None:
        self._reserved.difference_update(value for value in granted if isinstance(value, int))
        if not dry_run:
            await self._release(granted)

    async def _release(self, values: Sequence[str | int]) -> None:
        store = self._stores.named(GROUP, "ipaddresses")
        for value in values:
            if isinstance(value, str):
                try:
                    await delete(store, "", value, DeleteOptions())
                except errors.StatusError as error:
                    if error.reason != "NotFound":
                        raise
            else:
                self._reserved.discard(value)

    async def _claim(self, service: Tree, claim: Claim, dry_run: bool) -> str | int:
        if claim.kind == "ip":
            return await self._claim_ip(service, str(claim.wanted), claim.family, dry_run)
        return await self._claim_port(int(claim.wanted))

    # -- addresses -----------------------------------------------------------------------------------------------------

    async def _claim_ip(self, service: Tree, wanted: str, family: str, dry_run: bool) -> str:
        network = self._ranges.networks[self._families.index(family)]
        if wanted:
            self._check_range(wanted, network)
            if not await self._take(service, wanted, family, dry_run):
                raise _Refused("provided IP is already allocated")
            return wanted
        size = network.num_addresses - 2
        reserved = min(max(16, size // 16), 256) if size > 32 else 0
        for _ in range(_RANDOM_TRIES):
            candidate = str(network[1 + reserved + int(self._identity.fraction() * (size - reserved))])
            if await self._take(service, candidate, family, dry_run):
                return candidate
        for offset in [*range(1 + reserved, size + 1), *range(1, 1 + reserved)]:
            candidate = str(network[offset])
            if await self._take(service, candidate, family, dry_run):
                return candidate
        raise _Refused("range is full")

    @staticmethod
    def _check_range(wanted: str, network: IPv4Network | IPv6Network) -> None:
        address = ip_address(wanted)
        if address not in network or address in (network[0], network[-1]):
            raise _Refused("the provided network does not match the current range")

    async def _take(self, service: Tree, ip: str, family: str, dry_run: bool) -> bool:
        """Creates the IPAddress; False when it exists."""
        labels = {"ipaddress.kubernetes.io/ip-family": family, "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}
        metadata = service["metadata"]
        parent = {"resource": "services", "namespace": metadata.get("namespace", ""), "name": metadata.get("name", "")}
        address: Tree = {
            "kind": "IPAddress",
            "apiVersion": f"{GROUP}/v1",
            "metadata": {"name": ip, "labels": labels},
            "spec": {"parentRef": parent},
        }
        try:
            await self._stores.named(GROUP, "ipaddresses").create(address, "", dry_run=dry_run)
        except errors.StatusError as error:
            if error.reason == "AlreadyExists":
                return False
            raise
        return True

    # -- ports ---------------------------------------------------------------------------------------------------------

    async def _claim_port(self, wanted: int) -> int:
        used = await self._used_ports()
        first, last = self._ranges.first_port, self._ranges.last_port
        if wanted:
            if not first <= wanted <= last:
                raise _Refused(f"provided port is not in the valid range. The range of valid ports is {first}-{last}")
            if wanted in used:
                raise _Refused("provided port is already allocated")
            self._reserved.add(wanted)
            return wanted
        free = [port for port in range(first, last + 1) if port not in used]
        if not free:
            raise _Refused("range is full")
        port = free[int(self._identity.fraction() * len(free))]
        self._reserved.add(port)
        return port

    async def _used_ports(self) -> set[int]:
        store = self._stores.named("", "services")
        entries = (await store.fresh()).scan(store.prefix)
        stored = {value for entry in entries for value in allocation.held(entry.peek()) if isinstance(value, int)}
        self._reserved -= stored
        return stored | self._reserved
