"""Leases that objects with a time to live share (Events): one lease serves all objects written within a while.

Upstream: staging/src/k8s.io/apiserver/pkg/storage/etcd3/lease_manager.go. Called by `registry/store.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from kcompat.apimachinery.clock import Clock
from kcompat.storage.interface import Backend, LeaseID

_REUSE_SECONDS = 60
_REUSE_SHARE = 0.05
_REUSE_OBJECTS = 1000


class Leases:
    """Hands out leases by setting name; a lease lives a little longer than asked, so that those who join late get their full time."""

    def __init__(self, backend: Backend, clock: Clock, seconds: Mapping[str, int]) -> None:
        self._backend = backend
        self._clock = clock
        self._seconds = seconds
        self._current: dict[str, tuple[LeaseID, float, int]] = {}

    async def lease_for(self, setting: str) -> LeaseID:
        """A lease for an object written now; 0 when the setting says that objects stay for ever."""
        ttl = self._seconds.get(setting, 0)
        if ttl <= 0:
            return 0
        now = self._clock.monotonic()
        lease, until, count = self._current.get(setting, (0, 0.0, 0))
        if now >= until or count >= _REUSE_OBJECTS:
            window = min(_REUSE_SECONDS, max(1, int(ttl * _REUSE_SHARE)))
            lease, until, count = await self._backend.grant_lease(ttl + window), now + window, 0
        self._current[setting] = (lease, until, count + 1)
        return lease
