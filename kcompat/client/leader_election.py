"""Leader election over a Lease: of many candidates one works, and another takes over when it stops renewing.

As client-go tools/leaderelection with a Lease lock: whether a lease has expired is judged by when its last change was seen here, on the
event loop's clock, never by comparing the clocks of two machines. Used by cluster.py and the parts that run alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from kcompat.apimachinery.clock import Clock, Identity, SystemClock, rfc3339_micro
from kcompat.apimachinery.errors import StatusError
from kcompat.client.backoff import jitter
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import LEASES
from kcompat.client.tasks import end

log = logging.getLogger(__name__)

JITTER = 1.2


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. A lease is free lease_duration after its last renewal; a leader that cannot renew for renew_deadline stops."""

    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def __post_init__(self) -> None:
        if self.lease_duration <= self.renew_deadline:
            raise ValueError("leaseDuration must be greater than renewDeadline")
        if self.renew_deadline <= JITTER * self.retry_period:
            raise ValueError("renewDeadline must be greater than retryPeriod*JitterFactor")


@dataclass(frozen=True, slots=True)
class Callbacks:
    """lead runs while this candidate leads and is cancelled when it no longer does; stopped is always called at the end."""

    lead: Callable[[], Awaitable[None]]
    stopped: Callable[[], Any] = field(default=lambda: None)
    new_leader: Callable[[str], Any] = field(default=lambda identity: None)


class LeaderElector:
    """One candidate. `run` campaigns, leads once and returns when leadership is lost; run it again to campaign again."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        callbacks: Callbacks,
        *,
        timing: Timing | None = None,
        release_on_cancel: bool = True,
        clock: Clock | None = None,
        source: Identity | None = None,
    ) -> None:
        self._leases = client.of(LEASES)
        self._namespace, self._name, self.identity = namespace, name, identity
        self._callbacks = callbacks
        self._timing = timing or Timing()
        self._release_on_cancel = release_on_cancel
        self._clock = clock or SystemClock()
        self._source = source or Identity()
        self._lease: Tree | None = None
        self._seen_at = 0.0
        self._reported = ""

    @property
    def leader(self) -> str:
        """Who holds the lease as far as was seen; "" when nobody does."""
        return _spec(self._lease).get("holderIdentity") or ""

    @property
    def is_leader(self) -> bool:
        return self.leader == self.identity

    async def run(self) -> None:
        try:
            await self._acquire()
            await self._lead()
        finally:
            self._callbacks.stopped()

    async def _acquire(self) -> None:
        while True:
            if await self._try_acquire_or_renew():
                break
            await asyncio.sleep(jitter(self._source, self._timing.retry_period, JITTER))
        log.info("%s became leader of %s/%s", self.identity, self._namespace, self._name)

    async def _lead(self) -> None:
        work = asyncio.ensure_future(self._callbacks.lead())
        renewal = asyncio.create_task(self._renew(), name=f"leader election {self._name}")
        try:
            await asyncio.wait((work, renewal), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work  # raises what the work raised
        finally:
            await end((work, renewal))
            if self._release_on_cancel and self.is_leader:
                await self._release()

    async def _renew(self) -> None:
        """Returns when the lease could not be renewed for renew_deadline."""
        while True:
            try:
                async with asyncio.timeout(self._timing.renew_deadline):
                    await self._renew_once()
            except TimeoutError:
                log.warning("%s failed to renew lease %s/%s", self.identity, self._namespace, self._name)
                return
            await asyncio.sleep(self._timing.retry_period)

    async def _renew_once(self) -> None:
        while True:
            if await self._try_acquire_or_renew():
                return
            await asyncio.sleep(self._timing.retry_period)

    async def _try_acquire_or_renew(self) -> bool:
        try:
            return await self._attempt()
        except (StatusError, OSError) as error:
            log.debug("lease %s/%s: %s", self._namespace, self._name, error)
            return False
        finally:
            self._report()

    async def _attempt(self) -> bool:
        if self.is_leader and self._is_valid():
            with contextlib.suppress(StatusError, OSError):  # the version seen last is probably still current
                return await self._write(self._lease, transitions=0)
        try:
            current = await self._leases.get(self._name, self._namespace)
        except StatusError as error:
            if error.code != 404:
                raise
            return await self._write(None, transitions=0)
        if self._lease is None or _spec(current) != _spec(self._lease):
            self._observe(current)
        if self.leader and not self.is_leader and self._is_valid():
            return False
        return await self._write(current, transitions=0 if self.is_leader else 1)

    async def _write(self, current: Tree | None, *, transitions: int) -> bool:
        """Makes the lease ours from now on; transitions: how many changes of leader that is."""
        now, old = rfc3339_micro(self._clock.now()), _spec(current)
        renewing = current is not None and old.get("holderIdentity") == self.identity
        spec = {
            **old,
            "holderIdentity": self.identity,
            "leaseDurationSeconds": int(self._timing.lease_duration),
            "acquireTime": old["acquireTime"] if renewing and "acquireTime" in old else now,
            "renewTime": now,
            "leaseTransitions": (old.get("leaseTransitions") or 0) + transitions,
        }
        if current is None:
            body: Tree = {"metadata": {"name": self._name, "namespace": self._namespace}, "spec": spec}
            self._observe(await self._leases.create(body))
        else:
            self._observe(await self._leases.update({**current, "spec": spec}))
        return True

    async def _release(self) -> None:
        """Leaves the lease to whoever comes next; somebody else's write in between is looked at again."""
        with contextlib.suppress(StatusError, OSError, TimeoutError):
            async with asyncio.timeout(self._timing.renew_deadline):
                while not await self._try_release():
                    pass

    async def _try_release(self) -> bool:
        current = await self._leases.get(self._name, self._namespace)
        if _spec(current).get("holderIdentity") != self.identity:
            return True
        now = rfc3339_micro(self._clock.now())
        spec = {**_spec(current), "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": now, "acquireTime": now}
        try:
            self._observe(await self._leases.update({**current, "spec": spec}))
        except StatusError as error:
            if error.reason != "Conflict":
                raise
            return False
        return True

    def _observe(self, lease: Tree) -> None:
        self._lease = lease
        self._seen_at = asyncio.get_running_loop().time()

    def _is_valid(self) -> bool:
        duration = float(_spec(self._lease).get("leaseDurationSeconds") or 0)
        return self._seen_at + duration > asyncio.get_running_loop().time()

    def _report(self) -> None:
        if self.leader != self._reported:
            self._reported = self.leader
            self._callbacks.new_leader(self.leader)


def _spec(lease: Tree | None) -> Tree:
    return (lease or {}).get("spec") or {}

