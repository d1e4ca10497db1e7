"""Leases in the SQLite store.

Called by `backend.py`, the functions that take a writer within the writer's thread. When a lease runs out is decided by
`storage/leases.py`; the table only carries leases over a restart.
"""

from __future__ import annotations

from typing import NamedTuple

from kcompat.storage.backends.sqlite.writer import GROUP_LIMIT, Committed, Write, Writer
from kcompat.storage.interface import ANY, LeaseID


class Lease(NamedTuple):
    """`ttl` in seconds, `expires` in Unix time as of the last renewal."""

    id: LeaseID
    ttl: int
    expires: float


def load(writer: Writer) -> list[Lease]:
    """The leases in the file. Called before the writer's thread starts."""
    leases = [Lease(*row) for row in writer.database.execute("SELECT id, ttl, expires FROM leases")]
    writer.leases.update(lease.id for lease in leases)
    return leases


def grant(writer: Writer, ttl: int, expires: float) -> LeaseID:
    """Ids are never given twice: a holder that was away must not prolong somebody else's lease."""
    cursor = writer.database.execute("INSERT INTO leases (ttl, expires) VALUES (?, ?)", (ttl, expires))
    lease = cursor.lastrowid or 0
    writer.leases.add(lease)
    return lease


def renew(writer: Writer, lease: LeaseID, expires: float) -> None:
    writer.database.execute("UPDATE leases SET expires = ? WHERE id = ?", (expires, lease))


def revoke(writer: Writer, lease: LeaseID) -> None:
    """Deletes the lease and its keys in one commit, each key at a revision of its own. Raises KeyError when it is gone."""
    if lease not in writer.leases:
        raise KeyError(lease)
    keys = [key for (key,) in writer.database.execute("SELECT key FROM keys WHERE lease = ? ORDER BY key", (lease,))]
    done: list[Committed] = []
    with writer.transaction():
        for first in range(0, len(keys), GROUP_LIMIT):
            done.append(writer.apply([Write(key, None, ANY, 0, None) for key in keys[first : first + GROUP_LIMIT]]))
        writer.database.execute("DELETE FROM leases WHERE id = ?", (lease,))
    writer.leases.discard(lease)
    for committed in done:
        writer.deliver((), committed)
