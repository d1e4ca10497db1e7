"""Controllers, scheduler or simulated nodes as a process of their own, against any Kubernetes API server. Called by `server_process.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from kcompat.apimachinery.clock import Identity, SystemClock
from kcompat.client.client import Client
from kcompat.client.http import HttpTransport
from kcompat.client.kubeconfig import Connection, load
from kcompat.config import Settings
from kcompat.leading import run_leading

Stop = Callable[[], Awaitable[None]]


async def start_part(part: str, kubeconfig: str, settings: Settings) -> Stop:
    """Starts `controllers`, `scheduler` or `nodes`. The answer stops it. Raises KubeconfigError, OSError, ValueError."""
    connection = load(kubeconfig or None)
    starters = {"controllers": _controllers, "scheduler": _scheduler, "nodes": _nodes}
    return await starters[part](connection, settings)


def _client_for(connection: Connection) -> Callable[..., Client]:
    """All components act as the kubeconfig's user: who may impersonate is not for us to assume."""
    client = Client(HttpTransport(connection))

    def client_for(name: str, groups: tuple[str, ...] = ()) -> Client:
        return client

    return client_for


async def _controllers(connection: Connection, settings: Settings) -> Stop:
    from kcompat.controllers.controller import Settings as ControllerSettings
    from kcompat.controllers.manager import Manager

    told = ControllerSettings(root_ca=connection.ca.decode())
    manager = Manager(_client_for(connection), disabled=settings.disabled_controllers, settings=told)
    if not settings.leader_elect:
        await manager.start()
        return manager.stop
    client, identity = _client_for(connection)(""), Identity()
    return _stopping(run_leading(client, "kube-controller-manager", manager.run, SystemClock(), identity), client)


async def _scheduler(connection: Connection, settings: Settings) -> Stop:
    client, identity = _client_for(connection)("system:kube-scheduler"), Identity()

    async def schedule() -> None:
        from kcompat.client.informer import InformerFactory
        from kcompat.scheduler.loop import run_scheduler

        factory = InformerFactory(client, identity)
        scheduler = asyncio.create_task(run_scheduler(client, factory, SystemClock(), identity))
        await asyncio.sleep(0)  # it registers its informers before they start
        factory.start()
        try:
            await scheduler
        finally:
            scheduler.cancel()
            await factory.stop()

    if settings.leader_elect:
        return _stopping(run_leading(client, "kube-scheduler", schedule, SystemClock(), identity), client)
    return _stopping(schedule(), client)


def _stopping(work: Coroutine[Any, Any, None], client: Client) -> Stop:
    """Runs work in the background; the answer cancels it."""
    task = asyncio.create_task(work)

    async def stop() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await client.close()

    return stop


async def _nodes(connection: Connection, settings: Settings) -> Stop:
    from kcompat.client.informer import InformerFactory
    from kcompat.nodes.settings import NodeSettings
    from kcompat.nodes.simulated import SimulatedNodes

    client_for, identity = _client_for(connection), Identity()
    factory = InformerFactory(client_for(""), identity)
    wanted = NodeSettings(missing_images=settings.missing_images)
    nodes = SimulatedNodes(client_for, factory, SystemClock(), identity, wanted, settings.nodes)
    factory.start()
    await nodes.start()

    async def stop() -> None:
        await nodes.stop()
        await factory.stop()

    return stop


