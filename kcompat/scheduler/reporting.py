"""Telling the API and users what the scheduler decided: conditions, nominations, preempted pods, Events. Called by loop.py."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import STRATEGIC_MERGE_PATCH, Client
from kcompat.client.events import NORMAL, WARNING, SeriesRecorder
from kcompat.client.resources import PODS, ResourceType
from kcompat.scheduler.snapshot import PodInfo

Tree = dict[str, Any]

log = logging.getLogger(__name__)

POD_SCHEDULED = "PodScheduled"
DISRUPTION_TARGET = "DisruptionTarget"
NOTE_LIMIT = 1024
"""Characters an Event's note may have (apis/core/validation: NoteLengthLimit)."""


def truncated(message: str) -> str:
    """schedule_one.go: truncateMessage."""
    return message if len(message) <= NOTE_LIMIT else message[: NOTE_LIMIT - 4] + " ..."


def condition_patch(pod: Tree, kind: str, status: str, reason: str, message: str, now: str) -> Tree | None:
    """The status change that sets a condition; None if the pod has it already (podutil.UpdatePodCondition)."""
    present = meta.find_condition(meta.conditions(pod), kind) or {}
    same_status = present.get("status") == status
    wanted: Tree = {"type": kind, "status": status, "reason": reason, "message": message, "lastProbeTime": None}
    if generation := meta.generation(pod):
        wanted["observedGeneration"] = generation
    if same_status and all(present.get(key) == wanted.get(key) for key in ("reason", "message", "observedGeneration")):
        return None
    wanted["lastTransitionTime"] = present.get("lastTransitionTime") if same_status else now
    return {"$setElementOrder/conditions": _order(pod, kind), "conditions": [wanted]}


def _order(pod: Tree, kind: str) -> list[Tree]:
    kinds = [condition["type"] for condition in meta.conditions(pod)]
    return [{"type": name} for name in (kinds if kind in kinds else [*kinds, kind])]


class Reporter:
    """One for all profiles; an Event names the profile as its controller."""

    def __init__(self, client: Client, clock: Clock, recorders: Mapping[str, SeriesRecorder]) -> None:
        self._client = client
        self._pods = client.of(PODS)
        self._clock = clock
        self._recorders = recorders

    async def update(self, resource: ResourceType, tree: Tree) -> Tree:
        """framework.Writer"""
        return await self._client.of(resource).update(tree)

    async def bind(self, pod: Tree, node_name: str) -> None:
        await self._pods.bind(meta.name(pod), meta.namespace(pod), node_name, meta.uid(pod))

    def scheduled(self, profile: str, pod: Tree, node_name: str) -> None:
        note = f"Successfully assigned {meta.namespace(pod)}/{meta.name(pod)} to {node_name}"
        self._event(profile, pod, NORMAL, "Scheduled", "Binding", note)

    def failed(self, profile: str, pod: Tree, message: str) -> None:
        self._event(profile, pod, WARNING, "FailedScheduling", "Scheduling", truncated(message))

    async def set_unscheduled(self, pod: Tree, reason: str, message: str, nominated: str | None) -> None:
        """Sets the PodScheduled condition, and status.nominatedNodeName unless None; one request, or none if nothing changes."""
        now = rfc3339(self._clock.now())
        status = condition_patch(pod, POD_SCHEDULED, "False", reason, message, now) or {}
        if nominated is not None and nominated != ((pod.get("status") or {}).get("nominatedNodeName") or ""):
            status["nominatedNodeName"] = nominated or None
        if status:
            await self._patch_status(pod, status)

    async def preempt(self, profile: str, preemptor: Tree, victim: PodInfo, node_name: str) -> None:
        """Marks and deletes a pod to make room (preemption/executor.go: PreemptPod)."""
        pod = victim.pod
        if victim.terminating:
            return
        message = f"{profile}: preempting to accommodate a higher priority pod"
        now = rfc3339(self._clock.now())
        status = condition_patch(pod, DISRUPTION_TARGET, "True", "PreemptionByScheduler", message, now)
        if status is not None:
            await self._patch_status(pod, status)
        try:
            await self._pods.delete(meta.name(pod), meta.namespace(pod))
        except StatusError as error:
            if error.code != 404:
                raise
            return
        note = f"Preempted by pod {meta.uid(preemptor)} on node {node_name}"
        self._event(profile, pod, NORMAL, "Preempted", "Preempting", note)

    async def clear_nomination(self, pod: Tree) -> None:
        await self._patch_status(pod, {"nominatedNodeName": None})

    async def _patch_status(self, pod: Tree, status: Tree) -> None:
        body = {"metadata": {"uid": meta.uid(pod)}, "status": status}
        try:
            await self._pods.patch_status(meta.name(pod), body, meta.namespace(pod), content_type=STRATEGIC_MERGE_PATCH)
        except StatusError as error:
            if error.code not in (404, 409):  # gone, or another pod of that name
                raise

    def _event(self, profile: str, pod: Tree, kind: str, reason: str, action: str, note: str) -> None:
        recorder = self._recorders.get(profile)
        if recorder is not None:
            recorder.event(pod, kind, reason, action, note, resource=PODS)
