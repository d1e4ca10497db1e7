import pytest

from kcompat.client import informer


@pytest.fixture
def looptime_free_backoff(monkeypatch):
    """Informers that try again after a millisecond."""
    monkeypatch.setattr(informer.Backoff, "next", lambda self, now: 0.001)
