"""The kubelets' Events, written slowly: they never delay a status. Owned by simulated.py.

Answers client-go tools/record as the kubelet uses it: core/v1 Events from component kubelet on the node, about a container.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.resources import EVENTS

Tree = dict[str, Any]

log = logging.getLogger(__name__)

MAX_QUEUED = 20000
_PAUSE = 0.02


class NodeEvents:
    """One queue and one writer for all nodes. `is_busy` says whether statuses wait to be written."""

    def __init__(self, clock: Clock, per_second: float, is_busy: Callable[[], bool]) -> None:
        self._clock = clock
        self._interval = 1.0 / per_second
        self._is_busy = is_busy
        self._queue: deque[tuple[Client, Tree]] = deque(maxlen=MAX_QUEUED)
        self._ready = asyncio.Event()
        self._last = 0

    def record(self, client: Client, node_name: str, about: Tree, kind: str, reason: str, message: str) -> None:
        """Queues an Event about an ObjectReference; the oldest is dropped when too many wait."""
        now = self._clock.now()
        stamp = rfc3339(now)
        self._last = max(self._last + 1, int(now.timestamp() * 1e9))
        metadata = {"name": f"{about['name']}.{self._last:x}", "namespace": about.get("namespace") or "default"}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": metadata,
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "source": {"component": "kubelet", "host": node_name},
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": "kubelet",
            "reportingInstance": node_name,
        }
        self._queue.append((client, event))
        self._ready.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if not self._queue:
                self._ready.clear()
                await self._ready.wait()
            if self._is_busy():
                await asyncio.sleep(_PAUSE)
                continue
            await self._write(*self._queue.popleft())
            await asyncio.sleep(self._interval)

    async def _write(self, client: Client, event: Tree) -> None:
        try:
            await client.of(EVENTS).create(event)
        except (StatusError, OSError, TimeoutError) as error:
            log.debug("event dropped: %s", error)


def pod_reference(pod: Tree) -> Tree:
    """The ObjectReference of a pod."""
    return {
        "kind": "Pod",
        "namespace": meta.namespace(pod),
        "name": meta.name(pod),
        "uid": meta.uid(pod),
        "apiVersion": "v1",
        "resourceVersion": meta.resource_version(pod),
    }


def container_reference(pod: Tree, container: str, *, init: bool) -> Tree:
    """The ObjectReference of a container (kubelet/container: GenerateContainerRef)."""
    field = "initContainers" if init else "containers"
    return {**pod_reference(pod), "fieldPath": f"spec.{field}{{{container}}}"}
