"""Controllers without keys go on after a sweep that failed."""

from __future__ import annotations

import asyncio

from kcompat.apimachinery import errors
from kcompat.controllers.sweeping import Sweeper


async def test_a_sweep_that_fails_does_not_end_the_next():
    third = asyncio.Event()

    class Clumsy(Sweeper):
        period = 0.0
        sweeps = 0

        async def sweep(self) -> None:
            self.sweeps += 1
            if self.sweeps == 1:
                raise errors.internal_error("not now")
            if self.sweeps == 2:
                raise ConnectionError
            third.set()

    running = asyncio.create_task(Clumsy().run())
    async with asyncio.timeout(5):
        await third.wait()
    assert not running.done()
    running.cancel()
