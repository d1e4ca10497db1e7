"""What the scheduler knows of nodes and the pods on them, kept incrementally. Written by loop.py, read by cycle.py and plugins.

One event loop decides and updates, so a decision reads this state directly and no copy is made per cycle. Two counters let earlier
verdicts be reused: `epoch` grows when a node object changes, and `changes` lists the rows whose pods changed since then.
Answers pkg/scheduler/backend/cache and framework/types.go:NodeInfo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from kcompat.apimachinery import meta
from kcompat.scheduler import affinity
from kcompat.scheduler.columns import Columns
from kcompat.scheduler.resources import PODS, Amounts, amount, amounts, is_counted, is_sidecar, non_zero_requests, pod_requests

Tree = dict[str, Any]
HostPort = tuple[str, str, int]
"""(host IP, protocol, port); 0.0.0.0 is every address."""

_ANY_IP = "0.0.0.0"
_EMPTY: Mapping[str, Any] = {}
_LONGEST_LOG = 65536


def host_ports(spec: Mapping[str, Any]) -> tuple[HostPort, ...]:
    """Ports the pod takes on its node (util.GetHostPorts)."""
    containers = [*(c for c in spec.get("initContainers") or () if is_sidecar(c)), *spec.get("containers", ())]
    return tuple(
        (port.get("hostIP") or _ANY_IP, port.get("protocol") or "TCP", port["hostPort"])
        for container in containers
        for port in container.get("ports") or ()
        if port.get("hostPort", 0) > 0
    )


def conflicts(wanted: HostPort, used: Iterable[HostPort]) -> bool:
    """HostPortInfo.CheckConflict."""
    ip, protocol, port = wanted
    return any(p == port and proto == protocol and (_ANY_IP in (ip, other) or other == ip) for other, proto, p in used)


class PodInfo:
    """A pod with what decisions need of it, computed once."""

    def __init__(self, pod: Tree) -> None:
        metadata = pod["metadata"]
        self.pod = pod
        self.uid: str = metadata.get("uid") or ""
        self.namespace: str = metadata.get("namespace") or ""
        self.labels: Mapping[str, str] = metadata.get("labels") or _EMPTY
        self.terminating = "deletionTimestamp" in metadata
        self.priority: int = pod["spec"].get("priority") or 0
        self.requests: Amounts = pod_requests(pod)
        self.non_zero = non_zero_requests(pod, self.requests)
        self.ports = host_ports(pod["spec"])

    @cached_property
    def affinity(self) -> affinity.PodAffinity:
        return affinity.parse_pod_affinity(self.pod)

    @property
    def has_affinity(self) -> bool:
        wanted = self.pod["spec"].get("affinity")
        return bool(wanted) and ("podAffinity" in wanted or "podAntiAffinity" in wanted)


class NodeInfo:
    """A node and the sum of its pods."""

    __slots__ = ("affine", "allocatable", "allowed_pods", "images", "labels", "name", "node", "non_zero_cpu", "non_zero_memory", "pods",
                 "ports", "requested", "row", "taints", "unschedulable")

    def __init__(self, name: str, row: int) -> None:
        self.name = name
        self.row = row
        self.pods: dict[str, PodInfo] = {}
        self.affine: dict[str, PodInfo] = {}
        """Those with pod affinity or anti-affinity of their own."""
        self.requested: Amounts = {}
        self.non_zero_cpu = 0
        self.non_zero_memory = 0
        self.ports: list[HostPort] = []
        self.node: Tree | None = None
        self.labels: Mapping[str, str] = _EMPTY
        self.taints: tuple[Mapping[str, Any], ...] = ()
        self.unschedulable = False
        self.allocatable: Amounts = {}
        self.allowed_pods = 0
        self.images: dict[str, int] = {}

    def set_node(self, node: Tree) -> None:
        spec, status = node.get("spec") or _EMPTY, node.get("status") or _EMPTY
        allocatable: Mapping[str, Any] = status.get("allocatable") or _EMPTY
        self.node = node
        self.labels = meta.labels(node)
        self.taints = tuple(spec.get("taints") or ())
        self.unschedulable = bool(spec.get("unschedulable"))
        self.allocatable = amounts({name: text for name, text in allocatable.items() if is_counted(name)})
        self.allowed_pods = amount(PODS, allocatable.get(PODS, 0))
        self.images = {name: image.get("sizeBytes", 0) for image in status.get("images") or () for name in image.get("names") or ()}

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.uid] = pod
        self._count(pod, 1)
        self.ports += pod.ports
        if pod.has_affinity:
            self.affine[pod.uid] = pod

    def remove(self, uid: str) -> None:
        pod = self.pods.pop(uid)
        self._count(pod, -1)
        for port in pod.ports:
            self.ports.remove(port)
        self.affine.pop(uid, None)

    def _count(self, pod: PodInfo, sign: int) -> None:
        requested = self.requested
        for name, value in pod.requests.items():
            requested[name] = requested.get(name, 0) + sign * value
        self.non_zero_cpu += sign * pod.non_zero[0]
        self.non_zero_memory += sign * pod.non_zero[1]

    def clone(self) -> NodeInfo:
        """A copy to try additions and removals on."""
        copy = NodeInfo.__new__(NodeInfo)
        for slot in NodeInfo.__slots__:
            setattr(copy, slot, getattr(self, slot))
        copy.pods, copy.affine = dict(self.pods), dict(self.affine)
        copy.requested, copy.ports = dict(self.requested), list(self.ports)
        return copy


class Snapshot:
    """All nodes by row and by name. Rows are dense and move only when a node goes, which starts a new epoch."""

    def __init__(self) -> None:
        self.rows: list[NodeInfo] = []
        self.epoch = 0
        self.changes: list[int] = []
        self.nominated: dict[str, dict[str, PodInfo]] = {}
        """By node, the pods that are to run there once room is made."""
        self.pods_with_affinity = 0
        self._by_name: dict[str, NodeInfo] = {}
        self._location: dict[str, str] = {}
        self._assumed: set[str] = set()
        self._columns: Columns | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[NodeInfo]:
        return iter(self.rows)

    def node(self, name: str) -> NodeInfo | None:
        """The node of that name, if it exists (pods may name one that does not)."""
        info = self._by_name.get(name)
        return info if info is not None and info.node is not None else None

    def pod(self, uid: str) -> PodInfo | None:
        """A pod that is on a node, or assumed to be."""
        name = self._location.get(uid)
        return self._by_name[name].pods[uid] if name is not None else None

    def columns(self) -> Columns | None:
        """Resources of all nodes as numpy arrays by row; None without numpy. Not to be kept across decisions."""
        if self._columns is None or self._columns.epoch != self.epoch:
            self._columns = Columns.of(self)
        elif self._columns is not None:
            self._columns.refresh(self)
        return self._columns

    def set_node(self, node: Tree) -> None:
        """A node was added or changed."""
        name = node["metadata"]["name"]
        info = self._by_name.get(name)
        if info is None:
            info = self._by_name[name] = NodeInfo(name, -1)
        if info.row < 0:
            info.row = len(self.rows)
            self.rows.append(info)
        elif info.node is not None and not _matters(info.node, node):
            info.node = node
            return
        info.set_node(node)
        self._new_epoch()

    def remove_node(self, name: str) -> None:
        info = self._by_name.get(name)
        if info is None or info.row < 0:
            return
        last = self.rows.pop()
        if last is not info:
            self.rows[info.row] = last
            last.row = info.row
        info.row, info.node = -1, None
        if not info.pods:
            del self._by_name[name]
        self._new_epoch()

    def set_pod(self, pod: Tree) -> None:
        """A pod bound to a node was added or changed; confirms it if it was assumed there."""
        uid, name = pod["metadata"]["uid"], pod["spec"]["nodeName"]
        self._assumed.discard(uid)
        if (present := self._location.get(uid)) is not None:
            known = self._by_name[present].pods[uid]
            if present == name and not _pod_matters(known, pod):
                known.pod = pod
                return
            self.remove_pod(uid)
        self._add(PodInfo(pod), name)

    def assume(self, pod: PodInfo, node_name: str) -> None:
        """Counts a pod on the node it is being bound to."""
        self._assumed.add(pod.uid)
        self._add(pod, node_name)

    def is_assumed(self, uid: str) -> bool:
        return uid in self._assumed

    def remove_pod(self, uid: str) -> PodInfo | None:
        """Takes a pod off its node: deleted, finished, or an assumption that failed."""
        self._assumed.discard(uid)
        name = self._location.pop(uid, None)
        if name is None:
            return None
        info = self._by_name[name]
        pod = info.pods[uid]
        info.remove(uid)
        self.pods_with_affinity -= pod.has_affinity
        self._changed(info)
        if info.row < 0 and not info.pods:
            del self._by_name[name]
        return pod

    def nominate(self, pod: PodInfo, node_name: str) -> None:
        """Keeps room for the pod on the node against pods of lower or equal priority; "" takes that back."""
        for name in [name for name, pods in self.nominated.items() if pod.uid in pods]:
            self.nominated[name].pop(pod.uid)
            if not self.nominated[name]:
                del self.nominated[name]
            self._changed(self._by_name.get(name))
        if node_name:
            self.nominated.setdefault(node_name, {})[pod.uid] = pod
            self._changed(self._by_name.get(node_name))

    def _add(self, pod: PodInfo, node_name: str) -> None:
        info = self._by_name.get(node_name)
        if info is None:  # bound to a node that is not there, or not yet
            info = self._by_name[node_name] = NodeInfo(node_name, -1)
        self._location[pod.uid] = node_name
        info.add(pod)
        self.pods_with_affinity += pod.has_affinity
        self._changed(info)

    def _changed(self, info: NodeInfo | None) -> None:
        if info is None or info.row < 0:
            return
        self.changes.append(info.row)
        if len(self.changes) > _LONGEST_LOG:
            self._new_epoch()

    def _new_epoch(self) -> None:
        self.epoch += 1
        self.changes = []


def _matters(old: Tree, new: Tree) -> bool:
    """Does the change of a node object touch anything a plugin looks at?"""
    if old["metadata"].get("labels") != new["metadata"].get("labels") or old.get("spec") != new.get("spec"):
        return True
    before, after = old.get("status") or _EMPTY, new.get("status") or _EMPTY
    return any(before.get(key) != after.get(key) for key in ("allocatable", "images", "declaredFeatures"))


_POD_SPEC = ("containers", "initContainers", "resources", "overhead", "affinity", "priority")


def _pod_matters(known: PodInfo, pod: Tree) -> bool:
    """Does the change of a running pod touch what it takes of its node or what others see of it?"""
    old, new = known.pod["metadata"], pod["metadata"]
    if old.get("labels") != new.get("labels") or known.terminating != ("deletionTimestamp" in new):
        return True
    if old.get("generation") != new.get("generation") or "generation" not in new:
        before, after = known.pod["spec"], pod["spec"]
        if any(before.get(key) != after.get(key) for key in _POD_SPEC):
            return True
    return _resources(known.pod) != _resources(pod) and pod_requests(pod) != known.requests


def _resources(pod: Tree) -> list[Any]:
    status = pod.get("status") or _EMPTY
    return [
        status.get("allocatedResources"),
        *((c.get("allocatedResources"), c.get("resources")) for c in status.get("containerStatuses") or ()),
        *((c.get("allocatedResources"), c.get("resources")) for c in status.get("initContainerStatuses") or ()),
    ]
