"""The store in one SQLite file: durable, for one process.

`backend.py` is what others call; `writer.py` owns the only connection that writes, `reader.py` those that read,
`database.py` opens and describes the file.
"""

from kcompat.storage.backends.sqlite.backend import SqliteBackend

__all__ = ["SqliteBackend"]
