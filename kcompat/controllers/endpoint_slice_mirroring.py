"""Endpoint slices for Endpoints that somebody else than a controller wrote, so that readers of slices see them too
(upstream: pkg/controller/endpointslicemirroring).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kcompat.apimachinery import meta, names
from kcompat.apimachinery.errors import StatusError
from kcompat.client.events import WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from kcompat.controllers.consistency import Made
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, split_key
from kcompat.controllers.pod_control import is_namespace_terminating

SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
OURS = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
_NOT_MIRRORED = ("endpoints.kubernetes.io/last-change-trigger-time", "kubectl.kubernetes.io/last-applied-configuration")
MAX_ADDRESSES = 1000
"""Of one subset; the rest is left out."""

Key = tuple[str, tuple[tuple[object, ...], ...]]
"""(address type, ports): what all endpoints of a slice have in common."""


def should_mirror(endpoints: Tree) -> bool:
    return meta.labels(endpoints).get(SKIP) != "true" and LEADER not in meta.annotations(endpoints)


@dataclass
class Wanted:
    """Endpoints by key, in order and each address once; how many addresses are none, and how many were left out."""

    endpoints: dict[Key, dict[str, Tree]] = field(default_factory=dict)
    ports: dict[Key, list[Tree]] = field(default_factory=dict)
    invalid: int = 0
    skipped: int = 0


def wanted(endpoints: Tree) -> Wanted:
    """What the slices are to say (upstream: reconcile). Pure."""
    found = Wanted()
    for subset in endpoints.get("subsets") or ():
        ports = [_port(port) for port in subset.get("ports") or ()]
        added = 0
        for kind, ready in (("addresses", True), ("notReadyAddresses", False)):
            for address in subset.get(kind) or ():
                endpoint, address_type = _endpoint(address, ready)
                if endpoint is None:
                    found.invalid += 1
                elif added >= MAX_ADDRESSES:
                    found.skipped += 1
                else:
                    key = (address_type, _ports_key(ports))
                    found.ports[key] = ports
                    found.endpoints.setdefault(key, {})[_identity(endpoint)] = endpoint
                    added += 1
    return found


def _port(port: Tree) -> Tree:
    shown = {"name": port.get("name") or "", "protocol": port.get("protocol") or "TCP", "port": port["port"]}
    return shown | ({"appProtocol": port["appProtocol"]} if port.get("appProtocol") else {})


def _ports_key(ports: Iterable[Tree]) -> tuple[tuple[object, ...], ...]:
    fields = ("name", "protocol", "port", "appProtocol")
    return tuple(sorted((tuple(port.get(field) for field in fields) for port in ports), key=repr))


def _endpoint(address: Tree, ready: bool) -> tuple[Tree | None, str]:
    try:
        parsed = ipaddress.ip_address(address["ip"])
    except ValueError:
        return None, ""
    endpoint: Tree = {"addresses": [str(parsed)], "conditions": {"ready": ready}}
    endpoint |= {key: address[key] for key in ("hostname", "targetRef", "nodeName") if address.get(key)}
    return endpoint, f"IPv{parsed.version}"


def _identity(endpoint: Tree) -> str:
    target = endpoint.get("targetRef") or {}
    return repr((endpoint["addresses"], endpoint.get("hostname"), target.get("namespace"), target.get("name")))


def slice_of(endpoints: Tree, key: Key, found: Wanted, name: str = "") -> Tree:
    """The slice to write; without a name the server gives it one (upstream: newEndpointSlice). Pure."""
    metadata: Tree = {
        "namespace": meta.namespace(endpoints),
        "labels": {**meta.labels(endpoints), SERVICE_NAME: meta.name(endpoints), MANAGED_BY: OURS},
        "ownerReferences": [meta.controller_reference(endpoints, ENDPOINTS.api_version, ENDPOINTS.kind)],
    }
    if annotations := {key: value for key, value in meta.annotations(endpoints).items() if key not in _NOT_MIRRORED}:
        metadata["annotations"] = annotations
    prefix = f"{meta.name(endpoints)}-"
    metadata |= {"name": name} if name else {"generateName": prefix if names.name_is_dns_subdomain(prefix, prefix=True) else prefix[:-1]}
    return {"metadata": metadata, "addressType": key[0], "endpoints": list(found.endpoints[key].values()), "ports": found.ports[key]}


def says(present: Tree, tree: Tree) -> bool:
    """Is the slice as it should be?"""
    same = all((present.get(name) or []) == (tree.get(name) or []) for name in ("endpoints", "ports"))
    owners = [(item["kind"], item["uid"]) for item in meta.owner_references(present)]
    wanted_owners = [(item["kind"], item["uid"]) for item in meta.owner_references(tree)]
    return same and owners == wanted_owners and all(dict(get(present)) == dict(get(tree)) for get in (meta.labels, meta.annotations))


@dataclass
class Plan:
    create: list[Tree] = field(default_factory=list)
    update: list[Tree] = field(default_factory=list)
    delete: list[Tree] = field(default_factory=list)


def decide(endpoints: Tree, present: Sequence[Tree], found: Wanted) -> Plan:
    """One slice for each key; slices not needed any more are used again for others of their address type. Pure."""
    by_key: dict[Key, list[Tree]] = {}
    for item in present:
        by_key.setdefault((item["addressType"], _ports_key(item.get("ports") or ())), []).append(item)
    plan, missing = Plan(), []
    for key in found.endpoints:
        same = by_key.pop(key, [])
        plan.delete += same[1:]
        if not same:
            missing.append(key)
        elif not says(same[0], tree := slice_of(endpoints, key, found, meta.name(same[0]))):
            plan.update.append(tree)
    spare = [*plan.delete, *(item for items in by_key.values() for item in items)]
    for key in missing:
        free = next((item for item in spare if item["addressType"] == key[0]), None)
        if free is None:
            plan.create.append(slice_of(endpoints, key, found))
        else:
            spare.remove(free)
            plan.update.append(slice_of(endpoints, key, found, meta.name(free)))
    plan.delete = spare
    return plan


@controller(
    "endpointslice-mirroring-controller",
    workers=5,
    account="endpointslicemirroring-controller",
    component="endpoint-slice-mirroring-controller",
)
class EndpointSliceMirroringController:
    """Keys are namespace/name of Endpoints, and of the services of that name."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(ENDPOINT_SLICES)
        self._made = Made(context.informers)
        self._endpoints = context.watch(ENDPOINTS, self._endpoints_changed)
        self._services = context.watch(SERVICES, self._service_changed)
        self._slices = context.watch(ENDPOINT_SLICES, self._slice_changed, {OURS: _mirrored})

    def _endpoints_changed(self, old: Tree | None, new: Tree | None) -> None:
        if any(should_mirror(tree) for tree in (old, new) if tree is not None):
            self._context.enqueue(old, new)

    def _service_changed(self, old: Tree | None, new: Tree | None) -> None:
        """Only services without a selector have Endpoints of somebody else's making."""
        before, after = (tree is not None and spec_of(tree).get("selector") is None for tree in (old, new))
        if before != after:
            self._context.enqueue(old, new)

    def _slice_changed(self, old: Tree | None, new: Tree | None) -> None:
        for tree in (old, new):
            for key in _mirrored(tree) if tree is not None else ():
                self._context.queue.add(key)

    async def reconcile(self, key: str) -> None:
        endpoints, service = self._endpoints.get(*split_key(key)), self._services.get(*split_key(key))
        present = sorted(self._slices.by_index(OURS, key), key=meta.name)
        if not self._made.is_seen(key):
            raise Requeue
        if endpoints is None or service is None or not should_mirror(endpoints) or spec_of(service).get("selector") is not None:
            await self._carry_out(key, Plan(delete=present), endpoints)
            return
        found = wanted(endpoints)
        self._tell(endpoints, found)
        await self._carry_out(key, decide(endpoints, present, found), endpoints)

    async def _carry_out(self, key: str, plan: Plan, endpoints: Tree | None) -> None:
        for tree in plan.create if endpoints is None or not meta.is_being_deleted(endpoints) else ():
            try:
                self._made.wrote(key, ENDPOINT_SLICES, await self._client.create(tree))
            except StatusError as error:
                if not is_namespace_terminating(error):
                    raise
        for tree in plan.update:
            self._made.wrote(key, ENDPOINT_SLICES, await self._client.update(tree))
        for tree in plan.delete:
            await self._delete(tree)

    async def _delete(self, tree: Tree) -> None:
        try:
            await self._client.delete(meta.name(tree), meta.namespace(tree))
        except StatusError as error:
            if error.code != 404:
                raise

    def _tell(self, endpoints: Tree, found: Wanted) -> None:
        if found.invalid:
            message = f"Skipped {found.invalid} invalid IP addresses when mirroring to EndpointSlices"
            self._context.recorder.event(endpoints, WARNING, "InvalidIPAddress", message, resource=ENDPOINTS)
        if found.skipped:
            left_out = found.skipped + found.invalid
            message = (
                f"A max of {MAX_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset. "
                f"{left_out} addresses were skipped"
            )
            self._context.recorder.event(endpoints, WARNING, "TooManyAddressesToMirror", message, resource=ENDPOINTS)


def _mirrored(tree: Tree) -> list[str]:
    """The key of the Endpoints that a slice of ours mirrors."""
    labels: Mapping[str, str] = meta.labels(tree)
    name = labels.get(SERVICE_NAME, "")
    return [f"{meta.namespace(tree)}/{name}"] if name and labels.get(MANAGED_BY) == OURS else []
