"""The backends under contract: memory, sqlite, and a real etcd server (one for the whole session, a key prefix a test)."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "storage" / "backends"))

import etcd_server

from kcompat.storage import leases
from kcompat.storage.backends import open_backend
from kcompat.storage.interface import Backend

asyncio.set_event_loop(None)  # else looptime's plugin makes a loop before the first async test that nobody closes

_numbers = itertools.count()


class ManualClock:
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[etcd_server.EtcdServer]:
    if etcd_server.binary() is None:
        pytest.skip("no etcd binary: set KCOMPAT_ETCD or put etcd on PATH")
    server = etcd_server.EtcdServer(tmp_path_factory.mktemp("etcd") / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def root() -> str:
    """A prefix of this test's own: the stores of some backends are shared."""
    return f"/registry/t{next(_numbers):04}/"


@pytest.fixture(params=["memory", "sqlite", "etcd"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def endpoint(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "memory":
        return "memory://"
    if kind == "sqlite":
        return f"sqlite://{tmp_path}/store.db"
    server: etcd_server.EtcdServer = request.getfixturevalue("etcd")
    return server.endpoint


@pytest.fixture
async def store(endpoint: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Backend]:
    monkeypatch.setattr(leases, "TICK", 0.01)
    backend = open_backend(endpoint, clock=clock)
    await backend.start()
    yield backend
    await backend.close()


Reopen = Callable[[Backend], Awaitable[Backend]]


@pytest.fixture
async def reopen(kind: str, endpoint: str, clock: ManualClock, store: Backend) -> AsyncIterator[Reopen]:
    """Closes a backend and opens the same store again."""
    opened: list[Backend] = []

    async def again(backend: Backend) -> Backend:
        await backend.close()
        fresh = open_backend(endpoint, clock=clock)
        await fresh.start()
        opened.append(fresh)
        return fresh

    if kind == "memory":
        pytest.skip("memory does not outlive its process")
    yield again
    for backend in opened:
        await backend.close()
