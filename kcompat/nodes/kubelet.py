"""One simulated kubelet: its identity, its pods, its addresses. Decides nothing about time or requests; simulated.py drives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.client import Client
from kcompat.nodes import node_object, pod_status
from kcompat.nodes.addresses import PodAddresses, node_ip, own_pod_cidr
from kcompat.nodes.admission import HostPort, Occupancy, amounts, host_ports_of, requests_of
from kcompat.nodes.pod_machine import PodMachine, is_terminal
from kcompat.nodes.settings import NodeSettings

Tree = dict[str, Any]


class Kubelet:
    """`node` is the registered Node as last seen, None before; a node that was deleted is `gone` and leaves its pods alone."""

    def __init__(self, name: str, index: int, client: Client, settings: NodeSettings) -> None:
        self.name = name
        self.ip = node_ip(index)
        self.client = client
        self.settings = settings
        self.node: Tree | None = None
        self.lease: Tree | None = None
        self.gone = False
        self.is_registered = False
        self.ready_since = ""
        self.machines: dict[str, PodMachine] = {}
        self.addresses = PodAddresses(own_pod_cidr(index))
        self._occupancy = Occupancy.of(settings.capacity)
        self._allocatable: Mapping[str, str] = settings.capacity
        self._taken: dict[str, tuple[dict[str, int], list[HostPort]]] = {}

    def see_node(self, node: Tree) -> None:
        """The Node as the API has it; what others offer there, and a pod range that an IPAM gave it, count from now on."""
        self.node = node
        allocatable = (node.get("status") or {}).get("allocatable")
        if allocatable and allocatable != self._allocatable:
            self._allocatable, self._occupancy.capacity = allocatable, amounts(allocatable)
        cidr = (node.get("spec") or {}).get("podCIDR")
        if cidr and cidr != self.addresses.cidr:
            self.addresses = PodAddresses(cidr)
            for machine in self.machines.values():
                for address in machine.ips:
                    self.addresses.claim(address)

    def admit(self, pod: Tree, now: float, stamp: str) -> PodMachine:
        """Begins to run a pod, or to report that it may not run here."""
        machine = PodMachine(pod, self.settings, now, stamp)
        self.machines[machine.uid] = machine
        for address in machine.ips:
            self.addresses.claim(address)
        requests = requests_of(pod)
        if not machine.has_sandbox and not meta.is_being_deleted(pod):
            labels: Mapping[str, str] = meta.labels(self.node) if self.node else node_object.labels(self.name, self.settings)
            refusal = self._occupancy.refusal(pod, requests, labels)
            if refusal is not None:
                machine.reject(*refusal)
                return machine
        taken = self._taken[machine.uid] = (requests, host_ports_of(pod))
        self._occupancy.add(*taken)
        return machine

    def advance(self, machine: PodMachine, now: float, stamp: str) -> None:
        """Lets a pod do what is due, gives it an address when it gets its sandbox, and takes it back when it has finished."""
        if meta.is_being_deleted(machine.pod):
            machine.stop(stamp)
        else:
            machine.advance(now, stamp)
        host_network = bool(machine.pod["spec"].get("hostNetwork"))
        if machine.has_sandbox and machine.needs_address and not host_network:
            address = self.addresses.take()
            machine.ips = (address,) if address is not None else ()
        if is_terminal(machine.phase):
            self._release(machine)

    def forget(self, uid: str) -> None:
        """The pod is gone from the API."""
        machine = self.machines.pop(uid, None)
        if machine is not None:
            self._release(machine)

    def _release(self, machine: PodMachine) -> None:
        taken = self._taken.pop(machine.uid, None)
        if taken is not None:
            self._occupancy.add(*taken, sign=-1)
            for address in machine.ips:
                self.addresses.release(address)

    def report(self, machine: PodMachine, stamp: str) -> Tree | None:
        """The patch that makes the API's status true; None if it is."""
        return pod_status.patch(machine.pod, pod_status.status(machine, self.ip, stamp))
