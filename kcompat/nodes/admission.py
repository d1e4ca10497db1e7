"""May a pod that names this node run there? Pure. Called by simulated.py for each new pod.

Scheduled pods fit; those whose creator wrote spec.nodeName may not. Answers pkg/kubelet/lifecycle/predicate.go for resources, the number
of pods, host ports and the node selector; node affinity is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kcompat.apimachinery import quantity
from kcompat.nodes import pod_resources

Tree = Mapping[str, Any]
Refusal = tuple[str, str]
"""(reason, message)"""

CPU = "cpu"
ANY_ADDRESS = "0.0.0.0"


def _value(name: str, amount: quantity.Quantity) -> int:
    return amount.milli_value() if name == CPU else amount.value()


def amounts(resources: Mapping[str, str]) -> dict[str, int]:
    """A resource list in the units of `requests_of`."""
    return {name: _value(name, quantity.parse(text)) for name, text in resources.items()}


def requests_of(pod: Tree) -> dict[str, int]:
    """Thousandths of cpu, whole units of everything else."""
    return {name: _value(name, amount) for name, amount in pod_resources.total(pod["spec"], "requests").items()}


HostPort = tuple[str, str, int]
"""(address, protocol, port) on the node."""


def host_ports_of(pod: Tree) -> list[HostPort]:
    ports = (port for container in pod["spec"].get("containers") or () for port in container.get("ports") or ())
    return [(p.get("hostIP") or ANY_ADDRESS, p.get("protocol") or "TCP", p["hostPort"]) for p in ports if p.get("hostPort")]


def _clash(a: HostPort, b: HostPort) -> bool:
    return a[1:] == b[1:] and (a[0] == b[0] or ANY_ADDRESS in (a[0], b[0]))


@dataclass(slots=True)
class Occupancy:
    """What a node has and what its pods take."""

    capacity: dict[str, int]
    taken: dict[str, int] = field(default_factory=dict)
    pods: int = 0
    ports: list[HostPort] = field(default_factory=list)

    @classmethod
    def of(cls, capacity: Mapping[str, str]) -> Occupancy:
        return cls(amounts(capacity))

    def add(self, requests: Mapping[str, int], ports: Sequence[HostPort] = (), sign: int = 1) -> None:
        self.pods += sign
        for port in ports:
            self.ports.append(port) if sign > 0 else self.ports.remove(port)
        for name, value in requests.items():
            self.taken[name] = self.taken.get(name, 0) + sign * value

    def refusal(self, pod: Tree, requests: Mapping[str, int], labels: Mapping[str, str]) -> Refusal | None:
        selector = pod["spec"].get("nodeSelector") or {}
        if not selector.items() <= labels.items():
            return "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
        wanted = host_ports_of(pod)
        if any(_clash(port, other) for port in wanted for other in self.ports):
            return "NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        if self.pods + 1 > self.capacity.get("pods", 0):
            return _short("pods", 1, self.pods, self.capacity.get("pods", 0))
        for name, value in requests.items():
            if name not in self.capacity and _is_extended(name):
                continue  # whoever offers it does so for the whole cluster (removeMissingExtendedResources)
            free = self.capacity.get(name, 0) - self.taken.get(name, 0)
            if value > free:
                return _short(name, value, self.taken.get(name, 0), self.capacity.get(name, 0))
        return None


def _is_extended(name: str) -> bool:
    """A resource that somebody brought along (v1helper.IsExtendedResourceName)."""
    return "/" in name and "kubernetes.io/" not in name


def _short(name: str, requested: int, used: int, capacity: int) -> Refusal:
    message = f"Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
    return f"OutOf{name}", message
