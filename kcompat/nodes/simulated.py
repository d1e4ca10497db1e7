"""Simulated nodes: many kubelets in one process, on one watch, one timer wheel and a pool of workers. Entry point for cluster.py.

    nodes = SimulatedNodes(client_for, factory, clock, identity, NodeSettings(), count=100)
    await nodes.start(); await nodes.add(); await nodes.remove("node-3"); await nodes.stop()

Each node registers, renews its Lease and posts its status as user system:node:<name> of group system:nodes; nothing is held per node but
its own knowledge. Pods bound to a node run there as containers.py describes: there are no processes. Nodes whose object is deleted stop
renewing and leave their pods alone, as a kubelet that cannot reach anybody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, Identity, rfc3339, rfc3339_micro
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import STRATEGIC_MERGE_PATCH, Client
from kcompat.client.informer import Handler, Informer, InformerFactory
from kcompat.client.resources import NODES, PODS, ResourceType
from kcompat.nodes import node_object
from kcompat.nodes.containers import MAIN
from kcompat.nodes.events import NodeEvents, container_reference, pod_reference
from kcompat.nodes.kubelet import Kubelet
from kcompat.nodes.pod_machine import Happening, PodMachine, is_terminal
from kcompat.nodes.references import References
from kcompat.nodes.settings import NodeSettings
from kcompat.nodes.timers import Timers

if TYPE_CHECKING:
    from kcompat.nodes.exec.files import Volume
    from kcompat.nodes.exec.remote import RemoteKubelet

Tree = dict[str, Any]
ClientFor = Callable[[str, tuple[str, ...]], Client]
"""(user, groups) → a client that acts as them; must not open a connection of its own."""
Job = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)

LEASES = ResourceType("coordination.k8s.io", "v1", "leases", "Lease")
NODES_GROUP = "system:nodes"
RETRY_SECONDS = 1.0
FIRST_JOIN_SECONDS, MOST_JOIN_SECONDS = 0.1, 7.0
"""How long a node waits before it tries to register again, at first and at most."""
NODE = "node"
"""Index of pods by their node."""
LOOK_UP_SECONDS, MOST_LOOK_UP_SECONDS = 0.5, 60.0
"""How long a pod waits before what it refers to is looked for again, at first and at most."""
MOST_UNANSWERED_SECONDS = 4.0
"""At most, when the server could not tell: a thousand pods must not stand still for a minute because it was busy."""


class SimulatedNodes:
    """`factory` is shared with others, and started by its owner."""

    def __init__(
        self,
        client_for: ClientFor,
        factory: InformerFactory,
        clock: Clock,
        identity: Identity,
        settings: NodeSettings | None = None,
        count: int = 1,
    ) -> None:
        self.settings = settings or NodeSettings()
        self._client_for = client_for
        self._clock = clock
        self._identity = identity
        self._pods: Informer = factory.informer(PODS)
        self._nodes: Informer = factory.informer(NODES)
        self._kubelets: dict[str, Kubelet] = {}
        self._next_index = count
        self._timers = Timers(clock)
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._events = NodeEvents(clock, self.settings.events_per_second, lambda: not self._jobs.empty())
        self._references = References(clock)
        self._files: WeakKeyDictionary[PodMachine, dict[str, Volume]] = WeakKeyDictionary()
        self._tasks: list[asyncio.Task[None]] = []
        self._handlers: list[tuple[Informer, Handler]] = []
        for index in range(count):
            self._make(index)

    @property
    def names(self) -> list[str]:
        """The nodes there are, those deleted from the API included until they are removed."""
        return list(self._kubelets)

    def remote(self, name: str) -> RemoteKubelet | None:
        """The node of that name as the API server asks it; None if it is none of ours."""
        from kcompat.nodes.exec.remote import RemoteKubelet

        kubelet = self._kubelets.get(name)
        return None if kubelet is None or kubelet.gone else RemoteKubelet(kubelet, self._clock, self._files)

    async def start(self) -> None:
        """Registers every node, however often that takes; returns when the API has them all. Each runs its pods once it is registered.

        May be called again when it failed.
        """
        await self.stop()
        self._tasks.append(asyncio.create_task(self._timers.run(), name="node timers"))
        self._tasks += [asyncio.create_task(self._work(), name="node worker") for _ in range(self.settings.workers)]
        if self.settings.events:
            self._tasks.append(asyncio.create_task(self._events.run(), name="node events"))
        self._pods.store.add_index(NODE, _node_of)
        await self._pods.wait_synced()
        node_handler = self._nodes.add_handler(self._node_seen, lambda old, new: self._node_seen(new), self._node_deleted)
        pod_handler = self._pods.add_handler(self._pod_seen, lambda old, new: self._pod_seen(new), self._pod_deleted)
        self._handlers = [(self._nodes, node_handler), (self._pods, pod_handler)]
        slots = asyncio.Semaphore(self.settings.workers)
        await asyncio.gather(*(self._join(kubelet, slots) for kubelet in self._kubelets.values()))

    async def stop(self) -> None:
        """Stops at once; nodes stay registered and become NotReady as those of a dead kubelet."""
        for informer, handler in self._handlers:
            informer.remove_handler(handler)
        self._handlers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def add(self, name: str | None = None) -> str:
        """One more node, registered when this returns; a name that was removed or deleted registers anew. Raises what refused it."""
        if name is not None and (known := self._kubelets.get(name)) is not None and not known.gone:
            raise ValueError(f"node {name} exists")
        kubelet = self._make(self._next_index, name)
        self._next_index += 1
        await self._register(kubelet)
        return kubelet.name

    async def remove(self, name: str) -> None:
        """Deletes the node from the API and forgets it; its pods stay, for the control plane to deal with. Raises KeyError."""
        kubelet = self._kubelets.pop(name)
        kubelet.gone = True
        try:
            await kubelet.client.of(NODES).delete(name)
        except StatusError as error:
            if error.code != 404:
                raise

    def _make(self, index: int, name: str | None = None) -> Kubelet:
        name = name or f"{self.settings.prefix}{index}"
        client = self._client_for(f"system:node:{name}", (NODES_GROUP,))
        kubelet = self._kubelets[name] = Kubelet(name, index, client, self.settings)
        return kubelet

    # -- the nodes themselves

    async def _join(self, kubelet: Kubelet, slots: asyncio.Semaphore) -> None:
        """Registers, again and again until it works: no node waits for another (kubelet_node_status.go: registerWithAPIServer)."""
        delay = FIRST_JOIN_SECONDS
        while not kubelet.gone and not kubelet.is_registered:
            try:
                async with slots:
                    await self._register(kubelet)
                    return
            except (StatusError, OSError, TimeoutError) as error:
                log.warning("unable to register node %s: %s", kubelet.name, error)
            await asyncio.sleep(delay)
            delay = min(2 * delay, MOST_JOIN_SECONDS)

    async def _register(self, kubelet: Kubelet) -> None:
        """From here on the node runs pods. Raises StatusError, OSError."""
        await self._register_one(kubelet)
        kubelet.is_registered = True
        self._see_pods(list(self._pods.store.by_index(NODE, kubelet.name)))

    async def _register_one(self, kubelet: Kubelet) -> None:
        now = rfc3339(self._clock.now())
        kubelet.ready_since = now
        nodes = kubelet.client.of(NODES)
        try:
            kubelet.see_node(await nodes.create(node_object.node(kubelet.name, kubelet.ip, kubelet.addresses.cidr, self.settings, now)))
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            await self._register_again(kubelet, now)
        await self._renew(kubelet)
        self._timers.after(self._spread(self.settings.heartbeat), lambda: self._heartbeat(kubelet))
        self._timers.after(self._spread(self.settings.lease_duration / 4), lambda: self._renew_later(kubelet))

    async def _register_again(self, kubelet: Kubelet, now: str) -> None:
        """The Node is there from before: its own labels and status are brought up to date (tryRegisterWithAPIServer)."""
        nodes = kubelet.client.of(NODES)
        labels = {"metadata": {"labels": node_object.labels(kubelet.name, self.settings)}}
        await nodes.patch(kubelet.name, labels, content_type=STRATEGIC_MERGE_PATCH)
        status = node_object.status(kubelet.name, kubelet.ip, self.settings, now, now)
        kubelet.see_node(await nodes.patch_status(kubelet.name, {"status": status}, content_type=STRATEGIC_MERGE_PATCH))

    def _spread(self, seconds: float) -> float:
        """Somewhere in the first interval, so that a thousand nodes do not speak at once."""
        return seconds * (int(self._identity.uid()[:4], 16) % 1000) / 1000

    def _renew_later(self, kubelet: Kubelet) -> None:
        if not kubelet.gone:
            self._timers.after(self.settings.lease_duration / 4, lambda: self._renew_later(kubelet))
            self._jobs.put_nowait(lambda: self._renew(kubelet))

    async def _renew(self, kubelet: Kubelet) -> None:
        if kubelet.gone or kubelet.node is None:
            return
        leases = kubelet.client.of(LEASES)
        now = rfc3339_micro(self._clock.now())
        try:
            if kubelet.lease is None:
                kubelet.lease = await leases.create(node_object.lease(kubelet.name, meta.uid(kubelet.node), self.settings, now))
            else:
                spec = {**kubelet.lease["spec"], "renewTime": now}
                kubelet.lease = await leases.update({**kubelet.lease, "spec": spec})
        except StatusError as error:
            await self._lease_refused(kubelet, error)

    async def _lease_refused(self, kubelet: Kubelet, error: StatusError) -> None:
        """Reads the Lease again and tries on the next turn; a namespace that is not there yet comes with the controllers."""
        kubelet.lease = None
        if error.code == 409:
            kubelet.lease = await kubelet.client.of(LEASES).get(kubelet.name, node_object.LEASE_NAMESPACE)
        else:
            log.debug("lease of %s not renewed: %s", kubelet.name, error)

    def _heartbeat(self, kubelet: Kubelet) -> None:
        if not kubelet.gone:
            self._timers.after(self.settings.heartbeat, lambda: self._heartbeat(kubelet))
            self._jobs.put_nowait(lambda: self._post_status(kubelet))

    async def _post_status(self, kubelet: Kubelet) -> None:
        conditions = node_object.conditions(rfc3339(self._clock.now()), kubelet.ready_since)
        body = {"status": {"conditions": conditions}}
        await kubelet.client.of(NODES).patch_status(kubelet.name, body, content_type=STRATEGIC_MERGE_PATCH)

    def _node_seen(self, node: Tree) -> None:
        kubelet = self._kubelets.get(meta.name(node))
        if kubelet is not None and not kubelet.gone:
            kubelet.see_node(node)

    def _node_deleted(self, node: Tree) -> None:
        kubelet = self._kubelets.get(meta.name(node))
        if kubelet is not None and kubelet.node is not None and meta.uid(kubelet.node) == meta.uid(node):
            kubelet.gone = True

    # -- their pods

    def _see_pods(self, pods: Iterable[Tree]) -> None:
        """Takes up the pods there are, those with an address first: it is theirs, and must not be given to another."""
        for pod in sorted(pods, key=lambda pod: "podIP" not in (pod.get("status") or {})):
            self._pod_seen(pod)

    def _pod_seen(self, pod: Tree) -> None:
        """A pod was bound to a node of ours, or one of ours changed."""
        kubelet = self._kubelets.get(pod["spec"].get("nodeName") or "")
        if kubelet is None or kubelet.gone or not kubelet.is_registered:
            return
        machine = kubelet.machines.get(meta.uid(pod))
        if machine is not None:
            if not machine.see(pod):
                return
        elif not is_terminal((pod.get("status") or {}).get("phase") or "") or meta.is_being_deleted(pod):
            machine = kubelet.admit(pod, self._timers.now(), rfc3339(self._clock.now()))
            if not machine.has_sandbox and machine.rejection is None and not self._references.are_known(pod):
                machine.waits_for_volumes = True
                self._jobs.put_nowait(lambda: self._look_up(kubelet, machine))
        if machine is not None:
            self._sync(kubelet, machine)

    async def _look_up(self, kubelet: Kubelet, machine: PodMachine, delay: float = LOOK_UP_SECONDS) -> None:
        """Lets the pod go on when what it refers to is there, else asks again after a delay that doubles."""
        if kubelet.gone or kubelet.machines.get(machine.uid) is not machine or meta.is_being_deleted(machine.pod):
            return
        most = MOST_LOOK_UP_SECONDS
        try:
            missing, unresolved = await self._missing(kubelet, machine)
        except (StatusError, OSError, TimeoutError) as error:
            missing, unresolved, most = {"": str(error)}, {}, MOST_UNANSWERED_SECONDS
        machine.waits_for_volumes, machine.unresolved = bool(missing), unresolved
        for volume, problem in missing.items():
            message = f'MountVolume.SetUp failed for volume "{volume}" : {problem}'
            machine.happenings.append(Happening("Warning", "FailedMount", message))
        if missing or unresolved:
            again = min(2 * delay, most)
            self._timers.after(delay, lambda: self._jobs.put_nowait(lambda: self._look_up(kubelet, machine, again)))
        self._sync(kubelet, machine)

    async def _missing(self, kubelet: Kubelet, machine: PodMachine) -> tuple[dict[str, str], dict[str, str]]:
        """What is wrong, by volume and by container; what another pod found meanwhile is not asked for again."""
        client, pod = kubelet.client, machine.pod
        if self._references.are_known(pod):
            return {}, {}
        return await self._references.missing_volumes(client, pod), await self._references.missing_variables(client, pod)

    def _pod_deleted(self, pod: Tree) -> None:
        kubelet = self._kubelets.get(pod["spec"].get("nodeName") or "")
        if kubelet is not None:
            kubelet.forget(meta.uid(pod))

    def _sync(self, kubelet: Kubelet, machine: PodMachine) -> None:
        """Does what is due for a pod now, and has its status written if that differs."""
        if kubelet.gone or kubelet.machines.get(machine.uid) is not machine:
            return
        kubelet.advance(machine, self._timers.now(), rfc3339(self._clock.now()))
        self._record(kubelet, machine)
        self._wake(kubelet, machine)
        machine.dirty = True
        if not machine.queued:
            machine.queued = True
            self._jobs.put_nowait(lambda: self._write(kubelet, machine))

    def _wake(self, kubelet: Kubelet, machine: PodMachine) -> None:
        when = machine.wakes_at
        if when is not None and when != machine.wake_set:
            machine.wake_set = when
            self._timers.at(when, lambda: self._due(kubelet, machine))

    def _due(self, kubelet: Kubelet, machine: PodMachine) -> None:
        when = machine.wakes_at
        if when is not None and when <= self._timers.now():
            self._sync(kubelet, machine)

    async def _write(self, kubelet: Kubelet, machine: PodMachine) -> None:
        """Writes one after the other: of two at once the older could come last, and stay."""
        try:
            while machine.dirty:
                machine.dirty = False
                await self._write_once(kubelet, machine)
        finally:
            machine.queued = False

    async def _write_once(self, kubelet: Kubelet, machine: PodMachine) -> None:
        """One patch with everything that changed; then the final deletion of a pod that was to go (status_manager.go: syncPod)."""
        if kubelet.gone or kubelet.machines.get(machine.uid) is not machine:
            return
        pods = kubelet.client.of(PODS)
        pod = machine.pod
        name, namespace = meta.name(pod), meta.namespace(pod)
        try:
            body = kubelet.report(machine, rfc3339(self._clock.now()))
            if body is not None:
                machine.see(await pods.patch_status(name, body, namespace, content_type=STRATEGIC_MERGE_PATCH))
            if meta.is_being_deleted(machine.pod) and is_terminal(machine.phase):
                await pods.delete(name, namespace, uid=machine.uid, grace=0)
        except StatusError as error:
            if error.code not in (404, 409):
                self._retry(kubelet, machine, error)
        except (OSError, TimeoutError) as error:
            self._retry(kubelet, machine, error)

    def _retry(self, kubelet: Kubelet, machine: PodMachine, error: Exception) -> None:
        log.debug("status of %s not written, retrying: %s", machine.described, error)
        self._timers.after(RETRY_SECONDS, lambda: self._sync(kubelet, machine))

    def _record(self, kubelet: Kubelet, machine: PodMachine) -> None:
        happenings, machine.happenings = machine.happenings, []
        if not self.settings.events:
            return
        for happening in happenings:
            container = happening.container
            if container is None:
                about = pod_reference(machine.pod)
            else:
                about = container_reference(machine.pod, container.name, init=container.kind != MAIN)
            self._events.record(kubelet.client, kubelet.name, about, happening.kind, happening.reason, happening.message)

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except (StatusError, OSError, TimeoutError) as error:
                log.warning("a simulated node's request failed: %s", error)
            except Exception:
                log.exception("a simulated node failed")
            finally:
                self._jobs.task_done()

    async def settled(self) -> None:
        """Waits until every request due so far has been made."""
        await self._jobs.join()


def _node_of(pod: Tree) -> tuple[str, ...]:
    return (pod["spec"].get("nodeName") or "",)
