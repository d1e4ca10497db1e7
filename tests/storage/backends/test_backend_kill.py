"""SIGKILL in the midst of 16 writers, 20 times: no acknowledged write is lost, and nothing needs repair."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import etcd_server
import pytest

from kcompat.apimachinery.clock import SystemClock
from kcompat.storage.backends import open_backend
from kcompat.storage.interface import Backend, Event, Revision

CHILD = Path(__file__).with_name("writing_child.py")

ROUNDS = 20


class Written(NamedTuple):
    """A write that the child reported as acknowledged."""

    revision: Revision
    key: str
    value: bytes | None


@contextmanager
def writers(endpoint: str, prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, str(CHILD), endpoint, prefix], stdout=subprocess.PIPE) as child:
        try:
            yield child
        finally:
            child.kill()


def acknowledged(child: subprocess.Popen[bytes], count: int, kill: Callable[[], None]) -> list[Written]:
    """Reads `count` reports, kills, and reads what had been reported by then. A line cut short was not reported."""
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(count)]
    kill()
    lines += child.stdout.readlines()
    found = []
    for line in lines:
        if line.endswith(b"\n"):
            revision, key, value = line.decode().split()
            found.append(Written(int(revision), key, None if value == "-" else value.encode()))
    assert len(found) >= count
    return found


async def check(store: Backend, prefix: str, start: Revision, written: list[Written]) -> Revision:
    """Every acknowledged write is in the history under its revision, and the state is what the history leads to."""
    assert len({write.revision for write in written}) == len(written)
    end = await store.revision()
    assert end >= max(write.revision for write in written)
    watch, events, reached = store.watch(prefix, after=start), list[Event](), start
    while reached < end:
        batch = await asyncio.wait_for(anext(watch), 10)
        events, reached = events + list(batch.events), batch.revision
    await watch.aclose()
    assert [event.revision for event in events] == sorted({event.revision for event in events})
    history = {event.revision: (event.key, event.value) for event in events}
    assert [write for write in written if history.get(write.revision) != (write.key, write.value)] == []
    final = {event.key: (event.value, event.revision) for event in events}
    page = await store.range(prefix)
    state = {item.key: (item.value, item.mod_revision) for item in page.items}
    assert state == {key: held for key, held in final.items() if held[0] is not None}
    return end


async def test_sqlite_loses_nothing_when_its_process_is_killed(tmp_path: Path) -> None:
    """Also killed again and again: each round goes on with the file that the round before left behind."""
    endpoint = f"sqlite://{tmp_path}/store.db"
    start = 1
    for number in range(ROUNDS):
        with writers(endpoint, f"/r{number}/") as child:
            written = await asyncio.to_thread(acknowledged, child, 50 + 97 * number % 1000, child.kill)
        store = open_backend(endpoint, clock=SystemClock())
        await store.start()
        end = await check(store, f"/r{number}/", start, written)
        start = await store.write("/between", b"", expect=0 if number == 0 else start)
        assert start == end + 1
        await store.close()


@pytest.mark.slow
@pytest.mark.skipif(etcd_server.binary() is None, reason="no etcd binary: set KCOMPAT_ETCD or put etcd on PATH")
async def test_etcd_loses_nothing_when_its_server_is_killed(tmp_path: Path) -> None:
    """The server is killed (it syncs its log as in production); the writers see it go and are killed too."""
    server = etcd_server.EtcdServer(tmp_path / "data", fsync=True)
    start = 1
    for number in range(ROUNDS):
        await asyncio.to_thread(server.start)
        store = open_backend(server.endpoint, clock=SystemClock())
        await store.start()
        with writers(server.endpoint, f"/r{number}/") as child:
            written = await asyncio.to_thread(acknowledged, child, 50 + 53 * number % 500, server.kill)
        await asyncio.to_thread(server.start)
        start = await check(store, f"/r{number}/", start, written)
        await store.close()
        server.kill()
