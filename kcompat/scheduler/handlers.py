"""What the informers see, told to the snapshot and the queue. Registered by loop.py. Answers pkg/scheduler/eventhandlers.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.scheduler.framework import ASSIGNED_POD, NODE, Action, ClusterEvent
from kcompat.scheduler.permit import WaitingPods
from kcompat.scheduler.profile import Profile
from kcompat.scheduler.queue import SchedulingQueue, pod_events
from kcompat.scheduler.snapshot import PodInfo, Snapshot

Tree = dict[str, Any]

_EMPTY: Mapping[str, Any] = {}
_POD_ADDED = ClusterEvent(ASSIGNED_POD, Action.ADD)
_POD_DELETED = ClusterEvent(ASSIGNED_POD, Action.DELETE)
_NODE_ADDED = ClusterEvent(NODE, Action.ADD)
_NODE_DELETED = ClusterEvent(NODE, Action.DELETE)


def is_finished(pod: Tree) -> bool:
    """Upstream's informer does not even see these (scheduler.go: NewInformerFactory)."""
    return (pod.get("status") or _EMPTY).get("phase") in ("Succeeded", "Failed")


def is_assigned(pod: Tree) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _nomination(pod: Tree) -> str:
    return (pod.get("status") or _EMPTY).get("nominatedNodeName") or ""


class ClusterHandlers:
    def __init__(self, snapshot: Snapshot, queue: SchedulingQueue, profiles: Mapping[str, Profile], waiting: WaitingPods) -> None:
        self._snapshot = snapshot
        self._queue = queue
        self._profiles = profiles
        self._waiting = waiting

    def node_added(self, node: Tree) -> None:
        self._snapshot.set_node(node)
        self._queue.event(_NODE_ADDED, None, node)

    def node_updated(self, old: Tree, new: Tree) -> None:
        self._snapshot.set_node(new)
        for event in node_events(old, new):
            self._queue.event(event, old, new)

    def node_deleted(self, node: Tree) -> None:
        self._queue.event(_NODE_DELETED, node, None)
        self._snapshot.remove_node(meta.name(node))

    def pod_added(self, pod: Tree) -> None:
        if is_finished(pod):
            return
        if is_assigned(pod):
            self._snapshot.set_pod(pod)
            self._queue.event(_POD_ADDED, None, pod)
        elif self._is_ours(pod):
            if nominated := _nomination(pod):
                self._snapshot.nominate(PodInfo(pod), nominated)
            self._queue.add(pod)

    def pod_updated(self, old: Tree, new: Tree) -> None:
        if is_finished(new):
            if not is_finished(old):
                self.pod_deleted(old)
        elif is_assigned(old):
            self._snapshot.set_pod(new)
            if self._queue.has_unschedulable:
                for event in pod_events(old, new):
                    self._queue.event(event, old, new)
        elif is_assigned(new):
            self._bound(new)
        elif self._is_ours(new):
            self._waiting_pod_updated(old, new)

    def pod_deleted(self, pod: Tree) -> None:
        """Also when a pod has finished."""
        uid = meta.uid(pod)
        self._queue.delete(uid)
        self._unnominate(pod)
        if waiting := self._waiting.get(uid):
            waiting.reject("", "pod was deleted")
        taken = self._snapshot.remove_pod(uid)
        if taken is not None:
            self._queue.event(_POD_DELETED, pod if is_assigned(pod) else taken.pod, None)

    def _bound(self, pod: Tree) -> None:
        self._snapshot.set_pod(pod)
        self._queue.delete(meta.uid(pod))
        self._unnominate(pod)
        self._queue.event(_POD_ADDED, None, pod)

    def _waiting_pod_updated(self, old: Tree, new: Tree) -> None:
        uid = meta.uid(new)
        if self._snapshot.is_assumed(uid):
            if meta.is_being_deleted(new) and not meta.is_being_deleted(old):
                self.pod_deleted(new)
            return
        self._queue.update(old, new)
        if _nomination(old) != _nomination(new):
            self._snapshot.nominate(PodInfo(new), _nomination(new))
            if _nomination(old):
                self._queue.event(_POD_DELETED, old, None)

    def _unnominate(self, pod: Tree) -> None:
        if self._snapshot.nominated:
            self._snapshot.nominate(PodInfo(pod), "")

    def _is_ours(self, pod: Tree) -> bool:
        return pod["spec"].get("schedulerName") in self._profiles


def node_events(old: Tree, new: Tree) -> list[ClusterEvent]:
    """What changed of a node that decisions look at (framework/events.go: NodeSchedulingPropertiesChange)."""
    before, after = old.get("spec") or _EMPTY, new.get("spec") or _EMPTY
    was, now = old.get("status") or _EMPTY, new.get("status") or _EMPTY
    actions = []
    uncordoned = bool(before.get("unschedulable")) and not after.get("unschedulable")
    if uncordoned or (before.get("taints") or []) != (after.get("taints") or []):
        actions.append(Action.UPDATE_NODE_TAINT)
    if was.get("allocatable") != now.get("allocatable"):
        actions.append(Action.UPDATE_NODE_ALLOCATABLE)
    if old["metadata"].get("labels") != new["metadata"].get("labels"):
        actions.append(Action.UPDATE_NODE_LABEL)
    if _conditions(was) != _conditions(now):
        actions.append(Action.UPDATE_NODE_CONDITION)
    if old["metadata"].get("annotations") != new["metadata"].get("annotations"):
        actions.append(Action.UPDATE_NODE_ANNOTATION)
    if was.get("declaredFeatures") != now.get("declaredFeatures"):
        actions.append(Action.UPDATE_NODE_DECLARED_FEATURE)
    return [ClusterEvent(NODE, action) for action in actions]


def _conditions(status: Mapping[str, Any]) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in status.get("conditions") or ()}
