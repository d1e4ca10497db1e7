"""Ending background tasks for certain. Used by informers, recorders, leader election and the controller manager."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

PATIENCE = 0.5
"""Seconds after which a task that did not end is cancelled once more: until Python 3.12 asyncio.wait_for can lose a cancellation."""


async def end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancels the tasks and returns when all have ended, whatever they raised."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=PATIENCE)
        for task in done:
            if not task.cancelled():
                task.exception()  # marks it as seen
