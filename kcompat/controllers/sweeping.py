"""The other pattern of a controller: it has no keys and looks at everything now and then. Called by the controllers that clean up.

Upstream: wait.UntilWithContext around each cleaner's worker; what a sweep cannot do is said, and tried again by the next one.
"""

from __future__ import annotations

import asyncio
import logging
from typing import ClassVar

from kcompat.apimachinery.errors import StatusError

log = logging.getLogger(__name__)


class Sweeper:
    """`period`: seconds between two sweeps; the first one begins when the informers are synced."""

    period: ClassVar[float]

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except (StatusError, OSError, ValueError) as error:
                log.warning("%s: %s", type(self).__name__, error)
            await asyncio.sleep(self.period)

    async def sweep(self) -> None:
        """One look at everything. What it raises ends this sweep only."""
        raise NotImplementedError

    async def reconcile(self, key: str) -> float | None:
        raise AssertionError(f"nothing queues keys here: {key}")
