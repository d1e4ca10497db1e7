"""The scheduler at work: informers → queue → decision → assume → bind. `run_scheduler` is the entry point for cluster.py.

The decision (cycle.py) is synchronous, so the snapshot never changes under it; binding happens in concurrent workers while the next pod is
decided, the pod counting on its node meanwhile (assumed). Answers pkg/scheduler/schedule_one.go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, Identity
from kcompat.client.client import Client
from kcompat.client.events import SeriesRecorder
from kcompat.client.informer import InformerFactory
from kcompat.client.resources import NODES, PODS
from kcompat.scheduler import framework as fw
from kcompat.scheduler.binding import Binding
from kcompat.scheduler.cycle import Cycle, Decision
from kcompat.scheduler.diagnosis import Diagnosis, FitError, NoNodesAvailable
from kcompat.scheduler.framework import ASSIGNED_POD, Action, ClusterEvent, PostFilterResult, Status
from kcompat.scheduler.handlers import ClusterHandlers, is_assigned
from kcompat.scheduler.listers import InformerListers
from kcompat.scheduler.permit import WaitingPods
from kcompat.scheduler.profile import Profile
from kcompat.scheduler.queue import QueuedPod, SchedulingQueue
from kcompat.scheduler.reporting import Reporter
from kcompat.scheduler.settings import SchedulerSettings
from kcompat.scheduler.snapshot import PodInfo, Snapshot

Tree = dict[str, Any]
Job = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)

SLICE = 0.005
"""Seconds of deciding before other tasks get a turn."""
FLUSH_SECONDS = 30.0
UNSCHEDULABLE = "Unschedulable"
SCHEDULER_ERROR = "SchedulerError"


async def run_scheduler(
    client: Client, factory: InformerFactory, clock: Clock, identity: Identity, settings: SchedulerSettings | None = None
) -> None:
    """Schedules until cancelled. `factory` is started by its owner. Raises ValueError for settings that cannot be."""
    await Scheduler(client, factory, clock, identity, settings or SchedulerSettings()).run()


class Scheduler:
    """All profiles over one snapshot and one queue."""

    def __init__(self, client: Client, factory: InformerFactory, clock: Clock, identity: Identity, settings: SchedulerSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._pods = factory.informer(PODS)
        self._nodes = factory.informer(NODES)
        self._factory = factory
        self.snapshot = Snapshot()
        self._listers = InformerListers(factory)
        names = [profile.scheduler_name for profile in settings.profiles]
        self._recorders = {name: SeriesRecorder(client, name, clock=clock, identity=identity) for name in names} if settings.events else {}
        self._reporter = Reporter(client, clock, self._recorders)
        self._waiting = WaitingPods()
        self._preempting: set[str] = set()
        self._profiles = {profile.scheduler_name: Profile(profile, self._handle(identity)) for profile in settings.profiles}
        self._cycles = {name: Cycle(profile, self.snapshot) for name, profile in self._profiles.items()}
        self._bindings = {name: Binding(profile, self._waiting) for name, profile in self._profiles.items()}
        self._held: set[asyncio.Task[None]] = set()
        self._watch_what_plugins_need()
        backoffs = settings.pod_initial_backoff_seconds, settings.pod_max_backoff_seconds
        self.queue = SchedulingQueue(self._profiles, clock, *backoffs)
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._handlers = ClusterHandlers(self.snapshot, self.queue, self._profiles, self._waiting)

    def _handle(self, identity: Identity) -> fw.Handle:
        """One for each profile, since a profile's cycle adds its own filters to it."""

        def choose(n: int) -> int:
            return int(identity.uid()[:8], 16) % n if n > 1 else 0

        return fw.Handle(self.snapshot, self._listers, self._reporter, choose, self._preempting, self._waiting, writer=self._reporter)

    def _watch_what_plugins_need(self) -> None:
        for profile in self._profiles.values():
            for resource in profile.watches:
                self._listers.watch(resource)

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(informer.wait_synced() for informer in (self._nodes, self._pods)))
        await self._listers.wait_synced()
        node_handlers = self._nodes.add_handler(self._handlers.node_added, self._handlers.node_updated, self._handlers.node_deleted)
        pod_handlers = self._pods.add_handler(self._handlers.pod_added, self._handlers.pod_updated, self._handlers.pod_deleted)
        self._listers.tell(self.queue.event)
        tasks = [asyncio.create_task(self._work(), name="scheduler binding") for _ in range(self._settings.binding_workers)]
        tasks.append(asyncio.create_task(self._flush(), name="scheduler flush"))
        try:
            await self._schedule()
        finally:
            self._nodes.remove_handler(node_handlers)
            self._pods.remove_handler(pod_handlers)
            await _cancel([*tasks, *self._held])
            for recorder in self._recorders.values():
                await recorder.stop()

    async def _schedule(self) -> None:
        started = self._clock.monotonic()
        while True:
            queued = self.queue.pop()
            if queued is None:
                await self.queue.wait()
                started = self._clock.monotonic()
                continue
            self.schedule_one(queued)
            if self._clock.monotonic() - started > SLICE:
                await asyncio.sleep(0)
                started = self._clock.monotonic()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.queue.flush()

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except Exception:
                log.exception("a scheduler's request failed")
            finally:
                self._jobs.task_done()

    async def settled(self) -> None:
        """Waits until every request that decisions so far need has been made."""
        await self._jobs.join()

    def schedule_one(self, queued: QueuedPod) -> None:
        """Decides about one pod and starts what follows from it (scheduleOnePod)."""
        pod = queued.pod
        if meta.is_being_deleted(pod):
            note = f"skip schedule deleting pod: {meta.namespace(pod)}/{meta.name(pod)}"
            self._reporter.failed(queued.scheduler_name, pod, note)
            self.queue.done(queued.uid)
            return
        if self.snapshot.is_assumed(queued.uid):
            self.queue.done(queued.uid)
            return
        cycle = self._cycles[queued.scheduler_name]
        try:
            decision = cycle.decide(queued.info)
        except FitError as error:
            self._unschedulable(queued, error, cycle)
        except NoNodesAvailable as error:
            self._failed(queued, (), UNSCHEDULABLE, str(error), "")
        except Exception as error:
            log.exception("scheduling %s/%s failed, retrying", meta.namespace(pod), meta.name(pod))
            self._failed(queued, (), SCHEDULER_ERROR, str(error), "")
        else:
            self._assume(queued, decision)

    def _unschedulable(self, queued: QueuedPod, error: FitError, cycle: Cycle) -> None:
        result = cycle.post_filter(queued.info, error)
        if result is not None and result.victims:
            self._preempting.add(queued.uid)
            self._jobs.put_nowait(lambda: self._preempt(queued, result))
        nominated = result.nominated_node if result is not None else None
        self._failed(queued, error.diagnosis.plugins, UNSCHEDULABLE, str(error), nominated)

    async def _preempt(self, queued: QueuedPod, result: PostFilterResult) -> None:
        """Room for the pod: lower nominations on the node are taken back, then the victims are deleted (executor.go)."""
        lower = [pod for pod in self.snapshot.nominated.get(result.nominated_node, {}).values() if pod.priority < queued.info.priority]
        requests = [self._reporter.clear_nomination(pod.pod) for pod in lower]
        for pod in lower:
            self.snapshot.nominate(pod, "")
        victims = [self._reporter.preempt(queued.scheduler_name, queued.pod, victim, result.nominated_node) for victim in result.victims]
        outcomes = await asyncio.gather(*requests, *victims, return_exceptions=True)
        self._preempting.discard(queued.uid)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures:
            log.error("preemption for %s/%s failed: %s", queued.info.namespace, meta.name(queued.pod), failures[0])
        if failures or not any(self.snapshot.pod(victim.uid) for victim in result.victims):
            self.queue.activate([queued.uid])  # no deletion is left whose event would do it

    def _assume(self, queued: QueuedPod, decision: Decision) -> None:
        """Counts the pod on its node, reserves what it needs there, and hands it over to binding."""
        info, binding = queued.info, self._bindings[queued.scheduler_name]
        self.snapshot.nominate(info, "")
        self.snapshot.assume(info, decision.node_name)
        status = binding.reserve(info.pod, decision)
        if status is not None:
            self._refused(queued, decision, status)
        elif binding.is_waiting(info.uid, decision):
            self._hold(queued, decision)
        else:
            self._jobs.put_nowait(lambda: self._bind(queued, decision))

    def _hold(self, queued: QueuedPod, decision: Decision) -> None:
        """A pod that waits for permission gets a task of its own, so that it keeps no worker from others."""
        task = asyncio.create_task(self._bind(queued, decision), name="scheduler permit")
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def _bind(self, queued: QueuedPod, decision: Decision) -> None:
        status = await self._bindings[queued.scheduler_name].bind(queued.pod, decision)
        if status is not None:
            self._refused(queued, decision, status)
            return
        self._reporter.scheduled(queued.scheduler_name, queued.pod, decision.node_name)
        self.queue.done(queued.uid)

    def _refused(self, queued: QueuedPod, decision: Decision, status: Status) -> None:
        """A plugin or the API refused the node: the pod is taken off it and tried again (handleBindingCycleError)."""
        self._bindings[queued.scheduler_name].give_back(queued.pod, decision)
        if self.snapshot.is_assumed(queued.uid):
            self.snapshot.remove_pod(queued.uid)
            self.queue.event(ClusterEvent(ASSIGNED_POD, Action.DELETE), queued.pod, None)
        if status.rejected:
            node = self.snapshot.node(decision.node_name)
            error = FitError(1, Diagnosis({node.row if node else 0: status}, plugins={status.plugin}))
            self._failed(queued, error.diagnosis.plugins, UNSCHEDULABLE, str(error), "", retry=True)
        else:
            log.error("binding %s/%s failed, retrying: %s", queued.info.namespace, meta.name(queued.pod), status.message)
            self._failed(queued, (), SCHEDULER_ERROR, status.message, "")

    def _failed(
        self, queued: QueuedPod, plugins: Collection[str], reason: str, message: str, nominated: str | None, *, retry: bool = False
    ) -> None:
        """Puts the pod back, and tells its owner why (handleSchedulingFailure). nominated: None keeps the nomination."""
        present = self._pods.store.get(queued.info.namespace, meta.name(queued.pod))
        if present is None or is_assigned(present) or meta.uid(present) != queued.uid:
            self.queue.done(queued.uid)
            return
        queued.info = PodInfo(present) if present is not queued.pod else queued.info
        self.queue.reject(queued, plugins, retry=retry)
        if nominated is not None:
            self.snapshot.nominate(queued.info, nominated)
        self._reporter.failed(queued.scheduler_name, present, message)
        self._jobs.put_nowait(lambda: self._reporter.set_unscheduled(present, reason, message, nominated))


async def _cancel(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
