"""Growing delays with jitter, as client-go's wait.Backoff. Used by informers, leader election and events."""

from __future__ import annotations

from kcompat.apimachinery.clock import Identity


def fraction(identity: Identity) -> float:
    """A random number in [0, 1)."""
    return int(identity.uid()[:8], 16) / 2**32


def jitter(identity: Identity, delay: float, factor: float = 1.0) -> float:
    """Between delay and delay * (1 + factor), seconds (upstream: wait.Jitter)."""
    return delay * (1.0 + factor * fraction(identity))


class Backoff:
    """Delays that double from `first` to `cap` seconds and start over when `reset` seconds passed since the last one."""

    def __init__(self, identity: Identity, first: float = 0.8, cap: float = 30.0, reset: float = 120.0) -> None:
        self._identity = identity
        self._first, self._cap, self._reset = first, cap, reset
        self._next, self._last = first, 0.0

    def next(self, now: float) -> float:
        """The delay to wait now; now: the event loop's time."""
        if now - self._last > self._reset:
            self._next = self._first
        self._last = now
        delay = self._next
        self._next = min(delay * 2.0, self._cap)
        return jitter(self._identity, delay)
