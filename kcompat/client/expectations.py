"""What a controller has asked for and not yet seen: until its creations and deletions come back through the informer it must not
decide again on a stale view (upstream: pkg/controller/controller_utils.go ControllerExpectations, UIDTrackingControllerExpectations).

Keys are the controller's work queue keys. Used by controllers that make or remove pods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

TIMEOUT = 300.0
"""Seconds after which an expectation is given up: the event was lost, or never came."""


@dataclass(slots=True)
class _Expected:
    creations: int
    deletions: set[str] = field(default_factory=set)
    since: float = 0.0


class Expectations:
    """Creations are counted, deletions are known by the object's uid so that none is counted twice."""

    def __init__(self) -> None:
        self._expected: dict[str, _Expected] = {}

    def satisfied(self, key: str) -> bool:
        """Everything asked for was seen, or was asked for too long ago, or nothing was."""
        expected = self._expected.get(key)
        if expected is None or (expected.creations <= 0 and not expected.deletions):
            return True
        return asyncio.get_running_loop().time() - expected.since > TIMEOUT

    def expect(self, key: str, creations: int, deletions: Iterable[str] = ()) -> None:
        """So many creations and the deletions of these uids, instead of what was expected before."""
        self._expected[key] = _Expected(creations, set(deletions), asyncio.get_running_loop().time())

    def expect_creations(self, key: str, count: int) -> None:
        self.expect(key, count)

    def expect_deletions(self, key: str, uids: Iterable[str]) -> None:
        self.expect(key, 0, uids)

    def creation_observed(self, key: str, count: int = 1) -> None:
        """A creation was seen, or will never be because it failed."""
        if (expected := self._expected.get(key)) is not None:
            expected.creations -= count

    def deletion_observed(self, key: str, uid: str) -> None:
        if (expected := self._expected.get(key)) is not None:
            expected.deletions.discard(uid)

    def forget(self, key: str) -> None:
        self._expected.pop(key, None)
