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
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import PODS, ResourceType
from kcompat.cluster import ControlPlane
from kcompat.config import Settings as KcompatSettings
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



@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    """A whole control plane with all its controllers, each under its own account and roles, and no nodes."""
    settings = KcompatSettings(
        listen="127.0.0.1:0", data_dir=str(tmp_path), datastore_endpoint="memory://", disable=("scheduler", "nodes")
    )
    control_plane = ControlPlane(settings)
    await control_plane.start()
    try:
        yield control_plane
    finally:
        await control_plane.stop()


class Admin:
    """The administrator's requests, with waiting."""

    def __init__(self, plane: ControlPlane) -> None:
        self.client = plane.client_for("admin", ("system:masters",))

    async def create(self, resource: ResourceType, tree: Tree) -> Tree:
        return await self.client.of(resource).create(tree)

    async def get(self, resource: ResourceType, name: str, namespace: str = "") -> Tree | None:
        try:
            return await self.client.of(resource).get(name, namespace)
        except StatusError as error:
            if error.code != 404:
                raise
            return None

    async def becomes(
        self, resource: ResourceType, name: str, condition: Callable[[Tree | None], object], namespace: str = "", seconds: float = 10
    ) -> Tree:
        """The object (None while it is not there) once the condition holds of it."""
        seen = None
        try:
            async with asyncio.timeout(seconds):
                while not condition(seen := await self.get(resource, name, namespace)):  # noqa: ASYNC110 -- the condition is anything
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"{resource.plural} {namespace}/{name} is still {seen}") from None
        return seen or {}

    async def finds(self, resource: ResourceType, condition: Callable[[list[Tree]], object], namespace: str = "", seconds: float = 10) -> list[Tree]:
        """All objects of a resource once the condition holds of them."""
        seen: list[Tree] = []
        try:
            async with asyncio.timeout(seconds):
                while not condition(seen := (await self.client.of(resource).list(namespace))["items"]):  # noqa: ASYNC110 -- as above
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"{resource.plural} are still {seen}") from None
        return seen

    async def goes(self, resource: ResourceType, name: str, namespace: str = "") -> None:
        await self.becomes(resource, name, lambda tree: tree is None, namespace)


@pytest.fixture
def admin(plane: ControlPlane) -> Admin:
    return Admin(plane)


__all__ = ["Admin", "World", "until"]
