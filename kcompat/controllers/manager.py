"""Runs the controllers: finds them, gives each its own identity, starts informers and workers, and starts again what fails.

Called by cluster.py (all in one process) and by `kcompat controllers` (alone, against any API server).
Upstream: cmd/kube-controller-manager.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import pkgutil
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import kcompat.controllers
from kcompat.apimachinery.clock import Clock, Identity, SystemClock
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.informer import InformerFactory
from kcompat.client.tasks import end
from kcompat.client.workqueue import ShutDown
from kcompat.controllers.controller import SPECS, Context, Controller, ControllerSpec, Requeue, Settings

log = logging.getLogger(__name__)

MANAGER_USER = "system:kube-controller-manager"
"""Whose informers the controllers share (upstream: the root client builder)."""

RESTART_SECONDS = 1.0


def account_user(account: str) -> str:
    """The user name of a controller's service account (upstream: --use-service-account-credentials)."""
    return f"system:serviceaccount:kube-system:{account}"


def discover() -> dict[str, ControllerSpec]:
    """All controllers of this package by name."""
    for module in pkgutil.iter_modules(kcompat.controllers.__path__, kcompat.controllers.__name__ + "."):
        importlib.import_module(module.name)
    return dict(SPECS)


def chosen(specs: Iterable[ControllerSpec], names: Sequence[str]) -> list[ControllerSpec]:
    """The controllers that `--controllers` asks for: `*` all that are on by default, `name` this one too, `-name` not this one.
    Raises ValueError for a name that no controller has: a mistake must not pass for obedience."""
    specs = list(specs)
    if unknown := sorted({name.removeprefix("-") for name in names} - {spec.name for spec in specs} - {"*"}):
        raise ValueError(f"unknown controllers: {', '.join(unknown)}")
    return [spec for spec in specs if f"-{spec.name}" not in names and (spec.name in names or (spec.enabled and "*" in names))]


@dataclass(slots=True)
class _Running:
    spec: ControllerSpec
    context: Context
    controller: Controller
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Manager:
    """The controllers of one process. client_for gives a client that acts as a user by name."""

    def __init__(
        self,
        client_for: Callable[[str], Client],
        *,
        specs: Iterable[ControllerSpec] | None = None,
        names: Sequence[str] = ("*",),
        settings: Settings | None = None,
        clock: Clock | None = None,
        identity: Identity | None = None,
    ) -> None:
        self._client_for = client_for
        self._specs = chosen(discover().values(), names) if specs is None else list(specs)
        self._settings = settings or Settings()
        self._clock = clock or SystemClock()
        self._identity = identity or Identity()
        self.informers = InformerFactory(client_for(MANAGER_USER), self._identity)
        self._running: dict[str, _Running] = {}

    @property
    def names(self) -> list[str]:
        return [spec.name for spec in self._specs]

    @property
    def idle(self) -> bool:
        """No controller has anything to do now."""
        return all(running.context.queue.idle for running in self._running.values())

    async def run(self) -> None:
        """Starts, and stops when cancelled."""
        await self.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    async def start(self) -> None:
        """Returns when everything is started; workers begin as their informers become complete."""
        for spec in self._specs:
            self._running[spec.name] = self._make(spec)
        self.informers.start()
        for running in self._running.values():
            running.tasks.append(asyncio.create_task(self._supervise(running), name=running.spec.name))

    async def wait_synced(self) -> None:
        await self.informers.wait_synced()

    async def stop(self) -> None:
        """Ends everything; a reconcile under way is cancelled, the next process finds the same wanted state."""
        for running in self._running.values():
            running.context.queue.shut_down()
        await self.informers.stop()
        await end(task for running in self._running.values() for task in running.tasks)
        await asyncio.gather(*(running.context.recorder.stop() for running in self._running.values()))
        self._running.clear()

    def _make(self, spec: ControllerSpec) -> _Running:
        client = self._client_for(account_user(spec.account) if spec.account else MANAGER_USER)
        context = Context(spec, client, self.informers, settings=self._settings, clock=self._clock, identity=self._identity)
        return _Running(spec, context, spec.make(context))

    async def _supervise(self, running: _Running) -> None:
        await asyncio.gather(*(informer.wait_synced() for informer in running.context.watched))
        workers = self._settings.workers.get(running.spec.name, running.spec.workers)
        work: list[Callable[[], Coroutine[Any, Any, None]]] = [lambda: _work(running)] * workers
        if (background := getattr(running.controller, "run", None)) is not None:
            work.append(background)
        async with asyncio.TaskGroup() as group:
            for start in work:
                group.create_task(self._keep_running(running.spec.name, start))

    async def _keep_running(self, name: str, start: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await start()
                return
            except Exception:
                log.exception("%s failed, starting it again", name)
            await asyncio.sleep(RESTART_SECONDS)


async def _work(running: _Running) -> None:
    queue = running.context.queue
    while True:
        try:
            key = await queue.get()
        except ShutDown:
            return
        try:
            await _reconcile(running, key)
        finally:
            queue.done(key)


async def _reconcile(running: _Running, key: str) -> None:
    queue = running.context.queue
    try:
        again = await running.controller.reconcile(key)
    except Requeue:
        log.debug("%s: %s: again", running.spec.name, key)
    except (StatusError, OSError, TimeoutError) as error:
        log.info("%s: %s: %s", running.spec.name, key, error)
    except Exception:
        log.exception("%s: %s", running.spec.name, key)
    else:
        queue.forget(key)
        if again is not None:
            queue.add_after(key, again)
        return
    queue.add_rate_limited(key)
