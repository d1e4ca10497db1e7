"""Times as metav1 writes and Go reads them; identities."""

import random
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery.clock import Identity, SystemClock, parse_rfc3339, rfc3339, rfc3339_micro


def test_formats() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 67, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "2026-01-02T01:04:05Z"
    assert rfc3339_micro(moment) == "2026-01-02T01:04:05.000067Z"
    assert rfc3339(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_back(moment: datetime) -> None:
    assert parse_rfc3339(rfc3339_micro(moment)) == moment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
        ("2020-01-01", 'parsing time "2020-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2020-13-01T00:00:00Z", 'parsing time "2020-13-01T00:00:00Z": month out of range'),
        ("2021-02-29T00:00:00Z", 'parsing time "2021-02-29T00:00:00Z": day out of range'),
        ("2020-01-01T00:00:00Zx", 'parsing time "2020-01-01T00:00:00Zx": extra text: "x"'),
        ("2020-01-01T24:00:00Z", 'parsing time "2020-01-01T24:00:00Z": hour out of range'),
    ],
)
def test_bad_times_get_gos_message(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_rfc3339(text)


def test_go_reads_fractions_commas_and_offsets() -> None:
    assert parse_rfc3339("2020-01-01T1:00:00,123456789+01:00") == datetime(2020, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)


def test_identities_follow_their_source() -> None:
    first, second = Identity(random.Random(1)), Identity(random.Random(1))
    assert (first.uid(), first.suffix()) == (second.uid(), second.suffix())
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", Identity().uid())
    assert re.fullmatch("[bcdfghjklmnpqrstvwxz2456789]{5}", Identity().suffix())
    assert Identity().uid() != Identity().uid()


def test_the_system_clock_is_utc_and_goes_on() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
