"""Limits of numbers (kube-openapi pkg/validation/validate: numberValidator and values.go). Called by values.py."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from kcompat.apimachinery.quote import float_text
from kcompat.apimachinery.structural.outcome import OTHER, WHOLE, Finding

_LARGEST_WHOLE: Final = float((1 << 53) - 1)
_EPSILON: Final = 1e-9
_BITS: Final = {"int32": 31, "int64": 63}
_OWN_FORMATS: Final = {"integer": ("int32", "int64"), "number": ("float", "double")}


def is_whole(value: float) -> bool:
    """Near enough to an integer that JSON can carry (swag.IsFloat64AJSONInteger)."""
    if not isfinite(value) or abs(value) > _LARGEST_WHOLE:
        return False
    near = float(int(value))
    if value == near:
        return True
    if value == 0 or near == 0:
        return False
    return abs(value - near) / (abs(value) + abs(near)) < _EPSILON


def findings(value: float, schema: dict[str, Any], name: str) -> Iterator[Finding]:
    """In upstream's order: the range of the type, multiples, the least, the greatest."""
    kind = schema.get("type") or ""
    form = schema.get("format") or ""
    kind, form = (kind, form if form in _OWN_FORMATS[kind] else "") if kind in _OWN_FORMATS else ("", "")
    yield from _out_of_range(value, kind, form, "Checked", name)
    if (factor := schema.get("multipleOf")) is not None:
        yield from _multiple(value, float(factor), kind, form, name)
    if (least := schema.get("minimum")) is not None:
        yield from _bound(value, float(least), bool(schema.get("exclusiveMinimum")), kind, form, name, "Minimum boundary", -1)
    if (most := schema.get("maximum")) is not None:
        yield from _bound(value, float(most), bool(schema.get("exclusiveMaximum")), kind, form, name, "Maximum boundary", 1)


def _out_of_range(value: float, kind: str, form: str, what: str, name: str) -> Iterator[Finding]:
    """IsValueValidAgainstRange."""
    if kind == "integer":
        bits = _BITS.get(form, 63)
        fits = value == int(value) and -(1 << bits) <= int(value) < 1 << bits if isfinite(value) else False
    else:
        fits = form != "float" or _fits_single(value)
    if not fits:
        described = f"with format {form}" if form else "(default format)"
        yield Finding(WHOLE, "", None, f"{what} value must be of type {kind} {described} in {name}")


def _int64(value: float) -> int:
    """As Go converts: what does not fit becomes the least integer."""
    return int(value) if -(2.0**63) <= value < 2.0**63 else -(1 << 63)


def _fits_single(value: float) -> bool:
    try:
        struct.pack("<f", value)
    except OverflowError:
        return False
    return True


def _multiple(value: float, factor: float, kind: str, form: str, name: str) -> Iterator[Finding]:
    off = list(_out_of_range(factor, kind, form, "MultipleOf", name))
    yield from off
    if value.__class__ is int and not off:
        whole = _int64(factor)
        if whole <= 0:
            yield Finding(OTHER, name, whole, f"factor MultipleOf declared for {name} must be positive: {whole}")
        elif value % whole:
            yield Finding(OTHER, name, value, f"{name} in body should be a multiple of {whole}")
    elif factor <= 0:
        yield Finding(OTHER, name, factor, f"factor MultipleOf declared for {name} must be positive: {float_text(factor)}")
    elif not is_whole(1 / factor * value if factor < 1 else value / factor):
        yield Finding(OTHER, name, float(value), f"{name} in body should be a multiple of {float_text(factor)}")


def _bound(value: float, limit: float, exclusive: bool, kind: str, form: str, name: str, what: str, sign: int) -> Iterator[Finding]:
    """`sign`: 1 for a maximum, -1 for a minimum. Integers are compared with the whole part of the limit."""
    off = list(_out_of_range(limit, kind, form, what, name))
    yield from off
    whole = value.__class__ is int and not off
    own, bound = (value, _int64(limit)) if whole else (float(value), limit)
    distance = (own - bound) * sign
    if distance < 0 or (distance == 0 and not exclusive):
        return
    relation = ("less" if sign > 0 else "greater") + " than" + ("" if exclusive else " or equal to")
    yield Finding(OTHER, name, own, f"{name} in body should be {relation} {bound if whole else float_text(limit)}")
