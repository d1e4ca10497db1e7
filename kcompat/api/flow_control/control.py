"""Classifies requests by the FlowSchemas that are stored and lets them in as their levels have seats. Called by the pipeline's flow control stage.

Upstream: util/flowcontrol/{apf_controller,apf_filter,dropped_requests_tracker}.go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kcompat.api.flow_control.levels import Level, Queuing, Served
from kcompat.api.flow_control.schemas import in_order, matches
from kcompat.api.flow_control.shares import Demand, divide, limits, shares_of
from kcompat.api.request import Request, RequestInfo, Tree
from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.reader import Reader
from kcompat.apimachinery.user import UserInfo

GROUP, SCHEMAS, LEVELS = "flowcontrol.apiserver.k8s.io", "flowschemas", "prioritylevelconfigurations"
EXEMPT, CATCH_ALL = "exempt", "catch-all"
_REMEMBERED = 8192
_MOST_RETRY_AFTER = 32


class Flow(NamedTuple):
    """What a request is classified as. `by`: how flows of the schema are told apart. `headers`: of its answer."""

    schema: str
    by: str
    level: Level
    headers: Mapping[str, str]


class FlowControl:
    """The levels of one server. `mandatory`: schemas and levels that hold while they are not stored."""

    def __init__(self, reader: Reader, clock: Clock, total: int, mandatory: Iterable[Tree]) -> None:
        self._reader = reader
        self.clock = clock
        self._total = total
        self._mandatory = list(mandatory)
        self._flows: dict[object, Flow] = {}
        self._schemas: list[Tree] = []
        self._dropped: dict[str, Dropped] = {}
        self._following = False
        self.levels: dict[str, Level] = {}
        self.stale = True
        """Whether the configuration has changed since it was read."""
        self.changed = asyncio.Event()
        """Set when what is stored, conditions included, is another."""

    # -- requests ------------------------------------------------------------------------------------------------------

    def classify(self, user: UserInfo, info: RequestInfo) -> Flow:
        """The flow of a request; decided once for all requests that are alike."""
        if info.resource_request:
            key: object = (user.name, user.groups, info.verb, info.group, info.resource, info.subresource, info.namespace)
        else:
            key = (user.name, user.groups, info.verb, info.path)
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= _REMEMBERED:
                self._flows.clear()
            flow = self._flows[key] = self._decide(user, info)
        return flow

    def _decide(self, user: UserInfo, info: RequestInfo) -> Flow:
        schema = next((schema for schema in self._schemas if matches(schema, user, info)), None)
        if schema is None:
            schema = next(schema for schema in self._schemas if meta.name(schema) == CATCH_ALL)
        level = self.levels[_level_of(schema)]
        headers = {"X-Kubernetes-PF-FlowSchema-UID": meta.uid(schema), "X-Kubernetes-PF-PriorityLevel-UID": level.uid}
        return Flow(meta.name(schema), (schema["spec"].get("distinguisherMethod") or {}).get("type", ""), level, headers)

    def served(self, request: Request, flow: Flow) -> Served:
        return Served(request, flow.schema, _distinguisher(request, flow.by) if flow.by else "", self.clock.monotonic())

    def retry_after(self, level: Level) -> int:
        """Notes that a request was turned away. Returns after how many seconds its client may come again."""
        dropped = self._dropped.setdefault(level.name, Dropped())
        return dropped.note(int(self.clock.monotonic()))

    # -- configuration -------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Reads the configuration that is stored now, and follows it from now on."""
        if not self._following:
            self._following = True
            for plural in (SCHEMAS, LEVELS):
                self._reader.on_change(GROUP, plural, self._changed)
        self.stale = False
        self.digest(await self._reader.list(GROUP, SCHEMAS), await self._reader.list(GROUP, LEVELS))

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        if old is None or new is None or old.get("spec") != new.get("spec"):
            self.stale = True
            self.changed.set()
        elif old.get("status") != new.get("status"):
            self.changed.set()

    def digest(self, schemas: Iterable[Tree], levels: Iterable[Tree]) -> None:
        """Takes a configuration over. Schemas whose level is not there are not used."""
        found = {meta.name(level): level for level in (*self._imagined("PriorityLevelConfiguration"), *levels)}
        share_sum = sum(shares_of(level["spec"]) for level in found.values())
        for name, level in found.items():
            known = self.levels.setdefault(name, Level(name, "", level["spec"].get("type") == "Exempt"))
            known.configure(meta.uid(level), _queuing(level), limits(level["spec"], self._total, share_sum))
        for name in self.levels.keys() - found.keys():
            self.levels[name].quiescing = True
        self.levels = {name: level for name, level in self.levels.items() if not (level.quiescing and level.idle)}
        by_name = {meta.name(schema): schema for schema in (*self._imagined("FlowSchema"), *schemas)}
        self._schemas = in_order(schema for schema in by_name.values() if _level_of(schema) in found)
        self._flows.clear()
        self.rebalance(forget=False)

    def _imagined(self, kind: str) -> list[Tree]:
        return [tree for tree in self._mandatory if tree["kind"] == kind]

    def rebalance(self, forget: bool = True) -> None:
        """Divides the seats anew by what levels needed since the last time (updateBorrowingLocked)."""
        peaks = {name: level.demand() if forget else level.peak for name, level in self.levels.items()}
        limited = [level for level in self.levels.values() if not level.exempt]
        least = [max(level.limits.minimum, min(level.limits.nominal, peaks[level.name])) for level in limited]
        nominal = sum(level.limits.nominal for level in self.levels.values())
        left = nominal - sum(max(level.limits.minimum, peaks[level.name]) for level in self.levels.values() if level.exempt)
        guaranteed, wanted = sum(level.limits.minimum for level in limited), sum(least)
        if left <= guaranteed:
            seats = [level.limits.minimum for level in limited]
        elif left <= wanted:
            share = (left - guaranteed) / (wanted - guaranteed)
            seats = [level.limits.minimum + round((low - level.limits.minimum) * share) for level, low in zip(limited, least, strict=True)]
        else:
            demands = [
                Demand(low, level.limits.maximum, max(low, level.smoothed)) for level, low in zip(limited, least, strict=True)
            ]
            seats = divide(nominal, demands)
        for level, count in zip(limited, seats, strict=True):
            level.seats = count
            level.dispatch()


class Dropped:
    """How long clients of a level are asked to stay away: longer while many are turned away, shorter when few are."""

    def __init__(self) -> None:
        self.seconds = 1
        self._history: deque[tuple[int, int]] = deque()
        self._now, self._count, self._raised = 0, 0, -_MOST_RETRY_AFTER

    def note(self, now: int) -> int:
        """One more was turned away in this second."""
        if now != self._now:
            self._history.append((self._now, self._count))
            while self._history and now - self._history[0][0] > min(2 * self.seconds, _MOST_RETRY_AFTER):
                self._history.popleft()
            self._now, self._count = now, 0
            self._adapt(now)
        self._count += 1
        return self.seconds

    def _adapt(self, now: int) -> None:
        recent = sum(count for second, count in self._history if now - second <= self.seconds)
        if now - self._raised >= self.seconds and recent >= 3 * self.seconds:
            self.seconds, self._raised = min(2 * self.seconds, _MOST_RETRY_AFTER), now
        elif recent < self.seconds and self.seconds > 1:
            self.seconds -= 1


def _level_of(schema: Tree) -> str:
    name: str = (schema["spec"].get("priorityLevelConfiguration") or {}).get("name", "")
    return name


def _queuing(level: Tree) -> Queuing | None:
    response = (level["spec"].get("limited") or {}).get("limitResponse") or {}
    queuing = response.get("queuing")
    if response.get("type") != "Queue" or queuing is None:
        return None
    return Queuing(queuing["queues"], queuing["handSize"], queuing["queueLengthLimit"])


def _distinguisher(request: Request, by: str) -> str:
    return request.user.name if by == "ByUser" else request.info.namespace
