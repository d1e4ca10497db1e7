"""Watches: everything once, in order, from any revision that is not forgotten."""

import asyncio
import contextlib

import pytest
from watching import read, read_events, read_to

from kcompat.storage import feed
from kcompat.storage.interface import Backend, Compacted, Event, Key, KeyValue, Watch


async def test_what_happens_is_told(store: Backend, root: str) -> None:
    watch = store.watch(root, after=await store.revision())
    created = await store.write(root + "a", b"1")
    updated = await store.write(root + "a", b"2")
    deleted = await store.write(root + "a", None)
    first = KeyValue(root + "a", b"1", created, created)
    second = KeyValue(root + "a", b"2", updated, created)
    events = await read_events(watch, 3)
    assert events == [
        Event(root + "a", b"1", created, None),
        Event(root + "a", b"2", updated, first),
        Event(root + "a", None, deleted, second),
    ]
    assert [event.is_create for event in events] == [True, False, False]
    await watch.aclose()


async def test_a_key_that_was_deleted_is_created_again(store: Backend, root: str) -> None:
    after = await store.write(root + "a", b"1")
    await store.write(root + "a", None)
    again = await store.write(root + "a", b"2")
    watch = store.watch(root, after=after)
    assert (await read_events(watch, 2))[1] == Event(root + "a", b"2", again, None)
    await watch.aclose()


async def test_only_the_prefix_is_watched(store: Backend, root: str) -> None:
    after = await store.revision()
    watch = store.watch(root + "a/", after=after)
    for key in ("a", "a0", "a/1", "b", "a/2/3", "A/1"):
        last = await store.write(root + key, b"")
    await store.revision()
    assert [event.key.removeprefix(root) for event in await read_to(watch, last)] == ["a/1", "a/2/3"]
    await watch.aclose()


async def test_one_key_can_have_many_watches(store: Backend, root: str) -> None:
    after = await store.revision()
    watches = [store.watch(prefix, after=after) for prefix in (root, root, root + "a", root + "a/b", root[:4])]
    await store.write(root + "a/b", b"1")
    for watch in watches:
        assert [event.key for event in await read_events(watch, 1)] == [root + "a/b"]
        await watch.aclose()


async def test_the_past_is_told_before_the_present(store: Backend, root: str) -> None:
    start = await store.revision()
    revisions = [await store.write(f"{root}{number % 3}", b"%d" % number) for number in range(10)]
    for skipped in (0, 1, 5, 10):
        watch = store.watch(root, after=start + skipped)
        more = await store.write(root + "more", b"")
        revisions.append(more)
        events = await read_events(watch, len(revisions) - skipped)
        assert [event.revision for event in events] == revisions[skipped:]
        await watch.aclose()


async def test_a_long_past(store: Backend, root: str) -> None:
    """Longer than anything a backend keeps in memory or reads at a time."""
    start = await store.revision()
    await asyncio.gather(*(store.write(f"{root}{number}", b"x" * 100) for number in range(2500)))
    watch = store.watch(root, after=start)
    assert [event.revision for event in await read_events(watch, 2500)] == list(range(start + 1, start + 2501))
    await watch.aclose()


async def test_a_batch_brings_the_watch_to_its_last_event(store: Backend, root: str) -> None:
    watch = store.watch(root, after=await store.revision())
    for number in range(100):
        await store.write(f"{root}{number}", b"")
    reached, count = 0, 0
    while count < 100:
        batch = await read(watch)
        assert all(event.revision > reached for event in batch.events)
        reached = batch.revision
        assert not batch.events or batch.events[-1].revision <= reached
        count += len(batch.events)
    await watch.aclose()


async def test_an_asked_revision_comes_as_progress(store: Backend, root: str) -> None:
    """Writes elsewhere do not reach the watch; asking for the store's revision brings it there."""
    watch = store.watch(root + "a/", after=await store.revision())
    reading = asyncio.create_task(read(watch))
    await asyncio.sleep(0)
    for _ in range(5):
        await store.write(root + "b/1", b"")
    revision = await store.revision()
    while True:
        batch = await reading
        assert batch.events == []
        if batch.revision >= revision:
            break
        reading = asyncio.create_task(read(watch))
    await watch.aclose()


async def test_watching_from_the_future(store: Backend, root: str) -> None:
    now = await store.revision()
    watch = store.watch(root, after=now + 2)
    reading = asyncio.create_task(read_events(watch, 1))
    await asyncio.sleep(0)
    revisions = [await store.write(root + "a", b"%d" % number) for number in range(3)]
    assert [event.revision for event in await reading] == revisions[2:]
    await watch.aclose()


async def test_a_forgotten_past_is_refused(store: Backend, root: str) -> None:
    revisions = [await store.write(root + "a", b"%d" % number) for number in range(5)]
    await store.compact(revisions[3])
    watch = store.watch(root, after=revisions[1])
    with pytest.raises(Compacted) as caught:
        await read(watch)
    assert caught.value.compact_revision == revisions[3]
    with pytest.raises(StopAsyncIteration):
        await anext(watch)
    watch = store.watch(root, after=revisions[3])
    assert [event.revision for event in await read_events(watch, 1)] == revisions[4:]
    await watch.aclose()


async def test_a_past_at_the_edge_is_refused_or_whole(store: Backend, root: str) -> None:
    created = await store.write(root + "a", b"1")
    deleted = await store.write(root + "a", None)
    await store.compact(deleted)
    watch = store.watch(root, after=created)
    await store.write(root + "b", b"")
    with contextlib.suppress(Compacted):
        assert (await read(watch)).events[0].revision == deleted
    await watch.aclose()


async def test_an_open_watch_does_not_mind_compaction(store: Backend, root: str) -> None:
    watch = store.watch(root, after=await store.revision())
    first = await store.write(root + "a", b"1")
    assert await read_events(watch, 1)
    second = await store.write(root + "a", b"2")
    assert await read_events(watch, 1)
    await store.compact(second)
    third = await store.write(root + "a", b"3")
    assert await read_events(watch, 1) == [Event(root + "a", b"3", third, KeyValue(root + "a", b"2", second, first))]
    await watch.aclose()


async def test_a_range_and_a_watch_have_no_gap(store: Backend, root: str) -> None:
    """Range, then watch after its revision, while 8 writers go on: together they give the final state."""

    async def write(worker: int) -> None:
        for number in range(60):
            key = f"{root}{worker}/{number % 7}"
            await store.write(key, b"%d" % number)
            if number % 5 == 4:
                await store.write(key, None)

    async def follow() -> tuple[dict[Key, bytes], Watch]:
        page = await store.range(root)
        state = {item.key: item.value for item in page.items}
        watch = store.watch(root, after=page.revision)
        await asyncio.gather(*writers)
        final = await store.revision()
        for event in await read_to(watch, final) if page.revision < final else []:
            if event.value is None:
                del state[event.key]
            else:
                assert (event.key in state) is not event.is_create
                state[event.key] = event.value
        return state, watch

    writers = [asyncio.create_task(write(worker)) for worker in range(8)]
    followers = []
    for _ in range(5):
        await asyncio.sleep(0.005)
        followers.append(asyncio.create_task(follow()))
    for state, watch in await asyncio.gather(*followers):
        assert state == {item.key: item.value for item in (await store.range(root)).items}
        await watch.aclose()


async def test_a_watch_that_lags_catches_up(store: Backend, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has been pushed more than it may hold in memory and reads the rest from the history."""
    monkeypatch.setattr(feed, "PENDING_LIMIT", 50)
    start = await store.revision()
    watch = store.watch(root, after=start)
    reading = asyncio.create_task(read(watch))
    await asyncio.gather(*(store.write(f"{root}{number}", b"") for number in range(500)))
    events = list((await reading).events)
    events += await read_events(watch, 500 - len(events))
    assert [event.revision for event in events] == list(range(start + 1, start + 501))
    last = await store.write(root + "last", b"")
    assert [event.revision for event in await read_events(watch, 1)] == [last]
    await watch.aclose()


async def test_a_cancelled_read_loses_nothing(store: Backend, root: str) -> None:
    start = await store.revision()
    watch = store.watch(root, after=start)
    seen: list[int] = []

    async def write() -> None:
        for number in range(100):
            await store.write(f"{root}{number}", b"")
            await asyncio.sleep(0.0005)

    writing = asyncio.create_task(write())
    while len(seen) < 100:
        with contextlib.suppress(TimeoutError):
            seen += [event.revision for event in (await asyncio.wait_for(anext(watch), 0.001)).events]
    assert seen == list(range(start + 1, start + 101))
    await writing
    await watch.aclose()


async def test_closing_a_watch_ends_it(store: Backend, root: str) -> None:
    watch = store.watch(root, after=await store.revision())
    reading = asyncio.create_task(anext(watch))
    await asyncio.sleep(0.01)
    await watch.aclose()
    await watch.aclose()
    with pytest.raises(StopAsyncIteration):
        await reading
    with pytest.raises(StopAsyncIteration):
        await anext(watch)
    unread = store.watch(root, after=1)
    await unread.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(unread)


async def test_closing_the_store_ends_its_watches(store: Backend, root: str) -> None:
    watch = store.watch(root, after=await store.revision())

    async def follow() -> int:
        return sum([len(batch.events) async for batch in watch])

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.01)
    await store.close()
    assert await asyncio.wait_for(following, 5) == 0


async def test_a_watch_goes_on_after_a_restart(store: Backend, root: str, reopen: object) -> None:
    assert callable(reopen)
    start = await store.write(root + "a", b"1")
    watch = store.watch(root, after=start)
    second = await store.write(root + "a", b"2")
    [seen] = await read_events(watch, 1)
    third = await store.write(root + "a", b"3")
    again: Backend = await reopen(store)
    resumed = again.watch(root, after=seen.revision)
    fourth = await again.write(root + "a", None)
    values = [KeyValue(root + "a", b"%d" % number, revision, start) for number, revision in ((2, second), (3, third))]
    assert await read_events(resumed, 2) == [Event(root + "a", b"3", third, values[0]), Event(root + "a", None, fourth, values[1])]
    await resumed.aclose()


async def test_large_values(store: Backend, root: str) -> None:
    """16 MB of events: etcd cuts the answer into fragments."""
    start = await store.revision()
    for number in range(16):
        await store.write(root + "big", bytes([number]) * 1_000_000)
    watch = store.watch(root, after=start)
    events = await read_events(watch, 16)
    assert [event.value[0] for event in events if event.value] == list(range(16))
    await watch.aclose()
