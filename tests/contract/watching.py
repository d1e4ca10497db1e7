"""Reading watches in tests, with a limit on patience."""

import asyncio

from kcompat.storage.interface import Batch, Event, Revision, Watch

PATIENCE = 15


async def read(watch: Watch) -> Batch:
    return await asyncio.wait_for(anext(watch), PATIENCE)


async def read_events(watch: Watch, count: int) -> list[Event]:
    """Exactly `count` events: more in the last batch fail."""
    events: list[Event] = []
    while len(events) < count:
        events.extend((await read(watch)).events)
    assert len(events) == count
    return events


async def read_to(watch: Watch, revision: Revision) -> list[Event]:
    """All events until a batch has brought the watch to `revision`."""
    events: list[Event] = []
    while True:
        batch = await read(watch)
        events.extend(batch.events)
        if batch.revision >= revision:
            return events
