"""A simulated container: it waits, runs, exits, and is started again as its restart policy says. Pure. Called by pod_machine.py.

There is no process behind it. It runs until the pod is deleted, unless annotations of the pod say otherwise:

    kcompat.io/run-seconds: "2.5"                 every main container exits after so many seconds
    kcompat.io/exit-code: "1"                     … with this code (0 if not given)
    run-seconds.kcompat.io/<container>: "2.5"     the same for one container, init containers and sidecars included
    exit-code.kcompat.io/<container>: "1"
    kcompat.io/start-seconds: "3"                 how long the pod's containers take to be created

Without them a container does what its command plainly says (programs.py). Where that cannot be told, init containers complete at once,
sidecars and main containers run on, and the main containers of a pod that a Job controls succeed after a second
(NodeSettings.job_seconds), so that Jobs and CronJobs finish. Probes succeed as soon as they are made.
Answers pkg/kubelet/kuberuntime/kuberuntime_manager.go: computePodActions, doBackOff.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.nodes.obstacles import Obstacle
from kcompat.nodes.pod_resources import is_sidecar
from kcompat.nodes.programs import Script, program

Tree = dict[str, Any]

INIT = "init"
SIDECAR = "sidecar"
MAIN = "main"

INITIAL_BACKOFF = 10.0
MAX_BACKOFF = 300.0
BACKOFF_RESET = 2 * MAX_BACKOFF
"""Seconds a container has to run for its next restart to be immediate again."""

_DOMAIN = "kcompat.io"


def _number(text: str | None, otherwise: float | None) -> float | None:
    try:
        return float(text) if text is not None else otherwise
    except ValueError:
        return otherwise


def script(pod: Tree, spec: Tree, kind: str, job_seconds: float) -> Script:
    annotations, container = meta.annotations(pod), spec["name"]
    own_seconds, own_code = annotations.get(f"run-seconds.{_DOMAIN}/{container}"), annotations.get(f"exit-code.{_DOMAIN}/{container}")
    if kind == MAIN:
        own_seconds = own_seconds if own_seconds is not None else annotations.get(f"{_DOMAIN}/run-seconds")
        own_code = own_code if own_code is not None else annotations.get(f"{_DOMAIN}/exit-code")
    if own_seconds is None and own_code is None and (known := program(pod, spec)) is not None:
        return known
    default: float | None = 0.0 if kind == INIT else None
    if kind == MAIN and (meta.controller_of(pod) or {}).get("kind") == "Job":
        default = job_seconds
    if kind == MAIN and own_code is not None and default is None:
        default = 0.0
    return Script(_number(own_seconds, default), int(_number(own_code, 0.0) or 0))


def start_seconds(pod: Tree, otherwise: float) -> float:
    return _number(meta.annotations(pod).get(f"{_DOMAIN}/start-seconds"), otherwise) or 0.0


def restarts(container: Tree, pod_policy: str, exit_code: int) -> bool:
    """Is the container started again after this exit (podutil.ContainerShouldRestart)?"""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes") or {}
        listed = exit_code in (codes.get("values") or ())
        if rule.get("action") == "Restart" and listed is (codes.get("operator") == "In"):
            return True
    policy = container.get("restartPolicy") or pod_policy
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def probe_delay(container: Tree) -> float:
    """Seconds from the start of a container to the first success of its probes, which is what their first call brings."""
    delays = (float((container.get(name) or {}).get("initialDelaySeconds") or 0) for name in ("startupProbe", "readinessProbe"))
    return max(delays)


class Container:
    """One container of a pod. `now` is monotonic seconds, `stamp` the same moment in RFC 3339."""

    def __init__(self, pod: Tree, spec: Tree, kind: str, job_seconds: float) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.kind = kind
        self.script = script(pod, spec, kind, job_seconds)
        self.state: Tree = {}
        """As in the container's status: {"running": …} or {"terminated": …}; {} while it waits to be created."""
        self.last: Tree = {}
        self.restart_count = 0
        self.wakes_at: float | None = None
        """When it exits by itself, or is started again."""
        self.delay = 0.0
        """The seconds of the delay under way before it is started again."""
        self.obstacle: Obstacle | None = None
        """Why it could not be started yet."""
        self.ready_at: float | None = None
        """When its probes are first made; None: they were, or there are none."""
        self._uid = meta.uid(pod)
        self._image = spec.get("image")
        self._started = 0.0
        self._backoff = 0.0

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def is_ready(self) -> bool:
        return self.is_running and self.ready_at is None

    @property
    def is_started(self) -> bool:
        return self.is_running and (self.ready_at is None or not self.spec.get("startupProbe"))

    @property
    def terminated(self) -> Tree | None:
        found: Tree | None = self.state.get("terminated")
        return found

    @property
    def has_run(self) -> bool:
        return bool(self.container_id and (self.state or self.last))

    @property
    def is_complete(self) -> bool:
        """An init container that is done, or a sidecar that is up."""
        if self.kind == SIDECAR:
            return self.is_running
        return self.terminated is not None and self.terminated["exitCode"] == 0

    @property
    def container_id(self) -> str:
        """Stable for each start, as a runtime's would be."""
        return "containerd://" + hashlib.sha256(f"{self._uid}/{self.name}/{self.restart_count}".encode()).hexdigest()

    @property
    def is_outdated(self) -> bool:
        """Was it started with another image than its spec has now?"""
        return self._image != self.spec.get("image")

    def see(self, spec: Tree) -> None:
        """The container's spec as it is now."""
        self.spec = spec

    def start(self, now: float, stamp: str) -> None:
        self.state = {"running": {"startedAt": stamp}}
        self._image = self.spec.get("image")
        self._started, self.delay, self.obstacle = now, 0.0, None
        wait = probe_delay(self.spec)
        self.ready_at = now + wait if wait else None
        seconds = self.script.run_seconds
        self.wakes_at = now + seconds if seconds is not None else None

    def exit(self, stamp: str, code: int) -> None:
        """It ends, and is not started again unless `restart` is called."""
        began = self.state.get("running", {}).get("startedAt", stamp)
        reason = "Completed" if code == 0 else "Error"
        ended = {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": stamp, "containerID": self.container_id}
        self.state = {"terminated": ended}
        self.wakes_at = None

    def restart(self, now: float, stamp: str) -> None:
        """It is started again: at once the first time, then after a delay that doubles (doBackOff)."""
        if now - self._started >= BACKOFF_RESET:
            self._backoff = 0.0
        self.delay, self._backoff = self._backoff, min(self._backoff * 2 or INITIAL_BACKOFF, MAX_BACKOFF)
        if self.delay == 0.0:
            self.start_again(now, stamp)
        else:
            self.wakes_at = now + self.delay

    def start_again(self, now: float, stamp: str) -> None:
        self.last = self.state
        self.restart_count += 1
        self.start(now, stamp)

    def adopt(self, status: Mapping[str, Any], now: float) -> None:
        """Goes on where an earlier process left it."""
        state = status.get("state") or {}
        self.state = {key: value for key, value in state.items() if key in ("running", "terminated")}
        self.last = dict(status.get("lastState") or {})
        self.restart_count = status.get("restartCount", 0)
        self._started = now
        if self.is_running and not status.get("ready"):
            self.ready_at = now + probe_delay(self.spec)
        if self.is_running and self.script.run_seconds is not None:
            self.wakes_at = now + self.script.run_seconds
        elif not self.state and self.last and self.restart_count:
            self.state = {"terminated": self.last.get("terminated", {"exitCode": 0})}
            self.wakes_at = now


def containers_of(pod: Tree, job_seconds: float) -> list[Container]:
    """In the order in which they start."""
    spec = pod["spec"]
    init = [Container(pod, c, SIDECAR if is_sidecar(c) else INIT, job_seconds) for c in spec.get("initContainers") or ()]
    return init + [Container(pod, c, MAIN, job_seconds) for c in spec.get("containers") or ()]
