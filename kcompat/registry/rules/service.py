"""Service (upstream: pkg/registry/core/service/strategy.go, pkg/apis/core/v1: SetDefaults_Service, pkg/api/service/warnings.go).

Addresses and node ports are given out before these rules run: see service_allocation.py. What is checked stands in service_validation.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.ip import cidr_warnings, ip_warnings
from kcompat.apimachinery.names import name_is_dns_label
from kcompat.registry.declare import Rules, Tree, keep
from kcompat.registry.rules.fields import load_balancer_points, point_warnings
from kcompat.registry.rules.service_validation import (
    TOPOLOGY_HINTS,
    TOPOLOGY_MODE,
    forbidden_ingress,
    is_externally_accessible,
    needs_health_check,
    validate_change,
    validate_service,
)

CLIENT_IP_SECONDS = 10800
_SPEC = Path("spec")
_INGRESS = Path("status", "loadBalancer", "ingress")


def _default_affinity(spec: Tree) -> None:
    affinity = spec.setdefault("sessionAffinity", "None") or "None"
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP" and meta.get(spec, ("sessionAffinityConfig", "clientIP", "timeoutSeconds")) is None:
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": CLIENT_IP_SECONDS}}


def _default_ports(ports: Iterable[Tree]) -> None:
    for port in ports:
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)


def _default_traffic(spec: Tree) -> None:
    if is_externally_accessible(spec):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _drop_unused(spec: Tree, old: Tree) -> None:
    """Fields of the old type that the user left as they were and the new type has no use for (dropTypeDependentFields)."""
    kind, before = spec.get("type"), old.get("type")
    if before != "ExternalName" and kind == "ExternalName":
        _drop_same(spec, old, "clusterIP", "clusterIPs")
        _drop_same(spec, old, "ipFamilies")
        _drop_same(spec, old, "ipFamilyPolicy")
    if _needs_node_port(old) and not _needs_node_port(spec) and _node_ports(spec) <= _node_ports(old):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    if needs_health_check(old) and not needs_health_check(spec):
        _drop_same(spec, old, "healthCheckNodePort")
    if before == "LoadBalancer" and kind != "LoadBalancer":
        _drop_same(spec, old, "allocateLoadBalancerNodePorts")
        _drop_same(spec, old, "loadBalancerClass")
    if is_externally_accessible(old) and not is_externally_accessible(spec):
        _drop_same(spec, old, "externalTrafficPolicy")


def _drop_same(spec: Tree, old: Tree, *names: str) -> None:
    if all(spec.get(name) == old.get(name) for name in names):
        for name in names:
            spec.pop(name, None)


def _needs_node_port(spec: Tree) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def _node_ports(spec: Tree) -> set[int]:
    return {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}


class ServiceRules(Rules):
    allow_create_on_update = True

    def default(self, obj: Tree) -> None:
        spec = obj["spec"]
        if not spec.get("type"):
            spec["type"] = "ClusterIP"
        _default_affinity(spec)
        _default_ports(spec.get("ports") or ())
        _default_traffic(spec)
        if spec["type"] == "LoadBalancer":
            for point in meta.get(obj, ("status", "loadBalancer", "ingress"), ()):
                if point.get("ip"):
                    point.setdefault("ipMode", "VIP")

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {"loadBalancer": {}}

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "status")
        _drop_unused(new["spec"], old["spec"])
        if new["spec"].get("type") != "LoadBalancer":
            new["status"] = {**(new.get("status") or {}), "loadBalancer": {}}

    def validate(self, obj: Tree) -> list[FieldError]:
        return validate_service(obj, None)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return validate_change(new["spec"], old["spec"]) + validate_service(new, old)

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        points, before = (meta.get(obj, ("status", "loadBalancer", "ingress"), ()) for obj in (new, old))
        if new["spec"].get("type") != "LoadBalancer" and points:
            return [forbidden_ingress(_INGRESS)]
        return load_balancer_points(points, _INGRESS, before, modes=True)

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        return name_is_dns_label(name, prefix)

    def canonicalize(self, obj: Tree) -> None:
        """Upstream hides this one when it reads (storage.go: defaultOnReadInternalTrafficPolicy)."""
        if obj["spec"].get("type") == "ExternalName":
            obj["spec"].pop("internalTrafficPolicy", None)

    def status_warnings(self, new: Tree) -> Sequence[str]:
        return point_warnings(new)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        spec = new["spec"]
        found = []
        if TOPOLOGY_HINTS in meta.annotations(new):
            found.append(f"annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead")
        if spec.get("clusterIP") not in (None, "", "None"):
            found += _ip_warnings(spec, "clusterIPs")
        headless = spec.get("type") == "ClusterIP" and spec.get("clusterIP") == "None"
        if headless:
            found += [f"spec.{name} is ignored for headless services" for name in _ignored_when_headless(spec)]
        found += _ip_warnings(spec, "externalIPs")
        if spec.get("externalIPs") and not headless and spec.get("type") != "ExternalName":
            found.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
        return found + _other_warnings(spec)


def _ip_warnings(spec: Tree, name: str) -> list[str]:
    return [text for index, ip in enumerate(spec.get(name) or ()) for text in ip_warnings(_SPEC.child(name).index(index), ip)]


def _ignored_when_headless(spec: Tree) -> Iterable[str]:
    if spec.get("loadBalancerIP"):
        yield "loadBalancerIP"
    if spec.get("externalIPs"):
        yield "externalIPs"
    if spec.get("sessionAffinity") != "None":
        yield "SessionAffinity"


def _other_warnings(spec: Tree) -> list[str]:
    found = ip_warnings(_SPEC.child("loadBalancerIP"), spec["loadBalancerIP"]) if spec.get("loadBalancerIP") else []
    for index, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        found += cidr_warnings(_SPEC.child("loadBalancerSourceRanges").index(index), cidr)
    if spec.get("type") == "ExternalName" and spec.get("externalIPs"):
        found.append('spec.externalIPs is ignored when spec.type is "ExternalName"')
    if spec.get("type") != "ExternalName" and spec.get("externalName"):
        found.append('spec.externalName is ignored when spec.type is not "ExternalName"')
    if spec.get("trafficDistribution") == "PreferClose":
        found.append('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
    return found
