"""A process that writes to a store with 16 writers until it is killed, and prints each write once it is acknowledged.

Usage: python writing_child.py ENDPOINT PREFIX. A line is `revision key value`; every writer updates keys of its own by
compare-and-swap and now and then deletes one (value `-`).
"""

import asyncio
import os
import sys

from kcompat.apimachinery.clock import SystemClock
from kcompat.storage.backends import open_backend
from kcompat.storage.interface import Backend, Revision, Unavailable

WRITERS = 16


async def write(store: Backend, prefix: str, worker: int) -> None:
    held: dict[str, Revision] = {}
    for number in range(1_000_000):
        key = f"{prefix}{worker:02}/{number % 5}"
        value = f"{worker}.{number}" if number % 11 else None
        if value is None and key not in held:
            continue
        try:
            revision = await store.write(key, value.encode() if value else None, expect=held.get(key, 0))
        except Unavailable:
            return  # the server was killed: this write was not acknowledged
        if value is None:
            del held[key]
        else:
            held[key] = revision
        os.write(1, f"{revision} {key} {value or '-'}\n".encode())


async def main(endpoint: str, prefix: str) -> None:
    store = open_backend(endpoint, clock=SystemClock())
    await store.start()
    await asyncio.gather(*(write(store, prefix, worker) for worker in range(WRITERS)))
    await store.close()


asyncio.run(main(sys.argv[1], sys.argv[2]))
