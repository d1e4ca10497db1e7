"""Backends that keep their own history forget it by themselves."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from conftest import ManualClock

from kcompat.storage.backends.memory import MemoryBackend
from kcompat.storage.backends.sqlite import SqliteBackend
from kcompat.storage.compaction import Compactor, History
from kcompat.storage.interface import Backend, Compacted, Revision

HISTORY = History(seconds=300, events=100)


@pytest.fixture(params=["memory", "sqlite"])
async def local(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Backend]:
    store: Backend
    if request.param == "memory":
        store = MemoryBackend(clock, history=HISTORY)
    else:
        store = SqliteBackend(tmp_path / "store.db", clock=clock, history=HISTORY)
    await store.start()
    yield store
    await store.close()


async def test_a_fresh_store_is_empty_at_revision_1(local: Backend) -> None:
    assert await local.revision() == 1
    page = await local.range("")
    assert (page.revision, page.items, page.count) == (1, [], 0)
    assert await local.write("/a", b"") == 2


async def test_history_is_kept_for_its_time(local: Backend, clock: ManualClock) -> None:
    async def write(wait: float) -> Revision:
        clock.advance(wait)
        revision = await local.write("/a", b"%d" % clock.seconds)
        await local.compact(1)  # changes nothing, but comes after what sqlite does behind a write
        return revision

    first, second = await write(0), await write(299)
    third = await write(1)  # the first interval is over: nothing was older than it
    item, _ = await local.get("/a", at=first)
    assert item is not None and item.value == b"0"
    await write(300)  # what was before the third is now older than an interval
    for revision in (first, second):
        with pytest.raises(Compacted) as caught:
            await local.get("/a", at=revision)
        assert caught.value.compact_revision == third
    item, _ = await local.get("/a", at=third)
    assert item is not None and item.value == b"300"


async def test_history_is_bounded_in_number(local: Backend) -> None:
    first = await local.write("/a", b"0")
    for number in range(100):
        last = await local.write("/a", b"%d" % number)
    await local.write("/b", b"")
    with pytest.raises(Compacted):
        await local.get("/a", at=first)
    item, _ = await local.get("/a", at=last - 50)
    assert item is not None and item.value == b"49"


def test_without_writes_nothing_is_compacted() -> None:
    clock = ManualClock()
    compactor = Compactor(clock, HISTORY, 10)
    due = []
    for revision in (11, 11, 12, 12, 12):
        clock.advance(300)
        due.append(compactor.due(revision))
    assert due == [None, None, 11, None, None]
