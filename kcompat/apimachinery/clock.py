"""Time and identity, injected everywhere so that tests, replay and a virtual clock can replace them.

The only module that may read the system's clock or make random values. Called by everybody.
"""

import random
import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

from kcompat.apimachinery.quote import quote

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Upstream's letters for generated names: no vowels, nothing that is mistaken for another (apimachinery util/rand)."""

_RFC3339 = "2006-01-02T15:04:05Z07:00"
_PARTS = (
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d?"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
    ("05", r"\d\d"),
    ("", r"(?:[.,]\d+)?"),
    ("Z07:00", r"Z|[+-]\d\d:\d\d"),
)
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
"""How metav1.Time is written, and so nearly every time that is read."""
_PATTERNS = tuple((layout, re.compile(pattern, re.ASCII)) for layout, pattern in _PARTS)

_UID_RANDOM = (1 << 128) - 1 & ~(0xF << 76) & ~(0x3 << 62)
_UID_FIXED = 4 << 76 | 2 << 62
"""What marks a version 4 UUID."""


class Clock(Protocol):
    """What time it is. `now` is the wall clock in UTC, `monotonic` counts seconds for measuring and never goes back."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class Identity:
    """Makes uids and name suffixes; give it a seeded `random.Random` for runs that repeat."""

    def __init__(self, source: random.Random | None = None) -> None:
        self._source = source or random.Random()

    def uid(self) -> str:
        """A version 4 UUID in its canonical text."""
        bits = self._source.getrandbits(128) & _UID_RANDOM | _UID_FIXED
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def fraction(self) -> float:
        """A number in [0, 1), for jitter."""
        return self._source.random()

    def suffix(self, n: int = 5) -> str:
        """n random characters of the alphabet of generated names."""
        return "".join(self._source.choices(SUFFIX_ALPHABET, k=n))


def rfc3339(moment: datetime) -> str:
    """As metav1.Time is written: UTC, whole seconds, `2006-01-02T15:04:05Z`."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat("T", "seconds")[:19] + "Z"


def rfc3339_micro(moment: datetime) -> str:
    """As metav1.MicroTime is written: UTC, always six decimals, `2006-01-02T15:04:05.000000Z`."""
    utc = moment.astimezone(UTC)
    return f"{rfc3339(utc)[:-1]}.{utc.microsecond:06d}Z"


def parse_rfc3339(text: str) -> datetime:
    """Reads what Go's time.Parse(time.RFC3339, …) reads, digits beyond microseconds dropped.

    Raises ValueError with Go's message. The offset is kept; compare and format in UTC.
    """
    if _PLAIN.fullmatch(text):
        with suppress(ValueError):  # a value is out of range: what follows says which
            return datetime.fromisoformat(text)
    found: list[str] = []
    position = 0
    for layout, pattern in _PATTERNS:
        match = pattern.match(text, position)
        if match is None:
            raise ValueError(_cannot_parse(text, text[position:], layout))
        found.append(match.group())
        position = match.end()
    if position < len(text):
        raise ValueError(f"parsing time {quote(text)}: extra text: {quote(text[position:])}")
    return _assemble(text, found)


def _assemble(text: str, found: list[str]) -> datetime:
    year, month, day, hour, minute, second = (int(found[index]) for index in (0, 2, 4, 6, 8, 10))
    for name, value, low, high in (("month", month, 1, 12), ("hour", hour, 0, 23), ("minute", minute, 0, 59), ("second", second, 0, 59)):
        if not low <= value <= high:
            raise ValueError(f"parsing time {quote(text)}: {name} out of range")
    zone = _zone(text, found[12])
    try:
        return datetime(year, month, day, hour, minute, second, int(found[11][1:7].ljust(6, "0")), zone)
    except ValueError:
        raise ValueError(f"parsing time {quote(text)}: day out of range") from None


def _zone(text: str, zone: str) -> timezone:
    if zone == "Z":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 24 or minutes > 60 or (hours, minutes) >= (24, 0):
        raise ValueError(f"parsing time {quote(text)}: time zone offset {'hour' if hours >= 24 else 'minute'} out of range")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)


def _cannot_parse(text: str, rest: str, layout: str) -> str:
    return f"parsing time {quote(text)} as {quote(_RFC3339)}: cannot parse {quote(rest)} as {quote(layout)}"
