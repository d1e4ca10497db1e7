"""See `asyncio.set_event_loop` below."""

import asyncio

asyncio.set_event_loop(None)  # else looptime's plugin makes a loop before the first async test that nobody closes
