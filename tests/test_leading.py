"""Parts that fail are started again."""

from __future__ import annotations

import asyncio
import logging

import pytest

from kcompat.leading import RESTART_SECONDS, keep_running


@pytest.mark.looptime
async def test_a_part_that_fails_is_started_again_and_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    loop, starts = asyncio.get_running_loop(), []

    async def work() -> None:
        starts.append(loop.time())
        if len(starts) < 3:
            raise KeyError("a defect")

    with caplog.at_level(logging.ERROR):
        await keep_running("scheduler", work)
    assert starts == pytest.approx([0, RESTART_SECONDS, 2 * RESTART_SECONDS])
    assert [record.message for record in caplog.records] == ["scheduler failed, starting it again"] * 2


async def test_a_part_that_is_stopped_stays_so() -> None:
    started = asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(keep_running("scheduler", work))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
