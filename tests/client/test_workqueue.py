"""The work queue's promises (client-go util/workqueue), on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from kcompat.client.workqueue import RateLimiter, ShutDown, WorkQueue

pytestmark = pytest.mark.looptime


async def test_an_item_waits_once():
    queue: WorkQueue[str] = WorkQueue()
    for item in ("a", "b", "a"):
        queue.add(item)
    assert [await queue.get(), await queue.get()] == ["a", "b"]
    assert len(queue) == 0


async def test_an_item_added_while_worked_on_comes_back_after_done():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert queue.idle


async def test_getters_wait_in_turn_and_a_cancelled_one_loses_nothing():
    queue: WorkQueue[str] = WorkQueue()
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    first.cancel()
    assert await second == "a"


async def test_delays_keep_the_earliest(looptime):
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 10)
    queue.add_after("a", 3)
    queue.add_after("a", 7)
    assert await queue.get() == "a"
    assert looptime == 3
    queue.done("a")
    await asyncio.sleep(20)
    assert len(queue) == 0


async def test_failures_wait_exponentially_until_forgotten(looptime):
    queue: WorkQueue[str] = WorkQueue()
    at = []
    for _ in range(4):
        queue.add_rate_limited("a")
        await queue.get()
        at.append(looptime._now if hasattr(looptime, "_now") else asyncio.get_running_loop().time())
        queue.done("a")
    gaps = [round(b - a, 3) for a, b in zip([0.0, *at], at, strict=False)]
    assert gaps == [0.005, 0.01, 0.02, 0.04]
    assert queue.num_requeues("a") == 4
    queue.forget("a")
    assert queue.num_requeues("a") == 0


def test_the_bucket_bounds_all_items_together():
    limiter: RateLimiter[int] = RateLimiter(rate=10, burst=3)
    delays = [limiter.when(item, 0.0) for item in range(5)]
    assert delays == pytest.approx([0.005, 0.005, 0.005, 0.1, 0.2])


def test_a_delay_is_capped():
    limiter: RateLimiter[int] = RateLimiter(rate=1e9, burst=10**9)
    delays = [limiter.when(1, 0.0) for _ in range(100)]
    assert delays[-1] == 1000.0


async def test_shut_down_drains_and_then_raises():
    queue: WorkQueue[str] = WorkQueue()
    waiting = asyncio.create_task(WorkQueue.get(queue))
    await asyncio.sleep(0)
    queue.add_after("late", 5)
    queue.shut_down()
    with pytest.raises(ShutDown):
        await waiting
    queue.add("b")
    assert len(queue) == 0


async def test_shut_down_still_gives_what_is_ready():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.shut_down()
    assert await queue.get() == "a"
    with pytest.raises(ShutDown):
        await queue.get()
