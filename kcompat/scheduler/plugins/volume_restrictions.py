"""Disks that only one pod may use, and claims that only one pod may (plugins/volumerestrictions)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS
from kcompat.scheduler.framework import (
    ASSIGNED_POD,
    NODE,
    SKIP,
    Action,
    ClusterEvent,
    CycleState,
    EventToRegister,
    Handle,
    PreFilterResult,
    Scope,
    Status,
    Unsignable,
    unresolvable,
    unschedulable,
)
from kcompat.scheduler.pod_volumes import CLAIM, claim_names, claim_of, not_found, without_claims
from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

Tree = dict[str, Any]

_KEY = "PreFilterVolumeRestrictions"
_DISK = unschedulable("node(s) had no available disk")
_IN_USE = unschedulable("node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod")
_DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "rbd", "iscsi")


class _Wanted:
    """The pod's ReadWriteOncePod claims, and how often pods use them."""

    def __init__(self, namespace: str, claims: frozenset[str], uses: int = 0) -> None:
        self.namespace, self.claims, self.uses = namespace, claims, uses

    def clone(self) -> _Wanted:
        return _Wanted(self.namespace, self.claims, self.uses)

    def count(self, pod: PodInfo, sign: int) -> None:
        if pod.namespace == self.namespace:
            self.uses += sign * sum(name in self.claims for name in claim_names(pod.pod))


class VolumeRestrictions:
    name = "VolumeRestrictions"
    scope = Scope.PODS
    watches = (PERSISTENT_VOLUME_CLAIMS,)

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""
        self._listers = handle.listers

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        volumes = pod["spec"].get("volumes")
        if not volumes:
            return SKIP
        exclusive = set()
        for name in claim_names(pod):
            claim = claim_of(self._listers, pod, name)
            if claim is None:
                return unresolvable(not_found("persistentvolumeclaim", name))
            if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                exclusive.add(name)
        wanted = _Wanted(meta.namespace(pod), frozenset(exclusive))
        if exclusive:
            for node in snapshot.rows:
                for other in node.pods.values():
                    wanted.count(other, 1)
        if not wanted.uses and not _disks(pod):
            return SKIP
        state[_KEY] = wanted
        return None

    def add_pod(self, state: CycleState, pod: Tree, added: PodInfo, node: NodeInfo) -> None:
        if _KEY in state:
            state[_KEY].count(added, 1)

    def remove_pod(self, state: CycleState, pod: Tree, removed: PodInfo, node: NodeInfo) -> None:
        if _KEY in state:
            state[_KEY].count(removed, -1)

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        disks = _disks(pod)
        if disks and any(_conflict(disks, _disks(other.pod)) for other in node.pods.values()):
            return _DISK
        return _IN_USE if state[_KEY].uses > 0 else None

    def sign(self, pod: Tree) -> Any:
        without_claims(pod)
        if _disks(pod):
            raise Unsignable
        return None

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(ASSIGNED_POD, Action.DELETE), _frees),
            EventToRegister(ClusterEvent(NODE, Action.ADD)),
            EventToRegister(ClusterEvent(CLAIM, Action.ADD), _is_named),
        )


def _disks(pod: Tree) -> list[Tree]:
    return [volume for volume in pod["spec"].get("volumes") or () if any(volume.get(kind) for kind in _DISKS)]


def _conflict(ours: Sequence[Tree], theirs: Sequence[Tree]) -> bool:
    return any(_same(kind, a[kind], b[kind]) for a in ours for b in theirs for kind in _DISKS if a.get(kind) and b.get(kind))


def _same(kind: str, a: Tree, b: Tree) -> bool:
    """The same disk, and not read-only on both sides (isVolumeConflict)."""
    if kind == "awsElasticBlockStore":
        return bool(a["volumeID"] == b["volumeID"])
    if a.get("readOnly") and b.get("readOnly"):
        return False
    if kind == "gcePersistentDisk":
        return bool(a["pdName"] == b["pdName"])
    if kind == "iscsi":
        return bool(a["iqn"] == b["iqn"])
    shared = set(a.get("monitors") or ()) & set(b.get("monitors") or ())
    return bool(shared) and (a.get("pool"), a["image"]) == (b.get("pool"), b["image"])


def _frees(pod: Tree, old: Tree | None, _new: Tree | None) -> bool:
    if old is None or meta.namespace(old) != meta.namespace(pod):
        return False
    return _conflict(_disks(pod), _disks(old)) or bool(set(claim_names(pod)) & set(claim_names(old)))


def _is_named(pod: Tree, _old: Tree | None, new: Tree | None) -> bool:
    return new is not None and meta.namespace(new) == meta.namespace(pod) and meta.name(new) in claim_names(pod)
