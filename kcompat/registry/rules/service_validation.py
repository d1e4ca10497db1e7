"""What a Service must obey (upstream: pkg/apis/core/validation: ValidateServiceCreate, ValidateServiceUpdate). Called by service.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, duplicate, forbidden, invalid, required
from kcompat.apimachinery.ip import is_ipv6, validate_cidr_legacy, validate_ip_legacy
from kcompat.apimachinery.validation import validate_labels
from kcompat.registry.declare import Tree
from kcompat.registry.rules.fields import (
    PROTOCOLS,
    dns_label,
    dns_subdomain,
    endpoint_ip,
    label_key,
    one_of,
    port_number,
    port_number_or_name,
    required_one_of,
)

TOPOLOGY_HINTS: Final = "service.kubernetes.io/topology-aware-hints"
TOPOLOGY_MODE: Final = "service.kubernetes.io/topology-mode"
SOURCE_RANGES: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
TYPES: Final = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
MAX_AFFINITY_SECONDS: Final = 86400
_SPEC = Path("spec")
_IPS, _FAMILIES, _POLICY = _SPEC.child("clusterIPs"), _SPEC.child("ipFamilies"), _SPEC.child("ipFamilyPolicy")
_ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
_SET_ONCE = "may not change once set"


def is_externally_accessible(spec: Tree) -> bool:
    kind = spec.get("type")
    return kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def needs_health_check(spec: Tree) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def is_headless(spec: Tree) -> bool:
    return spec.get("clusterIPs") == ["None"]


def forbidden_ingress(path: Path) -> FieldError:
    return forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")


def validate_service(service: Tree, old: Tree | None) -> list[FieldError]:
    """Everything but what depends on the change; `old` lets through addresses it already had (validateService)."""
    spec, before = service["spec"], old["spec"] if old else {}
    return [
        *_topology(meta.annotations(service)),
        *_type_needs(spec),
        *_ports(spec),
        *validate_labels(spec.get("selector") or {}, _SPEC.child("selector")),
        *_affinity(spec),
        *validate_cluster_ips(spec, before),
        *_external_ips(spec, before),
        *required_one_of(spec.get("type"), _SPEC.child("type"), TYPES),
        *_node_ports(spec),
        *_distinct_ports(spec),
        *_source_ranges(service, old),
        *_load_balancer(spec),
        *_external_traffic(spec),
        *_internal_traffic(spec),
    ]


def _topology(annotations: Any) -> list[FieldError]:
    if TOPOLOGY_HINTS not in annotations or annotations.get(TOPOLOGY_MODE, annotations[TOPOLOGY_HINTS]) == annotations[TOPOLOGY_HINTS]:
        return []
    path = Path("metadata", "annotations").key(TOPOLOGY_MODE)
    return [invalid(path, annotations[TOPOLOGY_MODE], f"must match annotations[{TOPOLOGY_HINTS}] when both are specified")]


def _type_needs(spec: Tree) -> list[FieldError]:
    kind = spec.get("type")
    if kind == "ExternalName":
        return _external_name(spec)
    errors = [] if spec.get("ports") or is_headless(spec) else [required(_SPEC.child("ports"))]
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        errors.append(invalid(_IPS.index(0), "None", f"may not be set to 'None' for {kind} services"))
    return errors


def _external_name(spec: Tree) -> list[FieldError]:
    unused = "may not be set for ExternalName services"
    errors = [forbidden(_SPEC.child(name), unused) for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy") if spec.get(name)]
    path, name = _SPEC.child("externalName"), spec.get("externalName", "").removesuffix(".")
    return errors + (dns_subdomain(name, path) if name else [required(path)])


def _ports(spec: Tree) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    ports = spec.get("ports") or ()
    for index, port in enumerate(ports):
        path, name = _SPEC.child("ports").index(index), port.get("name", "")
        if name:
            errors += dns_label(name, path.child("name"))
            errors += [duplicate(path.child("name"), name)] if name in seen else []
            seen.add(name)
        elif len(ports) > 1:
            errors.append(required(path.child("name")))
        errors += _port(port, path)
    return errors


def _port(port: Tree, path: Path) -> list[FieldError]:
    errors = port_number(port.get("port", 0), path.child("port"))
    errors += required_one_of(port.get("protocol"), path.child("protocol"), PROTOCOLS)
    errors += port_number_or_name(port.get("targetPort", 0), path.child("targetPort"))
    return errors + (label_key(port["appProtocol"], path.child("appProtocol")) if port.get("appProtocol") is not None else [])


def _affinity(spec: Tree) -> list[FieldError]:
    affinity, config, path = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig"), _SPEC.child("sessionAffinityConfig")
    errors = required_one_of(affinity, _SPEC.child("sessionAffinity"), ("ClientIP", "None"))
    if affinity == "None" and config is not None:
        errors.append(forbidden(path, "must not be set when session affinity is None"))
    return errors + (_client_ip(config, path) if affinity == "ClientIP" else [])


def _client_ip(config: Tree | None, path: Path) -> list[FieldError]:
    for name in ("clientIP", "timeoutSeconds"):
        if config is None:
            break
        config, path = config.get(name), path.child(name)
    if config is None:
        return [required(path, "when session affinity type is ClientIP")]
    seconds: Any = config
    limits = f"must be greater than 0 and less than {MAX_AFFINITY_SECONDS}"
    return [] if 0 < seconds <= MAX_AFFINITY_SECONDS else [invalid(path, seconds, limits)]


def validate_cluster_ips(spec: Tree, old: Tree) -> list[FieldError]:
    """How clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy fit together (ValidateServiceClusterIPsRelatedFields)."""
    if spec.get("type") == "ExternalName":
        return []
    ips = spec.get("clusterIPs") or []
    errors = _first_ip(spec.get("clusterIP", ""), ips) + _families(spec)
    if bad := [*_well_formed(ips, old.get("clusterIPs") or ())]:
        return errors + bad + _too_many(ips)
    errors += _too_many(ips)
    if len(ips) > 1 and not _is_dual(ips):
        errors.append(invalid(_IPS, ips, "may specify no more than one IP for each IP family"))
    return errors + ([] if is_headless(spec) else _ips_of_families(ips, spec.get("ipFamilies") or ()))


def _too_many(ips: Sequence[str]) -> list[FieldError]:
    return [invalid(_IPS, ips, "may only hold up to 2 values")] if len(ips) > 2 else []


def _is_dual(ips: Sequence[str]) -> bool:
    return len({is_ipv6(ip) for ip in ips}) == 2


def _first_ip(ip: str, ips: Sequence[str]) -> list[FieldError]:
    if not ip:
        return [invalid(_IPS, ips, "must be empty when `clusterIP` is not specified")] if ips else []
    if not ips:
        return [required(_IPS)]
    return [] if ips[0] == ip else [invalid(_IPS, ips, "first value must match `clusterIP`")]


def _families(spec: Tree) -> list[FieldError]:
    errors: list[FieldError] = []
    families = spec.get("ipFamilies") or ()
    for index, family in enumerate(families):
        errors += one_of(family, _FAMILIES.index(index), ("IPv4", "IPv6"))
        errors += [duplicate(_FAMILIES.index(index), family)] if family in families[:index] else []
    if spec.get("ipFamilyPolicy") is not None:
        errors += one_of(spec["ipFamilyPolicy"], _POLICY, ("PreferDualStack", "RequireDualStack", "SingleStack"))
    return errors


def _well_formed(ips: Sequence[str], known: Sequence[str]) -> Iterable[FieldError]:
    for index, ip in enumerate(ips):
        if index == 0 and ip == "None":
            if len(ips) > 1:
                yield invalid(_IPS, ips, "'None' must be the first and only value")
        else:
            yield from validate_ip_legacy(_IPS.index(index), ip, known)


def _ips_of_families(ips: Sequence[str], families: Sequence[str]) -> list[FieldError]:
    return [
        invalid(_IPS.index(index), ip, f"expected an {family} value as indicated by `ipFamilies[{index}]`")
        for index, (ip, family) in enumerate(zip(ips, families, strict=False))
        if family in ("IPv4", "IPv6") and is_ipv6(ip) != (family == "IPv6")
    ]


def _external_ips(spec: Tree, old: Tree) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, ip in enumerate(spec.get("externalIPs") or ()):
        path = _SPEC.child("externalIPs").index(index)
        errors += validate_ip_legacy(path, ip, old.get("externalIPs") or ()) or endpoint_ip(ip, path)
    return errors


def _node_ports(spec: Tree) -> list[FieldError]:
    ports = [(_SPEC.child("ports").index(index).child("nodePort"), port) for index, port in enumerate(spec.get("ports") or ())]
    ports = [(path, port) for path, port in ports if port.get("nodePort")]
    unused = "may not be used when `type` is 'ClusterIP'"
    errors = [forbidden(path, unused) for path, _ in ports] if spec.get("type") == "ClusterIP" else []
    keys = [(port.get("protocol"), port["nodePort"]) for _, port in ports]
    return errors + [duplicate(path, port["nodePort"]) for index, (path, port) in enumerate(ports) if keys[index] in keys[:index]]


def _distinct_ports(spec: Tree) -> list[FieldError]:
    keys = [(port.get("protocol", ""), port.get("port", 0)) for port in spec.get("ports") or ()]
    return [duplicate(_SPEC.child("ports").index(i), _shown_port(*key)) for i, key in enumerate(keys) if key in keys[:i]]


def _shown_port(protocol: str, port: int) -> Tree:
    """Upstream shows its internal struct."""
    return {"Name": "", "Protocol": protocol, "AppProtocol": None, "Port": port, "TargetPort": 0, "NodePort": 0}


def _source_ranges(service: Tree, old: Tree | None) -> list[FieldError]:
    spec, annotations = service["spec"], meta.annotations(service)
    ranges, before = spec.get("loadBalancerSourceRanges") or (), meta.annotations(old or {})
    if ranges:
        path = _SPEC.child("LoadBalancerSourceRanges")
        known = [cidr.strip() for cidr in (old or {"spec": {}})["spec"].get("loadBalancerSourceRanges") or ()]
        pairs = [(path.index(index), cidr.strip()) for index, cidr in enumerate(ranges)]
    elif SOURCE_RANGES in annotations:
        path, known = Path("metadata", "annotations").key(SOURCE_RANGES), []
        text = annotations[SOURCE_RANGES].strip() if before.get(SOURCE_RANGES) != annotations[SOURCE_RANGES] else ""
        pairs = [(path, cidr.strip()) for cidr in text.split(",")] if text else []
    else:
        return []
    errors = [] if spec.get("type") == "LoadBalancer" else [forbidden(path, _ONLY_BALANCED)]
    return errors + [error for at, cidr in pairs for error in validate_cidr_legacy(at, cidr, known)]


def _load_balancer(spec: Tree) -> list[FieldError]:
    balanced, path = spec.get("type") == "LoadBalancer", _SPEC.child("allocateLoadBalancerNodePorts")
    allocate = spec.get("allocateLoadBalancerNodePorts")
    errors = [forbidden(path, _ONLY_BALANCED)] if allocate is not None and not balanced else []
    if balanced and allocate is None:
        errors.append(required(Path("allocateLoadBalancerNodePorts")))
    return errors + _load_balancer_class(spec)


def _load_balancer_class(spec: Tree) -> list[FieldError]:
    wanted, path = spec.get("loadBalancerClass"), _SPEC.child("loadBalancerClass")
    if wanted is None:
        return []
    return label_key(wanted, path) if spec.get("type") == "LoadBalancer" else [forbidden(path, _ONLY_BALANCED)]


def _external_traffic(spec: Tree) -> list[FieldError]:
    policy, path = spec.get("externalTrafficPolicy"), _SPEC.child("externalTrafficPolicy")
    if is_externally_accessible(spec):
        errors = required_one_of(policy, path, ("Cluster", "Local"))
    else:
        errors = [invalid(path, policy, "may only be set for externally-accessible services")] if policy else []
    return errors + _health_check(spec, _SPEC.child("healthCheckNodePort"))


def _health_check(spec: Tree, path: Path) -> list[FieldError]:
    port = spec.get("healthCheckNodePort") or 0
    if needs_health_check(spec):
        return port_number(port, path) if port else [required(path)]
    return [invalid(path, port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")] if port else []


def _internal_traffic(spec: Tree) -> list[FieldError]:
    policy, path = spec.get("internalTrafficPolicy"), _SPEC.child("internalTrafficPolicy")
    errors = [required(path)] if policy is None and spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer") else []
    if policy is not None:
        errors += one_of(policy, path, ("Cluster", "Local"))
    distribution = spec.get("trafficDistribution")
    if distribution is not None:
        errors += one_of(distribution, _SPEC.child("trafficDistribution"), ("PreferClose", "PreferSameZone", "PreferSameNode"))
    return errors


def validate_change(new: Tree, old: Tree) -> list[FieldError]:
    """What may become of a stored spec (the first half of ValidateServiceUpdate)."""
    errors = [] if "ExternalName" in (new.get("type"), old.get("type")) else _ips_change(new, old) + _families_change(new, old)
    balanced = new.get("type") == old.get("type") == "LoadBalancer"
    if balanced and new.get("loadBalancerClass") != old.get("loadBalancerClass"):
        errors.append(invalid(_SPEC.child("loadBalancerClass"), new.get("loadBalancerClass"), _SET_ONCE))
    errors += _load_balancer_class(new)
    if needs_health_check(old) and needs_health_check(new) and old.get("healthCheckNodePort") != new.get("healthCheckNodePort"):
        errors.append(forbidden(_SPEC.child("healthCheckNodePort"), "field is immutable"))
    return errors


def _must_be_single(spec: Tree, what: str) -> list[FieldError]:
    policy = spec.get("ipFamilyPolicy")
    detail = f"must be set to 'SingleStack' when releasing the secondary {what}"
    return [] if policy == "SingleStack" else [invalid(_POLICY, policy, detail)]


def _ips_change(new: Tree, old: Tree) -> list[FieldError]:
    """validateUpgradeDowngradeClusterIPs."""
    if is_headless(new) and is_headless(old):
        return []
    ips, before = new.get("clusterIPs") or [], old.get("clusterIPs") or []
    if len(ips) == len(before):
        return [invalid(_IPS.index(i), ips, _SET_ONCE) for i, ip in enumerate(ips) if ip != before[i]]
    errors = [] if ips else [invalid(_IPS.index(0), ips or None, "primary clusterIP can not be unset")]
    if ips and before and ips[0] != before[0]:
        errors.append(invalid(_IPS.index(0), ips, _SET_ONCE))
    return errors + (_must_be_single(new, "clusterIP") if len(ips) == 1 and len(before) > 1 else [])


def _families_change(new: Tree, old: Tree) -> list[FieldError]:
    """validateUpgradeDowngradeIPFamilies. Upstream shows the addresses where the families differ in number."""
    if is_headless(new) or is_headless(old):
        return []
    families, before, ips = new.get("ipFamilies") or [], old.get("ipFamilies") or [], new.get("clusterIPs")
    if len(families) == len(before):
        return [invalid(_FAMILIES.index(0), families, _SET_ONCE) for i, family in enumerate(families) if family != before[i]]
    errors: list[FieldError] = []
    if len(before) > len(families) and not ips:
        errors.append(invalid(_FAMILIES.index(0), families or None, "primary ipFamily can not be unset"))
    if families and before and families[0] != before[0]:
        errors.append(invalid(_FAMILIES.index(0), ips, _SET_ONCE))
    return errors + (_must_be_single(new, "ipFamily") if len(families) == 1 and len(before) > 1 else [])
