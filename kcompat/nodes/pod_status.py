"""The status a kubelet reports for a pod. Pure. Called by simulated.py with a PodMachine.

Answers pkg/kubelet/kubelet_pods.go: generateAPIPodStatus, convertToAPIContainerStatuses, and status/generate.go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.quote import quote
from kcompat.nodes import pod_resources
from kcompat.nodes.containers import INIT, MAIN, SIDECAR, Container
from kcompat.nodes.pod_machine import FAILED, SUCCEEDED, PodMachine, is_terminal

Tree = dict[str, Any]

_EMPTY: Mapping[str, Any] = {}
OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def image_id(image: str) -> str:
    """The repository and a digest made from the image's name."""
    repository = image.partition("@")[0]
    if repository.rfind(":") > repository.rfind("/"):
        repository = repository.rpartition(":")[0]
    return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def container_status(machine: PodMachine, container: Container) -> Tree:
    spec = container.spec
    status: Tree = {
        "name": container.name,
        "state": _state(machine, container),
        "lastState": _last_state(container),
        "ready": _is_ready(container),
        "restartCount": container.restart_count,
        "image": spec.get("image", ""),
        "imageID": "",
        "started": container.is_started,
    }
    if mounts := _mounts(spec):
        status["volumeMounts"] = mounts
    if container.state:
        resources = spec.get("resources") or {}
        status |= {"imageID": image_id(spec.get("image", "")), "containerID": container.container_id, "resources": resources}
        status["user"] = {"linux": _user(machine.pod["spec"], spec)}
        if requests := resources.get("requests"):
            status["allocatedResources"] = requests
    return status


def _state(machine: PodMachine, container: Container) -> Tree:
    if backoff := container.delay:
        text = f"{int(backoff) // 60}m{int(backoff) % 60}s" if backoff >= 60 else f"{int(backoff)}s"
        message = f"back-off {text} restarting failed container={container.name} pod={machine.described}"
        return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    if container.state:
        return container.state
    if container.obstacle is not None:
        return {"waiting": {"reason": container.obstacle.reason, "message": container.obstacle.message}}
    initializing = bool(machine.pod["spec"].get("initContainers"))
    return {"waiting": {"reason": "PodInitializing" if initializing else "ContainerCreating"}}


def _last_state(container: Container) -> Tree:
    return container.state if container.delay else container.last


def _is_ready(container: Container) -> bool:
    return container.is_complete if container.kind == INIT else container.is_ready


def _mounts(spec: Mapping[str, Any]) -> list[Tree]:
    mounts = []
    for mount in spec.get("volumeMounts") or ():
        entry: Tree = {"name": mount["name"], "mountPath": mount["mountPath"]}
        if mount.get("readOnly"):
            wanted = mount.get("recursiveReadOnly") in ("Enabled", "IfPossible")
            entry |= {"readOnly": True, "recursiveReadOnly": "Enabled" if wanted else "Disabled"}
        mounts.append(entry)
    return mounts


def _user(pod_spec: Mapping[str, Any], spec: Mapping[str, Any]) -> Tree:
    pod_context, own = pod_spec.get("securityContext") or _EMPTY, spec.get("securityContext") or _EMPTY
    uid = own.get("runAsUser", pod_context.get("runAsUser", 0))
    gid = own.get("runAsGroup", pod_context.get("runAsGroup", 0))
    groups = {gid, *(pod_context.get("supplementalGroups") or ())}
    if "fsGroup" in pod_context:
        groups.add(pod_context["fsGroup"])
    return {"uid": uid, "gid": gid, "supplementalGroups": sorted(groups)}


Verdict = tuple[str, str, str]
"""(status, reason, message) of a condition."""

_TRUE: Verdict = ("True", "", "")


def _containers_ready(machine: PodMachine) -> Verdict:
    if machine.phase == SUCCEEDED:
        return ("False", "PodCompleted", "")
    if machine.phase == FAILED:
        return ("False", "PodFailed", "")
    unready = [c.name for c in machine.containers if c.kind != INIT and not c.is_ready]
    return ("False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]") if unready else _TRUE


def _ready(machine: PodMachine, containers: Verdict) -> Verdict:
    if containers[0] != "True":
        return containers
    messages = []
    present = meta.conditions(machine.pod)
    for gate in machine.pod["spec"].get("readinessGates") or ():
        kind = gate["conditionType"]
        condition = meta.find_condition(present, kind)
        if condition is None:
            messages.append(f"corresponding condition of pod readiness gate {quote(kind)} does not exist.")
        elif condition.get("status") != "True":
            messages.append(f'the status of pod readiness gate {quote(kind)} is not "True", but {condition.get("status")}')
    return ("False", "ReadinessGatesNotReady", ", ".join(messages)) if messages else _TRUE


def _initialized(machine: PodMachine) -> Verdict:
    if machine.phase == SUCCEEDED:
        return ("True", "PodCompleted", "")
    if any(c.has_run for c in machine.containers if c.kind == MAIN):
        return _TRUE
    incomplete = [c.name for c in machine.containers if c.kind in (INIT, SIDECAR) and not c.is_complete]
    if not incomplete:
        return _TRUE
    return ("False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(incomplete)}]")


def _sandbox(machine: PodMachine) -> Verdict:
    if machine.has_sandbox:
        return _TRUE
    existed = is_terminal(machine.phase) and bool(machine.ips)
    message = "pod sandbox is not ready" if existed else "no pod sandbox exists"
    return ("False", "PodSandboxNotReady", message)


def conditions(machine: PodMachine, now: str) -> list[Tree]:
    """The kubelet's own conditions, those unchanged keeping their time."""
    containers = _containers_ready(machine)
    verdicts = (_sandbox(machine), _initialized(machine), _ready(machine, containers), containers, _TRUE)
    present = meta.conditions(machine.pod)
    generation = meta.generation(machine.pod)
    built = []
    for kind, (status, reason, message) in zip(OWN_CONDITIONS, verdicts, strict=True):
        old = meta.find_condition(present, kind) or _EMPTY
        since = old["lastTransitionTime"] if old.get("status") == status and old.get("lastTransitionTime") else now
        condition: Tree = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since}
        condition |= {key: value for key, value in (("reason", reason), ("message", message)) if value}
        built.append(condition | ({"observedGeneration": generation} if generation else {}))
    return built


def status(machine: PodMachine, host_ip: str, now: str) -> Tree:
    """Everything the kubelet reports; what others wrote into the status is not in it."""
    if machine.rejection is not None:
        reason, message = machine.rejection
        return {"phase": FAILED, "reason": reason, "message": f"Pod was rejected: {message}", "startTime": machine.start_time}
    spec = machine.pod["spec"]
    requests, limits = (pod_resources.as_list(pod_resources.total(spec, kind)) for kind in ("requests", "limits"))
    ips = (host_ip,) if spec.get("hostNetwork") else machine.ips if _shows_address(machine) else ()
    reported: Tree = {
        "phase": machine.phase,
        "conditions": conditions(machine, now),
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "startTime": machine.start_time,
        "containerStatuses": [container_status(machine, c) for c in machine.containers if c.kind == MAIN],
        "resources": {key: value for key, value in (("requests", requests), ("limits", limits)) if value},
    }
    if machine.ending is not None:
        reported["reason"], reported["message"] = machine.ending
    if generation := meta.generation(machine.pod):
        reported["observedGeneration"] = generation
    if ips:
        reported |= {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}
    if init := [container_status(machine, c) for c in machine.containers if c.kind != MAIN]:
        reported["initContainerStatuses"] = init
    if requests:
        reported["allocatedResources"] = requests
    return reported


def _shows_address(machine: PodMachine) -> bool:
    return machine.has_sandbox or is_terminal(machine.phase)


def patch(pod: Tree, reported: Tree) -> Tree | None:
    """The strategic merge patch from the pod's present status to the reported one; None if it is there already
    (pkg/kubelet/status: PatchPodStatus)."""
    present = pod.get("status") or _EMPTY
    changed = {key: value for key, value in reported.items() if key != "conditions" and present.get(key) != value}
    changed |= _conditions_patch(meta.conditions(pod), reported.get("conditions") or ())
    if not changed:
        return None
    return {"metadata": {"uid": meta.uid(pod)}, "status": changed}


def _conditions_patch(present: Sequence[Mapping[str, Any]], wanted: Sequence[Tree]) -> Tree:
    changed = []
    for condition in wanted:
        old = meta.find_condition(present, condition["type"]) or _EMPTY
        keys = {*condition, *old} - {"lastProbeTime"}
        if any(old.get(key) != condition.get(key) for key in keys):
            changed.append(condition | {key: None for key in keys if key not in condition})
    if not changed:
        return {}
    others = [condition["type"] for condition in present if condition["type"] not in OWN_CONDITIONS]
    order = [{"type": kind} for kind in [*others, *(condition["type"] for condition in wanted)]]
    return {"$setElementOrder/conditions": order, "conditions": changed}
