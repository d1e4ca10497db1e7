"""Puts right what a crash or an operator's hand left between Services and what they hold: IPAddress objects and the bitmap of node ports.

`cluster.py` runs it before requests are answered and then every few minutes. Each Service's address has its IPAddress; an IPAddress of a
Service that never came goes a minute after it was made; ports that no Service has are free again when three repairs in a row have found them
so. Upstream: pkg/registry/core/service/ipallocator/controller/repairip.go, portallocator/controller/repair.go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.clock import Clock, parse_rfc3339
from kcompat.apimachinery.ip import ip_text, is_ipv6, parse_ip
from kcompat.registry.cluster_ips import FAMILY_LABEL, GROUP, MANAGED_BY_LABEL, MANAGER, ClusterIPs, Refused, ranges
from kcompat.registry.declare import Tree
from kcompat.registry.node_ports import NodePorts, PortRange, Snapshot
from kcompat.registry.stores import Stores
from kcompat.storage.interface import Conflict, StorageError

log = logging.getLogger(__name__)

INTERVAL = 180.0
REPAIRS_BEFORE_CLEANUP = 3
_UNBORN_SECONDS, _UNDONE_SECONDS = 60.0, 5.0
"""How long an IPAddress may wait for its Service to be created, or for the undoing of a creation that failed."""

IP_REPAIR, PORT_REPAIR = "ipallocator-repair-controller", "portallocator-repair-controller"
Report = Callable[[str, Tree, str, str, str], None]
"""Tells users: who repairs, about which object, reason, action and note of a warning Event."""


def ports_of(service: Tree) -> list[int]:
    """A Service's node ports; those that several protocols share count once (upstream: collectServiceNodePorts)."""
    found: list[int] = []
    seen: dict[int, set[str]] = {}
    for port in service["spec"].get("ports") or ():
        number, protocol = port.get("nodePort", 0), port.get("protocol", "")
        if number and (number not in seen or protocol in seen[number]):
            found.append(number)
        if number:
            seen.setdefault(number, set()).add(protocol)
    check = service["spec"].get("healthCheckNodePort", 0)
    return [*found, check] if check and (check not in seen or "TCP" in seen[check]) else found


class PortRepair:
    """Rebuilds the bitmap from the Services; remembers between repairs which ports seem lost."""

    def __init__(self, ports: PortRange, report: Report) -> None:
        self._range = ports
        self._report = report
        self._leaks: dict[int, int] = {}

    def rebuilt(self, stored: Snapshot, services: Iterable[Tree]) -> int:
        """The bitmap as it should be."""
        before = set(_range(stored.range, self._range).taken(stored.bits))
        bits, unclaimed = 0, set(before)
        for service in services:
            for port in ports_of(service):
                bits |= self._accounted(service, port, bits, before)
                unclaimed.discard(port)
        return bits | self._range.bits([port for port in sorted(unclaimed) if self._still_kept(port)])

    def _accounted(self, service: Tree, port: int, bits: int, before: set[int]) -> int:
        try:
            self._range.take(bits, port)
        except Refused:
            if self._range.bits([port]):
                note = f"Port {port} was assigned to multiple services; please recreate service"
                self._tell(service, "PortAlreadyAllocated", note)
            else:
                self._tell(service, "PortOutOfRange", f"Port {port} is not within the port range {self._range}; please recreate service")
            return 0
        if port not in before:
            self._tell(service, "PortNotAllocated", f"Port {port} is not allocated; repairing")
        self._leaks.pop(port, None)
        return self._range.bits([port])

    def _still_kept(self, port: int) -> bool:
        left = self._leaks.get(port, REPAIRS_BEFORE_CLEANUP - 1)
        if left <= 0:
            log.warning("the node port %d appears to have leaked: cleaning up", port)
            self._leaks.pop(port)
            return False
        self._leaks[port] = left - 1
        return True

    def _tell(self, service: Tree, reason: str, note: str) -> None:
        log.warning("service %s: %s", meta.key(service), note)
        self._report(PORT_REPAIR, service, reason, "PortAllocation", note)


def _range(text: str, default: PortRange) -> PortRange:
    first, _, last = text.partition("-")
    return PortRange(int(first), int(last)) if first.isdigit() and last.isdigit() else default


class ServiceRepair:
    """Both repairs, once or for ever."""

    def __init__(self, stores: Stores, ips: ClusterIPs, ports: NodePorts, clock: Clock, report: Report) -> None:
        self._stores = stores
        self._ips = ips
        self._ports = ports
        self._clock = clock
        self._report = report
        self._port_repair = PortRepair(ports.range, report)

    async def run(self, seconds: float = INTERVAL) -> None:
        """Repairs again and again. Ends when cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.ports()
                seconds = await self.ips()
            except (StorageError, errors.StatusError) as error:
                log.warning("repair of services' addresses: %s", error)
                seconds = INTERVAL

    async def ports(self) -> None:
        """Brings the bitmap of node ports in line with the Services; makes it when there is none."""
        while True:
            snapshot = await self._ports.snapshot()
            try:
                await self._ports.replace(snapshot, self._port_repair.rebuilt(snapshot, await self._all("", "services")))
                return
            except Conflict:
                continue

    async def ips(self) -> float:
        """Brings IPAddress objects in line with the Services. Returns after how many seconds to look again."""
        services = {meta.key(service): service for service in await self._all("", "services")}
        addresses = {meta.name(address): address for address in await self._all(GROUP, "ipaddresses")}
        cidrs = await self._ips.cidrs()
        for service in services.values():
            for ip in service["spec"].get("clusterIPs") or ():
                if ip not in ("", "None") and service["spec"].get("type") != "ExternalName":
                    await self._repair_service(service, ip, addresses, services, cidrs)
        waits = [await self._repair_address(address, services) for address in addresses.values()]
        return min(INTERVAL, *waits) if waits else INTERVAL

    async def _repair_service(
        self, service: Tree, ip: str, addresses: dict[str, Tree], services: dict[str, Tree], cidrs: Sequence[Tree]
    ) -> None:
        """One address of a Service has an IPAddress that names it (syncService)."""
        parsed, family = parse_ip(ip), "IPv6" if is_ipv6(ip) else "IPv4"
        if parsed is None:
            return self._tell(service, "ClusterIPNotValid", f"Cluster IP {ip} is not a valid IP; please recreate Service", "ClusterIPValidation")
        if not any(each.holds(parsed) for each in ranges(cidrs, family)):
            note = f"Cluster IP [{family}]: {ip} is not within any configured Service CIDR; please recreate service"
            return self._tell(service, "ClusterIPOutOfRange", note)
        address = addresses.get(ip_text(parsed))
        if address is None:
            self._tell(service, "ClusterIPNotAllocated", f"Cluster IP [{family}]: {ip} is not allocated; repairing")
            await self._ips.take(ip_text(parsed), service)
            return None
        if not _names(address, service):
            return await self._wrong_reference(service, ip, family, address, services)
        if not _labelled(address):
            await self._recreate(address, service)
        return None

    async def _wrong_reference(self, service: Tree, ip: str, family: str, address: Tree, services: dict[str, Tree]) -> None:
        parent = address["spec"].get("parentRef") or {}
        other = services.get(f"{parent.get('namespace', '')}/{parent.get('name', '')}") if _is_of_service(address) else None
        if other is None:
            whose = f"{meta.namespace(service)}/{meta.name(service)}"
            note = f"the ClusterIP [{family}]: {ip} for Service {whose} has a wrong reference; repairing"
            self._tell(service, "ClusterIPNotAllocated", note)
            await self._recreate(address, service)
        elif meta.name(address) in (other["spec"].get("clusterIPs") or ()):
            note = f"Cluster IP [{family}]:{ip} was assigned to multiple services; please recreate service"
            self._tell(service, "ClusterIPAlreadyAllocated", note)

    async def _recreate(self, address: Tree, service: Tree) -> None:
        await self._ips.release(meta.name(address))
        await self._ips.take(meta.name(address), service)

    async def _repair_address(self, address: Tree, services: dict[str, Tree]) -> float:
        """An IPAddress made by a server is held by the Service it names (syncIPAddress). Returns when to look again."""
        if meta.labels(address).get(MANAGED_BY_LABEL) != MANAGER:
            return INTERVAL
        parent, name = address["spec"].get("parentRef") or {}, meta.name(address)
        whose = f"{parent.get('namespace', '')}/{parent.get('name', '')}"
        if not _is_of_service(address):
            note = f"IPAddress {name} appears to have been modified, not referencing a Service {_go_reference(parent)}: cleaning up"
            return await self._clean(address, "IPAddressNotAllocated", note)
        service, age = services.get(whose), _age(address, self._clock.now())
        if service is not None and name in (service["spec"].get("clusterIPs") or ()):
            return INTERVAL
        grace = _grace(service, address)
        if age < grace:
            return grace - age
        if service is None:
            note = f"IPAddress: {name} for Service {whose} appears to have leaked: cleaning up"
            return await self._clean(address, "IPAddressNotAllocated", note)
        return await self._clean(address, "IPAddressWrongReference", f"IPAddress: {name} for Service {whose} has a wrong reference; cleaning up")

    async def _clean(self, address: Tree, reason: str, note: str) -> float:
        self._tell(address, reason, note, "IPAddressAllocation")
        await self._ips.release(meta.name(address))
        return INTERVAL

    def _tell(self, tree: Tree, reason: str, note: str, action: str = "ClusterIPAllocation") -> None:
        log.warning("%s: %s", meta.key(tree), note)
        self._report(IP_REPAIR, tree, reason, action, note)

    async def _all(self, group: str, plural: str) -> list[Tree]:
        store = self._stores.named(group, plural)
        return [entry.peek() for entry in (await store.fresh()).scan(store.prefix)]


def _is_of_service(address: Tree) -> bool:
    parent = address["spec"].get("parentRef") or {}
    return not parent.get("group") and parent.get("resource") == "services"


def _names(address: Tree, service: Tree) -> bool:
    parent = address["spec"].get("parentRef") or {}
    own = (meta.namespace(service), meta.name(service))
    return _is_of_service(address) and (parent.get("namespace", ""), parent.get("name", "")) == own


def _labelled(address: Tree) -> bool:
    labels = meta.labels(address)
    return labels.get(FAMILY_LABEL) == ("IPv6" if is_ipv6(meta.name(address)) else "IPv4") and labels.get(MANAGED_BY_LABEL) == MANAGER


def _age(address: Tree, now: datetime) -> float:
    """Seconds since it was made."""
    return (now - parse_rfc3339(meta.creation_timestamp(address))).total_seconds()


def _grace(service: Tree | None, address: Tree) -> float:
    """How old an IPAddress that its Service does not hold must be to go."""
    if service is None or service["spec"].get("type") == "ExternalName":
        return _UNBORN_SECONDS
    younger = parse_rfc3339(meta.creation_timestamp(address)) > parse_rfc3339(meta.creation_timestamp(service))
    return _UNDONE_SECONDS if younger else 0.0


def _go_reference(parent: Tree) -> str:
    """A pointer to a ParentReference as Go's %v shows it."""
    return "&{" + " ".join(parent.get(name, "") for name in ("group", "resource", "namespace", "name")) + "}"
