"""Times as Go's time.Parse reads them, with its error texts, written again in UTC. Called by own_json.

Answers Go time/format.go:Parse for the two layouts the API uses.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

RFC3339: Final = "2006-01-02T15:04:05Z07:00"
RFC3339_MICRO: Final = "2006-01-02T15:04:05.000000Z07:00"
ZERO: Final = "0001-01-01T00:00:00"

# Literal before the element, the element, its width and the range name of Go's message with the largest value.
_ELEMENTS: Final = (
    ("", "2006", 4, "", 9999), ("-", "01", 2, "month", 12), ("-", "02", 2, "", 99), ("T", "15", 2, "hour", 23),
    (":", "04", 2, "minute", 59), (":", "05", 2, "second", 59),
)  # fmt: skip
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class TimeError(ValueError):
    """Text that is not a time; the message is Go's."""


def parse(text: str, *, micro: bool = False) -> tuple[str, int]:
    """The instant as UTC text to the second, `2024-01-02T03:04:05`, and its nanoseconds; raises TimeError."""
    if len(text) == 20 and not micro and text[10] == "T" and text[19] == "Z" and text.isascii():
        try:
            datetime.fromisoformat(text)
            return text[:19], 0
        except ValueError:
            pass
    return _Parser(text, RFC3339_MICRO if micro else RFC3339).parse()


class _Parser:
    def __init__(self, text: str, layout: str) -> None:
        self.text = self.rest = text
        self.layout = layout

    def parse(self) -> tuple[str, int]:
        numbers = [self._element(*element) for element in _ELEMENTS]
        nanoseconds = self._fraction()
        offset = self._zone()
        if self.rest:
            raise TimeError(f"parsing time {quote(self.text)}: extra text: {quote(self.rest)}")
        year, month, day = numbers[:3]
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if not 1 <= day <= (_DAYS[month - 1] if month != 2 or leap else 28):
            raise self._out_of_range("day")
        text = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*numbers)
        return (_shifted(text, offset) if offset else text), nanoseconds

    def _element(self, literal: str, element: str, width: int, name: str, largest: int) -> int:
        if not self.rest.startswith(literal):
            raise self._bad(self.rest, literal)
        hold = self.rest = self.rest[len(literal) :]
        if element == "15" and _digits(hold[:1]) and not _digits(hold[1:2]):
            width = 1  # Go takes one digit for hours
        if len(hold) < width or not _digits(hold[:width]):
            raise self._bad(hold, element)
        self.rest, number = hold[width:], int(hold[:width])
        if number > largest or (name == "month" and number == 0):
            raise self._out_of_range(name)
        return number

    def _fraction(self) -> int:
        """Go takes a fraction after the seconds whether the layout has one or not."""
        rest = self.rest
        if self.layout is RFC3339_MICRO:
            if len(rest) < 7 or rest[0] not in ".," or not _digits(rest[1:7]):
                raise self._bad(rest, ".000000")
            end = 7
        elif len(rest) >= 2 and rest[0] in ".," and _digits(rest[1]):
            end = 2
            while end < len(rest) and _digits(rest[end]):
                end += 1
        else:
            return 0
        self.rest = rest[end:]
        return int(rest[1:end][:9].ljust(9, "0"))

    def _zone(self) -> int:
        """The zone's offset from UTC in minutes."""
        hold = self.rest
        if hold.startswith("Z"):
            self.rest = hold[1:]
            return 0
        shaped = len(hold) >= 6 and hold[0] in "+-" and hold[3] == ":" and _digits(hold[1:3]) and _digits(hold[4:6])
        if not shaped:
            raise self._bad(hold, "Z07:00")
        self.rest, hours, minutes = hold[6:], int(hold[1:3]), int(hold[4:6])
        if hours > 24 or minutes > 60:
            raise self._out_of_range("time zone offset " + ("hour" if hours > 24 else "minute"))
        return (hours * 60 + minutes) * (-1 if hold[0] == "-" else 1)

    def _bad(self, value: str, element: str) -> TimeError:
        return TimeError(f"parsing time {quote(self.text)} as {quote(self.layout)}: cannot parse {quote(value)} as {quote(element)}")

    def _out_of_range(self, name: str) -> TimeError:
        return TimeError(f"parsing time {quote(self.text)}: {name} out of range")


def quote(text: str) -> str:
    """Go's time package quotes byte by byte, unlike strconv (time/format.go:quote)."""
    escaped = (
        f"\\x{b:02x}" if b >= 0x80 or b < 0x20 else f"\\{chr(b)}" if b in b'"\\' else chr(b)
        for b in text.encode(errors="surrogatepass")
    )  # fmt: skip
    return f'"{"".join(escaped)}"'


def _digits(text: str) -> bool:
    return text.isdigit() and text.isascii()


def _shifted(text: str, minutes: int) -> str:
    try:
        return (datetime.fromisoformat(text) - timedelta(minutes=minutes)).isoformat()
    except (OverflowError, ValueError):
        raise TimeError("Time.MarshalJSON: year outside of range [0,9999]") from None
