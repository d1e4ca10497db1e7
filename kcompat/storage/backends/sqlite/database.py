"""The SQLite file: its schema, how it is opened, and the lock that keeps a second process away.

Called by `writer.py` and `reader.py`. The log holds every write once, under its revision; `keys` holds where each live
key's value stands in the log and is kept by triggers, so that one INSERT statement is a whole group commit.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

from kcompat.storage.interface import StorageError, Unavailable

APPLICATION_ID = 0x6B636D70
"""`kcmp`: marks a file as ours."""

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE log (
    revision INTEGER PRIMARY KEY,
    key      TEXT    NOT NULL,
    created  INTEGER NOT NULL,  -- revision at which the key came into being
    previous INTEGER NOT NULL,  -- revision of the value this one replaces; 0: none
    lease    INTEGER NOT NULL,
    value    BLOB               -- NULL: a deletion
);
CREATE TABLE keys (
    key      TEXT    PRIMARY KEY,
    revision INTEGER NOT NULL,
    lease    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX leased ON keys (lease) WHERE lease != 0;
CREATE TRIGGER log_put AFTER INSERT ON log WHEN new.value IS NOT NULL BEGIN
    INSERT INTO keys VALUES (new.key, new.revision, new.lease)
        ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, lease = excluded.lease;
END;
CREATE TRIGGER log_delete AFTER INSERT ON log WHEN new.value IS NULL BEGIN
    DELETE FROM keys WHERE key = new.key;
END;
CREATE TABLE leases (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    ttl     INTEGER NOT NULL,   -- seconds
    expires REAL    NOT NULL    -- Unix time, used only to carry the lease over a restart
);
CREATE TABLE meta (
    compacted INTEGER NOT NULL, -- oldest revision that is promised to be readable
    swept     INTEGER NOT NULL  -- superseded rows up to here are deleted
);
INSERT INTO meta VALUES (0, 0);
"""

WAL_PAGES = 2000
"""Pages after which the log file is copied back (8 MiB)."""


def connect(path: Path, *, writer: bool, durability: str = "full") -> sqlite3.Connection:
    """A connection in autocommit mode. The writer's makes the file and its schema when they are not there."""
    if writer:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # the -wal and -shm files take this mode over
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=5)
    try:
        _prepare(database, path, writer, durability)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path, writer: bool, durability: str) -> None:
    if not writer:
        database.execute("PRAGMA query_only = 1")
        return
    _check_ours(database, path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
    database.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    database.execute(f"PRAGMA journal_size_limit = {WAL_PAGES * 4096 * 2}")
    database.execute("PRAGMA cache_size = -8192")
    if _pragma(database, "user_version") == 0:
        database.executescript(
            f"BEGIN;{SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )


def _check_ours(database: sqlite3.Connection, path: Path) -> None:
    application, version = _pragma(database, "application_id"), _pragma(database, "user_version")
    if (application, version) == (0, 0) and database.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        return
    if application != APPLICATION_ID:
        raise StorageError(f"{path} is a database of another program")
    if version != SCHEMA_VERSION:
        raise StorageError(f"{path} has schema version {version}, this program knows version {SCHEMA_VERSION}")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    value: int = database.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def storage_error(error: Exception, *, writing: bool) -> StorageError:
    """What a failure of SQLite means to a caller.

    A full disk fails before the commit mark is written. After any other failure of the disk (a failed fsync) the mark may
    be there and the write may come back when the file is opened again.
    """
    if isinstance(error, OSError):
        return Unavailable(str(error))
    if not isinstance(error, sqlite3.Error):
        return StorageError(f"{type(error).__name__}: {error}")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return Unavailable(f"sqlite: {error}", maybe_applied=writing and code == sqlite3.SQLITE_IOERR)


class Lock:
    """Keeps the file to one process. The kernel drops it when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._file)
        except OSError:
            os.close(self._file)
            raise Unavailable(f"{path} is in use by another process") from None

    def release(self) -> None:
        os.close(self._file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
