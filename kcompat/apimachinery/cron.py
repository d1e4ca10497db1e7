"""Cron schedules in the grammar that CronJobs accept: five fields or a descriptor. Called by validation and the CronJob controller.

Answers github.com/robfig/cron/v3 parser.go:ParseStandard, spec.go:SpecSchedule.Next and constantdelay.go, its messages included.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from kcompat.apimachinery import duration
from kcompat.apimachinery.quote import quote

_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {name: index for index, name in enumerate(_MONTH_NAMES, 1)}
_DAYS: Final = {name: index for index, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_INT64: Final = 2**63
_YEARS_AHEAD: Final = 5


class CronError(ValueError):
    """A text that is no schedule; the message is upstream's."""


class Schedule(Protocol):
    def next(self, after: datetime) -> datetime | None:
        """The first moment of the schedule later than `after`, in the zone of that; None if there is none within five years."""


@dataclass(frozen=True, slots=True)
class _Field:
    low: int
    high: int
    names: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Values:
    """The values one field allows; `star` when it restricts nothing."""

    allowed: frozenset[int]
    star: bool = False

    def __contains__(self, value: int) -> bool:
        return value in self.allowed


_FIELDS: Final = (_Field(0, 59, {}), _Field(0, 23, {}), _Field(1, 31, {}), _Field(1, 12, _MONTHS), _Field(0, 6, _DAYS))
_DESCRIPTORS: Final = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """Minute, hour, day of month, month and day of week. Days match if either field does, unless one of them is a star."""

    minutes: _Values
    hours: _Values
    days: _Values
    months: _Values
    weekdays: _Values
    _: KW_ONLY
    zone: tzinfo | None = None

    def next(self, after: datetime) -> datetime | None:
        moment = (after.astimezone(self.zone) if self.zone else after).replace(second=0, microsecond=0)
        moment = _later(moment, timedelta(minutes=1))
        last_year = moment.year + _YEARS_AHEAD
        while moment.year <= last_year:
            if moment.month not in self.months:
                moment = _month_after(moment)
            elif not self._is_day(moment):
                moment = _day_after(moment)
            elif moment.hour not in self.hours:
                moment = _later(moment.replace(minute=0), timedelta(hours=1))
            elif moment.minute not in self.minutes:
                moment = _later(moment, timedelta(minutes=1))
            else:
                return moment.astimezone(after.tzinfo) if self.zone else moment
        return None

    def _is_day(self, moment: datetime) -> bool:
        of_month, of_week = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return (of_month and of_week) if self.days.star or self.weekdays.star else (of_month or of_week)


@dataclass(frozen=True, slots=True)
class EverySchedule:
    """Once in a while, in whole seconds and at least one."""

    period: timedelta

    def next(self, after: datetime) -> datetime | None:
        return after.replace(microsecond=0) + self.period


def _later(moment: datetime, by: timedelta) -> datetime:
    """As time passes, not as the clock on the wall shows: over a change of clocks an hour may come twice or not at all."""
    if moment.tzinfo is None:
        return moment + by
    return (moment.astimezone(ZoneInfo("UTC")) + by).astimezone(moment.tzinfo)


def _day_after(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, fold=0) + timedelta(days=1)


def _month_after(moment: datetime) -> datetime:
    first = moment.replace(day=1, hour=0, minute=0, fold=0)
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def parse(text: str) -> CronSchedule | EverySchedule:
    """Reads a schedule; raises CronError with upstream's message."""
    if not text:
        raise CronError("empty spec string")
    zone: tzinfo | None = None
    if text.startswith(("TZ=", "CRON_TZ=")):
        name, space, rest = text.partition("=")[2].partition(" ")
        if not space:  # upstream's parser panics; its caller turns that into an error
            raise CronError("invalid schedule format: runtime error: slice bounds out of range [:-1]")
        zone, text = _zone(name), rest.strip()
    if text.startswith("@"):
        return _descriptor(text, zone)
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    return CronSchedule(*(_values(field, bounds) for field, bounds in zip(fields, _FIELDS, strict=True)), zone=zone)


def load_location(name: str) -> tzinfo:
    """The time zone of this name; raises CronError with Go's text (time.LoadLocation)."""
    try:
        return ZoneInfo(name or "UTC")
    except (OSError, ValueError, KeyError):
        raise CronError(f"unknown time zone {name}") from None


def _zone(name: str) -> tzinfo:
    try:
        return load_location(name)
    except CronError as error:
        raise CronError(f"provided bad location {name}: {error}") from None


def _descriptor(text: str, zone: tzinfo | None) -> CronSchedule | EverySchedule:
    if fields := _DESCRIPTORS.get(text):
        return CronSchedule(*(_values(field, bounds) for field, bounds in zip(fields.split(), _FIELDS, strict=True)), zone=zone)
    if not text.startswith("@every "):
        raise CronError(f"unrecognized descriptor: {text}")
    try:
        period = duration.parse(text.removeprefix("@every "))
    except duration.DurationError as error:
        raise CronError(f"failed to parse duration {text}: {error}") from None
    return EverySchedule(timedelta(seconds=max(period // duration.SECOND, 1)))


def _values(text: str, bounds: _Field) -> _Values:
    """A list of ranges (getField)."""
    parts = [_range(part, bounds) for part in text.split(",") if part]
    return _Values(frozenset().union(*(part.allowed for part in parts)), any(part.star for part in parts))


def _range(text: str, bounds: _Field) -> _Values:
    """`*`, `1`, `1-5`, each also with `/step` (getRange)."""
    spread, *steps = text.split("/")
    low, *highs = spread.split("-")
    star = low in ("*", "?")
    if star:
        start, end = bounds.low, bounds.high
    elif len(highs) > 1:
        _number(low, bounds)
        raise CronError(f"too many hyphens: {text}")
    else:
        start = _number(low, bounds)
        end = _number(highs[0], bounds) if highs else start
    if len(steps) > 1:
        raise CronError(f"too many slashes: {text}")
    step = _integer(steps[0]) if steps else 1
    if steps and not highs:
        end = bounds.high
    _check(start, end, step, text, bounds)
    return _Values(frozenset(range(start, end + 1, step)), star and step <= 1)


def _check(start: int, end: int, step: int, text: str, bounds: _Field) -> None:
    if start < bounds.low:
        raise CronError(f"beginning of range ({start}) below minimum ({bounds.low}): {text}")
    if end > bounds.high:
        raise CronError(f"end of range ({end}) above maximum ({bounds.high}): {text}")
    if start > end:
        raise CronError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise CronError(f"step of range should be a positive number: {text}")


def _number(text: str, bounds: _Field) -> int:
    named = bounds.names.get(text.lower())
    return named if named is not None else _integer(text)


def _integer(text: str) -> int:
    """mustParseInt, on strconv.Atoi."""
    if not re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII):
        raise CronError(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: invalid syntax")
    value = int(text)
    if not -_INT64 <= value < _INT64:
        raise CronError(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: value out of range")
    if value < 0:
        raise CronError(f"negative number ({value}) not allowed: {text}")
    return value
