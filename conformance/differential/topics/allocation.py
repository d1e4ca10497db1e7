"""Addresses and ports of Services: every combination of type, families and policy, on one stack and on two, and every way from one to another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from conformance.differential.kinds import merged
from conformance.differential.script import JSON_PATCH, MERGE_PATCH, Script, Session, Tree

_PORTS: list[Tree] = [{"port": 80}]
_TYPES: dict[str, Tree] = {
    "ClusterIP": {"type": "ClusterIP"}, "headless": {"clusterIP": "None"}, "selectorless": {"clusterIP": "None", "selector": None}, "NodePort": {"type": "NodePort"}, "LoadBalancer": {"type": "LoadBalancer"},
    "ExternalName": {"type": "ExternalName", "externalName": "x.example.com"},
}  # fmt: skip
_POLICIES = (None, "SingleStack", "PreferDualStack", "RequireDualStack")
_FAMILIES = (None, ["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"])
_SERVERS = ("alone", "dual")
_ADDRESSES = "/apis/networking.k8s.io/v1/ipaddresses"


def scripts() -> Iterator[Script]:
    for setup in _SERVERS:
        name = "single" if setup == "alone" else setup
        yield Script("allocation", f"create-{name}", _creates, setup=setup, brief=True)
        yield Script("allocation", f"addresses-{name}", _named_addresses, setup=setup)
        yield Script("allocation", f"walk-{name}", _walk, setup=setup)
        for number, start in enumerate(_STARTS):
            yield Script("allocation", f"update-{name}-{start}", partial(_updates, start, str(number)), setup=setup, brief=True)
    yield Script("allocation", "ports", _ports, setup="alone")
    yield Script("allocation", "traffic", _traffic, setup="alone", brief=True)
    yield Script("allocation", "objects", _objects, setup="alone")
    yield Script("allocation", "full", _full, setup="small")


def _service(name: str, **spec: Any) -> Tree:
    wanted = {"ports": _PORTS, "selector": {"a": "b"}, **spec}
    return {"metadata": {"name": name}, "spec": {key: value for key, value in wanted.items() if value is not None}}


async def _creates(s: Session) -> None:
    root = f"{s.core}/services?dryRun=All"
    for (kind, spec), policy, families in product(_TYPES.items(), _POLICIES, _FAMILIES):
        body = _service("s", **spec, ipFamilyPolicy=policy, ipFamilies=families)
        await s.ask("POST", root, body, note=f"{kind} {policy} {families}")


_STARTS: dict[str, Tree] = {
    **{kind: spec for kind, spec in _TYPES.items() if kind != "selectorless"},
    "prefer": {"ipFamilyPolicy": "PreferDualStack"},
    "local": {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80, "name": "a", "nodePort": 30077}]},
    "no-node-ports": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False},
    "affine": {"sessionAffinity": "ClientIP", "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b", "protocol": "UDP"}]},
}
_CHANGES: tuple[Tree, ...] = (
    {}, *({"type": kind} for kind in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Wrong", "")), {"type": "ExternalName", "externalName": "y.example.com"}, {"type": "ExternalName", "externalName": "y.example.com", "clusterIP": None, "clusterIPs": None},
    {"type": "ExternalName", "externalName": "y.example.com", "clusterIP": None, "clusterIPs": None, "ipFamilies": None, "ipFamilyPolicy": None, "ports": None}, {"type": "ClusterIP", "externalName": None}, {"type": "ClusterIP", "externalName": None, "clusterIP": "None"},
    {"type": "NodePort", "externalName": None, "clusterIP": None, "clusterIPs": None}, {"type": "LoadBalancer", "externalName": None, "ports": [{"port": 80, "nodePort": 30099}]}, {"clusterIP": None}, {"clusterIPs": None}, {"clusterIP": None, "clusterIPs": None}, {"clusterIP": "None"}, {"clusterIP": "None", "clusterIPs": ["None"]},
    {"clusterIP": "10.96.0.99"}, {"clusterIPs": ["10.96.0.99"]}, {"clusterIP": "10.96.0.99", "clusterIPs": ["10.96.0.99"]}, {"clusterIP": ""}, {"clusterIPs": []}, {"clusterIPs": ["None", "None"]},
    *({"ipFamilyPolicy": policy} for policy in ("SingleStack", "PreferDualStack", "RequireDualStack", "Wrong", None)), *({"ipFamilies": families} for families in (["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"], ["IPv4", "IPv4"], ["Wrong"], [], None)),
    {"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv4", "IPv6"]}, {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6"]}, {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]}, {"ipFamilyPolicy": "SingleStack", "ipFamilies": None, "clusterIPs": None}, {"ipFamilyPolicy": None, "ipFamilies": None},
    {"ports": [{"port": 80, "nodePort": 30099}]}, {"ports": [{"port": 80, "nodePort": 80}]}, {"ports": [{"port": 80, "name": "a"}, {"port": 90, "name": "b"}]}, {"ports": [{"port": 80, "name": "a", "nodePort": 30077}, {"port": 90, "name": "b", "nodePort": 30077}]}, {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}, {"ports": None},
    {"ports": [{"port": 80, "name": "a", "nodePort": 30077}, {"port": 80, "name": "b", "nodePort": 30077, "protocol": "UDP"}]}, {"ports": [{"port": 81, "name": "other"}]},
    {"externalTrafficPolicy": "Local"}, {"externalTrafficPolicy": "Cluster"}, {"externalTrafficPolicy": None}, {"healthCheckNodePort": 30098}, {"healthCheckNodePort": 0}, {"healthCheckNodePort": None}, {"type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30098}, {"type": "LoadBalancer", "externalTrafficPolicy": "Local"},
    {"allocateLoadBalancerNodePorts": False}, {"allocateLoadBalancerNodePorts": True}, {"allocateLoadBalancerNodePorts": None}, {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": _PORTS}, {"type": "LoadBalancer", "loadBalancerClass": "example.com/c"},
    {"loadBalancerClass": "example.com/c"}, {"type": "LoadBalancer", "loadBalancerIP": "1.2.3.4", "loadBalancerSourceRanges": ["10.0.0.0/8"]}, {"loadBalancerSourceRanges": ["nonsense"]}, {"externalIPs": ["1.2.3.4", "::1", "127.0.0.1"]}, {"internalTrafficPolicy": "Local"}, {"internalTrafficPolicy": None}, {"sessionAffinity": "None"},
    {"sessionAffinity": "ClientIP"}, {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}}, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}, {"publishNotReadyAddresses": True}, {"trafficDistribution": "PreferSameZone"}, {"trafficDistribution": "Wrong"}, {"selector": None},
)  # fmt: skip


async def _updates(start: str, number: str, s: Session) -> None:
    root = f"{s.core}/services"
    await s.quiet("POST", root, _service("s", **_STARTS[start]))
    current = (await s.quiet("GET", f"{root}/s")).tree
    for change in _CHANGES:
        await s.ask("PUT", f"{root}/s?dryRun=All", merged(current, {"spec": change}), note=f"{change}")
    for change in _CHANGES:
        await s.ask("PATCH", f"{root}/s?dryRun=All", {"spec": change}, Content_Type=MERGE_PATCH, note=f"{change}")
    for kind, spec in _TYPES.items() if start != "prefer" else ():  # which a kube-apiserver does not survive
        await s.ask("PUT", f"{root}/s?dryRun=All", _service("s", **spec), note=f"as new, {kind}")
    await s.quiet("DELETE", f"{root}/s")


async def _named_addresses(s: Session) -> None:
    root = f"{s.core}/services"
    await s.quiet("POST", root, _service("taken", clusterIP="10.96.0.60"))
    for number, spec in enumerate((
        *({"clusterIP": ip} for ip in ("10.96.0.61", "10.96.0.60", "10.96.0.1", "10.96.0.0", "10.96.255.255", "10.97.0.1", "9.255.255.255", "fd00:96::61", "::ffff:10.96.0.62", "010.096.000.063", "10.96.0", "0.0.0.0", "127.0.0.1", "none", "NONE", "10.96.0.61/32", " 10.96.0.64")),
        {"clusterIP": "10.96.0.65", "clusterIPs": ["10.96.0.65"]}, {"clusterIP": "10.96.0.66", "clusterIPs": ["10.96.0.67"]}, {"clusterIPs": ["10.96.0.68"]}, {"clusterIP": "", "clusterIPs": ["10.96.0.69"]}, {"clusterIPs": ["10.96.0.70", "10.96.0.71"]}, {"clusterIPs": ["10.96.0.70", "fd00:96::70"]}, {"clusterIPs": ["fd00:96::71", "10.96.0.71"]},
        {"clusterIPs": ["10.96.0.72", "fd00:96::72"], "ipFamilyPolicy": "PreferDualStack"}, {"clusterIPs": ["10.96.0.73", "fd00:96::73"], "ipFamilyPolicy": "RequireDualStack"}, {"clusterIPs": ["10.96.0.74"], "ipFamilyPolicy": "RequireDualStack"}, {"clusterIPs": ["fd00:96::75"], "ipFamilyPolicy": "PreferDualStack"},
        {"clusterIP": "10.96.0.76", "ipFamilies": ["IPv6"]}, {"clusterIPs": ["10.96.0.77", "fd00:96::77"], "ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "PreferDualStack"}, {"clusterIPs": ["10.96.0.78", "fd00:96::78", "10.96.0.79"], "ipFamilyPolicy": "PreferDualStack"}, {"clusterIP": "None", "clusterIPs": ["10.96.0.80"]},
        {"clusterIPs": ["None", "10.96.0.80"]}, {"clusterIPs": ["10.96.0.81", ""]}, {"clusterIPs": ["", "10.96.0.81"]}, {"clusterIPs": [""]}, {"clusterIP": "10.96.0.82", "type": "ExternalName", "externalName": "x.example.com"}, {"clusterIP": "None", "type": "ExternalName", "externalName": "x.example.com"}, {"clusterIP": "None", "type": "NodePort"},
        {"clusterIP": "None", "type": "LoadBalancer"}, {"clusterIPs": ["10.96.0.60", "fd00:96::83"], "ipFamilyPolicy": "RequireDualStack"}, {"clusterIPs": ["10.96.0.84", "fd00:97::84"], "ipFamilyPolicy": "RequireDualStack"}, {"clusterIP": "FD00:96::85"}, {"clusterIP": "fd00:96:0::86"}, {"clusterIP": "fd00:96::"}, {"clusterIP": "fd00:96::ffff"},
    )):  # fmt: skip
        for query in ("?dryRun=All", ""):
            await s.ask("POST", f"{root}{query}", _service(f"s{number}", **spec), note=str(number))
    for ip in ("10.96.0.61", "10.96.0.65", "10.96.0.72", "fd00:96::72", "10.96.0.60", "10.96.0.84", "fd00:96::83", "fd00:96::85"):
        await s.ask("GET", f"{_ADDRESSES}/{ip}")
    for number in range(48):
        await s.quiet("DELETE", f"{root}/s{number}")
    await s.quiet("DELETE", f"{root}/taken")
    for ip in ("10.96.0.61", "10.96.0.72", "fd00:96::72"):
        await s.ask("GET", f"{_ADDRESSES}/{ip}", note="given back")


async def _walk(s: Session) -> None:
    """One Service through everything it can be, with the addresses it leaves behind."""
    root = f"{s.core}/services"
    await s.ask("POST", root, _service("w", clusterIP="10.96.0.50", ports=[{"port": 80, "name": "a"}]))
    for number, change in enumerate((
        {"type": "NodePort"}, {"ports": [{"port": 80, "name": "a", "nodePort": 30077}]}, {"ports": [{"port": 80, "name": "a", "nodePort": 30077}, {"port": 81, "name": "b"}]}, {"ports": [{"port": 81, "name": "b", "nodePort": 30077}]}, {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, {"externalTrafficPolicy": "Cluster"},
        {"ipFamilyPolicy": "PreferDualStack"}, {"ipFamilyPolicy": "SingleStack"}, {"ipFamilyPolicy": "RequireDualStack", "clusterIPs": ["10.96.0.50", "fd00:96::50"]}, {"ipFamilyPolicy": "RequireDualStack", "clusterIPs": ["10.96.0.50", "fd00:96::51"]}, {"ipFamilyPolicy": "SingleStack", "clusterIPs": ["10.96.0.50"], "ipFamilies": ["IPv4"]},
        {"type": "ClusterIP"}, {"type": "ExternalName", "externalName": "x.example.com"}, {"type": "ClusterIP", "externalName": None, "clusterIP": "10.96.0.51"}, {"type": "ExternalName", "externalName": "x.example.com", "clusterIP": None, "clusterIPs": None}, {"type": "ClusterIP", "externalName": None, "clusterIP": "None"}, {"clusterIP": None, "clusterIPs": None},
        {"clusterIP": "10.96.0.52", "clusterIPs": ["10.96.0.52"]}, {"type": "NodePort"}, {"type": "ExternalName", "externalName": "x.example.com"}, {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, {"allocateLoadBalancerNodePorts": True}, {"allocateLoadBalancerNodePorts": False}, {"ports": [{"port": 81, "name": "b", "nodePort": 0}]},
    )):  # fmt: skip
        await s.ask("PATCH", f"{root}/w", {"spec": change}, Content_Type=MERGE_PATCH, note=str(number))
        for ip in ("10.96.0.50", "10.96.0.51"):  # of an IPv6 address that comes back upstream's repair takes the object away
            await s.ask("GET", f"{_ADDRESSES}/{ip}", note=str(number))
    await s.ask("PATCH", f"{root}/w", [{"op": "remove", "path": "/spec/clusterIP"}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", f"{root}/w", [{"op": "remove", "path": "/spec/ports"}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", f"{root}/w/status", {"spec": {"type": "ClusterIP"}, "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}, "conditions": [{"type": "x", "status": "True", "reason": "r", "message": "", "lastTransitionTime": "2030-01-01T00:00:00Z"}]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/w", {"spec": {"type": "ClusterIP"}}, Content_Type=MERGE_PATCH, note="status of a load balancer")
    await s.ask("DELETE", f"{root}/w")


async def _ports(s: Session) -> None:
    root = f"{s.core}/services"
    await s.quiet("POST", root, _service("taken", type="NodePort", ports=[{"port": 80, "nodePort": 30077}]))
    for number, ports in enumerate((
        [{"port": 80, "nodePort": 30077}], [{"port": 80, "nodePort": 30077, "protocol": "UDP"}], [{"port": 80, "name": "a", "nodePort": 30177}, {"port": 80, "name": "b", "nodePort": 30177, "protocol": "UDP"}], [{"port": 80, "name": "a", "nodePort": 30178}, {"port": 81, "name": "b", "nodePort": 30178}],
        [{"port": 80, "name": "a", "nodePort": 30179}, {"port": 81, "name": "b", "nodePort": 30077}], [{"port": 80, "nodePort": 29999}], [{"port": 80, "nodePort": 32768}], [{"port": 80, "nodePort": 65536}], [{"port": 80, "nodePort": -1}], [{"port": 80, "nodePort": 30000}], [{"port": 80, "nodePort": 32767}],
        [{"port": 80, "name": "a"}, {"port": 80, "name": "b", "protocol": "UDP"}, {"port": 80, "name": "c", "protocol": "SCTP"}], [{"port": 53, "name": "a", "nodePort": 30182}, {"port": 53, "name": "b", "protocol": "UDP"}], [{"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP", "nodePort": 30183}],
    )):  # fmt: skip
        for kind in ("NodePort", "LoadBalancer"):
            for query in ("?dryRun=All", ""):
                await s.ask("POST", f"{root}{query}", _service(f"s{number}-{kind.lower()}", type=kind, ports=ports), note=f"{number} {kind}")
            await s.quiet("DELETE", f"{root}/s{number}-{kind.lower()}")
    local = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    for number, spec in enumerate(({**local, "healthCheckNodePort": 30077}, {**local, "healthCheckNodePort": 30184}, {**local, "healthCheckNodePort": 80}, {**local, "healthCheckNodePort": -1}, {"type": "LoadBalancer", "healthCheckNodePort": 30185}, {"type": "NodePort", "externalTrafficPolicy": "Local", "healthCheckNodePort": 30185}, {**local, "healthCheckNodePort": 30186, "ports": [{"port": 80, "nodePort": 30186}]})):
        for query in ("?dryRun=All", ""):
            await s.ask("POST", f"{root}{query}", _service(f"h{number}", **spec), note=f"health {number}")
    await s.ask("PATCH", f"{root}/h1", {"spec": {"healthCheckNodePort": 30187}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/h1", {"spec": {"externalTrafficPolicy": "Cluster"}}, Content_Type=MERGE_PATCH)
    await s.ask("POST", root, _service("again", **local, healthCheckNodePort=30184), note="given back")
    for name in (*(f"h{number}" for number in range(7)), "taken", "again"):
        await s.quiet("DELETE", f"{root}/{name}")


async def _traffic(s: Session) -> None:
    root = f"{s.core}/services?dryRun=All"
    for kind, external, ips, allocate, health in product(("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"), (None, "Local", "Cluster", "Wrong", ""), (None, ["1.2.3.4"]), (None, True, False), (None, 0, 30098)):
        spec: Tree = {"type": kind, "externalName": "x.example.com" if kind == "ExternalName" else None, "externalTrafficPolicy": external, "externalIPs": ips, "allocateLoadBalancerNodePorts": allocate, "healthCheckNodePort": health}
        await s.ask("POST", root, _service("s", **spec), note=f"{kind} {external} {ips} {allocate} {health}")


async def _objects(s: Session) -> None:
    """IPAddresses and ServiceCIDRs that clients write."""
    cidrs = "/apis/networking.k8s.io/v1/servicecidrs"
    parent = {"resource": "services", "namespace": s.namespace, "name": "x"}
    for name, spec in (("10.96.0.40", {"parentRef": parent}), ("10.96.0.41", {}), ("10.96.0.042", {"parentRef": parent}), ("nonsense", {"parentRef": parent}), ("FD00::1", {"parentRef": parent}), ("192.168.0.1", {"parentRef": {"group": "g", "resource": "pods", "name": "x"}}), ("10.96.0.43", {"parentRef": {"name": "x"}}), ("10.96.0.44", {"parentRef": {"resource": "services", "name": ""}})):
        await s.ask("POST", _ADDRESSES, {"metadata": {"name": name}, "spec": spec})
    await s.ask("POST", f"{s.core}/services", _service("x", clusterIP="10.96.0.40"), note="the address is taken")
    await s.ask("POST", f"{s.core}/services?dryRun=All", _service("x", clusterIP="10.96.0.40"), note="the address is taken")
    await s.ask("PATCH", f"{_ADDRESSES}/10.96.0.40", {"spec": {"parentRef": {"name": "y"}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{_ADDRESSES}/10.96.0.40", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
    await s.ask("DELETE", f"{_ADDRESSES}/10.96.0.40")
    await s.ask("DELETE", f"{_ADDRESSES}/192.168.0.1")
    await s.ask("POST", f"{s.core}/services", _service("y", clusterIP="10.96.0.45"))
    await s.ask("DELETE", f"{_ADDRESSES}/10.96.0.45", note="in use")
    await s.ask("POST", f"{s.core}/services", _service("z", clusterIP="10.96.0.45"), note="its object was taken away")
    await s.ask("DELETE", f"{s.core}/services/y")
    for name, ranges in (("one", ["192.168.7.0/24"]), ("two", ["192.168.8.0/24", "fd00:8::/112"]), ("three", ["192.168.9.0/24", "192.168.10.0/24"]), ("bad", ["192.168.9.1/24"]), ("bad", []), ("bad", ["x"]), ("bad", ["10.0.0.0/8", "fd00::/64", "10.1.0.0/16"]), ("wide", ["10.96.0.0/12"]), ("same", ["10.96.0.0/16"])):
        await s.ask("POST", f"{cidrs}?dryRun=All", {"metadata": {"name": f"diff-{name}"}, "spec": {"cidrs": ranges}})
    await s.quiet("POST", cidrs, {"metadata": {"name": "diff-more"}, "spec": {"cidrs": ["192.168.7.0/28"]}})
    await s.settle(f"{cidrs}/diff-more", "metadata")
    await s.ask("POST", f"{s.core}/services", _service("m", clusterIP="192.168.7.5"))
    await s.ask("POST", f"{s.core}/services", _service("m2", clusterIP="192.168.7.0"))
    await s.ask("POST", f"{s.core}/services", _service("m3", clusterIP="192.168.7.15"))
    await s.ask("POST", f"{s.core}/services", _service("m4", clusterIP="192.168.8.5"))
    await s.ask("PATCH", f"{cidrs}/diff-more", {"spec": {"cidrs": ["192.168.8.0/24"]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{cidrs}/diff-more", {"spec": {"cidrs": ["192.168.7.0/28", "fd00:7::/112"]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{cidrs}/kubernetes", {"spec": {"cidrs": ["10.96.0.0/16", "fd00:7::/112"]}}, Content_Type=MERGE_PATCH, note="dry")
    await s.quiet("DELETE", f"{s.core}/services/m")
    await s.quiet("PATCH", f"{cidrs}/diff-more", {"metadata": {"finalizers": None}})
    await s.quiet("DELETE", f"{cidrs}/diff-more")
    await s.quiet("DELETE", f"{s.core}/services/z")


async def _full(s: Session) -> None:
    """Ranges with five addresses and four ports left."""
    root = f"{s.core}/services"
    while (await s.quiet("GET", "/api/v1/namespaces/default/services/kubernetes")).code != 200:
        await asyncio.sleep(0.1)
    await s.ask("POST", root, _service("network", clusterIP="10.96.0.0"))
    await s.ask("POST", root, _service("broadcast", clusterIP="10.96.0.7"))
    for number in range(5):
        await s.quiet("POST", root, _service(f"s{number}", clusterIP=f"10.96.0.{number + 2}"))
    await s.ask("GET", f"{_ADDRESSES}?fieldSelector=metadata.name%3D10.96.0.3")
    await s.ask("POST", root, _service("more"))
    await s.ask("POST", f"{root}?dryRun=All", _service("more"))
    await s.ask("POST", root, _service("more", clusterIP="10.96.0.4"))
    await s.quiet("DELETE", f"{root}/s4")
    await s.ask("POST", root, _service("many", type="NodePort", ports=[{"port": port, "name": f"p{port}"} for port in range(5)]))
    await s.ask("POST", root, _service("many", type="NodePort", ports=[{"port": port, "name": f"p{port}"} for port in range(1, 6)]), note="too many")
    await s.quiet("POST", root, _service("many", type="NodePort", ports=[{"port": port, "name": f"p{port}"} for port in range(1, 5)]))
    await s.ask("PATCH", f"{root}/s1", {"spec": {"type": "NodePort"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/s1", {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30001}]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/s1", {"spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/s2", {"spec": {"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "externalTrafficPolicy": "Local"}}, Content_Type=MERGE_PATCH, note="a port for health checks")
