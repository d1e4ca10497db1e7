"""Quantities against a real server's, and the laws of arithmetic."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import quantity, resource_list
from kcompat.apimachinery.quantity import Quantity, QuantityError

GOLDEN: list[list[str]] = json.loads((Path(__file__).parent / "golden" / "quantities.json").read_text())
SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "e-3", "E9", "e30", "e-20"]
NUMBERS = st.one_of(
    st.integers(-(10**25), 10**25).map(str), st.decimals(-(10**12), 10**12, allow_nan=False, places=7).map(lambda d: f"{d:f}")
)
TEXTS = st.tuples(NUMBERS, st.sampled_from(SUFFIXES)).map("".join)


def amount(value: Quantity) -> Fraction:
    return value.coefficient * Fraction(10) ** value.scale


def test_a_real_server_says_the_same() -> None:
    """A server's defaulting rounds what it stores to thousandths; the last item of a refused one is its message."""
    for text, canonical, *message in GOLDEN:
        if message:
            with pytest.raises(QuantityError) as error:
                quantity.parse(text)
            assert [str(error.value)] == message
        else:
            assert str(quantity.parse(text).round_up(-3)) == canonical, text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"),
        ("100m", "100m"),
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1000", "1k"),
        ("1024Ki", "1Mi"),
        ("1e3", "1e3"),
        ("10e2", "1e3"),
        ("0.1n", "1n"),
        ("-0.5Gi", "-512Mi"),
        ("100Ei", "9223372036854775807"),
        (".5", "500m"),
        ("00100m", "00100m"),
        ("1e1000000000", "10e999999999"),
        ("0.1Ki", "102400m"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@given(TEXTS)
def test_canonical_text_means_the_same(text: str) -> None:
    first = quantity.parse(text)
    rendered = str(Quantity(first.coefficient, first.scale, first.format))
    if abs(amount(first)) < 10**20:  # beyond, upstream has no suffix and writes nonsense
        again = quantity.parse(rendered)
        assert again == first
        assert str(again) == rendered


@given(TEXTS, TEXTS)
def test_arithmetic_is_exact(left: str, right: str) -> None:
    a, b = quantity.parse(left), quantity.parse(right)
    assert amount(a + b) == amount(a) + amount(b)
    assert amount(a - b) == amount(a) - amount(b)
    assert (a < b, a <= b, a == b) == (amount(a) < amount(b), amount(a) <= amount(b), amount(a) == amount(b))
    if a == b:
        assert hash(a) == hash(b)


@given(TEXTS)
def test_integer_values_round_away_from_zero(text: str) -> None:
    value = quantity.parse(text)
    exact = amount(value)
    if abs(exact) < 2**50:
        away = -(-abs(exact) // 1)
        assert value.value() == (away if exact >= 0 else -away)
        assert abs(value.milli_value()) >= abs(exact * 1000)


def test_enormous_exponents_cost_nothing() -> None:
    huge, tiny = quantity.parse("1e2000000000"), quantity.parse("1m")
    assert huge > tiny
    assert huge + tiny == huge
    assert (huge.value(), huge != tiny, float(huge)) == (0, True, float("inf"))


@pytest.mark.parametrize(("value", "canonical"), [(None, "0"), (5, "5"), (1.5, "1500m"), (" 2 ", "2"), (10**19, "10E"), (0.1, "100m")])
def test_json_values(value: str | float | None, canonical: str) -> None:
    assert str(quantity.from_json(value)) == canonical


def test_format_of_a_sum() -> None:
    assert str(quantity.parse("1Gi") + quantity.parse("1Gi")) == "2Gi"
    assert str(quantity.ZERO + quantity.parse("1Gi")) == "1Gi"
    assert str(quantity.parse("500m") + quantity.parse("500m")) == "1"
    assert str(quantity.parse("1Gi") * 3) == "3Gi"


def test_resource_lists() -> None:
    have, want = resource_list.parse({"cpu": "1", "memory": "1Gi"}), resource_list.parse({"cpu": "1500m", "pods": "1"})
    assert resource_list.render(resource_list.add(have, want)) == {"cpu": "2500m", "memory": "1Gi", "pods": "1"}
    assert resource_list.negative(resource_list.subtract(have, want)) == ["cpu", "pods"]
    assert resource_list.render(resource_list.subtract_not_below_zero(have, want)) == {"cpu": "0", "memory": "1Gi", "pods": "0"}
    assert resource_list.exceeding(want, have) == ["cpu"]
    assert resource_list.render(resource_list.maximum(have, want)) == {"cpu": "1500m", "memory": "1Gi", "pods": "1"}
    assert resource_list.equal(have, resource_list.parse({"memory": "1024Mi", "cpu": "1000m"}))
    assert resource_list.mask(have, ["cpu", "x"]).keys() == {"cpu"}
    assert resource_list.without_zeros({"a": quantity.ZERO}) == {}
