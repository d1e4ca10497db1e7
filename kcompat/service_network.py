"""Joins what gives Services their addresses and ports: the pools, the hooks of the services store, the repairs, which tell of what they find
in Events, and the ServiceCIDR that the flags describe. Built and run by `cluster.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, Identity, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import APPLY_PATCH, Client
from kcompat.client.events import WARNING, EventRecorder, SeriesRecorder
from kcompat.client.resources import ResourceType
from kcompat.registry.cluster_ips import ClusterIPs
from kcompat.registry.node_ports import NodePorts
from kcompat.registry.service_addresses import ServiceAddresses, parse_ranges
from kcompat.registry.service_repair import ServiceRepair
from kcompat.registry.stores import Stores

log = logging.getLogger(__name__)

Tree = dict[str, Any]
SERVICE_CIDRS = ResourceType("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", namespaced=False)
DEFAULT, MANAGER = "kubernetes", "kubernetes-service-cidr-controller"
SYNC_SECONDS = 10.0


class DefaultServiceCIDR:
    """Keeps the ServiceCIDR of the flags there and ready (upstream: pkg/controlplane/controller/defaultservicecidr)."""

    def __init__(self, cidrs: list[str], clock: Clock, identity: Identity, client: Callable[[], Client]) -> None:
        self._cidrs, self._clock, self._identity, self._client = cidrs, clock, identity, client
        self._recorder: EventRecorder | None = None
        self._told: set[str] = set()

    async def sync(self) -> None:
        """Creates it, gives it its second family, or says that it is ready. Raises StatusError when it can be neither read nor created."""
        resources = self._client().of(SERVICE_CIDRS)
        try:
            cidr = await resources.get(DEFAULT)
        except StatusError as error:
            if error.code != 404:
                raise
            cidr = await self._create()
        spec = cidr["spec"].get("cidrs") or []
        if len(self._cidrs) == 2 and spec == self._cidrs[:1]:
            try:
                await resources.update({**cidr, "spec": {"cidrs": self._cidrs}})
            except StatusError as error:
                note = f"The default ServiceCIDR can not be upgraded from {spec[0]} to dual stack {_go_list(self._cidrs)} : {error.message}"
                self._tell(cidr, "KubernetesDefaultServiceCIDRError", note)
        elif not meta.is_being_deleted(cidr):
            await self._sync_status(cidr, spec)

    async def _create(self) -> Tree:
        resources = self._client().of(SERVICE_CIDRS)
        try:
            return await resources.create({"metadata": {"name": DEFAULT}, "spec": {"cidrs": self._cidrs}})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            return await resources.get(DEFAULT)

    async def _sync_status(self, cidr: Tree, spec: list[str]) -> None:
        ready = meta.find_condition(meta.conditions(cidr), "Ready") or {"status": "Unknown"}
        if spec != self._cidrs:
            flags = _go_list(self._cidrs)
            note = f"The default ServiceCIDR {_go_list(spec)} does not match the controller flag configurations {flags}"
            self._tell_once(cidr, "KubernetesDefaultServiceCIDRInconsistent", note)
        elif ready["status"] == "False":
            self._tell_once(cidr, ready["reason"], f"Configuration matches, but {ready['message']}")
        elif ready["status"] != "True":
            now = rfc3339(self._clock.now())
            condition = {"type": "Ready", "status": "True", "message": "Kubernetes default Service CIDR is ready", "lastTransitionTime": now}
            body: Tree = {"apiVersion": SERVICE_CIDRS.api_version, "kind": SERVICE_CIDRS.kind, "metadata": {"name": DEFAULT}}
            body["status"] = {"conditions": [condition]}
            resources = Client(self._client().transport, MANAGER).of(SERVICE_CIDRS)
            await resources.patch(DEFAULT, body, content_type=APPLY_PATCH, subresource="status", force=True)

    def _tell_once(self, cidr: Tree, reason: str, note: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            self._tell(cidr, reason, note)

    def _tell(self, cidr: Tree, reason: str, note: str) -> None:
        log.warning("%s", note)
        self._recorder = self._recorder or EventRecorder(self._client(), MANAGER, clock=self._clock, identity=self._identity)
        self._recorder.event(cidr, WARNING, reason, note, resource=SERVICE_CIDRS)

    async def run(self) -> None:
        """Looks from time to time. Ends when cancelled."""
        try:
            while True:
                await asyncio.sleep(SYNC_SECONDS)
                try:
                    await self.sync()
                except StatusError as error:
                    log.warning("the default ServiceCIDR cannot be kept: %s", error.message)
        finally:
            if self._recorder is not None:
                await self._recorder.stop()


def _go_list(texts: list[str]) -> str:
    return f"[{' '.join(texts)}]"


class ServiceNetwork:
    """`cidrs` and `ports` are the flags. `client`: how Events are written; not called before the first repair."""

    def __init__(self, stores: Stores, clock: Clock, identity: Identity, cidrs: str, ports: str, client: Callable[[], Client]) -> None:
        ranges = parse_ranges(cidrs, ports)
        self.cluster_ips = ClusterIPs(stores, clock, identity)
        self.node_ports = NodePorts(stores.cache.backend, identity, ranges.ports)
        self.hooks = ServiceAddresses(self.cluster_ips, self.node_ports, ranges.families)
        self.repair = ServiceRepair(stores, self.cluster_ips, self.node_ports, clock, self._report)
        self.default = DefaultServiceCIDR([str(network) for network in ranges.networks], clock, identity, client)
        self._clock, self._identity, self._client = clock, identity, client
        self._recorders: dict[str, SeriesRecorder] = {}

    def _report(self, component: str, regarding: dict[str, Any], reason: str, action: str, note: str) -> None:
        recorder = self._recorders.get(component)
        if recorder is None:
            recorder = SeriesRecorder(self._client(), component, clock=self._clock, identity=self._identity)
            self._recorders[component] = recorder
        recorder.event(regarding, WARNING, reason, action, note)

    async def run(self) -> None:
        """Repairs at once and from time to time, and keeps the default ServiceCIDR. Ends when cancelled."""
        try:
            await asyncio.gather(self.repair.run(0.0), self.default.run())
        finally:
            for recorder in self._recorders.values():
                await recorder.stop()
