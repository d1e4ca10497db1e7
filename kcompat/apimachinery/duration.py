"""Durations in nanoseconds: Go's text of them (metav1.Duration, flags, `timeout=`) and the short forms of kubectl's AGE columns.

Called by request options, Table columns and components' configuration. Answers Go's time.ParseDuration and Duration.String, and
apimachinery pkg/util/duration.
"""

import re
from typing import Final

from kcompat.apimachinery.quote import quote

NANOSECOND: Final = 1
MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

_UNITS = {
    "ns": NANOSECOND, "us": MICROSECOND, "µs": MICROSECOND, "μs": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR,
}  # fmt: skip
_PART = re.compile(r"([0-9]*)(\.[0-9]*)?([^.0-9]*)", re.ASCII)
_DAY = 24
_YEAR = 24 * 365


def of_seconds(seconds: int) -> int:
    """Nanoseconds of a number of seconds as Go multiplies them, in 64 bits: beyond 292 years they begin anew, below zero."""
    return (seconds * SECOND + (1 << 63)) % (1 << 64) - (1 << 63)


class DurationError(ValueError):
    """A text that is no duration; the message is Go's."""


def parse(text: str) -> int:
    """Nanoseconds of a text such as `1h30m`, `-1.5s`, `0`; raises DurationError."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise DurationError(f"time: invalid duration {quote(text)}")
    total = 0
    while rest:
        amount, rest = _part(text, rest)
        total += amount
        if total > 2**63:
            raise DurationError(f"time: invalid duration {quote(text)}")
    if total == 2**63 and sign > 0:
        raise DurationError(f"time: invalid duration {quote(text)}")
    return sign * total


def _part(text: str, rest: str) -> tuple[int, str]:
    """(nanoseconds of the first number and unit, what follows them)."""
    match = _PART.match(rest)
    whole, fraction, unit = match.groups(default="") if match else ("", "", "")
    if not whole and fraction in ("", "."):
        raise DurationError(f"time: invalid duration {quote(text)}")
    if not unit:
        raise DurationError(f"time: missing unit in duration {quote(text)}")
    if unit not in _UNITS:
        raise DurationError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    if len(whole) > 40:
        raise DurationError(f"time: invalid duration {quote(text)}")
    digits = fraction[1:40]
    part = int(digits or "0") * _UNITS[unit] // 10 ** len(digits)
    return int(whole or "0") * _UNITS[unit] + part, rest[match.end() :] if match else ""


def text(duration: int) -> str:
    """Go's text: `1h30m0s`, `1.5s`, `100ns`, `0s`."""
    if not duration:
        return "0s"
    sign, size = ("-", -duration) if duration < 0 else ("", duration)
    if size < SECOND:
        unit, factor = next((unit, factor) for unit, factor in (("ns", 1), ("µs", 1000), ("ms", 1_000_000)) if size < factor * 1000)
        return f"{sign}{_decimal(size, factor)}{unit}"
    hours, rest = divmod(size, HOUR)
    minutes, seconds = divmod(rest, MINUTE)
    shown = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{shown}{_decimal(seconds, SECOND)}s"


def _decimal(value: int, factor: int) -> str:
    whole, part = divmod(value, factor)
    digits = str(part).rjust(len(str(factor)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def human(seconds: float) -> str:
    """Two or three significant figures, as kubectl shows ages: `90s`, `5m3s`, `3h`, `2d4h`, `400d` (upstream: HumanDuration)."""
    whole = int(seconds)
    if whole < 120:
        return "<invalid>" if whole < -1 else f"{max(whole, 0)}s"
    minutes, hours = whole // 60, whole // 3600
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 8 * _DAY:
        return _pair(hours // _DAY, "d", hours % _DAY, "h")
    if hours < 2 * _YEAR:
        return f"{hours // _DAY}d"
    return _pair(hours // _YEAR, "y", hours // _DAY % 365, "d") if hours < 8 * _YEAR else f"{hours // _YEAR}y"


def _pair(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first}{first_unit}{second}{second_unit}" if second else f"{first}{first_unit}"


def short_human(seconds: float) -> str:
    """One unit only: `90s` becomes `1m` (upstream: ShortHumanDuration)."""
    whole = int(seconds)
    if whole < 60:
        return "<invalid>" if whole < -1 else f"{max(whole, 0)}s"
    hours = whole // 3600
    if hours < _DAY:
        return f"{hours}h" if hours else f"{whole // 60}m"
    return f"{hours // _DAY}d" if hours < _YEAR else f"{hours // _YEAR}y"
