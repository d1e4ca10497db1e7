"""Leases: keys that go by themselves."""

import asyncio
from collections.abc import Callable

import pytest
from conftest import ManualClock
from watching import read_events

from kcompat.storage.interface import Backend, Conflict, Event, KeyValue

TTL = 1
"""Seconds; etcd grants nothing shorter; the other backends wait by the clock they are given."""


@pytest.fixture
def pass_time(kind: str, clock: ManualClock) -> Callable[[float], None]:
    """Lets time pass: at once where the clock is ours, by waiting for the event where it is etcd's."""
    return (lambda _: None) if kind == "etcd" else clock.advance


async def test_a_value_knows_its_lease(store: Backend, root: str) -> None:
    lease = await store.grant_lease(60)
    revision = await store.write(root + "a", b"1", lease=lease)
    want = KeyValue(root + "a", b"1", revision, revision, lease)
    assert (await store.get(root + "a"))[0] == want
    assert (await store.range(root)).items == [want]
    with pytest.raises(Conflict) as caught:
        await store.write(root + "a", b"2", expect=revision - 1)
    assert caught.value.current == want
    await store.revoke_lease(lease)


async def test_keys_go_with_their_lease(store: Backend, root: str, pass_time: Callable[[float], None]) -> None:
    lease = await store.grant_lease(TTL)
    other = await store.grant_lease(100 * TTL)
    values = {}
    for name in "bca":
        revision = await store.write(root + name, b"1", lease=lease)
        values[name] = KeyValue(root + name, b"1", revision, revision, lease)
    await store.write(root + "kept", b"1", lease=other)
    last = await store.write(root + "plain", b"1")
    watch = store.watch(root, after=last)
    pass_time(TTL)
    events = await read_events(watch, 3)
    assert [event.revision for event in events] == sorted(event.revision for event in events)
    assert {event.key: (event.value, event.previous) for event in events} == {root + name: (None, values[name]) for name in "abc"}
    assert [item.key for item in (await store.range(root)).items] == [root + "kept", root + "plain"]
    with pytest.raises(KeyError):
        await store.keep_lease_alive(lease)
    await watch.aclose()
    await store.revoke_lease(other)


async def test_a_lease_kept_alive_lives(store: Backend, root: str, kind: str, clock: ManualClock) -> None:
    lease = await store.grant_lease(TTL)
    last = await store.write(root + "a", b"1", lease=lease)
    watch = store.watch(root, after=last)
    for _ in range(4):
        if kind == "etcd":
            await asyncio.sleep(TTL * 0.3)  # etcd's clock cannot be set
        else:
            clock.advance(TTL * 0.9)
            await asyncio.sleep(0.02)  # a wrong implementation gets the time to expire it
        await store.keep_lease_alive(lease)
    assert (await store.get(root + "a"))[0] is not None
    clock.advance(TTL)
    assert await read_events(watch, 1)
    await watch.aclose()


async def test_revoking_deletes_now(store: Backend, root: str) -> None:
    lease = await store.grant_lease(1000)
    revision = await store.write(root + "a", b"1", lease=lease)
    await store.write(root + "b", b"1", lease=lease)
    watch = store.watch(root, after=revision + 1)
    await store.revoke_lease(lease)
    assert (await store.range(root)).items == []
    assert {event.key for event in await read_events(watch, 2)} == {root + "a", root + "b"}
    await watch.aclose()


async def test_a_lease_with_many_keys(store: Backend, root: str) -> None:
    """More keys than a backend handles in one statement."""
    lease = await store.grant_lease(1000)
    await asyncio.gather(*(store.write(f"{root}{number}", b"1", lease=lease) for number in range(300)))
    start = await store.revision()
    await store.revoke_lease(lease)
    assert (await store.range(root)).items == []
    watch = store.watch(root, after=start)
    assert len({event.key for event in await read_events(watch, 300)}) == 300
    await watch.aclose()


async def test_a_lease_without_keys(store: Backend) -> None:
    before = await store.revision()
    lease = await store.grant_lease(1000)
    await store.keep_lease_alive(lease)
    await store.revoke_lease(lease)
    assert await store.revision() == before


async def test_a_gone_lease_is_unknown(store: Backend, root: str) -> None:
    lease = await store.grant_lease(1000)
    await store.revoke_lease(lease)
    before = await store.revision()
    for call in (store.keep_lease_alive(lease), store.revoke_lease(lease), store.write(root + "a", b"1", lease=lease)):
        with pytest.raises(KeyError):
            await call
    assert (await store.get(root + "a"), await store.revision()) == ((None, before), before)


async def test_the_last_write_decides_on_the_lease(store: Backend, root: str) -> None:
    first, second = await store.grant_lease(1000), await store.grant_lease(1000)
    await store.write(root + "detached", b"1", lease=first)
    await store.write(root + "detached", b"2")
    await store.write(root + "moved", b"1", lease=first)
    await store.write(root + "moved", b"2", lease=second)
    await store.write(root + "again", b"1", lease=first)
    await store.write(root + "again", None)
    await store.write(root + "again", b"2")
    await store.revoke_lease(first)
    assert [item.key for item in (await store.range(root)).items] == [root + "again", root + "detached", root + "moved"]
    await store.revoke_lease(second)
    assert [item.key for item in (await store.range(root)).items] == [root + "again", root + "detached"]


async def test_a_lease_outlives_a_restart(
    store: Backend, root: str, clock: ManualClock, pass_time: Callable[[float], None], reopen: object
) -> None:
    assert callable(reopen)
    lease = await store.grant_lease(TTL)
    last = await store.write(root + "a", b"1", lease=lease)
    clock.advance(TTL - 0.5)
    again: Backend = await reopen(store)
    assert (await again.get(root + "a"))[0] is not None
    watch = again.watch(root, after=last)
    pass_time(0.5)
    [event] = await read_events(watch, 1)
    assert event == Event(root + "a", None, event.revision, KeyValue(root + "a", b"1", last, last, lease))
    await watch.aclose()


async def test_a_lease_that_ran_out_while_closed(kind: str, store: Backend, root: str, clock: ManualClock, reopen: object) -> None:
    if kind == "etcd":
        pytest.skip("etcd runs on")
    assert callable(reopen)
    lease = await store.grant_lease(TTL)
    last = await store.write(root + "a", b"1", lease=lease)
    await store.close()
    clock.advance(10 * TTL)
    again: Backend = await reopen(store)
    watch = again.watch(root, after=last)
    assert len(await read_events(watch, 1)) == 1
    assert await again.grant_lease(TTL) != lease
    await watch.aclose()


async def test_setting_the_clock_back_does_not_prolong_a_lease(
    kind: str, store: Backend, root: str, clock: ManualClock, reopen: object
) -> None:
    if kind == "etcd":
        pytest.skip("etcd has a clock of its own")
    assert callable(reopen)
    last = await store.write(root + "a", b"1", lease=await store.grant_lease(TTL))
    clock.advance(-1000)
    again: Backend = await reopen(store)
    watch = again.watch(root, after=last)
    clock.advance(TTL)
    assert len(await read_events(watch, 1)) == 1
    await watch.aclose()
