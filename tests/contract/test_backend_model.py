"""sqlite against memory: any sequence of operations has the same outcome, in the present, in the past and on watches."""

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from conftest import ManualClock
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from watching import read

from kcompat.storage.backends.memory import MemoryBackend
from kcompat.storage.backends.sqlite import SqliteBackend
from kcompat.storage.compaction import History
from kcompat.storage.interface import ABSENT, ANY, Backend, Compacted, Conflict, Event, Expect, FutureRevision, LeaseID, Revision

T = TypeVar("T")

KEYS = st.sampled_from(["/r/a/1", "/r/a/2", "/r/a/\U0010ffff", "/r/b/1", "/r/b", "/r/", "/s/ä"])
PREFIXES = st.sampled_from(["", "/", "/r/", "/r/a/", "/r/b", "/s/", "/t"])
VALUES = st.none() | st.binary(max_size=20)

Outcome = tuple[str, object]


async def outcome(call: Awaitable[object]) -> Outcome:
    """A result or an error with all that it says."""
    try:
        return "ok", await call
    except (Conflict, Compacted, FutureRevision, KeyError) as error:
        return type(error).__name__, error.args if isinstance(error, KeyError) else vars(error)


class Stores(RuleBasedStateMachine):
    """Applies each step to both stores and compares the answers."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.stores: list[Backend] = []
        self.revision: Revision = 1

    @initialize()
    def open(self) -> None:
        history = History(seconds=1000, events=100_000)  # they may compact by themselves at different moments
        path = Path(self.directory.name) / "store.db"
        self.stores = [
            MemoryBackend(self.clock, history=history),
            SqliteBackend(path, clock=self.clock, durability="relaxed", history=history),
        ]
        for store in self.stores:
            self.loop.run_until_complete(store.start())

    def both(self, call: Callable[[Backend], Awaitable[object]]) -> Outcome:
        memory, sqlite = (self.loop.run_until_complete(outcome(call(store))) for store in self.stores)
        assert memory == sqlite
        return memory

    @rule(key=KEYS, value=VALUES, expect=st.sampled_from([ANY, ABSENT]))
    def write(self, key: str, value: bytes | None, expect: Expect) -> None:
        self.both(lambda store: store.write(key, value, expect=expect))

    @rule(key=KEYS, value=VALUES, old=st.integers(0, 3))
    def write_over(self, key: str, value: bytes | None, old: int) -> None:
        item, _ = self.loop.run_until_complete(self.stores[0].get(key))
        expect = max(0, (item.mod_revision if item else 0) - old)
        self.both(lambda store: store.write(key, value, expect=expect))

    @rule(keys=st.lists(KEYS, min_size=2, max_size=6), value=VALUES, expect=st.sampled_from([ANY, ABSENT]))
    def write_together(self, keys: list[str], value: bytes | None, expect: Expect) -> None:
        async def together(store: Backend) -> list[Outcome]:
            return await asyncio.gather(*(outcome(store.write(key, value, expect=expect)) for key in keys))

        self.both(together)

    @rule(target=leases, ttl=st.integers(1, 20))
    def grant(self, ttl: int) -> LeaseID:
        _, lease = self.both(lambda store: store.grant_lease(ttl))
        assert isinstance(lease, int)
        return lease

    @rule(key=KEYS, lease=leases, value=st.binary(max_size=5))
    def write_leased(self, key: str, lease: LeaseID, value: bytes) -> None:
        self.both(lambda store: store.write(key, value, lease=lease))

    @rule(lease=leases)
    def keep_alive(self, lease: LeaseID) -> None:
        self.both(lambda store: store.keep_lease_alive(lease))

    @rule(lease=leases)
    def revoke(self, lease: LeaseID) -> None:
        self.both(lambda store: store.revoke_lease(lease))

    @rule(back=st.integers(-1, 8))
    def compact(self, back: int) -> None:
        self.both(lambda store: store.compact(self.revision - back))

    @rule(back=st.integers(-1, 12), prefix=PREFIXES, start=st.none() | KEYS, limit=st.none() | st.integers(0, 4))
    def range_past(self, back: int, prefix: str, start: str | None, limit: int | None) -> None:
        self.both(lambda store: store.range(prefix, at=self.revision - back, start=start, limit=limit))

    @rule(back=st.integers(-1, 12), key=KEYS)
    def get_past(self, back: int, key: str) -> None:
        self.both(lambda store: store.get(key, at=self.revision - back))

    @rule(back=st.integers(0, 12), prefix=PREFIXES)
    def watch_past(self, back: int, prefix: str) -> None:
        async def changes(store: Backend) -> list[Event]:
            watch, events, reached = store.watch(prefix, after=self.revision - back), list[Event](), self.revision - back
            while reached < self.revision:
                batch = await read(watch)
                events, reached = events + list(batch.events), batch.revision
            await watch.aclose()
            return events

        self.both(changes)

    @rule()
    def restart_sqlite(self) -> None:
        async def restart() -> None:
            await self.stores[1].close()
            await self.stores[1].start()

        self.loop.run_until_complete(restart())

    @invariant()
    def same_present(self) -> None:
        if self.stores:
            self.both(lambda store: store.range(""))
            _, revision = self.both(lambda store: store.revision())
            assert isinstance(revision, int)
            self.revision = revision

    def teardown(self) -> None:
        for store in self.stores:
            self.loop.run_until_complete(store.close())
        with contextlib.suppress(OSError):
            self.directory.cleanup()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


TestStores = Stores.TestCase
TestStores.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
