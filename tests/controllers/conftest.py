"""Controllers run for real, on a cluster in memory with a kubelet that makes pods ready and lets them go."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "client"))

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from memory_transport import MemoryCluster, until

from kcompat.apimachinery.clock import rfc3339
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import PODS
from kcompat.controllers.controller import Settings
from kcompat.controllers.manager import Manager, discover

CONTROLLERS = discover()
asyncio.set_event_loop(None)  # or looptime's plugin makes one for the first test without a loop, and nobody closes it


class World:
    """A cluster, and the manager of the controllers under test."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster()
        self.users: list[str] = []
        self.ready: Callable[[Tree], bool] = lambda pod: True
        self._kubelet: asyncio.Task[None] | None = None

    def client(self, user: str = "") -> Client:
        self.users.append(user)
        return Client(self.cluster.transport())

    @asynccontextmanager
    async def running(self, *names: str, **settings: object) -> AsyncIterator[Manager]:
        specs = [CONTROLLERS[name] for name in names]
        manager = Manager(self.client, specs=specs, settings=Settings(**settings))
        await manager.start()
        await manager.wait_synced()
        self._kubelet = asyncio.create_task(self._run_pods())
        try:
            yield manager
        finally:
            self._kubelet.cancel()
            await asyncio.gather(self._kubelet, return_exceptions=True)
            await manager.stop()

    async def _run_pods(self) -> None:
        async for event in self.client().of(PODS).watch(resource_version="0"):
            if event.type != "DELETED":
                self._step(event.object)

    def _step(self, pod: Tree) -> None:
        """Ready as soon as created, unless the test holds it back."""
        if "phase" not in (pod.get("status") or {}) and self.ready(pod):
            self.make_ready(pod)

    def make_ready(self, pod: Tree) -> None:
        metadata = pod["metadata"]
        current = self.cluster.get(PODS, metadata["namespace"], metadata["name"])
        if current is not None:
            condition = {"type": "Ready", "status": "True", "lastTransitionTime": rfc3339(datetime.now(UTC))}
            self.cluster.put(PODS, {**current, "status": {"phase": "Running", "conditions": [condition]}})

    def pods(self, namespace: str = "shop") -> list[Tree]:
        return self.cluster.all(PODS, namespace)


@pytest.fixture
async def world():
    return World()



__all__ = ["World", "until"]
