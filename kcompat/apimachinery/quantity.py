"""resource.Quantity: amounts such as `100m`, `1.5`, `128Mi`, `12e6`, exactly as upstream reads, computes and writes them.

Answers apimachinery pkg/api/resource/quantity.go. Called by typed decoding (canonical text), validation, quota and the scheduler.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

DECIMAL_EXPONENT: Final = "DecimalExponent"  # 12e6
BINARY_SI: Final = "BinarySI"  # 12Mi
DECIMAL_SI: Final = "DecimalSI"  # 12M

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {exponent // 10: suffix for suffix, exponent in _BINARY.items()} | {0: ""}
_MAX_INT64 = 2**63 - 1
_NANO = -9
_FAR = 2_000
"""Two amounts more decimal places apart than this are not aligned digit by digit: nobody shall buy gigabytes with `1e999999999`."""

_SHAPE = re.compile(r"([+-]?)(0*)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)", re.ASCII)


class QuantityError(ValueError):
    """A malformed quantity; the text is upstream's."""


_WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_WRONG_NUMBER = "unable to parse numeric part of quantity"
_WRONG_SUFFIX = "unable to parse quantity's suffix"


class Quantity:
    """An immutable amount: coefficient × 10^scale and the format it prefers. Ordered and equal by amount alone."""

    __slots__ = ("_text", "coefficient", "format", "scale")

    def __init__(self, coefficient: int, scale: int = 0, format: str = DECIMAL_SI, text: str = "") -> None:
        self.coefficient = coefficient
        self.scale = scale
        self.format = format
        self._text = text

    def __str__(self) -> str:
        """The canonical text (upstream: String)."""
        if not self._text:
            self._text = self._canonical()
        return self._text

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def _canonical(self) -> str:
        if not self.coefficient:
            return "0"
        if self.format == BINARY_SI and (whole := self._whole()) is not None and not -1024 < whole < 1024:
            amount, times = _without_factors(whole, 1024)
            return f"{amount}{_BINARY_SUFFIX.get(times, '')}"
        amount, times = _without_factors(self.coefficient, 10)
        exponent = self.scale + times
        amount *= 10 ** (exponent % 3)
        exponent -= exponent % 3
        if self.format == DECIMAL_EXPONENT:
            return f"{amount}e{exponent}" if exponent else str(amount)
        return f"{amount}{_DECIMAL_SUFFIX.get(exponent, '')}"

    def _whole(self) -> int | None:
        """The amount if it is an integer that can be written out."""
        if 0 <= self.scale <= _FAR:
            return int(self.coefficient * 10**self.scale)
        divisor = 10 ** min(-self.scale, _FAR) if self.scale < 0 else 0
        return self.coefficient // divisor if divisor and not self.coefficient % divisor else None

    def scaled_value(self, scale: int) -> int:
        """The amount in units of 10^scale, rounded away from zero (upstream: ScaledValue).

        What does not fit 64 bits comes out as in Go, wrapped or 0: upstream's checks see the same nonsense.
        """
        places = self.scale - scale
        if places < 0:
            return _wrapped(_divided(self.coefficient, -places))
        if abs(self.coefficient) <= _MAX_INT64 and places not in (0, 1, 2, 3, 6, 9):
            value = self.coefficient * 10**places if places < 20 else _MAX_INT64 + 1
            return value if abs(value) <= _MAX_INT64 else 0
        return _wrapped(_wrapped(self.coefficient) * 10**places) if places < 20 else 0

    def round_up(self, scale: int) -> Quantity:
        """At most this precise, rounded away from zero; defaulting rounds resource lists to thousandths (upstream: RoundUp)."""
        if self.scale >= scale:
            return self
        return Quantity(_divided(self.coefficient, scale - self.scale), scale, self.format)

    def value(self) -> int:
        """Whole units, rounded away from zero."""
        return self.scaled_value(0)

    def milli_value(self) -> int:
        """Thousandths, rounded away from zero."""
        return self.scaled_value(-3)

    @property
    def is_zero(self) -> bool:
        return not self.coefficient

    @property
    def sign(self) -> int:
        return (self.coefficient > 0) - (self.coefficient < 0)

    def compare(self, other: Quantity) -> int:
        """-1, 0 or 1 as the amount is less than, equal to or greater than the other."""
        if self.sign != other.sign or not self.coefficient:
            return (self.sign > other.sign) - (self.sign < other.sign)
        if abs(self.scale - other.scale) > _FAR:
            return self.sign * (1 if self._magnitude() > other._magnitude() else -1)
        left, right, _ = _aligned(self, other)
        return (left > right) - (left < right)

    def _magnitude(self) -> int:
        return self.scale + len(str(abs(self.coefficient)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.compare(other) == 0

    def __hash__(self) -> int:
        amount, times = _without_factors(self.coefficient, 10)
        return hash((amount, self.scale + times if amount else 0))

    def __lt__(self, other: Quantity) -> bool:
        return self.compare(other) < 0

    def __le__(self, other: Quantity) -> bool:
        return self.compare(other) <= 0

    def __gt__(self, other: Quantity) -> bool:
        return self.compare(other) > 0

    def __ge__(self, other: Quantity) -> bool:
        return self.compare(other) >= 0

    def __add__(self, other: Quantity) -> Quantity:
        """The sum in this one's format, or in the other's if this one is zero, as upstream does."""
        if not self.coefficient:
            return other
        if abs(self.scale - other.scale) > _FAR and other.coefficient:
            return max(self, other, key=Quantity._magnitude)
        left, right, scale = _aligned(self, other)
        return Quantity(left + right, scale, self.format)

    def __neg__(self) -> Quantity:
        return Quantity(-self.coefficient, self.scale, self.format)

    def __sub__(self, other: Quantity) -> Quantity:
        return self + -other

    def __mul__(self, factor: int) -> Quantity:
        return Quantity(self.coefficient * factor, self.scale, self.format)

    def __float__(self) -> float:
        """The nearest float, infinite if there is none (upstream: AsFloat64Slow)."""
        return float(f"{self.coefficient}e{self.scale}")


ZERO: Final = Quantity(0)


def _aligned(left: Quantity, right: Quantity) -> tuple[int, int, int]:
    scale = min(left.scale, right.scale)
    return left.coefficient * 10 ** (left.scale - scale), right.coefficient * 10 ** (right.scale - scale), scale


def _divided(value: int, places: int) -> int:
    """value / 10^places, rounded away from zero."""
    quotient: int = -(-abs(value) // 10 ** min(places, _FAR))
    return -quotient if value < 0 else quotient


def _wrapped(value: int) -> int:
    """The value as an int64 holds it."""
    return (value + 2**63) % 2**64 - 2**63


def _without_factors(value: int, factor: int) -> tuple[int, int]:
    """(rest, times) with value == rest × factor^times."""
    times = 0
    while value and value % factor == 0:
        value //= factor
        times += 1
    return value, times


def parse(text: str) -> Quantity:
    """Reads a quantity; raises QuantityError. Answers for ordinary texts come from a cache."""
    return _cached(text) if len(text) <= 24 else _parse(text)


def canonical(text: str) -> str:
    """What upstream makes of this text when it decodes and encodes it again; raises QuantityError."""
    return str(parse(text))


def from_json(value: str | int | float | None) -> Quantity:
    """The quantity of a decoded JSON value: text (surrounding space ignored), number or null (upstream: UnmarshalJSON)."""
    if value is None:
        return ZERO
    return parse(value.strip() if isinstance(value, str) else repr(value).replace("e+", "e"))


def new(value: int, format: str = DECIMAL_SI) -> Quantity:
    return Quantity(value, 0, format)


def new_milli(value: int, format: str = DECIMAL_SI) -> Quantity:
    return Quantity(value, -3, format)


def _interpret(suffix: str) -> tuple[int, str]:
    """The exponent and format that a suffix stands for."""
    if (exponent := _DECIMAL.get(suffix)) is not None:
        return exponent, DECIMAL_SI
    if (exponent := _BINARY.get(suffix)) is not None:
        return exponent, BINARY_SI
    match = _EXPONENT.fullmatch(suffix)
    if match is None or not -(2**63) <= int(match[1]) < 2**63:
        raise QuantityError(_WRONG_SUFFIX)
    return (int(match[1]) + 2**31) % 2**32 - 2**31, DECIMAL_EXPONENT  # upstream truncates to 32 bits


def _parse(text: str) -> Quantity:
    if text == "0":
        return Quantity(0, 0, DECIMAL_SI, text)
    match = _SHAPE.fullmatch(text)
    if not text or match is None:
        raise QuantityError(_WRONG_FORMAT)
    sign, zeros, whole, fraction, suffix = match.groups(default="")
    digits = (whole or "0") + fraction
    if len(digits) > 1000 or len(suffix) > 1000:  # far beyond use; Python would refuse to write sums of longer ones
        raise QuantityError(_WRONG_NUMBER)
    exponent, format = _interpret(suffix)
    found = _small(text, sign, digits, fraction, exponent, format)
    if found is None:
        if not (zeros or whole or fraction):
            raise QuantityError(_WRONG_NUMBER)
        found = _large(sign, digits, len(fraction), exponent, format)
    return found


_cached = lru_cache(maxsize=8192)(_parse)


def _small(text: str, sign: str, digits: str, fraction: str, exponent: int, format: str) -> Quantity | None:
    """Upstream's 64 bit path, which keeps a text that already is canonical; None where it gives up."""
    if format != BINARY_SI:
        precision, scale, factor = 18 - len(digits), exponent - len(fraction), 1
    else:
        precision, scale, factor = 15 - len(digits) - exponent * 3 // 10 - 1, 0, 1 << exponent
        precision = -1 if fraction else precision
    value = int(digits)
    if precision < 0 or scale < _NANO or value * factor > _MAX_INT64:
        return None
    if format == BINARY_SI:
        keep = value & 7 != 0
    else:
        keep = scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"
    value *= -factor if sign == "-" else factor
    return Quantity(value, scale, format, text if keep else "")


def _large(sign: str, digits: str, places: int, exponent: int, format: str) -> Quantity:
    """Upstream's arbitrary precision path: rounds away from zero to nano, caps binary amounts at 64 bits."""
    value, scale = int(digits), -places
    if format == BINARY_SI:
        value <<= exponent
    else:
        scale += exponent
    if scale < _NANO:
        value, scale = _divided(value, _NANO - scale), _NANO
    if format == BINARY_SI:
        one = 10**-scale
        if value > _MAX_INT64 * one:
            value, scale = _MAX_INT64, 0
        elif 0 < value < one:
            format = DECIMAL_SI
    return Quantity(-value if sign == "-" else value, scale, format)
