"""The objects a kube-apiserver makes when it starts, apart from roles (those are in auth/bootstrap.py).

`cluster.py` reads each object of objects() and writes what changed() makes of it, through the API, as system:apiserver. Answers upstream's
pkg/controlplane (aggregator, systemnamespaces, kubernetesservice, defaultservicecidr, clusterauthenticationtrust, legacytokentracking), apiserver
pkg/apis/flowcontrol/bootstrap and pkg/apis/scheduling. As bodies of a create: what the API sets or defaults is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import orjson

from kcompat.apimachinery import meta
from kcompat.registry.catalog import GROUP_PRIORITY

Tree = dict[str, Any]

NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")
AUTOUPDATE = "apf.kubernetes.io/autoupdate-spec"


@dataclass(frozen=True, slots=True)
class Start:
    """What of the start-up settings shows in objects."""

    service_ip: str
    """Cluster IP of the Service default/kubernetes: the first address of the first range."""
    advertise_address: str
    """Where clients in the cluster reach this server; never a loopback address, which endpoints may not hold."""
    advertise_port: int
    today: str
    """The date, YYYY-MM-DD."""
    client_ca: str = ""
    """PEM; empty: no client certificates."""
    request_header_ca: str = ""
    group_versions: Sequence[tuple[str, str]] = ()
    """Groups and versions that the server serves by itself."""
    request_header: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """allowed-names, username-headers, uid-headers, group-headers, extra-headers-prefix of the --requestheader-* flags."""


def objects(start: Start) -> Iterator[Tree]:
    """In the order to write them: what others stand in comes first."""
    yield from (_object("v1", "Namespace", name) for name in NAMESPACES)
    yield from _api_services(start.group_versions)
    yield from _priority_classes()
    yield from _kubernetes_service(start)
    yield from _config_maps(start)


def flow_control() -> Iterator[Tree]:
    """Priority levels and flow schemas, in the order to write them."""
    yield from _priority_levels()
    yield from _flow_schemas()


MANDATORY = ("exempt", "catch-all")
"""The levels and schemas that hold even while they are not stored."""


def changed(existing: Mapping[str, Any] | None, expected: Tree) -> Tree | None:
    """What to write so that the object is as expected; None: nothing. An administrator's own changes stay."""
    if existing is None:
        return expected
    kind = expected["kind"]
    if kind in ("FlowSchema", "PriorityLevelConfiguration"):
        fields: Sequence[str] = ("spec",) if meta.annotations(existing).get(AUTOUPDATE) != "false" else ()
    else:
        fields = _MAINTAINED.get(kind, ())
    if kind == "ConfigMap" and meta.name(expected) != "extension-apiserver-authentication":
        fields = ()
    differing = {name: expected[name] for name in fields if existing.get(name) != expected.get(name)}
    return {**existing, **differing} if differing else None


_MAINTAINED = {"APIService": ("spec",), "Endpoints": ("subsets",), "EndpointSlice": ("endpoints", "ports"), "ConfigMap": ("data",)}
"""What the server keeps right for as long as it runs."""


def _object(version: str, kind: str, name: str, namespace: str = "", *, labels: Mapping[str, str] | None = None, **content: Any) -> Tree:
    metadata: Tree = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _priority_classes() -> Iterator[Tree]:
    node = "Used for system critical pods that must not be moved from their current node."
    cluster = "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."
    for name, value, description in (("system-node-critical", 2000001000, node), ("system-cluster-critical", 2000000000, cluster)):
        yield _object("scheduling.k8s.io/v1", "PriorityClass", name, value=value, description=description)


_VERSION_PRIORITY = {("", "v1"): 1, ("autoscaling", "v2"): 30, ("resource.k8s.io", "v1"): 21, ("flowcontrol.apiserver.k8s.io", "v1"): 21}


def _api_services(group_versions: Iterable[tuple[str, str]]) -> Iterator[Tree]:
    """Local ones, which say that no other server has the group (upstream: controlplane/apiserver/aggregator.go:makeAPIService)."""
    onstart = {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
    for group, version in group_versions:
        if group in GROUP_PRIORITY:
            priorities = {"groupPriorityMinimum": GROUP_PRIORITY[group], "versionPriority": _VERSION_PRIORITY.get((group, version), 15)}
            spec = ({"group": group} if group else {}) | {"version": version, **priorities}
            yield _object("apiregistration.k8s.io/v1", "APIService", f"{version}.{group}", labels=onstart, spec=spec)


def _kubernetes_service(start: Start) -> Iterator[Tree]:
    """The Service default/kubernetes and the address behind it."""
    family = "IPv6" if ip_address(start.advertise_address).version == 6 else "IPv4"
    spec = {
        "clusterIP": start.service_ip,
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": start.advertise_port}],
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }
    yield _object("v1", "Service", "kubernetes", "default", labels={"component": "apiserver", "provider": "kubernetes"}, spec=spec)
    port = {"name": "https", "port": start.advertise_port, "protocol": "TCP"}
    subsets = [{"addresses": [{"ip": start.advertise_address}], "ports": [port]}]
    unmirrored = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    yield _object("v1", "Endpoints", "kubernetes", "default", labels=unmirrored, subsets=subsets)
    endpoints = [{"addresses": [start.advertise_address], "conditions": {"ready": True}}]
    of_service = {"kubernetes.io/service-name": "kubernetes"}
    yield _object(
        "discovery.k8s.io/v1", "EndpointSlice", "kubernetes", "default",
        labels=of_service, addressType=family, endpoints=endpoints, ports=[port],
    )  # fmt: skip


def _config_maps(start: Start) -> Iterator[Tree]:
    tracking = "kube-apiserver-legacy-service-account-token-tracking"
    yield _object("v1", "ConfigMap", tracking, "kube-system", data={"since": start.today})
    data = {"client-ca-file": start.client_ca} if start.client_ca else {}
    if start.request_header_ca:
        data["requestheader-client-ca-file"] = start.request_header_ca
        data |= {f"requestheader-{name}": orjson.dumps(list(values)).decode() for name, values in start.request_header.items()}
    if data:
        yield _object("v1", "ConfigMap", "extension-apiserver-authentication", "kube-system", data=data)


def _autoupdated(kind: str, name: str, spec: Tree) -> Tree:
    tree = _object("flowcontrol.apiserver.k8s.io/v1", kind, name, spec=spec)
    tree["metadata"]["annotations"] = {AUTOUPDATE: "true"}
    return tree


_LEVELS = (
    ("catch-all", 5, 0, None),
    ("global-default", 20, 50, (128, 6, 50)),
    ("leader-election", 10, 0, (16, 4, 50)),
    ("node-high", 40, 25, (64, 6, 50)),
    ("system", 30, 33, (64, 6, 50)),
    ("workload-high", 40, 50, (128, 6, 50)),
    ("workload-low", 100, 90, (128, 6, 50)),
)
"""Name, nominal concurrency shares, lendable percent, and queues, hand size and queue length (None: reject instead of queueing)."""


def _priority_levels() -> Iterator[Tree]:
    exempt = {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
    yield _autoupdated("PriorityLevelConfiguration", "exempt", exempt)
    for name, shares, lendable, queuing in _LEVELS:
        response: Tree = {"type": "Reject"}
        if queuing is not None:
            queues, hand, length = queuing
            response = {"type": "Queue", "queuing": {"queues": queues, "handSize": hand, "queueLengthLimit": length}}
        limited = {"nominalConcurrencyShares": shares, "limitResponse": response, "lendablePercent": lendable}
        yield _autoupdated("PriorityLevelConfiguration", name, {"type": "Limited", "limited": limited})


def _user(name: str) -> Tree:
    return {"kind": "User", "user": {"name": name}}


def _group(name: str) -> Tree:
    return {"kind": "Group", "group": {"name": name}}


def _resources(groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str] = ("*",), cluster: bool = False) -> Tree:
    scope = {"clusterScope": True} if cluster else {}
    return {"verbs": list(verbs), "apiGroups": list(groups), "resources": list(resources), **scope, "namespaces": ["*"]}


def _everything() -> Tree:
    paths = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    return {"resourceRules": [_resources(["*"], ["*"], cluster=True)], "nonResourceRules": paths}


def _leases() -> Tree:
    return {"resourceRules": [_resources(["coordination.k8s.io"], ["leases"], ["get", "create", "update"])]}


def _nodes() -> Tree:
    leases = _resources(["coordination.k8s.io"], ["leases"])
    return {"resourceRules": [_resources([""], ["nodes", "nodes/status"], cluster=True), leases]}


def _probes() -> Tree:
    return {"nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}]}


_KUBE_SYSTEM: Tree = {"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}
_MANAGER, _SCHEDULER = _user("system:kube-controller-manager"), _user("system:kube-scheduler")
_EVERYBODY = (_group("system:unauthenticated"), _group("system:authenticated"))

_Schema = tuple[str, str, int, str, Sequence[Tree], Callable[[], Tree]]
_SCHEMAS: Sequence[_Schema] = (
    ("exempt", "exempt", 1, "", (_group("system:masters"),), _everything),
    ("probes", "exempt", 2, "", _EVERYBODY, _probes),
    ("system-leader-election", "leader-election", 100, "ByUser", (_MANAGER, _SCHEDULER, _KUBE_SYSTEM), _leases),
    ("system-node-high", "node-high", 400, "ByUser", (_group("system:nodes"),), _nodes),
    ("system-nodes", "system", 500, "ByUser", (_group("system:nodes"),), _everything),
    ("kube-controller-manager", "workload-high", 800, "ByNamespace", (_MANAGER,), _everything),
    ("kube-scheduler", "workload-high", 800, "ByNamespace", (_SCHEDULER,), _everything),
    ("kube-system-service-accounts", "workload-high", 900, "ByNamespace", (_KUBE_SYSTEM,), _everything),
    ("service-accounts", "workload-low", 9000, "ByUser", (_group("system:serviceaccounts"),), _everything),
    ("global-default", "global-default", 9900, "ByUser", _EVERYBODY, _everything),
    ("catch-all", "catch-all", 10000, "ByUser", _EVERYBODY, _everything),
)
"""Name, priority level, precedence, distinguisher, subjects, what they do."""


def _flow_schemas() -> Iterator[Tree]:
    for name, level, precedence, distinguisher, subjects, rules in _SCHEMAS:
        spec: Tree = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
        if distinguisher:
            spec["distinguisherMethod"] = {"type": distinguisher}
        yield _autoupdated("FlowSchema", name, {**spec, "rules": [{"subjects": list(subjects), **rules()}]})
