"""Pods that wait to be scheduled: ready, backing off, unschedulable until an event helps, or held back. Filled and emptied by loop.py.

A pod is in exactly one place. Ready pods come out by the profile's QueueSort. A pod that was rejected waits for an event that one of the
plugins that rejected it says may help (queueing hints), then out its backoff of 1 s to 10 s; when nothing else is ready backoff is
not waited for. Answers pkg/scheduler/backend/queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import Any

from kcompat.apimachinery.clock import Clock
from kcompat.scheduler.framework import (
    ASSIGNED_POD,
    TARGET_POD,
    UNSCHEDULED_POD,
    WILDCARD,
    Action,
    ClusterEvent,
    Code,
    EventToRegister,
)
from kcompat.scheduler.profile import Profile
from kcompat.scheduler.resources import pod_requests
from kcompat.scheduler.snapshot import PodInfo

Tree = dict[str, Any]

INITIAL_BACKOFF = 1.0
MAX_BACKOFF = 10.0
MAX_UNSCHEDULABLE = 300.0
"""Seconds after which an unschedulable pod is tried again whatever happened."""


class QueuedPod:
    """A pod and what became of it so far. Times are monotonic seconds."""

    __slots__ = ("attempts", "backoff_until", "errors", "gate", "info", "place", "plugins", "rejections", "scheduler_name", "timestamp")

    def __init__(self, pod: Tree, now: float) -> None:
        self.info = PodInfo(pod)
        self.scheduler_name: str = pod["spec"].get("schedulerName") or ""
        self.timestamp = now
        self.attempts = 0
        self.rejections = 0
        self.errors = 0
        self.backoff_until = 0.0
        self.plugins: set[str] = set()
        """Who rejected it last."""
        self.gate = ""
        """The PreEnqueue plugin that holds it back."""
        self.place: object = None

    @property
    def pod(self) -> Tree:
        return self.info.pod

    @property
    def uid(self) -> str:
        return self.info.uid


class _Heap:
    """A priority queue whose entries may be taken out; those are skipped when they come up."""

    def __init__(self) -> None:
        self._heap: list[tuple[Any, int, QueuedPod]] = []
        self._entries: dict[str, int] = {}
        self._count = count()

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, key: Any, queued: QueuedPod) -> None:
        number = next(self._count)
        self._entries[queued.uid] = number
        queued.place = self
        heapq.heappush(self._heap, (key, number, queued))

    def remove(self, queued: QueuedPod) -> None:
        self._entries.pop(queued.uid, None)
        queued.place = None

    def peek(self) -> tuple[Any, QueuedPod] | None:
        while self._heap:
            key, number, queued = self._heap[0]
            if self._entries.get(queued.uid) == number:
                return key, queued
            heapq.heappop(self._heap)
        return None

    def pop(self) -> QueuedPod | None:
        head = self.peek()
        if head is None:
            return None
        heapq.heappop(self._heap)
        self.remove(head[1])
        return head[1]


class SchedulingQueue:
    """For all profiles; `profiles` is keyed by scheduler name and not empty."""

    def __init__(
        self, profiles: Mapping[str, Profile], clock: Clock, initial_backoff: float = INITIAL_BACKOFF, max_backoff: float = MAX_BACKOFF
    ) -> None:
        self._profiles = profiles
        self._clock = clock
        self._initial, self._maximum = initial_backoff, max_backoff
        self._sort = next(iter(profiles.values())).queue_sort[0]
        self._pods: dict[str, QueuedPod] = {}
        self._active = _Heap()
        self._backoff = _Heap()
        self._error_backoff = _Heap()
        self._unschedulable: dict[str, QueuedPod] = {}
        self._rejectors: Counter[str] = Counter()
        self._ready = asyncio.Event()
        self._hints = {name: list(_registered(profile)) for name, profile in profiles.items()}

    def __len__(self) -> int:
        return len(self._pods)

    @property
    def has_unschedulable(self) -> bool:
        """Is any pod waiting for an event?"""
        return bool(self._unschedulable)

    def counts(self) -> dict[str, int]:
        """Pods in each part, as the metric scheduler_pending_pods names them."""
        gated = sum(bool(queued.gate) for queued in self._unschedulable.values())
        return {
            "active": len(self._active),
            "backoff": len(self._backoff) + len(self._error_backoff),
            "unschedulable": len(self._unschedulable) - gated,
            "gated": gated,
        }

    def add(self, pod: Tree) -> None:
        """A pod that nobody has tried yet."""
        uid = pod["metadata"]["uid"]
        if uid in self._pods:
            self.delete(uid)
        queued = self._pods[uid] = QueuedPod(pod, self._clock.monotonic())
        self._activate(queued)

    def update(self, old: Tree, new: Tree) -> None:
        """The object of a waiting pod changed; that may make it schedulable."""
        queued = self._pods.get(new["metadata"]["uid"])
        if queued is None:
            self.add(new)
            return
        queued.info = PodInfo(new)
        if queued.place is not self._unschedulable:
            return
        for event in pod_events(old, new, target=True):
            if self._helps(queued, event, old, new):
                self._leave_unschedulable(queued)
                self._requeue(queued)
                return

    def delete(self, uid: str) -> None:
        queued = self._pods.pop(uid, None)
        if queued is None:
            return
        if isinstance(queued.place, _Heap):
            queued.place.remove(queued)
        elif queued.place is self._unschedulable:
            self._leave_unschedulable(queued)

    def pop(self) -> QueuedPod | None:
        """The next pod to try, which then is in no part of the queue until `done` or `reject`; None: none is ready."""
        self._end_backoffs()
        queued = self._active.pop() or self._backoff.pop()
        if queued is not None:
            queued.attempts += 1
        return queued

    async def wait(self) -> None:
        """Returns when `pop` may have a pod."""
        self._ready.clear()
        if len(self._active) or len(self._backoff):
            return
        head = self._error_backoff.peek()
        timeout = max(head[1].backoff_until - self._clock.monotonic(), 0.0) if head else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._ready.wait()

    def done(self, uid: str) -> None:
        """A pod that was popped needs no more scheduling."""
        queued = self._pods.get(uid)
        if queued is not None and queued.place is None:
            del self._pods[uid]

    def reject(self, queued: QueuedPod, plugins: Collection[str], *, retry: bool = False) -> None:
        """A pod that was popped could not be scheduled: because of these plugins, or of an error if none. retry: after its backoff,
        without an event (AddUnschedulablePodIfNotPresent)."""
        if self._pods.get(queued.uid) is not queued:
            return  # deleted meanwhile
        queued.timestamp = self._clock.monotonic()
        queued.plugins = set(plugins)
        if plugins:
            queued.rejections, queued.errors = queued.rejections + 1, 0
        else:
            queued.errors += 1
        queued.backoff_until = queued.timestamp + self._backoff_seconds(queued.errors or queued.rejections)
        if retry or not plugins:
            self._requeue(queued)
        else:
            self._park(queued)

    def event(self, event: ClusterEvent, old: Tree | None, new: Tree | None) -> None:
        """Moves the pods that the event may help (MoveAllToActiveOrBackoffQueue)."""
        if not self._unschedulable or not self._concerns_any(event):
            return
        for queued in [queued for queued in self._unschedulable.values() if self._helps(queued, event, old, new)]:
            self._leave_unschedulable(queued)
            self._requeue(queued)

    def activate(self, uids: Collection[str]) -> None:
        """Tries these pods now, whatever they wait for."""
        for queued in [self._pods[uid] for uid in uids if uid in self._pods]:
            if queued.place is self._unschedulable:
                self._leave_unschedulable(queued)
                self._activate(queued)
            elif queued.place in (self._backoff, self._error_backoff):
                queued.place.remove(queued)
                self._activate(queued)

    def flush(self) -> None:
        """Tries pods again that have been unschedulable for long (flushUnschedulableEntitiesLeftover)."""
        before = self._clock.monotonic() - MAX_UNSCHEDULABLE
        for queued in [queued for queued in self._unschedulable.values() if queued.timestamp < before]:
            self._leave_unschedulable(queued)
            self._requeue(queued)

    def _concerns_any(self, event: ClusterEvent) -> bool:
        return event.resource == WILDCARD or any(
            self._rejectors[plugin] for hints in self._hints.values() for plugin, registered in hints if _matches(registered.event, event)
        )

    def _helps(self, queued: QueuedPod, event: ClusterEvent, old: Tree | None, new: Tree | None) -> bool:
        if event.resource == WILDCARD or not queued.plugins:
            return True
        pod = queued.pod
        for plugin, registered in self._hints.get(queued.scheduler_name, ()):
            if plugin in queued.plugins and _matches(registered.event, event):
                if registered.hint is None or registered.hint(pod, old, new):
                    return True
        return False

    def _requeue(self, queued: QueuedPod) -> None:
        if queued.backoff_until <= self._clock.monotonic():
            self._activate(queued)
            return
        if self._is_gated(queued):
            self._park(queued)
            return
        waiting = self._backoff if queued.plugins else self._error_backoff
        waiting.push((queued.backoff_until, self._sort.sort_key(queued)), queued)
        self._ready.set()

    def _activate(self, queued: QueuedPod) -> None:
        if self._is_gated(queued):
            self._park(queued)
            return
        self._active.push(self._sort.sort_key(queued), queued)
        self._ready.set()

    def _is_gated(self, queued: QueuedPod) -> bool:
        """Runs PreEnqueue."""
        queued.gate = ""
        profile = self._profiles.get(queued.scheduler_name)
        for plugin in profile.pre_enqueue if profile else ():
            status = plugin.pre_enqueue(queued.pod)
            if status is not None and status.code is not Code.SUCCESS:
                queued.gate = plugin.name
                queued.plugins.add(queued.gate)
                return True
        return False

    def _park(self, queued: QueuedPod) -> None:
        self._unschedulable[queued.uid] = queued
        queued.place = self._unschedulable
        self._rejectors.update(queued.plugins)

    def _leave_unschedulable(self, queued: QueuedPod) -> None:
        del self._unschedulable[queued.uid]
        queued.place = None
        self._rejectors.subtract(queued.plugins)

    def _end_backoffs(self) -> None:
        now = self._clock.monotonic()
        for waiting in (self._backoff, self._error_backoff):
            while (head := waiting.peek()) is not None and head[1].backoff_until <= now:
                waiting.pop()
                self._activate(head[1])

    def _backoff_seconds(self, times: int) -> float:
        return min(self._initial * 2.0 ** min(times - 1, 60), self._maximum) if times else 0.0


def _registered(profile: Profile) -> Iterator[tuple[str, EventToRegister]]:
    for plugin in profile.enqueue_extensions:
        for registered in plugin.events_to_register():
            yield plugin.name, registered


def _matches(registered: ClusterEvent, event: ClusterEvent) -> bool:
    return registered.resource == event.resource and bool(registered.action & event.action)


def pod_events(old: Tree, new: Tree, *, target: bool = False) -> list[ClusterEvent]:
    """What changed of a pod that decisions look at; target: the pod itself is waiting (events.go: PodSchedulingPropertiesChange)."""
    resource = ASSIGNED_POD if new["spec"].get("nodeName") else TARGET_POD if target else UNSCHEDULED_POD
    before, after = old["spec"], new["spec"]
    actions = []
    if old["metadata"].get("labels") != new["metadata"].get("labels"):
        actions.append(Action.UPDATE_POD_LABEL)
    if _shrank(old, new):
        actions.append(Action.UPDATE_POD_SCALE_DOWN)
    if before.get("schedulingGates") and not after.get("schedulingGates"):
        actions.append(Action.UPDATE_POD_SCHEDULING_GATES_ELIMINATED)
    if len(before.get("tolerations") or ()) != len(after.get("tolerations") or ()):
        actions.append(Action.UPDATE_POD_TOLERATION)
    return [ClusterEvent(resource, action) for action in actions or (Action.UPDATE_OTHER,)]


def _shrank(old: Tree, new: Tree) -> bool:
    if old["metadata"].get("generation") == new["metadata"].get("generation") and "generation" in new["metadata"]:
        if (old.get("status") or {}).get("containerStatuses") == (new.get("status") or {}).get("containerStatuses"):
            return False
    before, after = pod_requests(old), pod_requests(new)
    return any(value > after.get(name, 0) for name, value in before.items())
