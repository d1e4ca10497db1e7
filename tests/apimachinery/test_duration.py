"""Durations as Go reads and writes them, and ages as kubectl shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import duration
from kcompat.apimachinery.duration import DurationError


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_what_is_written_is_read_back(nanoseconds: int) -> None:
    assert duration.parse(duration.text(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("given_text", "text"),
    [
        ("0", "0s"),
        ("1s", "1s"),
        ("-1.5h", "-1h30m0s"),
        ("1h30m", "1h30m0s"),
        ("100ns", "100ns"),
        ("1us", "1µs"),
        (".5s", "500ms"),
        ("1.s", "1s"),
        ("+5s", "5s"),
        ("1m0.25s", "1m0.25s"),
        ("0.0000000001s", "0s"),
        ("9223372036854775807ns", "2562047h47m16.854775807s"),
    ],
)
def test_go_agrees(given_text: str, text: str) -> None:
    assert duration.text(duration.parse(given_text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("1", 'time: missing unit in duration "1"'),
        ("1x", 'time: unknown unit "x" in duration "1x"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("s", 'time: invalid duration "s"'),
        ("--1s", 'time: invalid duration "--1s"'),
        ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
        ("1h 2m", 'time: unknown unit "h " in duration "1h 2m"'),
    ],
)
def test_go_refuses(text: str, message: str) -> None:
    with pytest.raises(DurationError) as error:
        duration.parse(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("seconds", "human", "short"),
    [
        (-5, "<invalid>", "<invalid>"),
        (-1, "0s", "0s"),
        (0, "0s", "0s"),
        (119, "119s", "1m"),
        (120, "2m", "2m"),
        (183, "3m3s", "3m"),
        (600, "10m", "10m"),
        (3 * 3600, "3h", "3h"),
        (3 * 3600 + 60, "3h1m", "3h"),
        (8 * 3600 + 60, "8h", "8h"),
        (48 * 3600, "2d", "2d"),
        (52 * 3600, "2d4h", "2d"),
        (8 * 86400, "8d", "8d"),
        (729 * 86400, "729d", "1y"),
        (731 * 86400, "2y1d", "2y"),
        (9 * 365 * 86400, "9y", "9y"),
    ],
)
def test_ages(seconds: int, human: str, short: str) -> None:
    assert (duration.human(seconds), duration.short_human(seconds)) == (human, short)
