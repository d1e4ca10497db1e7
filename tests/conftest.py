"""What every test needs."""

import asyncio

asyncio.set_event_loop(None)  # else looptime's plugin makes a loop for the first test without one, which nobody closes
