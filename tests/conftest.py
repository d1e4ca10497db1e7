"""What every test needs."""

import asyncio
import os

from hypothesis import settings

asyncio.set_event_loop(None)  # else looptime's plugin makes a loop for the first test without one, which nobody closes

settings.register_profile("ci", derandomize=True, deadline=None)  # CI judges the change; new counterexamples are found at the desk
if os.environ.get("CI"):
    settings.load_profile("ci")
