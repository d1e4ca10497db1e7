"""The storage contract: revisioned bytes.

Called by `storage/watch_cache.py` and `registry/store.py`; implemented by `storage/backends/*`.
One suite (`tests/contract/`) runs unchanged against every backend. The model is etcd's: one strictly
increasing revision over everything, compare-and-swap on a key's mod revision, range reads at a revision,
watch from a revision, compaction and leases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, Protocol

Key = str
Revision = int
LeaseID = int


class Expect(Enum):
    """What a write expects of the key besides an exact mod revision."""

    ANY = "any"
    ABSENT = "absent"


ANY: Final = Expect.ANY
ABSENT: Final = Expect.ABSENT


class KeyValue(NamedTuple):
    """A stored value. `mod_revision` is the revision of the write that put it there."""

    key: Key
    value: bytes
    mod_revision: Revision
    create_revision: Revision
    lease: LeaseID = 0


def as_expected(current: KeyValue | None, value: bytes | None, expect: Revision | Expect) -> bool:
    """Whether `value` may be written over `current`: the rule of `Backend.write`, for backends that compare themselves."""
    if current is None:
        return value is not None and (expect is ANY or expect is ABSENT or expect == 0)
    return expect is ANY or expect == current.mod_revision


class Event(NamedTuple):
    """One change of one key. `value` is None for a deletion; `previous` is None for a creation."""

    key: Key
    value: bytes | None
    revision: Revision
    previous: KeyValue | None

    @property
    def is_create(self) -> bool:
        return self.previous is None


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one or more whole revisions, in order. `revision` is the store's revision the batch brings the watcher to;
    a batch without events is a progress notification."""

    revision: Revision
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Page:
    """Key-ordered items as of `revision`. `count` is the number of keys in the whole range (not only in this page)."""

    revision: Revision
    items: Sequence[KeyValue]
    count: int

    @property
    def more(self) -> bool:
        return self.count > len(self.items)


class StorageError(Exception):
    """Any failure of the store."""


class Conflict(StorageError):
    """The key was not as the write expected. `current` is what is there now (None: absent)."""

    def __init__(self, key: Key, current: KeyValue | None) -> None:
        super().__init__(key)
        self.key = key
        self.current = current


class Compacted(StorageError):
    """The asked revision was compacted away. `compact_revision` is the oldest revision still readable."""

    def __init__(self, compact_revision: Revision) -> None:
        super().__init__(f"compacted at {compact_revision}")
        self.compact_revision = compact_revision


class FutureRevision(StorageError):
    """The asked revision does not exist yet. `revision` is the current one."""

    def __init__(self, revision: Revision) -> None:
        super().__init__(f"current revision is {revision}")
        self.revision = revision


class Unavailable(StorageError):
    """The store cannot serve now (etcd without quorum, disk full, closed). The outcome of a write is unknown only if `maybe_applied`."""

    def __init__(self, message: str, *, maybe_applied: bool = False) -> None:
        super().__init__(message)
        self.maybe_applied = maybe_applied


class Watch(Protocol):
    """An open watch: an async iterator of batches. One reader at a time; a cancelled `anext` loses nothing and may be repeated."""

    def __aiter__(self) -> Watch: ...

    async def __anext__(self) -> Batch: ...

    async def aclose(self) -> None:
        """Ends the watch: a pending or later `anext` raises StopAsyncIteration. Idempotent. Required: a dropped watch is not collected."""


class Backend(Protocol):
    """A store. All methods are called on one event loop; a backend may use threads inside.

    A fresh store is at revision 1 and empty; the first write is revision 2. After `close` everything raises Unavailable.
    """

    async def start(self) -> None:
        """Opens the store. Creates it when it does not exist; recovers without repair after a SIGKILL."""

    async def close(self) -> None:
        """Finishes acknowledged work and releases everything. Watches end. Idempotent."""

    async def write(self, key: Key, value: bytes | None, *, expect: Revision | Expect = ANY, lease: LeaseID = 0) -> Revision:
        """Stores (None: deletes) value at key if its mod revision is as expected, else raises Conflict with the current one.

        Durable when it returns. Returns the revision of the write. An `expect` of 0 means ABSENT. Deleting an absent key raises
        Conflict(current=None) whatever is expected. `lease` attaches the key to a lease (0: none, and detaches); KeyError if that is gone.
        A cancelled write may or may not have been applied. Raises Unavailable, or ValueError for a key that is not Unicode.
        """

    async def get(self, key: Key, *, at: Revision | None = None) -> tuple[KeyValue | None, Revision]:
        """The value at key (None: absent) and the revision of the store it was read at. Linearizable when `at` is None.

        Raises Compacted, FutureRevision, Unavailable.
        """

    async def range(
        self, prefix: Key, *, at: Revision | None = None, start: Key | None = None, limit: int | None = None
    ) -> Page:
        """Items whose key starts with prefix, in key order, from `start` (inclusive) on, at most `limit`, as of revision `at` (None: now).

        `count` counts all from `start` on. Raises Compacted, FutureRevision, Unavailable.
        """

    async def revision(self) -> Revision:
        """The store's current revision, linearizable: not older than any write acknowledged before the call by any server on this store.

        Each open watch that is behind it soon yields, when read, a batch of at least this revision, though nothing may have changed
        under its prefix: how a cache learns that it is fresh enough for a consistent read (upstream: RequestWatchProgress).
        Raises Unavailable.
        """

    def watch(self, prefix: Key, *, after: Revision) -> Watch:
        """Every change of keys under prefix with revision > after, once, in order, each revision's events in one batch.

        `anext` raises Compacted, and the watch is over, when changes after `after` (or after what a reader that lags far behind has
        read) are forgotten. It may then still be served if nothing was lost: only `after` < compact revision - 1 always raises.
        Progress batches (no events) may come at any time and say that everything up to their revision was delivered.
        """

    async def compact(self, revision: Revision) -> None:
        """Forgets the history below revision: reads and watches from before it raise Compacted. Already forgotten: does nothing.

        Raises FutureRevision, Unavailable. Every backend also compacts on its own, as upstream does: 5 to 10 minutes are kept.
        """

    async def grant_lease(self, ttl: int) -> LeaseID:
        """A lease of ttl seconds; when it expires its keys are deleted (as ordinary, watched deletions), also after a restart.

        Keys go up to some seconds late. Many keys may share a lease, and should: one lease per key is expensive on etcd.
        """

    async def keep_lease_alive(self, lease: LeaseID) -> None:
        """Restarts a lease's time to live. Raises KeyError when it is gone."""

    async def revoke_lease(self, lease: LeaseID) -> None:
        """Ends a lease now and deletes its keys. Raises KeyError when it is gone."""

    async def size(self) -> int:
        """Bytes the store takes on disk (memory: the sum of values and keys)."""
