"""Puts pods where their volumes are or can be, and binds those that wait for a pod (plugins/volumebinding)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta, volumes
from kcompat.apimachinery.errors import StatusError
from kcompat.client.resources import (
    CSI_DRIVERS,
    CSI_NODES,
    CSI_STORAGE_CAPACITIES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
)
from kcompat.scheduler.framework import (
    NODE,
    SKIP,
    Action,
    ClusterEvent,
    Code,
    CycleState,
    EventToRegister,
    Handle,
    PreFilterResult,
    Scope,
    Status,
    unresolvable,
)
from kcompat.scheduler.pod_volumes import (
    CLAIM,
    CLASS,
    CSI_DRIVER,
    VOLUME,
    all_claims,
    claim_of,
    foreign_claim,
    names_claim,
    not_found,
    without_claims,
)
from kcompat.scheduler.snapshot import NodeInfo, Snapshot
from kcompat.scheduler.volume_binder import BindingError, Claims, PodVolumes, VolumeBinder, volume_limit

Tree = dict[str, Any]

_KEY = "PreFilterVolumeBinding"
_FOUND, _TAKEN = "VolumeBinding/found", "VolumeBinding/taken"
_UNBOUND = unresolvable("pod has unbound immediate PersistentVolumeClaims")
BIND_TIMEOUT = 600


class VolumeBinding:
    name = "VolumeBinding"
    scope = Scope.NODE
    watches = (PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES, CSI_NODES, CSI_DRIVERS, CSI_STORAGE_CAPACITIES)

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """args: VolumeBindingArgs; `bindTimeoutSeconds`, and `shape`: points of (utilization, score from 0 to 10)."""
        self._listers, self._snapshot = handle.listers, handle.snapshot
        self._binder = VolumeBinder(handle.listers, handle.writer, args.get("bindTimeoutSeconds", BIND_TIMEOUT))
        shape = args.get("shape") or ({"utilization": 0, "score": 10}, {"utilization": 100, "score": 0})
        self._shape = [(point["utilization"], point["score"] * 10) for point in shape]

    def pre_filter(self, state: CycleState, pod: Tree, snapshot: Snapshot) -> PreFilterResult | Status | None:
        names = list(all_claims(pod))
        if not names:
            return SKIP
        for name, own in names:
            if problem := self._problem(pod, name, own):
                return unresolvable(problem)
        try:
            claims = self._binder.claims_of(pod)
        except BindingError as error:
            return Status(Code.ERROR, (str(error),))
        if claims.immediate:
            return _UNBOUND
        state[_KEY], state[_FOUND] = claims, {}
        return None

    def _problem(self, pod: Tree, name: str, own: bool) -> str:
        claim = claim_of(self._listers, pod, name)
        if claim is None:
            if own:
                return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
            return not_found("persistentvolumeclaim", name)
        if (claim.get("status") or {}).get("phase") == "Lost":
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim["spec"].get("volumeName", "")}"'
        if meta.is_being_deleted(claim):
            return f'persistentvolumeclaim "{name}" is being deleted'
        return foreign_claim(pod, claim) if own else ""

    def filter(self, state: CycleState, pod: Tree, node: NodeInfo) -> Status | None:
        claims: Claims = state[_KEY]
        try:
            found, reasons = self._binder.find(claims, node)
        except BindingError as error:
            return Status(Code.ERROR, (str(error),))
        if reasons:
            return unresolvable(*reasons)
        state[_FOUND][node.name] = found
        return None

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        found: dict[str, PodVolumes] = state.get(_FOUND) or {}
        return None if any(each.bindings or each.provisions for each in found.values()) else SKIP

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        """How much of the volumes' size would be used, by storage class."""
        found: PodVolumes | None = state[_FOUND].get(node.name)
        sizes: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        if found is not None and found.bindings:
            for volume, claim in found.bindings:
                sizes[volumes.class_of(volume)][0] += volumes.requested(claim).value()
                sizes[volumes.class_of(volume)][1] += volumes.capacity(volume).value()
        elif found is not None:
            for provision in found.provisions:
                if provision.capacity is not None:
                    size = sizes[volumes.class_of(provision.claim)]
                    size[0], size[1] = size[0] + volumes.requested(provision.claim).value(), provision.capacity
        if not sizes:
            return 0
        scores = [self._at(100 if not capacity or wanted > capacity else wanted * 100 // capacity) for wanted, capacity in sizes.values()]
        return round(sum(scores) / len(scores))

    def _at(self, utilization: int) -> int:
        """The shape's score, in between its points on a straight line (helper.BuildBrokenLinearFunction)."""
        before: tuple[int, int] | None = None
        for point, score in self._shape:
            if utilization <= point:
                if before is None:
                    return int(score)
                return int(before[1] + (score - before[1]) * (utilization - before[0]) / (point - before[0]))
            before = point, score
        return int(self._shape[-1][1])

    def reserve(self, state: CycleState, pod: Tree, node_name: str) -> Status | None:
        found = (state.get(_FOUND) or {}).get(node_name)
        if found is not None and (found.bindings or found.provisions):
            state[_TAKEN] = self._binder.take(found, node_name)
        return None

    def unreserve(self, state: CycleState, pod: Tree, node_name: str) -> None:
        if (taken := state.pop(_TAKEN, None)) is not None:
            self._binder.give_back(taken)

    def waits(self, state: CycleState) -> bool:
        return _TAKEN in state

    async def pre_bind(self, state: CycleState, pod: Tree, node_name: str) -> Status | None:
        taken: PodVolumes | None = state.get(_TAKEN)
        if taken is None:
            return None
        try:
            await self._binder.bind(taken, self._snapshot.node(node_name), node_name)
        except (BindingError, StatusError, OSError) as error:
            return Status(Code.ERROR, (str(error),))
        return None

    def sign(self, pod: Tree) -> Any:
        without_claims(pod)

    def events_to_register(self) -> Sequence[EventToRegister]:
        return (
            EventToRegister(ClusterEvent(CLASS, Action.ADD | Action.UPDATE), _topologies_changed),
            EventToRegister(ClusterEvent(CLAIM, Action.ADD | Action.UPDATE), names_claim),
            EventToRegister(ClusterEvent(VOLUME, Action.ADD | Action.UPDATE)),
            EventToRegister(ClusterEvent(NODE, Action.ADD | Action.UPDATE_NODE_LABEL)),
            EventToRegister(ClusterEvent(CSI_NODES.kind, Action.ADD)),
            EventToRegister(ClusterEvent(CSI_DRIVER, Action.UPDATE), _capacity_no_longer_counts),
            EventToRegister(ClusterEvent(CSI_STORAGE_CAPACITIES.kind, Action.ADD | Action.UPDATE), _more_room),
        )


def _topologies_changed(_pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    return old is None or new is None or old.get("allowedTopologies") != new.get("allowedTopologies")


def _more_room(_pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    if old is None or new is None:
        return True
    before, after = volume_limit(old), volume_limit(new)
    return after is not None and (before is None or after > before)


def _capacity_no_longer_counts(pod: Tree, old: Tree | None, new: Tree | None) -> bool:
    if old is None or new is None:
        return False
    used = any((volume.get("csi") or {}).get("driver") == meta.name(new) for volume in pod["spec"].get("volumes") or ())
    return used and bool(old["spec"].get("storageCapacity")) and not new["spec"].get("storageCapacity")
