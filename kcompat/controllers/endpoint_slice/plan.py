"""Which slices a service is to have: few changes rather than few slices. Pure; upstream: endpointslice reconciler.go, trafficdist."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import spec_of
from kcompat.controllers.pod_control import pods_prefix
from kcompat.controllers.service_endpoints import HEADLESS, addresses, belongs, hostname, is_headless, pod_reference, target_port

SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
OURS = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"
MAX_ENDPOINTS = 100
_CLOSE = ("PreferClose", "PreferSameZone", "PreferSameNode")

Ports = tuple[tuple[object, ...], ...]


@dataclass(slots=True)
class Changes:
    """Slices to create (without a name), to replace, and to delete; missing: names of nodes that pods are on but that are not there."""

    create: list[Tree] = field(default_factory=list)
    update: list[Tree] = field(default_factory=list)
    delete: list[Tree] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def add(self, other: Changes) -> None:
        self.create += other.create
        self.update += other.update
        self.delete += other.delete
        self.missing += other.missing


def address_types(service: Tree) -> list[str]:
    """IPv4, IPv6 or both."""
    spec = spec_of(service)
    if families := spec.get("ipFamilies"):
        return list(families)
    if is_headless(service):
        return ["IPv4", "IPv6"]
    return ["IPv6" if ":" in spec["clusterIP"] else "IPv4"]


def slice_ports(service: Tree, pod: Tree) -> list[Tree]:
    found = []
    for port in spec_of(service).get("ports") or ():
        number = target_port(pod, port)
        if number is None:
            continue
        entry = {"name": port.get("name") or "", "port": number, "protocol": port.get("protocol", "TCP")}
        found.append(entry | ({"appProtocol": port["appProtocol"]} if port.get("appProtocol") else {}))
    return found


def ports_key(ports: Iterable[Tree] | None) -> Ports:
    """The same for the same ports in any order."""
    keys = ((p.get("name") or "", p.get("port") or 0, p.get("protocol") or "", p.get("appProtocol") or "") for p in ports or ())
    return tuple(sorted(keys))


def endpoint_of(pod: Tree, node: Tree | None, service: Tree, address_type: str) -> Tree | None:
    """None: the pod has no address of the type (upstream: podToEndpoint)."""
    found = [ip for text in addresses(pod) if _type(ip := str(ipaddress.ip_address(text))) == address_type]
    if not found:
        return None
    serving, terminating = podutil.is_ready(pod), meta.is_being_deleted(pod)
    ready = bool(spec_of(service).get("publishNotReadyAddresses")) or (serving and not terminating)
    endpoint: Tree = {
        "addresses": sorted(found),
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": pod_reference(pod),
    }
    zone = meta.labels(node).get(ZONE) if node is not None else None
    optional = {"nodeName": podutil.node_name(pod), "zone": zone, "hostname": hostname(pod, service)}
    return endpoint | {key: value for key, value in optional.items() if value}


def _type(address: str) -> str:
    return "IPv6" if ":" in address else "IPv4"


def _identity(endpoint: Tree) -> tuple[object, ...]:
    """What makes two endpoints the same one (upstream: hashEndpoint)."""
    target = endpoint.get("targetRef") or {}
    return tuple(sorted(endpoint["addresses"])), endpoint.get("hostname") or "", target.get("namespace"), target.get("name")


def labels_of(service: Tree) -> dict[str, str]:
    own = {key: value for key, value in meta.labels(service).items() if key not in (SERVICE_NAME, MANAGED_BY, HEADLESS)}
    return own | ({HEADLESS: ""} if is_headless(service) else {}) | {SERVICE_NAME: meta.name(service), MANAGED_BY: OURS}


def _labels_differ(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Reserved labels do not count (upstream: setEndpointSliceLabels)."""
    reserved = (SERVICE_NAME, MANAGED_BY, HEADLESS)
    return {k: v for k, v in one.items() if k not in reserved} != {k: v for k, v in other.items() if k not in reserved}


def new_slice(service: Tree, address_type: str, ports: list[Tree]) -> Tree:
    metadata = {
        "generateName": pods_prefix(meta.name(service)),
        "namespace": meta.namespace(service),
        "labels": labels_of(service),
        "ownerReferences": [meta.controller_reference(service, "v1", "Service")],
    }
    return {"metadata": metadata, "addressType": address_type, "endpoints": [], "ports": ports}


def owned_by(tree: Tree, service: Tree) -> bool:
    return any(owner["uid"] == meta.uid(service) and owner["kind"] == "Service" for owner in meta.owner_references(tree))


def plan(service: Tree, pods: Sequence[Tree], node_of: Callable[[str], Tree | None], slices: Sequence[Tree]) -> Changes:
    """slices: those of the service that are this controller's and not being deleted."""
    types = address_types(service)
    changes = Changes(delete=[tree for tree in slices if tree["addressType"] not in types])
    for address_type in types:
        present = [tree for tree in slices if tree["addressType"] == address_type]
        changes.add(_plan_type(service, pods, node_of, present, address_type))
    _reuse(service, changes)
    return changes


def _plan_type(
    service: Tree, pods: Sequence[Tree], node_of: Callable[[str], Tree | None], slices: Sequence[Tree], address_type: str
) -> Changes:
    changes = Changes(delete=[tree for tree in slices if not owned_by(tree, service)])
    present: dict[Ports, list[Tree]] = {}
    for tree in slices:
        if owned_by(tree, service):
            present.setdefault(ports_key(tree.get("ports")), []).append(tree)
    wanted = _wanted(service, pods, node_of, address_type, changes)
    for key, (ports, endpoints) in wanted.items():
        changes.add(_fill(service, address_type, ports, endpoints, present.get(key, ())))
    changes.delete += [tree for key, found in present.items() if key not in wanted for tree in found]
    if len(slices) == len(changes.delete) and not changes.create:
        _keep_placeholder(changes, new_slice(service, address_type, []))
    _hint(service, slices, changes)
    return changes


def _wanted(
    service: Tree, pods: Sequence[Tree], node_of: Callable[[str], Tree | None], address_type: str, changes: Changes
) -> dict[Ports, tuple[list[Tree], dict[tuple[object, ...], Tree]]]:
    """The endpoints by their ports."""
    wanted: dict[Ports, tuple[list[Tree], dict[tuple[object, ...], Tree]]] = {}
    for pod in pods:
        if not belongs(pod, terminating=True):
            continue
        ports = slice_ports(service, pod)
        _, endpoints = wanted.setdefault(ports_key(ports), (ports, {}))
        node = node_of(podutil.node_name(pod))
        if node is None and not spec_of(service).get("publishNotReadyAddresses"):
            what = f"Pod {meta.name(pod)} for Service {meta.key(service)}"
            changes.missing.append(f"skipping {what}: Node {podutil.node_name(pod)} Not Found")
            continue
        endpoint = endpoint_of(pod, node, service, address_type)
        if endpoint is not None:
            endpoints[_identity(endpoint)] = endpoint
    return wanted


def _keep_placeholder(changes: Changes, placeholder: Tree) -> None:
    """A service without endpoints has one empty slice, so that watchers know that there are none."""
    if len(changes.delete) == 1:
        present = changes.delete[0]
        same = all((present.get(key) or []) == placeholder[key] for key in ("endpoints", "ports"))
        if same and dict(meta.labels(present)) == placeholder["metadata"]["labels"]:
            changes.delete.clear()
            return
    changes.create.append(placeholder)


def _fill(service: Tree, address_type: str, ports: list[Tree], wanted: dict[tuple[object, ...], Tree], slices: Sequence[Tree]) -> Changes:
    """Keeps endpoints where they are; new ones go first into slices that change anyhow, then into one that has room for all of them,
    then into new slices (upstream: reconcileByPortMapping)."""
    changed, unchanged = Changes(), []
    wanted = dict(wanted)
    for tree in slices:
        kept = _keep(tree, wanted)
        labels = labels_of(service)
        differs = [_plain(endpoint) for endpoint in tree.get("endpoints") or ()] != [_plain(endpoint) for endpoint in kept]
        if differs and not kept:
            changed.delete.append(tree)
        elif differs or _labels_differ(meta.labels(tree), labels):
            changed.update.append({**meta.with_metadata(tree, labels=labels), "endpoints": kept})
        else:
            unchanged.append(tree)
    left = list(wanted.values())
    for tree in sorted(changed.update, key=lambda tree: -len(tree["endpoints"])):
        _take(tree, left)
    while left:
        room = _roomiest(unchanged, len(left))
        if room is None:
            tree = new_slice(service, address_type, ports)
            changed.create.append(tree)
        else:
            unchanged.remove(room)
            tree = {**meta.with_metadata(room, labels=labels_of(service)), "endpoints": list(room.get("endpoints") or ())}
            changed.update.append(tree)
        _take(tree, left)
    return changed


def _keep(tree: Tree, wanted: dict[tuple[object, ...], Tree]) -> list[Tree]:
    """The slice's endpoints that are still wanted, as they are to be; they leave `wanted`."""
    kept = []
    for endpoint in tree.get("endpoints") or ():
        found = wanted.pop(_identity(endpoint), None)
        if found is not None:
            same = _plain(found) == _plain(endpoint)
            kept.append(endpoint if same else found)
    return kept


def _plain(endpoint: Tree) -> Tree:
    """Without what is decided elsewhere."""
    target = {key: value for key, value in (endpoint.get("targetRef") or {}).items() if key != "resourceVersion"}
    return {**{key: value for key, value in endpoint.items() if key != "hints"}, "targetRef": target}


def _take(tree: Tree, left: list[Tree]) -> None:
    """Moves as many endpoints as fit; the tree is this plan's own."""
    room = max(0, MAX_ENDPOINTS - len(tree["endpoints"]))
    tree["endpoints"] = [*tree["endpoints"], *left[:room]]
    del left[:room]


def _roomiest(slices: Sequence[Tree], count: int) -> Tree | None:
    """The slice that is fullest once it has taken them all."""
    fitting = [tree for tree in slices if len(tree.get("endpoints") or ()) + count <= MAX_ENDPOINTS and count < MAX_ENDPOINTS]
    return max(fitting, key=lambda tree: len(tree.get("endpoints") or ()), default=None)


def _hint(service: Tree, slices: Sequence[Tree], changes: Changes) -> None:
    """Where clients shall look first, as trafficDistribution wants it (upstream: trafficdist.ReconcileHints)."""
    wanted = spec_of(service).get("trafficDistribution")
    touched = {meta.name(tree) for tree in (*changes.update, *changes.delete)}
    for tree in (tree for tree in slices if meta.name(tree) not in touched):
        endpoints = [hinted(endpoint, wanted) for endpoint in tree.get("endpoints") or ()]
        if endpoints != (tree.get("endpoints") or []):
            changes.update.append({**tree, "endpoints": endpoints})
    for tree in (*changes.create, *changes.update):
        tree["endpoints"] = [hinted(endpoint, wanted) for endpoint in tree["endpoints"]]


def hinted(endpoint: Tree, distribution: str | None) -> Tree:
    """The endpoint with the hints it is to have; those that are not ready keep theirs."""
    if distribution in _CLOSE and not endpoint["conditions"].get("ready"):
        return endpoint
    hints: Tree = {}
    if distribution in _CLOSE and endpoint.get("zone"):
        hints["forZones"] = [{"name": endpoint["zone"]}]
    if distribution == "PreferSameNode" and endpoint.get("nodeName"):
        hints["forNodes"] = [{"name": endpoint["nodeName"]}]
    bare = {key: value for key, value in endpoint.items() if key != "hints"}
    return {**bare, "hints": hints} if hints else bare


def _reuse(service: Tree, changes: Changes) -> None:
    """Instead of deleting one slice and making another, the old one becomes the new (upstream: finalize)."""
    for old in list(changes.delete):
        if not changes.create:
            return
        new = changes.create[-1]
        if old["addressType"] == new["addressType"] and owned_by(old, service):
            changes.create.pop()
            changes.delete.remove(old)
            changes.update.append(meta.with_metadata(new, name=meta.name(old)))
