"""Reads: order, pages, the past, compaction."""

import asyncio

import pytest

from kcompat.storage.interface import Backend, Compacted, FutureRevision, KeyValue, Page, Revision


async def fill(store: Backend, root: str, names: str) -> dict[str, Revision]:
    return {name: await store.write(root + name, name.encode()) for name in names}


def names(page: Page, root: str) -> str:
    return "".join(item.key.removeprefix(root) for item in page.items)


async def test_an_absent_key(store: Backend, root: str) -> None:
    assert await store.get(root + "a") == (None, await store.revision())


async def test_keys_come_in_order(store: Backend, root: str) -> None:
    await fill(store, root, "cabézZ0日😀")
    assert names(await store.range(root), root) == "0Zabczé日😀"


async def test_only_the_prefix(store: Backend, root: str) -> None:
    for key in ("a", "a/", "a/1", "a/2", "a0", "b/1"):
        await store.write(root + key, b"")
    assert [item.key.removeprefix(root) for item in (await store.range(root + "a/")).items] == ["a/", "a/1", "a/2"]
    assert (await store.range(root + "c")).items == []


async def test_the_empty_prefix_is_everything(store: Backend, root: str) -> None:
    await fill(store, root, "ab")
    page = await store.range("")
    keys = [item.key for item in page.items]
    assert keys == sorted(keys) and {root + "a", root + "b"} <= set(keys) and page.count == len(keys)


@pytest.mark.parametrize(
    ("start", "limit", "want", "count"),
    [
        (None, None, "abcde", 5), (None, 2, "ab", 5), ("c", None, "cde", 3), ("c", 2, "cd", 3), ("bb", 1, "c", 3),
        ("f", 5, "", 0), (None, 5, "abcde", 5), (None, 0, "", 5), ("", 1, "a", 5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("past", [False, True])
async def test_pages(store: Backend, root: str, start: str | None, limit: int | None, want: str, count: int, past: bool) -> None:
    revisions = await fill(store, root, "abcde")
    at = None
    if past:
        at = revisions["e"]
        await store.write(root + "a", None)
        await store.write(root + "c", b"other")
        await store.write(root + "c", b"another")
        await store.write(root + "bb", b"new")
    page = await store.range(root, at=at, start=None if start is None else root + start, limit=limit)
    assert page.items == [KeyValue(root + name, name.encode(), revisions[name], revisions[name]) for name in want]
    assert (page.count, page.more) == (count, count > len(want))
    assert page.revision == (at or await store.revision())


async def test_a_start_outside_the_prefix(store: Backend, root: str) -> None:
    """Before it: the prefix begins. Behind it: nothing, and nothing is counted."""
    for key in ("a/1", "b/1", "b/2", "c/1"):
        revision = await store.write(root + key, b"")
    for at in (None, revision):
        assert names(await store.range(root + "b/", start=root + "a/1", at=at), root) == "b/1b/2"
        for start in ("b0", "c/1", "c/2"):
            page = await store.range(root + "b/", start=root + start, at=at)
            assert (page.items, page.count, page.more) == ([], 0, False)
        await store.write(root + "d", b"")


async def test_a_long_range(store: Backend, root: str) -> None:
    """Longer than any chunk a backend reads in."""
    keys = [f"{root}{number:05}" for number in range(2500)]
    await asyncio.gather(*(store.write(key, b"v") for key in keys))
    page = await store.range(root)
    assert ([item.key for item in page.items], page.count, page.more) == (keys, 2500, False)
    assert [item.key for item in (await store.range(root, limit=2200)).items] == keys[:2200]


async def test_the_past_is_as_it_was(store: Backend, root: str) -> None:
    history: list[tuple[Revision, list[KeyValue]]] = []
    for name, value in (("a", b"1"), ("b", b"1"), ("a", b"2"), ("b", None), ("c", b"1"), ("b", b"2"), ("a", None), ("a", b"3")):
        revision = await store.write(root + name, value)
        history.append((revision, list((await store.range(root)).items)))
    for revision, items in history:
        page = await store.range(root, at=revision)
        assert (list(page.items), page.revision, page.count) == (items, revision, len(items))
        for name in "abc":
            want = next((item for item in items if item.key == root + name), None)
            assert await store.get(root + name, at=revision) == (want, revision)


async def test_pages_of_one_revision_during_writes(store: Backend, root: str) -> None:
    """What a client sees that lists in pages while others write: the state of the first page's moment, no key twice or missing."""
    await asyncio.gather(*(store.write(f"{root}{number:03}", b"old") for number in range(0, 200, 2)))
    at = await store.revision()
    stop = asyncio.Event()

    async def disturb() -> None:
        number = 0
        while not stop.is_set():
            await store.write(f"{root}{number % 200:03}", b"new")
            if number % 3 == 0:
                await store.write(f"{root}{number % 200:03}", None)
            number += 7
            await asyncio.sleep(0)

    writer = asyncio.create_task(disturb())
    found: list[KeyValue] = []
    start: str | None = None
    while True:
        page = await store.range(root, at=at, start=start, limit=7)
        found += page.items
        assert page.count == 100 - len(found) + len(page.items)
        if not page.more:
            break
        start = page.items[-1].key + "\0"
    stop.set()
    await writer
    assert [item.key for item in found] == [f"{root}{number:03}" for number in range(0, 200, 2)]
    assert {item.value for item in found} == {b"old"}


async def test_the_future_is_refused(store: Backend, root: str) -> None:
    now = await store.write(root + "a", b"1")
    for read in (store.get(root + "a", at=now + 1), store.range(root, at=now + 1), store.compact(now + 1)):
        with pytest.raises(FutureRevision) as caught:
            await read
        assert caught.value.revision == now


async def test_compaction_forgets_what_is_older(store: Backend, root: str) -> None:
    revisions = [await store.write(root + "a", b"%d" % number) for number in range(5)]
    await store.compact(revisions[3])
    for revision in revisions[:3]:
        for read in (store.get(root + "a", at=revision), store.range(root, at=revision)):
            with pytest.raises(Compacted) as caught:
                await read
            assert caught.value.compact_revision == revisions[3]
    for number in (3, 4):
        item, _ = await store.get(root + "a", at=revisions[number])
        assert item is not None and item.value == b"%d" % number


async def test_compaction_keeps_what_is_alive(store: Backend, root: str) -> None:
    revisions = await fill(store, root, "abc")
    await store.write(root + "b", None)
    last = await store.write(root + "c", b"2")
    await store.compact(last)
    items = [KeyValue(root + "a", b"a", revisions["a"], revisions["a"]), KeyValue(root + "c", b"2", last, revisions["c"])]
    assert (await store.range(root)).items == items
    assert (await store.range(root, at=last)).items == items


async def test_the_beginning_is_compacted_away(store: Backend, root: str) -> None:
    for at in (0, -1):
        with pytest.raises(Compacted):
            await store.range(root, at=at)


async def test_compacting_again_does_nothing(store: Backend, root: str) -> None:
    revision = await store.write(root + "a", b"1")
    await store.write(root + "a", b"2")
    await store.compact(revision)
    await store.compact(revision)
    await store.compact(revision - 1)
    assert (await store.get(root + "a", at=revision))[1] == revision


async def test_a_deletion_at_the_compacted_revision_stays_one(store: Backend, root: str, reopen: object) -> None:
    """The newest revision is a deletion and compacted: it must neither come back nor be given again."""
    assert callable(reopen)
    await store.write(root + "a", b"1")
    deleted = await store.write(root + "a", None)
    await store.compact(deleted)
    again: Backend = await reopen(store)
    assert await again.get(root + "a") == (None, deleted)
    assert await again.write(root + "b", b"1") == deleted + 1


async def test_compaction_outlives_a_restart(store: Backend, root: str, reopen: object) -> None:
    assert callable(reopen)
    revisions = [await store.write(root + "a", b"%d" % number) for number in range(3)]
    await store.compact(revisions[1])
    again: Backend = await reopen(store)
    with pytest.raises(Compacted):
        await again.get(root + "a", at=revisions[0])
    item, _ = await again.get(root + "a", at=revisions[1])
    assert item is not None and item.value == b"1"
