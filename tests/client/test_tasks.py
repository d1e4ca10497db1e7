"""Background tasks end, also when something below loses a cancellation."""

from __future__ import annotations

import asyncio

from kcompat.client import tasks


async def test_a_lost_cancellation_is_repeated(monkeypatch):
    monkeypatch.setattr(tasks, "PATIENCE", 0.01)
    lost = []

    async def careless() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.append(True)
        await asyncio.Event().wait()

    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("on the way out")

    started = [asyncio.create_task(careless()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    await asyncio.wait_for(tasks.end(started), 5)
    assert lost == [True] and all(task.done() for task in started)
