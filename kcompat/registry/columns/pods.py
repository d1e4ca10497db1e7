"""Table columns of Pods and PodTemplates. Declared in `registry/groups/core_pods.py`.

Answers pkg/printers/internalversion/printers.go:printPod, printPodTemplate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.registry.columns.cells import AGE, NAME, NONE, age, container_columns, labels_at, path, wide
from kcompat.registry.declare import Cell, Column, Tree

Status = Mapping[str, Any]


@dataclass(slots=True)
class _Summary:
    """What `kubectl get pods` says of a pod."""

    reason: str
    ready: int = 0
    total: int = 0
    restarts: int = 0
    last_restart: str = ""

    def count(self, status: Status, *, also: _Summary | None = None) -> None:
        """Adds a container's restarts."""
        finished = _terminated(status.get("lastState")).get("finishedAt") or ""
        for summary in (self, also) if also else (self,):
            summary.restarts += status.get("restartCount") or 0
            if finished and (not summary.last_restart or parse_rfc3339(summary.last_restart) < parse_rfc3339(finished)):
                summary.last_restart = finished


def _terminated(state: Status | None) -> Status:
    return (state or {}).get("terminated") or {}


def _summary(pod: Tree) -> _Summary:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    sidecars = {c.get("name") for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    found = _Summary(status.get("reason") or status.get("phase") or "", total=len(spec.get("containers") or ()) + len(sidecars))
    conditions = status.get("conditions") or ()
    if any(c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in conditions):
        found.reason = "SchedulingGated"
    of_sidecars = _Summary("")
    initializing = _init_containers(found, of_sidecars, status, sidecars, len(spec.get("initContainers") or ()))
    if not initializing or _first_is_true(conditions, "Initialized"):
        found.restarts, found.last_restart = of_sidecars.restarts, of_sidecars.last_restart
        _containers(found, status, conditions)
    if meta.is_being_deleted(pod):
        if status.get("reason") == "NodeLost":
            found.reason = "Unknown"
        elif status.get("phase") not in ("Succeeded", "Failed"):
            found.reason = "Terminating"
    return found


def _init_containers(found: _Summary, of_sidecars: _Summary, status: Status, sidecars: set[str | None], number: int) -> bool:
    """Goes through the init containers up to the first that is not done; says whether there is such a one."""
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        is_sidecar = container.get("name") in sidecars
        found.count(container, also=of_sidecars if is_sidecar else None)
        state = container.get("state") or {}
        terminated = state.get("terminated")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if is_sidecar and container.get("started"):
            found.ready += bool(container.get("ready"))
            continue
        waiting = (state.get("waiting") or {}).get("reason") or ""
        if terminated is not None:
            found.reason = "Init:" + _exit_reason(terminated)
        elif waiting and waiting != "PodInitializing":
            found.reason = "Init:" + waiting
        else:
            found.reason = f"Init:{index}/{number}"
        return True
    return False


def _exit_reason(terminated: Status) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    return f"Signal:{terminated['signal']}" if terminated.get("signal") else f"ExitCode:{terminated.get('exitCode') or 0}"


def _containers(found: _Summary, status: Status, conditions: Sequence[Status]) -> None:
    running = False
    error = ""
    for container in reversed(status.get("containerStatuses") or ()):
        found.count(container)
        state = container.get("state") or {}
        if reason := (state.get("waiting") or {}).get("reason"):
            found.reason = reason
        elif (terminated := state.get("terminated")) is not None:
            found.reason = _exit_reason(terminated)
            if terminated.get("exitCode"):
                error = found.reason
        elif container.get("ready") and state.get("running") is not None:
            running = True
            found.ready += 1
    if found.reason == "Completed":  # the pod goes on while one of its containers does
        if running and any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions):
            found.reason = "Running"
        elif error:
            found.reason = error
        elif running:
            found.reason = "NotReady"


def _first_is_true(conditions: Iterable[Status], kind: str) -> bool:
    return meta.is_condition_true(conditions, kind)


def _ready(obj: Tree, now: datetime) -> Cell:
    found = _summary(obj)
    return f"{found.ready}/{found.total}"


def _status(obj: Tree, now: datetime) -> Cell:
    return _summary(obj).reason


def _restarts(obj: Tree, now: datetime) -> Cell:
    found = _summary(obj)
    if found.restarts and found.last_restart:
        return f"{found.restarts} ({age(found.last_restart, now)} ago)"
    return str(found.restarts)


def _ip(obj: Tree, now: datetime) -> Cell:
    addresses: Sequence[Status] = meta.get(obj, ("status", "podIPs")) or ({},)
    return addresses[0].get("ip") or NONE


def _readiness_gates(obj: Tree, now: datetime) -> Cell:
    gates = meta.get(obj, ("spec", "readinessGates"))
    if not gates:
        return NONE
    conditions = meta.conditions(obj)
    passed = sum(_first_is_true(conditions, gate.get("conditionType", "")) for gate in gates)
    return f"{passed}/{len(gates)}"


def row_conditions(pod: Tree) -> list[Tree]:
    """The conditions of a pod's table row: it is completed, well or badly."""
    phase = meta.get(pod, ("status", "phase"))
    messages = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}
    if phase not in messages:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": messages[phase]}]


POD_COLUMNS = (
    NAME,
    Column("Ready", _ready),
    Column("Status", _status),
    Column("Restarts", _restarts),
    AGE,
    *wide(
        Column("IP", _ip),
        Column("Node", path(".spec.nodeName", NONE)),
        Column("Nominated Node", path(".status.nominatedNodeName", NONE)),
        Column("Readiness Gates", _readiness_gates),
    ),
)

POD_TEMPLATE_COLUMNS = (
    NAME, *container_columns(".template.spec"), Column("Pod Labels", labels_at(".template.metadata.labels")),
)
