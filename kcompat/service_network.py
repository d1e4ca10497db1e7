"""Joins what gives Services their addresses and ports: the pools, the hooks of the services store and the repairs, which tell of what they
find in Events. Built and run by `cluster.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kcompat.apimachinery.clock import Clock, Identity
from kcompat.client.client import Client
from kcompat.client.events import WARNING, SeriesRecorder
from kcompat.registry.cluster_ips import ClusterIPs
from kcompat.registry.node_ports import NodePorts
from kcompat.registry.service_addresses import ServiceAddresses, parse_ranges
from kcompat.registry.service_repair import ServiceRepair
from kcompat.registry.stores import Stores


class ServiceNetwork:
    """`cidrs` and `ports` are the flags. `client`: how Events are written; not called before the first repair."""

    def __init__(self, stores: Stores, clock: Clock, identity: Identity, cidrs: str, ports: str, client: Callable[[], Client]) -> None:
        ranges = parse_ranges(cidrs, ports)
        self.cluster_ips = ClusterIPs(stores, clock, identity)
        self.node_ports = NodePorts(stores.cache.backend, identity, ranges.ports)
        self.hooks = ServiceAddresses(self.cluster_ips, self.node_ports, ranges.families)
        self.repair = ServiceRepair(stores, self.cluster_ips, self.node_ports, clock, self._report)
        self._clock, self._identity, self._client = clock, identity, client
        self._recorders: dict[str, SeriesRecorder] = {}

    def _report(self, component: str, regarding: dict[str, Any], reason: str, action: str, note: str) -> None:
        recorder = self._recorders.get(component)
        if recorder is None:
            recorder = SeriesRecorder(self._client(), component, clock=self._clock, identity=self._identity)
            self._recorders[component] = recorder
        recorder.event(regarding, WARNING, reason, action, note)

    async def run(self) -> None:
        """Repairs at once and from time to time. Ends when cancelled."""
        try:
            await self.repair.run(0.0)
        finally:
            for recorder in self._recorders.values():
                await recorder.stop()
