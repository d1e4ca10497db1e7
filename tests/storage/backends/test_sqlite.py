"""The sqlite backend where things break: full disk, cut files, a second process; and that its file stays small."""

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from kcompat.apimachinery.clock import SystemClock
from kcompat.storage.backends.sqlite import SqliteBackend, database
from kcompat.storage.backends.sqlite.writer import Committed, Write, Writer
from kcompat.storage.compaction import History
from kcompat.storage.interface import ABSENT, Backend, Event, Revision, StorageError, Unavailable


def backend(path: Path, **options: History) -> SqliteBackend:
    return SqliteBackend(path, clock=SystemClock(), **options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteBackend]:
    store = backend(path)
    await store.start()
    yield store
    await store.close()


async def pragma(store: SqliteBackend, text: str) -> int:
    """Asks or sets something of the writing connection."""
    writer = store._store.writer
    value: int = await writer.call(lambda: writer.database.execute(f"PRAGMA {text}").fetchone()[0])
    return value


async def history(store: Backend, after: Revision = 1) -> list[Event]:
    watch, events, end, reached = store.watch("", after=after), list[Event](), await store.revision(), after
    while reached < end:
        batch = await asyncio.wait_for(anext(watch), 5)
        events, reached = events + list(batch.events), batch.revision
    await watch.aclose()
    return events


async def fill_up(store: Backend) -> tuple[list[Revision], Unavailable]:
    """16 writers create objects until the disk is full."""
    written: list[Revision] = []
    refused: list[Unavailable] = []

    async def write(worker: int) -> None:
        for number in range(10_000):
            try:
                written.append(await store.write(f"/{worker}/{number}", b"x" * 5000, expect=ABSENT))
            except Unavailable as error:
                refused.append(error)
                return

    await asyncio.gather(*(write(worker) for worker in range(16)))
    assert len(refused) == 16
    return sorted(written), refused[0]


async def test_a_full_disk_refuses_and_recovers(store: SqliteBackend) -> None:
    await store.write("/a", b"1")
    await pragma(store, f"max_page_count = {await pragma(store, 'page_count') + 300}")
    written, error = await fill_up(store)
    assert not error.maybe_applied
    assert "full" in str(error)
    assert await store.revision() == written[-1] == 2 + len(written)
    assert [event.revision for event in await history(store)] == [2, *written]
    assert (await store.range("/")).count == 1 + len(written)
    await pragma(store, f"max_page_count = {2**30}")
    assert await store.write("/a", b"2", expect=2) == written[-1] + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    directory = tmp_path / "small"
    directory.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", "size=4m", "none", directory], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root on Linux")
    yield directory
    subprocess.run(["umount", directory], check=True)


async def test_a_really_full_disk(small_disk: Path) -> None:
    """Filled by the store itself; space returns, then the process is started anew."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    store = backend(small_disk / "store.db")
    await store.start()
    written, error = await fill_up(store)
    assert not error.maybe_applied
    assert (await store.range("/")).count == len(written)
    ballast.unlink()
    written.append(await store.write("/more", b"x" * 5000))
    await store.close()
    await store.start()
    assert [event.revision for event in await history(store)] == written
    await store.close()


async def test_compaction_makes_room_on_a_full_disk(store: SqliteBackend) -> None:
    await pragma(store, f"max_page_count = {await pragma(store, 'page_count') + 100}")
    revision = await store.write("/a", b"")
    with pytest.raises(Unavailable):
        while True:
            revision = await store.write("/a", b"x" * 5000)
    await store.compact(revision)
    for _ in range(10):
        revision = await store.write("/a", b"x" * 5000)


class Image:
    """The files of a store in use, as a power failure finds them: the database and its write-ahead log."""

    def __init__(self, path: Path) -> None:
        self.database = path.read_bytes()
        self.log = path.with_name(f"{path.name}-wal").read_bytes()

    def restore(self, path: Path, log: bytes) -> SqliteBackend:
        path.write_bytes(self.database)
        path.with_name(f"{path.name}-wal").write_bytes(log)
        return backend(path)


@pytest.fixture
async def image(tmp_path: Path) -> Image:
    """Of 60 writes to 10 keys."""
    store = backend(tmp_path / "live.db")
    await store.start()
    for number in range(60):
        await store.write(f"/{number % 10}", b"%d" % number * 200)
    image = Image(tmp_path / "live.db")
    await store.close()
    return image


async def test_a_cut_log_is_a_prefix_of_history(image: Image, path: Path) -> None:
    """Wherever the write-ahead log ends: whole writes up to there, revisions without a gap, and it goes on."""
    found = set()
    size = len(image.log)
    for cut in [0, 1, 31, 32, 33, *range(1000, size, size // 25), size - 1, size]:
        store = image.restore(path, image.log[:cut])
        await store.start()
        end = await store.revision()
        events = await history(store)
        assert [event.revision for event in events] == list(range(2, end + 1))
        assert all(event.value == b"%d" % (event.revision - 2) * 200 for event in events)
        assert await store.write("/new", b"") == end + 1
        await store.close()
        found.add(end)
    assert max(found) == 61 and len(found) > 10


async def test_garbage_in_the_log_ends_it(image: Image, path: Path) -> None:
    middle = len(image.log) // 2
    store = image.restore(path, image.log[:middle] + b"garbage" * 20 + image.log[middle + 140 :])
    await store.start()
    end = await store.revision()
    assert 10 < end < 61
    assert [event.revision for event in await history(store)] == list(range(2, end + 1))
    await store.close()


async def test_a_failed_sync_leaves_the_outcome_open() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    for writing in (True, False):
        told = database.storage_error(error, writing=writing)
        assert isinstance(told, Unavailable) and told.maybe_applied is writing


async def test_a_second_store_on_the_file_is_refused(store: SqliteBackend, path: Path) -> None:
    second = backend(path)
    with pytest.raises(Unavailable, match="in use by another process"):
        await second.start()
    await store.write("/a", b"1")
    await store.close()
    await second.start()
    assert (await second.range("/")).count == 1
    await second.close()


async def test_a_second_process_is_refused(store: SqliteBackend, path: Path) -> None:
    script = Path(__file__).with_name("writing_child.py")
    child = await asyncio.create_subprocess_exec(
        sys.executable, script, f"sqlite://{path}", "/", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await child.communicate()
    assert child.returncode != 0 and out == b"" and b"in use by another process" in err


async def test_other_files_are_refused_untouched(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"not a database, but long enough to look at" * 100)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    newer = tmp_path / "newer.db"
    store = backend(newer)
    await store.start()
    await store.close()
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for path, message in ((text, "not a database"), (foreign, "another program"), (newer, "schema version 99")):
        before = path.read_bytes()
        with pytest.raises(StorageError, match=message):
            await backend(path).start()
        assert path.read_bytes() == before


async def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        await backend(tmp_path / "file" / "store.db").start()


async def test_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "made" / "store.db"
    mask = os.umask(0)
    try:
        store = backend(path)
        await store.start()
        await store.write("/a", b"secret")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (path.parent, *path.parent.iterdir())}
        await store.close()
    finally:
        os.umask(mask)
    assert modes.pop("made") == 0o700
    assert set(modes) >= {"store.db", "store.db-wal"} and set(modes.values()) == {0o600}


async def test_closing_finishes_what_was_asked(store: SqliteBackend, path: Path) -> None:
    writes = [asyncio.create_task(store.write(f"/{number}", b"")) for number in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert sorted(await asyncio.gather(*writes)) == list(range(2, 302))
    await store.start()
    assert (await store.range("/")).count == 300
    assert not path.with_name("store.db-wal").exists() or await store.size()


async def test_concurrent_writes_share_commits(store: SqliteBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Group commit: what waits goes together."""
    writer = store._store.writer
    groups: list[int] = []

    def counted(writes: Sequence[Write]) -> Committed:
        groups.append(len(writes))
        return Writer.apply(writer, writes)

    monkeypatch.setattr(writer, "apply", counted)
    await asyncio.gather(*(store.write(f"/{number}", b"") for number in range(640)))
    assert sum(groups) == 640 and len(groups) <= 64


async def test_the_file_stays_small_under_steady_load(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAL_PAGES", 100)
    store = backend(path, history=History(events=200))
    await store.start()

    async def load(rounds: int) -> int:
        for number in range(rounds):
            await asyncio.gather(*(store.write(f"/{key}", os.urandom(1000)) for key in range(number % 3, 40)))
        return await store.size()

    warm = await load(50)
    sizes = [await load(50) for _ in range(4)]
    assert max(sizes) < 1.3 * warm
    await store.close()
    assert await store.size() < 2_000_000
    connection = sqlite3.connect(path)
    (rows,) = connection.execute("SELECT count(*) FROM log").fetchone()
    connection.close()
    assert rows < 1000


async def test_deleted_keys_leave_nothing_behind(path: Path) -> None:
    store = backend(path, history=History(events=50))
    await store.start()
    for number in range(300):
        await store.write(f"/{number}", b"x")
        await store.write(f"/{number}", None)
    await store.compact(await store.revision())
    await store.close()  # sweeps what is left
    await store.start()
    writer = store._store.writer
    rows = await writer.call(lambda: writer.database.execute("SELECT count(*) FROM log").fetchone())
    assert rows[0] < 130
    assert await store.revision() == 601
    await store.close()
