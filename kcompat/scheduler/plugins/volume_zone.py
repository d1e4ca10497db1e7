"""Keeps pods in the zone of their volumes, for volumes that say it by labels (plugins/volumezone)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.volumes import class_of
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES
from kcompat.scheduler.framework import (
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
    unresolvable,
)
from kcompat.scheduler.pod_volumes import CLAIM, CLASS, VOLUME, claim_names, claim_of, names_claim, not_found, without_claims
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_KEY = "PreFilterVolumeZone"
_REJECTED = unresolvable("node(s) had no available volume zone")
_LABELS = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region": "topology.kubernetes.io/region",
}
"""The labels that bind a volume to a place, and what they are called today."""


class VolumeZone:
    name = "VolumeZone"
    scope = Scope.NODE
    watches = (PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES)

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""
        self._listers = handle.listers

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        places: list[tuple[str, frozenset[str]]] = []
        for name in claim_names(pod):
            found = self._places(pod, name)
            if isinstance(found, Status):
                return found
            places += found
        if not places:
            return SKIP
        state[_KEY] = places
        return None

    def _places(self, pod: Tree, name: str) -> list[tuple[str, frozenset[str]]] | Status:
        """(label, allowed values) of the claim's volume; nothing while the claim waits for its pod."""
        claim = claim_of(self._listers, pod, name)
        if claim is None:
            return unresolvable(not_found("persistentvolumeclaim", name))
        volume_name = claim["spec"].get("volumeName")
        if not volume_name:
            return self._unbound(claim)
        volume = self._listers.get("", "persistentvolumes", "", volume_name)
        if volume is None:
            return unresolvable(not_found("persistentvolume", volume_name))
        labels = meta.labels(volume)
        return [(label, frozenset(value.strip() for value in labels[label].split("__"))) for label in _LABELS if label in labels]

    def _unbound(self, claim: Tree) -> list[tuple[str, frozenset[str]]] | Status:
        class_name = class_of(claim)
        if not class_name:
            return unresolvable("PersistentVolumeClaim had no pv name and storageClass name")
        storage_class = self._listers.get("storage.k8s.io", "storageclasses", "", class_name)
        if storage_class is None:
            return unresolvable(not_found("storageclass.storage.k8s.io", class_name))
        if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
            return []
        return unresolvable("PersistentVolume had no name")

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        if not any(label in node.labels for label in _LABELS):
            return None
        for label, values in state[_KEY]:
            value = node.labels.get(label, node.labels.get(_LABELS[label]))
            if value is None or value not in values:
                return _REJECTED
        return None

    def sign(self, pod: Tree) -> Any:
        without_claims(pod)

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(CLASS, Action.ADD), _waits_for_consumers),
            EventToRegister(ClusterEvent(NODE, Action.ADD | Action.UPDATE_NODE_LABEL)),
            EventToRegister(ClusterEvent(CLAIM, Action.ADD | Action.UPDATE), names_claim),
            EventToRegister(ClusterEvent(VOLUME, Action.ADD | Action.UPDATE), _moved),
        )


def _waits_for_consumers(_pod: Tree, _old: Tree | None, new: Tree | None) -> bool:
    return new is not None and new.get("volumeBindingMode") == "WaitForFirstConsumer"


def _moved(_pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    def place(tree: Tree) -> dict[str, str]:
        return {label: value for label, value in meta.labels(tree).items() if label in _LABELS}

    return old is None or new is None or place(old) != place(new)
