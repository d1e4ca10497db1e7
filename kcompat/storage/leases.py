"""When the leases of a backend without lease support of its own run out.

Called by `backends/memory.py` and `backends/sqlite.py`. Counts in monotonic time: setting the machine's clock
neither ends a lease nor prolongs one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kcompat.apimachinery.clock import Clock
from kcompat.storage.interface import LeaseID, StorageError

TICK = 0.5
"""Seconds between looks at the clock while there are leases (etcd lessor: runLoop's revoke rate)."""


class Leases:
    """Deadlines of the live leases. `expire` is awaited for each that runs out and must end in `forget`."""

    def __init__(self, clock: Clock, expire: Callable[[LeaseID], Awaitable[None]]) -> None:
        self._clock = clock
        self._expire = expire
        self._ttls: dict[LeaseID, int] = {}
        self._deadlines: dict[LeaseID, float] = {}
        self._task: asyncio.Task[None] | None = None

    def __contains__(self, lease: LeaseID) -> bool:
        return lease in self._deadlines

    def __len__(self) -> int:
        return len(self._deadlines)

    def add(self, lease: LeaseID, ttl: int, remaining: float | None = None) -> None:
        """Starts a lease with `remaining` seconds to live (None: its whole ttl)."""
        self._ttls[lease] = ttl
        self._deadlines[lease] = self._clock.monotonic() + (ttl if remaining is None else remaining)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="storage-leases")

    def renew(self, lease: LeaseID) -> int:
        """Restarts the time to live and returns it. Raises KeyError when the lease is gone."""
        ttl = self._ttls[lease]
        self._deadlines[lease] = self._clock.monotonic() + ttl
        return ttl

    def forget(self, lease: LeaseID) -> None:
        self._ttls.pop(lease, None)
        self._deadlines.pop(lease, None)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while self._deadlines:
            now = self._clock.monotonic()
            for lease in [lease for lease, deadline in self._deadlines.items() if deadline <= now]:
                await self._try(lease)
            await asyncio.sleep(TICK)
        self._task = None

    async def _try(self, lease: LeaseID) -> None:
        try:
            await self._expire(lease)
        except KeyError:
            self.forget(lease)  # revoked at this moment
        except StorageError:
            return  # no space or shutting down: the next tick tries again
