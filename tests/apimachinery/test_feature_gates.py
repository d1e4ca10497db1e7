"""Feature gates are known and stand as they do by default."""

from __future__ import annotations

import re

import pytest

from kcompat.apimachinery.feature_gates import check


def test_the_default_is_accepted() -> None:
    check(("WatchList=true", "AllAlpha=false", " AllBeta = f ", ""))


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("Nope=true", "unrecognized feature gate: Nope"), ("WatchList", "missing bool value for WatchList"),
        ("WatchList=maybe", 'invalid value of WatchList=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax'),
        ("DisableAllocatorDualWrite=false", "cannot set feature gate DisableAllocatorDualWrite to false, feature is locked to true"),
        ("WatchList=false", "not supported"), ("AllAlpha=true", "not supported"),
    ],
)  # fmt: skip
def test_mistakes(gate: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        check((gate,))
