"""Gives Services their cluster IPs and node ports, and takes them back: hooks of the services store. Built by `cluster.py`.

What is planned is decided by `registry/rules/service_allocation.py`; the pools are `cluster_ips.py` and `node_ports.py`, and what a crash
leaves in them is put right by `service_repair.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from kcompat.apimachinery import errors
from kcompat.registry.cluster_ips import ClusterIPs, Refused
from kcompat.registry.declare import Tree
from kcompat.registry.hooks import Undo
from kcompat.registry.node_ports import ClaimRefused, NodePorts, PortRange
from kcompat.registry.rules import service_allocation as allocation
from kcompat.registry.rules.service_allocation import Claim


@dataclass(frozen=True, slots=True)
class Ranges:
    """Service networks of the flags, the primary one first, and node ports."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    ports: PortRange

    @property
    def families(self) -> tuple[str, ...]:
        """The families that Services can have, the primary one first."""
        return tuple("IPv6" if network.version == 6 else "IPv4" for network in self.networks)


def parse_ranges(cidrs: str, ports: str) -> Ranges:
    """From the flags. Raises ValueError."""
    networks = tuple(ip_network(cidr.strip()) for cidr in cidrs.split(","))
    first, _, last = ports.partition("-")
    return Ranges(networks, PortRange(int(first), int(last)))


class ServiceAddresses:
    """registry.hooks.Hooks of services."""

    def __init__(self, ips: ClusterIPs, ports: NodePorts, families: Sequence[str]) -> None:
        self._ips = ips
        self._ports = ports
        self._families = families

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
        if plan.errors:
            raise errors.invalid("", "Service", service["metadata"].get("name", ""), plan.errors)
        granted: list[str | int] = []

        async def undo() -> None:
            if not dry_run:
                await self._release(granted)

        try:
            await self._claim_ips(service, [claim for claim in plan.claims if claim.kind == "ip"], granted, dry_run)
            await self._claim_ports(service, [claim for claim in plan.claims if claim.kind != "ip"], granted, dry_run)
        except BaseException:
            await undo()
            raise
        return undo

    async def _claim_ips(self, service: Tree, claims: Sequence[Claim], granted: list[str | int], dry_run: bool) -> None:
        for claim in claims:
            try:
                ip = await self._ips.claim(service, str(claim.wanted), claim.family, dry_run)
            except Refused as refusal:
                raise allocation.refused(service, claim, str(refusal)) from None
            granted.append(ip)
            allocation.grant(service, claim, ip)

    async def _claim_ports(self, service: Tree, claims: Sequence[Claim], granted: list[str | int], dry_run: bool) -> None:
        try:
            ports = await self._ports.claim([int(claim.wanted) for claim in claims], dry_run)
        except ClaimRefused as refusal:
            raise allocation.refused(service, claims[refusal.index], str(refusal)) from None
        granted += ports
        for claim, port in zip(claims, ports, strict=True):
            allocation.grant(service, claim, port)

    async def _release(self, values: Sequence[str | int]) -> None:
        for value in values:
            if isinstance(value, str):
                await self._ips.release(value)
        await self._ports.release(value for value in values if isinstance(value, int))
