"""/debug/api_priority_and_fairness/dump_*: levels, queues and requests as tables. Called by `api/documents.py`.

Upstream: util/flowcontrol/apf_controller_debug.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from kcompat.api.flow_control.control import FlowControl
from kcompat.api.flow_control.levels import Level, Served
from kcompat.apimachinery.clock import rfc3339_micro

_NARROWEST = 8
_REQUEST = (
    "PriorityLevelName", "FlowSchemaName", "QueueIndex", "RequestIndexInQueue", "FlowDistingsher", "ArriveTime", "InitialSeats", "FinalSeats",
    "AdditionalLatency", "StartTime",
)  # fmt: skip
_DETAILS = ("UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource")


def dump(control: FlowControl, what: str, details: bool) -> str | None:
    """None: no such dump."""
    made: dict[str, Callable[[], str]] = {
        "dump_priority_levels": lambda: table(_levels(control)),
        "dump_queues": lambda: table(_queues(control)),
        "dump_requests": lambda: table(_requests(control, details)),
    }
    return made[what]() if what in made else None


def table(rows: Iterable[Sequence[str]]) -> str:
    """Cells with commas between them, columns aligned."""
    cells = [[*(f"{cell}," for cell in row[:-1]), row[-1]] for row in rows]
    widths = [max(_NARROWEST, *(len(row[index]) + 1 for row in cells)) for index in range(len(cells[0]) - 1)]
    return "".join("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + row[-1] + "\n" for row in cells)


def _levels(control: FlowControl) -> Iterable[Sequence[str]]:
    yield (
        "PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests", "DispatchedRequests",
        "RejectedRequests", "TimedoutRequests", "CancelledRequests",
    )  # fmt: skip
    for name, level in sorted(control.levels.items()):
        counts = (level.waiting, len(level.running), level.dispatched, level.rejected, level.timed_out, level.cancelled)
        active = sum(bool(queue) for queue in level.queues)
        yield (name, str(active), str(level.idle).lower(), str(level.quiescing).lower(), *map(str, counts))


def _queues(control: FlowControl) -> Iterable[Sequence[str]]:
    """Requests that are worked on belong to no queue here, and work is counted in requests."""
    yield (
        "PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse", "NextDispatchR", "InitialSeatsSum", "MaxSeatsSum",
        "TotalWorkSum",
    )  # fmt: skip
    for level in control.levels.values():
        for index, queue in enumerate(level.queues):
            pending = str(len(queue))
            yield (level.name, str(index), pending, "0", "0", "0.00000000ss", pending, pending, f"{len(queue)}.00000000ss")


def _requests(control: FlowControl, details: bool) -> Iterable[Sequence[str]]:
    yield (*_REQUEST, *(_DETAILS if details else ()))
    for level in control.levels.values():
        for index, place, served in level.waiters():
            yield _request(control, level, served, index, place, details)
        for served in level.running.values():
            yield _request(control, level, served, -1, -1, details)


def _request(control: FlowControl, level: Level, served: Served, index: int, place: int, details: bool) -> Sequence[str]:
    clock, info = control.clock, served.request.info
    arrived = rfc3339_micro(clock.now() - timedelta(seconds=clock.monotonic() - served.since))
    row = (level.name, served.schema, str(index), str(place), served.distinguisher, arrived, "1", "0", "0s", arrived)
    if not details:
        return row
    version = f"{info.group}/{info.version}" if info.group else info.version
    return (*row, served.request.user.name, info.verb, info.path, info.namespace, info.name, version, info.resource, info.subresource)
