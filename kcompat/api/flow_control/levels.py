"""The seats and queues of one priority level. Called by `control.py`.

Each request takes one seat while it is worked on (upstream counts long lists as several). When all are taken, a request waits in one of the few
queues that its flow is dealt, the shortest, so that a flow that sends many fills only its own; queues are served in turn. Upstream:
util/flowcontrol/fairqueuing/queueset/queueset.go, util/shufflesharding/dealer.go.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kcompat.api.flow_control.shares import Limits
from kcompat.api.request import Request

_MEMORY = 0.977
"""How much of its earlier demand a level remembers when seats are divided anew."""


_NONE = Limits(0, 0, 0)


class Queuing(NamedTuple):
    """limitResponse.queuing of a level."""

    queues: int
    hand_size: int
    length: int


class Served(NamedTuple):
    """A request that is worked on or waits, for dumps. `since` is monotonic."""

    request: Request
    schema: str
    distinguisher: str
    since: float


@dataclass(slots=True, eq=False)
class _Waiting:
    served: Served
    granted: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Level:
    """`queuing` None: what finds no seat is rejected. Counters are for dumps."""

    name: str
    uid: str
    exempt: bool
    queuing: Queuing | None = None
    limits: Limits = _NONE
    seats: int = 0
    """How many requests may be worked on now."""
    running: dict[int, Served] = field(default_factory=dict)
    queues: list[deque[_Waiting]] = field(default_factory=list)
    waiting: int = 0
    quiescing: bool = False
    peak: int = 0
    """The greatest demand since seats were last divided."""
    smoothed: float = 0.0
    dispatched: int = 0
    rejected: int = 0
    timed_out: int = 0
    cancelled: int = 0
    _turn: int = 0

    @property
    def idle(self) -> bool:
        return not self.running and not self.waiting

    def configure(self, uid: str, queuing: Queuing | None, limits: Limits) -> None:
        """Takes over a changed configuration; queues that are no longer wanted drain."""
        self.uid, self.queuing, self.limits, self.quiescing = uid, queuing, limits, False
        wanted = queuing.queues if queuing is not None else 0
        while self.queues and len(self.queues) > wanted and not self.queues[-1]:
            self.queues.pop()
        self.queues += [deque() for _ in range(wanted - len(self.queues))]

    def try_start(self, served: Served) -> bool:
        """Takes a seat if one is free and nobody was there before."""
        running = self.running
        demand = len(running) + 1
        if not self.exempt and (demand > self.seats or self.waiting):
            return False
        running[id(served.request)] = served
        self.dispatched += 1
        if demand > self.peak:
            self.peak = demand
        return True

    async def wait(self, served: Served, flow: str, seconds: float) -> bool:
        """Waits for a seat; False: there is no room to wait, or it took too long."""
        queue = self._choose(flow)
        if queue is None or self.queuing is None or len(queue) >= self.queuing.length:
            self.rejected += 1
            return False
        waiting = _Waiting(served, asyncio.get_running_loop().create_future())
        queue.append(waiting)
        self.waiting += 1
        self.peak = max(self.peak, len(self.running) + self.waiting)
        try:
            async with asyncio.timeout(seconds):
                await waiting.granted
        except TimeoutError:
            if not waiting.granted.done() or waiting.granted.cancelled():
                self._forget(queue, waiting)
                self.timed_out += 1
                return False
        except BaseException:
            if waiting.granted.done() and not waiting.granted.cancelled():
                self.finish(served.request)
            else:
                self._forget(queue, waiting)
                self.cancelled += 1
            raise
        return True

    def finish(self, request: Request) -> None:
        """Gives a seat to who waits."""
        del self.running[id(request)]
        if self.waiting:
            self.dispatch()

    def dispatch(self) -> None:
        """Lets requests in while there are seats, one queue after the other."""
        while self.waiting and len(self.running) < self.seats:
            self._turn = (self._turn + 1) % len(self.queues)
            queue = self.queues[self._turn]
            if queue:
                waiting = queue.popleft()
                self.waiting -= 1
                self.dispatched += 1
                self.running[id(waiting.served.request)] = waiting.served
                waiting.granted.set_result(None)

    def demand(self) -> int:
        """The greatest demand of the last while, which is then forgotten; what was before is remembered in `smoothed`."""
        peak, self.peak = self.peak, len(self.running) + self.waiting
        self.smoothed = max(float(peak), _MEMORY * self.smoothed + (1 - _MEMORY) * peak)
        return peak

    def _choose(self, flow: str) -> deque[_Waiting] | None:
        if self.queuing is None or not self.queues:
            return None
        value = int.from_bytes(hashlib.sha256(flow.encode()).digest()[:8], "little")
        return min((self.queues[index] for index in deal(value, self.queuing.queues, self.queuing.hand_size)), key=len)

    def _forget(self, queue: deque[_Waiting], waiting: _Waiting) -> None:
        queue.remove(waiting)
        self.waiting -= 1

    def waiters(self) -> Iterator[tuple[int, int, Served]]:
        """(queue, place in it, request) of all that wait."""
        for index, queue in enumerate(self.queues):
            for place, waiting in enumerate(queue):
                yield index, place, waiting.served


def deal(value: int, deck: int, hand: int) -> list[int]:
    """`hand` different cards of a deck, decided by a hash value (Dealer.Deal)."""
    left = [*range(deck)]
    cards = []
    for size in range(deck, deck - min(hand, deck), -1):
        value, index = divmod(value, size)
        cards.append(left.pop(index))
    return cards
