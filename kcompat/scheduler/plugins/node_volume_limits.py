"""No more volumes of a CSI driver on a node than it can attach (plugins/nodevolumelimits/csi.go). In-tree volumes are not translated to CSI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.volumes import class_of
from kcompat.client.resources import (
    CSI_DRIVERS,
    CSI_NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
    VOLUME_ATTACHMENTS,
)
from kcompat.scheduler.framework import (
    ASSIGNED_POD,
    SKIP,
    Action,
    ClusterEvent,
    CycleState,
    EventToRegister,
    Handle,
    PluginError,
    PreFilterResult,
    Scope,
    Status,
    unresolvable,
    unschedulable,
)
from kcompat.scheduler.pod_volumes import (
    ATTACHMENT,
    CLAIM,
    CSI_NODE,
    all_claims,
    claim_names,
    claim_of,
    foreign_claim,
    names_claim,
    not_found,
    without_claims,
)
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_KEY = "PreFilterNodeVolumeLimits"
_EXCEEDED = unschedulable("node(s) exceed max volume count")


class NodeVolumeLimits:
    name = "NodeVolumeLimits"
    scope = Scope.PODS
    watches = (CSI_NODES, CSI_DRIVERS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES, VOLUME_ATTACHMENTS)

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""
        self._listers = handle.listers

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        if not any(True for _ in all_claims(pod)):
            return SKIP
        state[_KEY] = self._volumes(pod, new=True)
        return None

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        wanted: dict[str, str] | Status = state[_KEY]
        if isinstance(wanted, Status):
            return wanted
        if not wanted:
            return None
        csi_node = self._listers.get("storage.k8s.io", "csinodes", "", node.name)
        for driver in wanted.values():
            if self._is_missing(driver, csi_node):
                return unschedulable(f"{driver} CSI driver is not installed on the node")
        limits = _limits(csi_node)
        return _EXCEEDED if limits and self._exceeds(wanted, node, limits) else None

    def _exceeds(self, wanted: Mapping[str, str], node: NodeInfo, limits: Mapping[str, int]) -> bool:
        there: dict[str, str] = {}
        for other in node.pods.values():
            found = self._volumes(other.pod, new=False)
            there |= found if isinstance(found, dict) else {}
        there = self._attached(node.name) | there
        used = Counter(there.values())
        new = Counter(driver for volume, driver in wanted.items() if volume not in there)
        return any(driver in limits and used[driver] + count > limits[driver] for driver, count in new.items())

    def _volumes(self, pod: Tree, *, new: bool) -> dict[str, str] | Status:
        """Driver by volume, for the pod's CSI volumes; of a pod that is to be scheduled every claim must be there."""
        found: dict[str, str] = {}
        for name, own in all_claims(pod):
            claim = claim_of(self._listers, pod, name)
            if claim is None:
                if new:
                    return unresolvable(f"looking up PVC {meta.namespace(pod)}/{name}: {not_found('persistentvolumeclaim', name)}")
                continue
            if own and (foreign := foreign_claim(pod, claim)):
                if new:
                    raise PluginError(foreign)
                continue
            if driver := self._driver(claim):
                found[driver[1]] = driver[0]
        return found

    def _driver(self, claim: Tree) -> tuple[str, str] | None:
        """Driver and unique name of a claim's volume; for one that is not bound yet, what its class would provision."""
        volume_name = claim["spec"].get("volumeName")
        volume = self._listers.get("", "persistentvolumes", "", volume_name) if volume_name else None
        if volume is not None:
            source = volume["spec"].get("csi")
            return (source["driver"], f"{source['driver']}/{source['volumeHandle']}") if source else None
        storage_class = self._listers.get("storage.k8s.io", "storageclasses", "", class_of(claim)) if class_of(claim) else None
        if storage_class is None:
            return None
        provisioner = storage_class.get("provisioner", "")
        return provisioner, f"{provisioner}/unbound {meta.key(claim)}"

    def _attached(self, node: str) -> dict[str, str]:
        found = {}
        for attachment in self._listers.list("storage.k8s.io", "volumeattachments"):
            spec = attachment["spec"]
            name = (spec.get("source") or {}).get("persistentVolumeName")
            volume = self._listers.get("", "persistentvolumes", "", name) if name and spec.get("nodeName") == node else None
            if volume is not None and (source := volume["spec"].get("csi")):
                found[f"{source['driver']}/{source['volumeHandle']}"] = source["driver"]
        return found

    def _is_missing(self, driver: str, csi_node: Tree | None) -> bool:
        """A driver that wants no pods where it is not installed (VolumeLimitScaling)."""
        tree = self._listers.get("storage.k8s.io", "csidrivers", "", driver)
        if tree is None or not (tree.get("spec") or {}).get("preventPodSchedulingIfMissing"):
            return False
        installed = (csi_node or {}).get("spec", {}).get("drivers") or ()
        return all(each["name"] != driver for each in installed)

    def sign(self, pod: Tree) -> Any:
        without_claims(pod)

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(CSI_NODE, Action.ADD)),
            EventToRegister(ClusterEvent(CSI_NODE, Action.UPDATE), _allows_more),
            EventToRegister(ClusterEvent(ASSIGNED_POD, Action.DELETE), _had_claims),
            EventToRegister(ClusterEvent(CLAIM, Action.ADD), names_claim),
            EventToRegister(ClusterEvent(ATTACHMENT, Action.DELETE), lambda pod, _old, _new: bool(claim_names(pod))),
        )


def _limits(csi_node: Tree | None) -> dict[str, int]:
    drivers = ((csi_node or {}).get("spec") or {}).get("drivers") or ()
    counts = ((driver["name"], (driver.get("allocatable") or {}).get("count")) for driver in drivers)
    return {name: count for name, count in counts if count is not None}


def _allows_more(_pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    before = _limits(old)
    return any(count > before.get(driver, 0) for driver, count in _limits(new).items())


def _had_claims(_pod: Tree, old: Tree | None, _new: Tree | None) -> bool:
    return old is not None and any(True for _ in all_claims(old))
