"""Path elements: how they are written, read, ordered and shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery.apply.elements import canonical, key_element, order, scalar, text, value_element

SCALARS = st.one_of(st.text(), st.integers(-(1 << 53), 1 << 53), st.booleans(), st.none())


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", '"plain"'),
        ('qu"ote\\', '"qu\\"ote\\\\"'),
        ("<a>&b", '"\\u003ca\\u003e\\u0026b"'),
        ("\u2028", '"\\u2028"'),
        ("tab\tbell\x07", '"tab\\tbell\\u0007"'),
        ("é", '"é"'),
        (80, "80"),
        (80.0, "80"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_scalars_are_written_as_upstream_does(value: object, written: str) -> None:
    assert scalar(value) == written


@given(SCALARS)
def test_written_scalars_are_json(value: object) -> None:
    assert json.loads(scalar(value)) == value


@given(st.dictionaries(st.sampled_from(["name", "port", "protocol"]), SCALARS, min_size=1))
def test_reading_what_was_written_changes_nothing(fields: dict[str, object]) -> None:
    element = key_element(sorted(fields.items()))
    assert canonical(element) == element


def test_reading_brings_into_canonical_form() -> None:
    assert canonical('k:{ "port" : 80, "name":"a" }') == 'k:{"name":"a","port":80}'
    assert canonical('v: "x"') == 'v:"x"'
    assert canonical("f:any: thing") == "f:any: thing"
    assert canonical("z:unknown") is None


@pytest.mark.parametrize("element", ["f", "", "field", "v:{", "k:[1]", "k:x", "i:one"])
def test_unreadable(element: str) -> None:
    with pytest.raises(ValueError):
        canonical(element)


def test_order() -> None:
    ordered = [
        ".", "f:", "f:a", "f:b", 'k:{"a":1}', 'k:{"a":9}', 'k:{"a":80}', 'k:{"a":80,"b":"x"}', 'k:{"a":"80"}', 'k:{"a":true}',
        "v:2", "v:10", 'v:"a"', 'v:"a-b"', "v:true", "i:2", "i:10",
    ]  # fmt: skip
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=order) == ordered


def test_shown() -> None:
    assert text("f:data") == ".data"
    assert text(key_element([("name", "a"), ("port", 80)])) == '[name="a",port=80]'
    assert text(value_element("x")) == '[="x"]'
    assert text("i:3") == "[3]"
