"""Paths and field errors: how upstream prints them."""

import pytest

from kcompat.apimachinery import field
from kcompat.apimachinery.field import ROOT, FieldError, Path


def test_paths_print_as_upstream_and_do_not_change() -> None:
    spec = Path("spec")
    deep = spec.child("template", "spec").child("containers").index(2).child("env").key("a/b")
    assert str(deep) == "spec.template.spec.containers[2].env[a/b]"
    assert str(spec) == "spec"
    assert str(Path("a", "b")) == "a.b"
    assert str(ROOT) == "<nil>"
    assert str(ROOT.child("key")) == "key"
    assert str(ROOT.child("values").index(0).key("x")) == "values[0][x]"


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (field.required(Path("a")), "Required value"),
        (field.required(Path("a"), "why"), "Required value: why"),
        (field.invalid(Path("a"), "b\n", "why"), 'Invalid value: "b\\n": why'),
        (field.invalid(Path("a"), 5, "why"), "Invalid value: 5: why"),
        (field.invalid(Path("a"), 1e6, "why"), "Invalid value: 1e+06: why"),
        (field.invalid(Path("a"), True, "why"), "Invalid value: true: why"),
        (field.invalid(Path("a"), None, "why"), "Invalid value: null: why"),
        (field.invalid(Path("a"), {"b": ["<", 1.0]}, "why"), 'Invalid value: {"b":["\\u003c",1]}: why'),
        (field.invalid(Path("a"), field.Raw("v1.X{}"), "why"), "Invalid value: v1.X{}: why"),
        (field.invalid(Path("a"), 2**70, ""), f"Invalid value: {2**70}"),
        (field.type_invalid(Path("a"), "x", "why"), 'Invalid value: "x": why'),
        (field.not_supported(Path("a"), "x", ("A", "B")), 'Unsupported value: "x": supported values: "A", "B"'),
        (field.not_supported(Path("a"), "x", ()), 'Unsupported value: "x"'),
        (field.duplicate(Path("a"), "x"), 'Duplicate value: "x"'),
        (field.not_found(Path("a"), "x"), 'Not found: "x"'),
        (field.forbidden(Path("a"), "why"), "Forbidden: why"),
        (field.too_long(Path("a"), 5), "Too long: may not be more than 5 bytes"),
        (field.too_long(Path("a"), 1), "Too long: may not be more than 1 byte"),
        (field.too_long_characters(Path("a"), 5), "Too long: may not be more than 5 characters"),
        (field.too_short(Path("a"), "x", 2), "Too short: must be at least 2 characters"),
        (field.too_many(Path("a"), 3, 1), "Too many: 3: must have at most 1 item"),
        (field.too_many(Path("a"), -1, 2), "Too many: must have at most 2 items"),
        (field.too_few(Path("a"), 0, 1), "Too few: 0: must have at least 1 item"),
        (field.internal(Path("a"), "why"), "Internal error: why"),
    ],
)
def test_bodies(error: FieldError, body: str) -> None:
    assert error.body == body
    assert str(error) == f"a: {body}"


def test_causes_carry_reason_message_and_field() -> None:
    assert field.to_causes([field.required(Path("a"), "b")]) == [
        {"reason": "FieldValueRequired", "message": "Required value: b", "field": "a"}
    ]
