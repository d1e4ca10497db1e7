"""Writes: revisions, comparison, deletion, concurrency."""

import asyncio

import pytest

from kcompat.storage.interface import ABSENT, ANY, Backend, Conflict, KeyValue, Unavailable


async def test_a_write_is_one_revision_on(store: Backend, root: str) -> None:
    before = await store.revision()
    first = await store.write(root + "a", b"1", expect=ABSENT)
    second = await store.write(root + "b", b"2")
    assert (first, second) == (before + 1, before + 2)
    assert await store.revision() == second


async def test_what_is_written_is_read(store: Backend, root: str) -> None:
    created = await store.write(root + "a", b"1", expect=ABSENT)
    assert await store.get(root + "a") == (KeyValue(root + "a", b"1", created, created), created)
    updated = await store.write(root + "a", b"2", expect=created)
    assert await store.get(root + "a") == (KeyValue(root + "a", b"2", updated, created), updated)


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), b"x" * 1_000_000], ids=["empty", "zero", "binary", "1 MB"])
async def test_any_bytes_are_a_value(store: Backend, root: str, value: bytes) -> None:
    await store.write(root + "a", value)
    item, _ = await store.get(root + "a")
    assert item is not None and item.value == value


@pytest.mark.parametrize("name", ["ä", "日本", "😀", "a b", "%2F", "'\"", "\x01"])
async def test_any_text_is_a_key(store: Backend, root: str, name: str) -> None:
    revision = await store.write(root + name, b"1")
    assert (await store.range(root)).items == [KeyValue(root + name, b"1", revision, revision)]


async def test_a_key_that_is_not_unicode_fails_alone(store: Backend, root: str) -> None:
    good = [store.write(f"{root}{number}", b"") for number in range(3)]
    results = await asyncio.gather(*good, store.write(root + "\ud800", b""), return_exceptions=True)
    assert [isinstance(result, int) for result in results] == [True, True, True, False]
    assert isinstance(results[3], ValueError)


async def test_create_conflicts_with_what_is_there(store: Backend, root: str) -> None:
    revision = await store.write(root + "a", b"1", expect=ABSENT)
    for expect in (ABSENT, 0):
        with pytest.raises(Conflict) as caught:
            await store.write(root + "a", b"2", expect=expect)
        assert (caught.value.key, caught.value.current) == (root + "a", KeyValue(root + "a", b"1", revision, revision))
    assert await store.revision() == revision


async def test_zero_expects_absence(store: Backend, root: str) -> None:
    assert await store.write(root + "a", b"1", expect=0) == await store.revision()


@pytest.mark.parametrize("value", [b"3", None], ids=["put", "delete"])
async def test_an_old_revision_conflicts(store: Backend, root: str, value: bytes | None) -> None:
    first = await store.write(root + "a", b"1")
    second = await store.write(root + "a", b"2")
    with pytest.raises(Conflict) as caught:
        await store.write(root + "a", value, expect=first)
    assert caught.value.current == KeyValue(root + "a", b"2", second, first)
    assert await store.revision() == second


@pytest.mark.parametrize("value", [b"1", None], ids=["put", "delete"])
async def test_a_revision_conflicts_with_absence(store: Backend, root: str, value: bytes | None) -> None:
    revision = await store.write(root + "b", b"")
    with pytest.raises(Conflict) as caught:
        await store.write(root + "a", value, expect=revision)
    assert caught.value.current is None


async def test_any_overwrites(store: Backend, root: str) -> None:
    first = await store.write(root + "a", b"1", expect=ANY)
    second = await store.write(root + "a", b"2", expect=ANY)
    assert (await store.get(root + "a"))[0] == KeyValue(root + "a", b"2", second, first)


@pytest.mark.parametrize("exact", [True, False])
async def test_delete(store: Backend, root: str, exact: bool) -> None:
    created = await store.write(root + "a", b"1")
    deleted = await store.write(root + "a", None, expect=created if exact else ANY)
    assert deleted == created + 1
    assert await store.get(root + "a") == (None, deleted)


async def test_a_deleted_key_begins_anew(store: Backend, root: str) -> None:
    await store.write(root + "a", b"1")
    await store.write(root + "a", None)
    again = await store.write(root + "a", b"2", expect=ABSENT)
    assert (await store.get(root + "a"))[0] == KeyValue(root + "a", b"2", again, again)


@pytest.mark.parametrize("expect", [ANY, ABSENT, 0])
async def test_deleting_what_is_absent_conflicts(store: Backend, root: str, expect: int) -> None:
    before = await store.revision()
    with pytest.raises(Conflict) as caught:
        await store.write(root + "a", None, expect=expect)
    assert caught.value.current is None
    assert await store.revision() == before


async def test_deleting_on_condition_of_absence_conflicts(store: Backend, root: str) -> None:
    revision = await store.write(root + "a", b"1")
    with pytest.raises(Conflict) as caught:
        await store.write(root + "a", None, expect=ABSENT)
    assert caught.value.current == KeyValue(root + "a", b"1", revision, revision)


async def test_one_winner_per_revision(store: Backend, root: str) -> None:
    """16 writers increment a counter by compare-and-swap; no increment is lost and each revision is won once."""
    won: list[int] = []
    start = await store.write(root + "n", b"0")

    async def increment(times: int) -> None:
        current, _ = await store.get(root + "n")
        while times:
            assert current is not None
            try:
                revision = await store.write(root + "n", b"%d" % (int(current.value) + 1), expect=current.mod_revision)
            except Conflict as conflict:
                current = conflict.current
                continue
            won.append(revision)
            current, _ = await store.get(root + "n")
            times -= 1

    await asyncio.gather(*(increment(10) for _ in range(16)))
    assert sorted(won) == list(range(start + 1, start + 161))
    item, _ = await store.get(root + "n")
    assert item is not None and item.value == b"160"


async def test_one_creator(store: Backend, root: str) -> None:
    results = await asyncio.gather(
        *(store.write(root + "a", b"%d" % number, expect=ABSENT) for number in range(32)), return_exceptions=True
    )
    winners = [(number, result) for number, result in enumerate(results) if isinstance(result, int)]
    assert len(winners) == 1
    (number, revision) = winners[0]
    winner = KeyValue(root + "a", b"%d" % number, revision, revision)
    assert all(isinstance(result, Conflict) and result.current == winner for result in results if not isinstance(result, int))


async def test_concurrent_writes_have_revisions_of_their_own(store: Backend, root: str) -> None:
    before = await store.revision()
    revisions = await asyncio.gather(*(store.write(f"{root}{number:03}", b"v") for number in range(200)))
    assert sorted(revisions) == list(range(before + 1, before + 201))
    page = await store.range(root)
    assert [item.mod_revision for item in page.items] == revisions


async def test_a_cancelled_write_does_not_harm_others(store: Backend, root: str) -> None:
    tasks = [asyncio.create_task(store.write(f"{root}{number}", b"v")) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, int) for result in results[1::2])
    stored = {item.key: item.mod_revision for item in (await store.range(root)).items}
    assert all(stored[f"{root}{number}"] == results[number] for number in range(1, 20, 2))


async def test_a_closed_store_is_unavailable(store: Backend, root: str) -> None:
    await store.write(root + "a", b"1")
    await store.close()
    await store.close()
    for call in (store.write(root + "a", b"2"), store.get(root + "a"), store.range(root), store.revision(), store.compact(1)):
        with pytest.raises(Unavailable):
            await call


async def test_what_was_written_is_there_after_a_restart(store: Backend, root: str, reopen: object) -> None:
    assert callable(reopen)
    first = await store.write(root + "a", b"1")
    second = await store.write(root + "a", b"2")
    await store.write(root + "b", b"3")
    last = await store.write(root + "b", None)
    again: Backend = await reopen(store)
    assert await again.revision() == last
    assert (await again.range(root)).items == [KeyValue(root + "a", b"2", second, first)]
    assert (await again.range(root, at=first)).items == [KeyValue(root + "a", b"1", first, first)]
    assert await again.write(root + "a", b"4", expect=second) == last + 1


async def test_size_is_known(store: Backend, root: str) -> None:
    await store.write(root + "a", b"x" * 1000)
    assert await store.size() >= 1000
