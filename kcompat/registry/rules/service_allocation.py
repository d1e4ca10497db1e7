"""Which addresses and node ports a Service asks for and gives back: pure planning, no pools (pkg/registry/core/service/storage/alloc.go).

Called by whoever owns the pools, before the rules of service.py run, as upstream's BeginCreate and BeginUpdate do:

    plan = plan_create(service, families)          # or plan_update(new, old, families); both fill in the private tree
    raise Invalid if plan.errors
    for claim in plan.claims: grant(service, claim, value taken from the pool: claim.wanted if that is set, else any)
    give what was granted back if the write failed, else what the old service held and the new one does not
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from kcompat.apimachinery import errors
from kcompat.apimachinery.errors import StatusError, internal_error
from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.ip import is_ipv6
from kcompat.apimachinery.quote import quote
from kcompat.registry.declare import Tree
from kcompat.registry.rules.service_validation import needs_health_check, validate_cluster_ips

IPV4, IPV6 = "IPv4", "IPv6"
FULL = "range is full"
"""What a pool says that has nothing left."""
Families = Sequence[str]
"""The families that service ranges are configured for, the cluster's primary one first."""
_SPEC = Path("spec")
_POLICY = _SPEC.child("ipFamilyPolicy")


@dataclass(frozen=True, slots=True)
class Claim:
    """One address or port that a Service needs. `wanted` is the very value asked for; "" or 0: any."""

    kind: Literal["ip", "node port", "health check node port"]
    wanted: str | int
    family: str = ""
    places: tuple[int, ...] = ()
    """Indexes in spec.clusterIPs or spec.ports that get the value."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. With errors, nothing is to be claimed."""

    errors: Sequence[FieldError] = ()
    claims: Sequence[Claim] = ()


def grant(service: Tree, claim: Claim, value: str | int) -> None:
    """Writes a granted value into the (private) service."""
    spec = service["spec"]
    if claim.kind == "health check node port":
        spec["healthCheckNodePort"] = value
    for index in claim.places:
        if claim.kind == "node port":
            spec["ports"][index]["nodePort"] = value
        else:
            spec["clusterIPs"] = [*spec["clusterIPs"][:index], value, *spec["clusterIPs"][index + 1 :]]
            spec["clusterIP"] = spec["clusterIPs"][0]


def refused(service: Tree, claim: Claim, reason: str) -> StatusError:
    """The answer when a pool refuses a claim, `reason` in the pool's words: "provided IP is already allocated", "range is full"."""
    name = service["metadata"].get("name", "")
    if claim.kind == "ip":
        if reason == FULL:
            return internal_error(f"failed to allocate a serviceIP for Service {quote(name)}: {reason}")
    elif claim.kind == "health check node port":
        which = "a" if not claim.wanted else "requested"
        return internal_error(f"failed to allocate {which} HealthCheck NodePort {claim.wanted}: {reason}")
    elif not claim.wanted:
        return internal_error(f"failed to allocate a nodePort: {reason}")
    return errors.invalid("", "Service", name, [refused_value(service, claim, reason)])


def refused_value(service: Tree, claim: Claim, reason: str) -> FieldError:
    """The same about the very value that was asked for."""
    if claim.kind == "ip":
        which = f"failed to allocate IP {claim.wanted}" if claim.wanted else "failed to allocate IP"
        return invalid(_SPEC.child("clusterIPs"), service["spec"].get("clusterIPs"), f"{which}: {reason}")
    return invalid(_SPEC.child("ports").index(claim.places[0]).child("nodePort"), claim.wanted, reason)


def plan_create(service: Tree, families: Families) -> Plan:
    """Fills in clusterIPs, ipFamilies and ipFamilyPolicy of a new service, and says what to claim."""
    spec = service["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    if found := _init_families(spec, None, families):
        return Plan(found)
    return Plan(claims=[*_cluster_ips(spec), *_new_node_ports(spec), *_health_check(spec, None)])


def plan_update(new: Tree, old: Tree, families: Families) -> Plan:
    """As plan_create, for a change; what the user left out and was allocated before is kept."""
    spec, before = new["spec"], old["spec"]
    _patch_allocated(spec, before)
    _normalize_cluster_ips(spec, before)
    if found := _init_families(spec, before, families):
        return Plan(found)
    claims = [*_changed_cluster_ips(spec, before), *_changed_node_ports(spec, before), *_health_check(spec, before)]
    return Plan(claims=claims)


def held(service: Tree) -> Sequence[str | int]:
    """Every address and port a stored service holds: what its deletion releases, and what a restarted server must take out of its pools."""
    spec = service["spec"]
    ips = [] if spec.get("type") == "ExternalName" else [ip for ip in spec.get("clusterIPs") or () if ip not in ("", "None")]
    check = [spec["healthCheckNodePort"]] if needs_health_check(spec) and spec.get("healthCheckNodePort") else []
    return [*ips, *_node_ports(spec), *check]


def family_of(ip: str) -> str:
    return IPV6 if is_ipv6(ip) else IPV4


def _other(family: str) -> str:
    return IPV4 if family == IPV6 else IPV6


def _takes_ips(spec: Tree) -> bool:
    return spec.get("type") != "ExternalName"


def _takes_node_ports(spec: Tree) -> bool:
    """Upstream: shouldAllocateNodePorts."""
    return spec.get("type") == "NodePort" or (spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def _node_ports(spec: Tree) -> list[int]:
    return [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]


def _patch_allocated(spec: Tree, old: Tree) -> None:
    """Values given out before and left out by this update (patchAllocatedValues)."""
    if _takes_ips(spec) and _takes_ips(old):
        for name in ("clusterIP", "clusterIPs"):
            if not spec.get(name) and old.get(name):
                spec[name] = old[name]
    if _takes_node_ports(spec) and _takes_node_ports(old):
        used = set(_node_ports(spec)) & set(_node_ports(old))
        by_name = {port.get("name", ""): port.get("nodePort", 0) for port in old.get("ports") or ()}
        for port in spec.get("ports") or ():
            value = by_name.get(port.get("name", ""), 0)
            if not port.get("nodePort") and value and value not in used:
                port["nodePort"] = value
    if needs_health_check(spec) and needs_health_check(old) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = old.get("healthCheckNodePort", 0)


def _normalize_cluster_ips(spec: Tree, old: Tree) -> None:
    """Keeps clusterIPs in step for clients that know only clusterIP (normalizeClusterIPs)."""
    ip, before = spec.get("clusterIP", ""), old.get("clusterIP", "")
    if old.get("clusterIPs") and not spec.get("clusterIPs") and ip == before:
        spec["clusterIPs"] = old["clusterIPs"]
    if ip != before and spec.get("clusterIPs") == old.get("clusterIPs"):
        if before and not ip:
            spec.pop("clusterIPs", None)
        else:
            spec["clusterIPs"] = [ip]


def _is_settled(spec: Tree, old: Tree | None) -> bool:
    """Nothing to do for a PreferDualStack service whose addresses stay (isMatchingPreferDualStackClusterIPFields)."""
    return (
        old is not None
        and spec.get("ipFamilyPolicy") == "PreferDualStack"
        and old.get("ipFamilyPolicy") in (None, "PreferDualStack")
        and old.get("type") == spec.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")
        and (old.get("clusterIPs") or []) == (spec.get("clusterIPs") or [])
        and (old.get("ipFamilies") or []) == (spec.get("ipFamilies") or [])
    )


def _init_families(spec: Tree, old: Tree | None, families: Families) -> Sequence[FieldError]:
    """initIPFamilyFields."""
    if not _takes_ips(spec) or _is_settled(spec, old):
        return ()
    floating = spec.get("clusterIP") == "None" and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        spec["ipFamilyPolicy"] = (old or {}).get("ipFamilyPolicy") or ("RequireDualStack" if floating else "SingleStack")
    if found := validate_cluster_ips(spec, old or {}):
        return found
    found = [*_change_of_stack(spec, old), *_single_stack(spec), *_families_of_ips(spec, families)]
    if found:
        return found
    return _floating_families(spec, families) if floating else _configured_families(spec, families)


def _change_of_stack(spec: Tree, old: Tree | None) -> Iterable[FieldError]:
    if old is None:
        return
    for name, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
        values, before = spec.get(name) or [], old.get(name) or []
        if spec["ipFamilyPolicy"] == "SingleStack":
            if values == before and len(values) > 1:
                spec[name] = values[:1]
        elif values and len(values) < len(before):
            yield invalid(_POLICY, spec["ipFamilyPolicy"], f"must be 'SingleStack' to release the secondary {what}")


def _single_stack(spec: Tree) -> Iterable[FieldError]:
    if spec["ipFamilyPolicy"] != "SingleStack":
        return
    for name, what in (("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")):
        if len(spec.get(name) or ()) == 2:
            detail = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
            yield invalid(_POLICY, spec["ipFamilyPolicy"], detail)


def _families_of_ips(spec: Tree, families: Families) -> Iterable[FieldError]:
    """Families that the given addresses imply."""
    ips = spec.get("clusterIPs") or []
    for index in range(len(spec.get("ipFamilies") or ()), len(ips)):
        if ips[index] == "None":
            return
        family = family_of(ips[index])
        if family in families:
            spec["ipFamilies"] = [*(spec.get("ipFamilies") or ()), family]
        else:
            yield invalid(_SPEC.child("clusterIPs").index(index), ips, f"{family} is not configured on this cluster")


def _floating_families(spec: Tree, families: Families) -> Sequence[FieldError]:
    """A headless service without selector may have any family, configured or not."""
    own = spec.get("ipFamilies") or [families[0]]
    spec["ipFamilies"] = [own[0], _other(own[0])] if len(own) < 2 and spec["ipFamilyPolicy"] != "SingleStack" else own
    return ()


def _configured_families(spec: Tree, families: Families) -> Sequence[FieldError]:
    policy, own = spec["ipFamilyPolicy"], spec.get("ipFamilies") or []
    found = []
    if policy == "RequireDualStack" and len(families) < 2:
        found.append(invalid(_POLICY, policy, "this cluster is not configured for dual-stack services"))
    unknown = [(index, family) for index, family in enumerate(own) if family not in families]
    found += [invalid(_SPEC.child("ipFamilies").index(index), family, "not configured on this cluster") for index, family in unknown]
    if found:
        return found
    own = own or [families[0]]
    spec["ipFamilies"] = [own[0], _other(own[0])] if policy != "SingleStack" and len(own) == 1 and len(families) == 2 else own
    return ()


def _cluster_ips(spec: Tree) -> Iterable[Claim]:
    """Addresses for every family (allocClusterIPs)."""
    if not _takes_ips(spec) or (spec.get("clusterIPs") or [""])[0] == "None":
        return
    ips, families = spec.get("clusterIPs") or [], spec["ipFamilies"]
    spec["clusterIPs"] = [*ips, *[""] * (len(families) - len(ips))]
    for index, family in enumerate(families):
        yield Claim("ip", spec["clusterIPs"][index], family, (index,))


def _changed_cluster_ips(spec: Tree, old: Tree) -> Iterable[Claim]:
    """updateClusterIPs, the part that takes."""
    if not _takes_ips(spec) or _is_settled(spec, old):
        return
    if not _takes_ips(old):
        yield from _cluster_ips(spec)
    elif (old.get("clusterIPs") or [""])[0] != "None" and len(old.get("ipFamilies") or ()) == 1 and len(spec["ipFamilies"]) == 2:
        ips = spec.get("clusterIPs") or []
        spec["clusterIPs"] = [*ips, ""] if len(ips) < 2 else ips
        yield Claim("ip", spec["clusterIPs"][1], spec["ipFamilies"][1], (1,))


def _new_node_ports(spec: Tree) -> Iterable[Claim]:
    """Ports of the same number but different protocols share a node port (initNodePorts)."""
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return
    ports = spec.get("ports") or []
    places: dict[int, list[int]] = {}
    extra = []
    for index, port in enumerate(ports):
        wanted = port.get("nodePort", 0)
        if not wanted and not _takes_node_ports(spec):
            continue
        if wanted and port["port"] in places and wanted != _requested(port["port"], ports):
            extra.append(Claim("node port", wanted, places=(index,)))
        else:
            places.setdefault(port["port"], []).append(index)
    yield from (Claim("node port", _requested(number, ports), places=tuple(indexes)) for number, indexes in places.items())
    yield from extra


def _requested(number: int, ports: Sequence[Tree]) -> int:
    return next((port["nodePort"] for port in ports if port["port"] == number and port.get("nodePort")), 0)


def _changed_node_ports(spec: Tree, old: Tree) -> Iterable[Claim]:
    """updateNodePorts, the part that takes."""
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return
    taken, met = set(_node_ports(old)), set[tuple[str, int]]()
    for index, port in enumerate(spec.get("ports") or ()):
        wanted = port.get("nodePort", 0)
        if wanted and (port["protocol"], wanted) in met:  # before validation would say so
            raise errors.StatusError(500, "", f"duplicate nodePort: {{{port['protocol']} {wanted}}}")
        met.add((port["protocol"], wanted))
        if wanted and wanted not in taken:
            taken.add(wanted)
            yield Claim("node port", wanted, places=(index,))
        elif not wanted and _takes_node_ports(spec):
            yield Claim("node port", 0, places=(index,))


def _health_check(spec: Tree, old: Tree | None) -> Iterable[Claim]:
    if needs_health_check(spec) and not (old is not None and needs_health_check(old)):
        yield Claim("health check node port", spec.get("healthCheckNodePort", 0))
