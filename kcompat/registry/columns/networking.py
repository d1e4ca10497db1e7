"""Table columns of networking.k8s.io and discovery.k8s.io. Called by `registry/groups/{networking,discovery}.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta
from kcompat.registry.columns.cells import AGE, NAME, NONE, format_list, path, selector_at
from kcompat.registry.columns.core import load_balancer_addresses
from kcompat.registry.declare import Cell, Column, Tree

_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _hosts(obj: Tree, now: datetime) -> Cell:
    """Hosts of the first three rules (formatHosts)."""
    rules = obj["spec"].get("rules") or ()
    hosts = ",".join(rule["host"] for rule in rules[:3] if rule.get("host"))
    return f"{hosts} + {len(rules) - 3} more..." if hosts and len(rules) > 3 else hosts or "*"


def _ingress_ports(obj: Tree, now: datetime) -> Cell:
    return "80, 443" if obj["spec"].get("tls") else "80"


INGRESS: Final = (
    NAME, Column("Class", path(".spec.ingressClassName", NONE)), Column("Hosts", _hosts),
    Column("Address", lambda obj, now: ",".join(load_balancer_addresses(obj))), Column("Ports", _ingress_ports), AGE,
)


def _class_name(obj: Tree, now: datetime) -> Cell:
    return meta.name(obj) + (" (default)" if meta.annotations(obj).get(_DEFAULT_CLASS) == "true" else "")


def _parameters(obj: Tree, now: datetime) -> Cell:
    reference = meta.get(obj, ("spec", "parameters"))
    if reference is None:
        return NONE
    group = f".{reference['apiGroup']}" if reference.get("apiGroup") is not None else ""
    return f"{reference.get('kind', '')}{group}/{reference.get('name', '')}"


INGRESS_CLASS: Final = (
    Column("Name", _class_name, format="name"), Column("Controller", path(".spec.controller")), Column("Parameters", _parameters), AGE,
)
NETWORK_POLICY: Final = (NAME, Column("Pod-Selector", selector_at(".spec.podSelector")), AGE)


def _cidrs(obj: Tree, now: datetime) -> Cell:
    return ",".join(obj["spec"].get("cidrs") or ())


def _parent(obj: Tree, now: datetime) -> Cell:
    parent = meta.get(obj, ("spec", "parentRef"))
    if parent is None:
        return NONE
    resource, group, namespace = (parent.get(name) or "" for name in ("resource", "group", "namespace"))
    qualified = f"{resource}.{group}" if group else resource
    return "/".join(filter(None, (qualified.lower(), namespace))) + f"/{parent.get('name', '')}"


SERVICE_CIDR: Final = (NAME, Column("CIDRs", _cidrs), AGE)
IP_ADDRESS: Final = (NAME, Column("ParentRef", _parent), replace(AGE, name=""))


def _slice_ports(obj: Tree, now: datetime) -> Cell:
    ports = obj.get("ports") or ()
    return format_list((str(port["port"]) if port.get("port") is not None else port.get("name", "*") for port in ports), 3)


def _slice_endpoints(obj: Tree, now: datetime) -> Cell:
    return format_list((address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()), 3)


ENDPOINT_SLICE: Final = (
    NAME, Column("AddressType", path("addressType")), Column("Ports", _slice_ports), Column("Endpoints", _slice_endpoints), AGE,
)
