"""A pod on a simulated node: which containers start, exit and restart when, and the phase that follows. Pure; driven by simulated.py.

`advance` does everything that is due and says whether the status changed; `wakes_at` says when to call it again.
Answers pkg/kubelet/kubelet_pods.go: getPhase, and kuberuntime_manager.go: computePodActions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.nodes import obstacles
from kcompat.nodes.containers import INIT, MAIN, Container, containers_of, restarts, start_seconds
from kcompat.nodes.obstacles import Obstacle
from kcompat.nodes.settings import NodeSettings

Tree = dict[str, Any]

PENDING = "Pending"
RUNNING = "Running"
SUCCEEDED = "Succeeded"
FAILED = "Failed"


PULL_SECONDS = 10.0
"""After so long a container whose image cannot be pulled is said to back off."""
KILLED = 137


def is_terminal(phase: str) -> bool:
    return phase in (SUCCEEDED, FAILED)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to record as an Event about a container."""

    kind: str
    reason: str
    message: str
    container: Container | None = None
    """None: about the pod."""


def _is_newer(version: str, than: str) -> bool:
    """Resource versions of one resource are comparable numbers (apimachinery util/resourceversion)."""
    return int(version) > int(than) if version.isdigit() and than.isdigit() else version != than


def _pulling(spec: Tree) -> tuple[tuple[str, str], ...]:
    """What the image manager says of an image, which every simulated node has (images/image_manager.go)."""
    image = spec.get("image", "")
    if spec.get("imagePullPolicy") != "Always":
        return (("Pulled", f'Container image "{image}" already present on machine and can be accessed by the pod'),)
    pulled = f'Successfully pulled image "{image}" in 0s (0s including waiting). Image size: 0 bytes.'
    return (("Pulling", f'Pulling image "{image}"'), ("Pulled", pulled))


class PodMachine:
    """`pod` is the latest object seen; everything else is the node's own knowledge."""

    def __init__(self, pod: Tree, settings: NodeSettings, now: float, stamp: str) -> None:
        self.pod = pod
        self.uid = meta.uid(pod)
        self.policy: str = pod["spec"].get("restartPolicy") or "Always"
        self.containers = containers_of(pod, settings.job_seconds)
        self.start_time: str = (pod.get("status") or {}).get("startTime") or stamp
        self.ips: tuple[str, ...] = ()
        self.has_sandbox = False
        self.phase = PENDING
        self.rejection: tuple[str, str] | None = None
        """(reason, message) of a pod that the node did not admit."""
        self.ending: tuple[str, str] | None = None
        """(reason, message) of a pod that the node ended."""
        self.waits_for_volumes = False
        """Is something missing that its volumes are made of?"""
        self.unresolved: dict[str, str] = {}
        """Why the environment of a container cannot be made, by its name."""
        self.happenings: list[Happening] = []
        self.dirty = False
        """May the status differ from what was written?"""
        self.queued = False
        """Is a write of the status waiting or under way?"""
        self.wake_set: float | None = None
        self._creates_at = now + start_seconds(pod, settings.start_seconds)
        self._began = now - (parse_rfc3339(stamp) - parse_rfc3339(self.start_time)).total_seconds()
        self._missing_images = settings.missing_images
        self._stopped = False
        self._adopt(now)

    def _adopt(self, now: float) -> None:
        """Takes over what an earlier process reported of the pod."""
        status = self.pod.get("status") or {}
        known = {entry["name"]: entry for key in ("initContainerStatuses", "containerStatuses") for entry in status.get(key) or ()}
        for container in self.containers:
            if (found := known.get(container.name)) is not None:
                container.adopt(found, now)
        if any(container.state for container in self.containers):
            self.has_sandbox = True
            self.ips = tuple(ip["ip"] for ip in status.get("podIPs") or ())
            self.phase = status.get("phase") or PENDING
            self._creates_at = now

    def see(self, pod: Tree) -> bool:
        """Takes a newer state of the object; False for one that is known or older, as a watch may still bring after a write."""
        if not _is_newer(meta.resource_version(pod), meta.resource_version(self.pod)):
            return False
        self.pod = pod
        specs = {spec["name"]: spec for key in ("initContainers", "containers") for spec in pod["spec"].get(key) or ()}
        for container in self.containers:
            container.see(specs.get(container.name, container.spec))
        return True

    @property
    def needs_address(self) -> bool:
        return not self.ips and not is_terminal(self.phase)

    @property
    def wakes_at(self) -> float | None:
        """When something is due; None: only an outside change matters."""
        if is_terminal(self.phase) or self._stopped:
            return None
        deadline = self._deadline
        times = [] if deadline is None else [deadline]
        if not self.has_sandbox:
            return min(times, default=None) if self.waits_for_volumes else min([self._creates_at, *times])
        for container in self.containers:
            times += [time for time in (container.wakes_at, container.ready_at) if time is not None]
        return min(times, default=None)

    @property
    def _deadline(self) -> float | None:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        return None if seconds is None else self._began + seconds

    def reject(self, reason: str, message: str) -> None:
        """The node does not admit the pod (kubelet.go: rejectPod)."""
        self.phase, self.rejection = FAILED, (reason, message)

    def advance(self, now: float, stamp: str) -> bool:
        """Does what is due. True if the status changed."""
        if is_terminal(self.phase) or self._stopped:
            return False
        if self._deadline is not None and self._deadline <= now:
            self._expire(stamp)
            return True
        if not self.has_sandbox:
            if now < self._creates_at or self.waits_for_volumes:
                return False
            self.has_sandbox = True
        changed = self._apply_new_images(now, stamp)
        changed = self._initialize(now, stamp) or changed
        if all(container.is_complete for container in self.containers if container.kind != MAIN) or self._has_begun():
            for container in self.containers:
                changed = (container.kind != INIT and self._step(container, now, stamp)) or changed
        for container in self.containers:
            if container.ready_at is not None and container.ready_at <= now:
                container.ready_at, changed = None, True
        phase = self._phase()
        if is_terminal(phase):
            self._stop_sidecars(stamp)
        changed = changed or phase != self.phase
        self.phase = phase
        return changed

    def _expire(self, stamp: str) -> None:
        """It was active for longer than it may be (active_deadline.go)."""
        self.ending = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
        self.happenings.append(Happening("Normal", *self.ending))
        for container in self.containers:
            if container.is_running:
                container.exit(stamp, KILLED)
            container.wakes_at = container.ready_at = None
        self.has_sandbox, self.phase = False, FAILED

    def _apply_new_images(self, now: float, stamp: str) -> bool:
        """A running container whose image was changed is started again with the new one."""
        changed = False
        for container in self.containers:
            if container.is_running and container.is_outdated and container.kind != INIT:
                message = f"Container {container.name} definition changed, will be restarted"
                self.happenings.append(Happening("Normal", "Killing", message, container))
                container.exit(stamp, 0)
                container.start_again(now, stamp)
                self._tell_started(container)
                changed = True
        return changed

    def _has_begun(self) -> bool:
        return any(container.state for container in self.containers if container.kind == MAIN)

    def _initialize(self, now: float, stamp: str) -> bool:
        """Init containers one after the other; a sidecar lets the next begin once it is up."""
        changed = False
        for container in self.containers:
            if container.kind == MAIN or self._has_begun():
                break
            changed = self._step(container, now, stamp) or changed
            if not container.is_complete:
                break
        return changed

    def _step(self, container: Container, now: float, stamp: str) -> bool:
        """Starts, ends or restarts one container, until it has nothing more to do now."""
        changed = False
        if not container.state:
            obstacle = self._obstacle(container, now)
            if obstacle is not None:
                changed = container.obstacle != obstacle
                if changed:
                    self._tell_obstacle(container, obstacle)
                container.obstacle = obstacle
                return changed
            self._start(container, now, stamp)
            changed = True
        for _ in range(4):  # a container that ends at once restarts at most once without a delay
            if container.wakes_at is None or container.wakes_at > now:
                break
            changed = True
            if container.is_running:
                self._ended(container, now, stamp)
            else:
                container.start_again(now, stamp)
                self._tell_started(container)
        return changed

    def _obstacle(self, container: Container, now: float) -> Obstacle | None:
        """Why the container cannot be started now."""
        image = container.spec.get("image") or ""
        missing = obstacles.missing_image(image, self._missing_images)
        if missing is not None:
            if container.obstacle is None:
                container.wakes_at = now + PULL_SECONDS
            elif container.wakes_at is None or container.wakes_at <= now:
                container.wakes_at = None
                return obstacles.backing_off(image, missing)
            return missing
        container.wakes_at = None
        if container.name in self.unresolved:
            return Obstacle(obstacles.CONFIG_ERROR, self.unresolved[container.name])
        return obstacles.bad_mount(self.pod, container.spec)

    def _tell_obstacle(self, container: Container, obstacle: Obstacle) -> None:
        image = container.spec.get("image") or ""
        if obstacle.reason == obstacles.PULL_ERROR:
            self.happenings.append(Happening("Normal", "Pulling", f'Pulling image "{image}"', container))
            self.happenings.append(Happening("Warning", "Failed", f'Failed to pull image "{image}": {obstacle.message}', container))
        elif obstacle.reason == obstacles.PULL_BACKOFF:
            self.happenings.append(Happening("Normal", "BackOff", f'Back-off pulling image "{image}"', container))
        shown = obstacle.message if obstacle.reason == obstacles.CONFIG_ERROR else obstacle.reason
        self.happenings.append(Happening("Warning", "Failed", f"Error: {shown}", container))

    def _start(self, container: Container, now: float, stamp: str) -> None:
        container.start(now, stamp)
        self._tell_started(container)

    def _tell_started(self, container: Container) -> None:
        for reason, message in (*_pulling(container.spec), ("Created", "Container created"), ("Started", "Container started")):
            self.happenings.append(Happening("Normal", reason, message, container))

    def _ended(self, container: Container, now: float, stamp: str) -> None:
        code = container.script.exit_code
        container.exit(stamp, code)
        if container.kind == INIT and code == 0:
            return
        if not restarts(container.spec, self._policy_of(container), code):
            return
        container.restart(now, stamp)
        if container.is_running:
            self._tell_started(container)
        else:
            message = f"Back-off restarting failed container {container.name} in pod {self.described}"
            self.happenings.append(Happening("Warning", "BackOff", message, container))

    def _policy_of(self, container: Container) -> str:
        """Init containers of pods that always restart are retried when they fail."""
        return "OnFailure" if container.kind == INIT and self.policy == "Always" else self.policy

    @property
    def described(self) -> str:
        """`name_namespace(uid)` (kubelet/util/format: Pod)."""
        return f"{meta.name(self.pod)}_{meta.namespace(self.pod)}({self.uid})"

    def _phase(self) -> str:
        init = [container for container in self.containers if container.kind == INIT]
        mains = [container for container in self.containers if container.kind == MAIN]
        if any(c.terminated and c.terminated["exitCode"] and c.wakes_at is None for c in init):
            return FAILED
        if any(not c.is_complete for c in init) or any(not c.state for c in mains):
            return PENDING
        if any(c.is_running or c.wakes_at is not None for c in mains):
            return RUNNING
        codes = [c.terminated["exitCode"] for c in mains if c.terminated]
        return FAILED if any(codes) else SUCCEEDED

    def _stop_sidecars(self, stamp: str) -> None:
        for container in self.containers:
            if container.is_running:
                container.exit(stamp, 0)
            container.wakes_at = container.ready_at = None
        self.has_sandbox = False

    def stop(self, stamp: str) -> bool:
        """Ends all containers, as the deletion of the pod asks. True if the status changed."""
        if self._stopped or is_terminal(self.phase):
            self._stopped = True
            return False
        self._stopped = True
        begun = self._has_begun()
        for container in self.containers:
            if container.is_running:
                self.happenings.append(Happening("Normal", "Killing", f"Stopping container {container.name}", container))
                container.exit(stamp, 0)
            container.wakes_at = container.ready_at = None
        self.has_sandbox = False
        mains = [container.terminated for container in self.containers if container.kind == MAIN]
        succeeded = begun and all(ended is not None and ended["exitCode"] == 0 for ended in mains)
        self.phase = SUCCEEDED if succeeded else FAILED
        return True
