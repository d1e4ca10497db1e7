import asyncio

import pytest

from kcompat.client import informer

asyncio.set_event_loop(None)  # or looptime's plugin makes one for the first test without a loop, and nobody closes it


@pytest.fixture
def looptime_free_backoff(monkeypatch):
    """Informers that try again after a millisecond."""
    monkeypatch.setattr(informer.Backoff, "next", lambda self, now: 0.001)
