"""Label and field selectors: grammar and messages as a real server has them, matching by properties."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import selectors
from kcompat.apimachinery.selectors import Requirement, SelectorError, new_requirement, parse_field_selector, parse_label_selector

GOLDEN: list[list[Any]] = json.loads((Path(__file__).parent / "golden" / "selectors.json").read_text())
KEYS = st.sampled_from(["a", "b", "x.y/c", "in", "notin"])
VALUES = st.sampled_from(["", "1", "2", "in", "A-b.c"])
LABELS = st.dictionaries(KEYS, VALUES)


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    operator = draw(st.sampled_from(["=", "==", "!=", "in", "notin", "exists", "!", "gt", "lt"]))
    if operator in ("exists", "!"):
        return Requirement(draw(KEYS), operator)
    if operator in ("gt", "lt"):
        return (
            Requirement(draw(KEYS), operator, (str(draw(st.integers(-5, 5))),)) if draw(st.booleans()) else Requirement("a", "gt", ("1",))
        )
    size = 3 if operator in ("in", "notin") else 1
    return Requirement(draw(KEYS), operator, tuple(sorted(draw(st.sets(VALUES, min_size=1, max_size=size)))))


@pytest.mark.parametrize(("parameter", "text", "code", "message"), GOLDEN)
def test_a_real_server_says_the_same(parameter: str, text: str, code: int, message: str) -> None:
    parse = parse_label_selector if parameter == "labelSelector" else parse_field_selector
    if code == 200:
        parse(text)
        return
    with pytest.raises(SelectorError) as error:
        parse(text)
    assert str(error.value) == message


@given(st.lists(requirements(), max_size=4), LABELS)
def test_text_and_meaning_survive_parsing(wanted: list[Requirement], labels: dict[str, str]) -> None:
    wanted = [each for each in wanted if not each.values or not each.values[0].startswith("-")]
    selector = selectors.LabelSelector(wanted)
    parsed = parse_label_selector(str(selector))
    assert str(parsed) == str(selector)
    assert parsed.matches(labels) == selector.matches(labels) == all(_matches(each, labels) for each in wanted)


def _matches(requirement: Requirement, labels: dict[str, str]) -> bool:
    """The definition, spelled out."""
    value = labels.get(requirement.key)
    if requirement.operator in ("gt", "lt"):
        if value is None or not value.isdecimal():
            return False
        return int(value) > int(requirement.values[0]) if requirement.operator == "gt" else int(value) < int(requirement.values[0])
    return {
        "exists": value is not None,
        "!": value is None,
        "in": value in requirement.values,
        "=": value in requirement.values,
        "==": value in requirement.values,
        "notin": value not in requirement.values,
        "!=": value not in requirement.values,
    }[requirement.operator]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        (" a = b ", "a=b"),
        ("b,a", "a,b"),
        ("x in (b,a,b)", "x in (a,b)"),
        ("x notin ()", "x notin ()"),
        ("x in (,a)", "x in (,a)"),
        ("!a", "!a"),
        ("a==b", "a==b"),
        ("a!=", "a!="),
        ("in in (in)", "in in (in)"),
        ("a>01", "a>01"),
        ("notin", "notin"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert str(parse_label_selector(text)) == canonical


def test_label_selector_objects() -> None:
    assert selectors.from_label_selector(None).selects_nothing
    assert not selectors.from_label_selector(None).matches({})
    assert selectors.from_label_selector({}).empty
    tree = {"matchLabels": {"b": "1"}, "matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}
    selector = selectors.from_label_selector(tree)
    assert str(selector) == "a notin (x),b=1"
    assert selector.matches({"b": "1"})
    assert not selector.matches({"b": "1", "a": "x"})
    assert (selector.requires_exact_match("b"), selector.requires_exact_match("a")) == ("1", None)
    with pytest.raises(SelectorError, match='"Foo" is not a valid label selector operator'):
        selectors.from_label_selector({"matchExpressions": [{"key": "a", "operator": "Foo"}]})
    with pytest.raises(SelectorError, match=r"values: Invalid value: \[\]: for 'in', 'notin' operators, values set can't be empty"):
        selectors.from_label_selector({"matchExpressions": [{"key": "a", "operator": "In"}]})


def test_requirements_are_checked_together() -> None:
    with pytest.raises(SelectorError, match=r"^\[key: Invalid value: .*, values: Invalid value: \[\"x\"\]: values set must be empty"):
        new_requirement("-", "exists", ["x"])


@given(st.dictionaries(st.sampled_from(["a", "metadata.name", "b.c"]), st.text("a\\,=b!", max_size=6), min_size=1), st.booleans())
def test_field_values_survive_escaping(fields: dict[str, str], negated: bool) -> None:
    text = ",".join(f"{name}{'!=' if negated else '='}{selectors.escape_field_value(value)}" for name, value in fields.items())
    selector = parse_field_selector(text)
    assert {each.field: each.value for each in selector.requirements} == fields
    assert selector.matches(fields) is not negated
    name = next(iter(fields))
    assert selector.requires_exact_match(name) == (None if negated else fields[name])


def test_field_selectors_count_absent_fields_as_empty_and_can_be_transformed() -> None:
    assert parse_field_selector("spec.nodeName=").matches({})
    assert parse_field_selector("").empty
    moved = parse_field_selector("a=1,b!=2").transform(lambda field, value: ("", "") if field == "b" else ("z", value))
    assert str(moved) == "z=1"
