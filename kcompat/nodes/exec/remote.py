"""A simulated node as the API server asks it: exec, attach, port-forward, logs, and pages of the kubelet. Made by simulated.py.

Answers pkg/kubelet/server/server.go and containerd's streaming server.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.remote_command import CommandFailed, LogOptions, Refused, Streams
from kcompat.nodes.containers import Container
from kcompat.nodes.exec.contents import Contents
from kcompat.nodes.exec.files import Files, Volume, root
from kcompat.nodes.exec.logs import lines
from kcompat.nodes.exec.shell import NotFound, Process, World, run
from kcompat.nodes.exec.terminal import Terminal
from kcompat.nodes.kubelet import Kubelet
from kcompat.nodes.pod_machine import PodMachine
from kcompat.nodes.programs import is_pause

Tree = Mapping[str, Any]
_LOOK_AGAIN = 0.25
"""Seconds between looks at whether a container still runs."""
_KILLED = 137


class RemoteKubelet:
    """apimachinery.remote_command.Kubelet for one simulated node."""

    def __init__(self, kubelet: Kubelet, clock: Clock, kept: WeakKeyDictionary[PodMachine, dict[str, Volume]]) -> None:
        self._kubelet = kubelet
        self._clock = clock
        self._kept = kept

    def check(self, pod: Tree, container: str, action: str) -> None:
        full_name = f"{meta.name(pod)}_{meta.namespace(pod)}"
        machine = self._kubelet.machines.get(meta.uid(pod))
        if machine is None:
            raise Refused(404, "pod does not exist")
        if action == "port-forward":
            if not machine.has_sandbox:
                raise Refused(500, f'pod not found ("{full_name}")')
        elif self._running(machine, container) is None:
            missing = f'container not found ("{container}")' if action == "exec" else f"container {container} not found in pod {full_name}"
            raise Refused(500, missing)

    async def exec(self, pod: Tree, container: str, command: Sequence[str], streams: Streams) -> int:
        machine, found = self._found(pod, container)
        process = await self._process(machine, found, streams)
        task = asyncio.ensure_future(self._run(found, process, command))
        watch = asyncio.ensure_future(self._until_ended(machine, found))
        try:
            await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else _KILLED
        finally:
            for each in (task, watch):
                each.cancel()
            await asyncio.gather(task, watch, return_exceptions=True)

    async def _run(self, container: Container, process: Process, command: Sequence[str]) -> int:
        image = container.spec.get("image") or ""
        known = {} if is_pause(image, ()) and "agnhost" not in image else process.world.programs
        process.world.programs = known
        try:
            if not known:
                raise NotFound(command[0] if command else "")
            return await run(process, command or [""])
        except NotFound as absent:
            name = str(absent)
            why = f"stat {name}: no such file or directory" if "/" in name else "executable file not found in $PATH"
            started = hashlib.sha256(f"{container.container_id} {name}".encode()).hexdigest()
            raise CommandFailed(
                f'failed to exec in container: failed to start exec "{started}": OCI runtime exec failed: exec failed: '
                f'unable to start container process: exec: "{name}": {why}: unknown'
            ) from None

    async def attach(self, pod: Tree, container: str, streams: Streams) -> None:
        machine, found = self._found(pod, container)
        write = _writer(Terminal(streams).write if streams.terminal else streams.write)
        async for text in self._printed(machine, found, LogOptions(follow=True, tail=0)):
            await write(text)

    async def forward(self, pod: Tree, port: int, streams: Streams) -> None:
        """No process listens in a simulated pod."""
        uid = meta.uid(pod).replace("-", "")
        raise CommandFailed(
            f'failed to execute portforward in network namespace "/var/run/netns/cni-{meta.uid(pod)}": failed to connect to localhost:{port} '
            f'inside namespace "{hashlib.sha256(uid.encode()).hexdigest()}", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused '
            f"IPv6 dial tcp6 [::1]:{port}: connect: connection refused "
        )

    def log(self, pod: Tree, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        machine, found = self._found(pod, container)
        return self._printed(machine, found, options)

    def page(self, path: str) -> tuple[str, bytes] | None:
        if path == "/healthz":
            return "text/plain; charset=utf-8", b"ok"
        if path in ("/pods", "/pods/"):
            items = [machine.pod for machine in self._kubelet.machines.values()]
            listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}
            return "application/json", orjson.dumps(listed)
        return None

    # -- containers

    def _found(self, pod: Tree, container: str) -> tuple[PodMachine, Container]:
        machine = self._kubelet.machines.get(meta.uid(pod))
        found = next((each for each in machine.containers if each.name == container), None) if machine else None
        if machine is None or found is None:
            raise Refused(404, "pod does not exist")
        return machine, found

    def _running(self, machine: PodMachine, container: str) -> Container | None:
        return next((each for each in machine.containers if each.name == container and each.is_running), None)

    async def _until_ended(self, machine: PodMachine, container: Container) -> None:
        started = container.container_id
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            if not container.is_running or container.container_id != started or machine.uid not in self._kubelet.machines:
                return

    async def _process(self, machine: PodMachine, container: Container, streams: Streams) -> Process:
        """A process with the container's variables and files. Raises CommandFailed if the node may not read what they are made of."""
        pod, spec = machine.pod, container.spec
        hostname = self._hostname(pod)
        kept = self._kept.setdefault(machine, {})
        contents = Contents(self._kubelet.client, pod, self._kubelet.node, kept)
        try:
            variables = await contents.environment(spec, hostname)
            mounts = await contents.mounts(spec)
        except StatusError as error:
            raise CommandFailed(error.message) from None
        own = kept.setdefault(container.container_id, root(hostname))
        world = World(Files(own, mounts), self._facts(pod, spec, hostname), _programs())
        directory = spec.get("workingDir") or "/"
        if streams.terminal:
            terminal = Terminal(streams)
            return Process(world, {**variables, "TERM": "xterm"}, terminal.read, terminal.write, terminal.write, directory, terminal=True)

        async def complain(data: bytes) -> None:
            await streams.write(data, error=True)

        return Process(world, variables, streams.read, streams.write, complain, directory)

    def _hostname(self, pod: Tree) -> str:
        spec = pod["spec"]
        return str(spec.get("hostname") or (self._kubelet.name if spec.get("hostNetwork") else meta.name(pod)[:63]))

    def _facts(self, pod: Tree, spec: Tree, hostname: str) -> dict[str, Callable[[], str]]:
        """What programs tell about the place they run in."""
        security = {**(pod["spec"].get("securityContext") or {}), **(spec.get("securityContext") or {})}
        user, group = security.get("runAsUser") or 0, security.get("runAsGroup") or 0
        groups = [group, *((pod["spec"].get("securityContext") or {}).get("supplementalGroups") or ())]
        named = "(root)" if user == 0 else ""
        return {
            "hostname": lambda: hostname,
            "address": lambda: str((pod.get("status") or {}).get("podIP") or "127.0.0.1"),
            "architecture": lambda: self._kubelet.settings.architecture,
            "id": lambda: f"uid={user}{named} gid={group}{'(root)' if group == 0 else ''} groups={','.join(str(each) for each in groups)}",
            "whoami": lambda: "root" if user == 0 else f"unknown uid {user}",
            "date": lambda: self._clock.now().strftime("%a %b %e %H:%M:%S UTC %Y"),
            "seconds": lambda: str(int(self._clock.now().timestamp())),
            "ls": lambda: self._clock.now().strftime("%b %e %H:%M"),
            "command": lambda: " ".join([*(spec.get("command") or ()), *(spec.get("args") or ())]) or str(spec.get("image")),
        }

    # -- what containers print

    async def _printed(self, machine: PodMachine, container: Container, options: LogOptions) -> AsyncIterator[bytes]:
        left = options.limit
        shown, known = lines(container, options, self._clock)
        while True:
            text = b"".join(shown)[:left]
            if text:
                yield text
            if left is not None:
                left -= len(text)
            if not options.follow or left == 0 or not container.is_running or machine.uid not in self._kubelet.machines:
                return
            await asyncio.sleep(_LOOK_AGAIN)
            shown, known = lines(container, options, self._clock, after=known)


def _programs() -> Mapping[str, Any]:
    from kcompat.nodes.exec.commands import PROGRAMS

    return PROGRAMS


def _writer(write: Callable[[bytes], Awaitable[None]]) -> Callable[[bytes], Awaitable[None]]:
    async def quietly(data: bytes) -> None:
        with suppress(ConnectionError):
            await write(data)

    return quietly
