"""What Services use of a quota (upstream: pkg/quota/v1/evaluator/core/services.go). Called through `measuring.py`."""

from __future__ import annotations

from datetime import datetime

from kcompat.apimachinery.quantity import new as quantity
from kcompat.apimachinery.quota.evaluator import CREATE, NONE, ONE, UPDATE, Evaluator, ResourceList, Tree

NODE_PORTS, LOAD_BALANCERS = "services.nodeports", "services.loadbalancers"


class ServiceEvaluator(Evaluator):
    whole = True

    def __init__(self) -> None:
        super().__init__("", "services", "services")
        self.names = (*self.names, NODE_PORTS, LOAD_BALANCERS)

    def handles(self, operation: str, subresource: str, new: Tree, old: Tree) -> bool:
        """Updates too: the type can change."""
        return not subresource and operation in (CREATE, UPDATE)

    def usage(self, tree: Tree, now: datetime) -> ResourceList:
        spec = tree.get("spec") or {}
        ports, kind = spec.get("ports") or (), spec.get("type")
        if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
            ports = [port for port in ports if port.get("nodePort")]
        node_ports = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
        balancers = ONE if kind == "LoadBalancer" else NONE
        return {"count/services": ONE, "services": ONE, NODE_PORTS: quantity(node_ports), LOAD_BALANCERS: balancers}

    def replenishes(self, old: Tree, new: Tree, now: datetime) -> bool:
        return _counted_type(old) != _counted_type(new)


def _counted_type(service: Tree) -> str:
    kind = (service.get("spec") or {}).get("type", "")
    return kind if kind in ("NodePort", "LoadBalancer") else ""
