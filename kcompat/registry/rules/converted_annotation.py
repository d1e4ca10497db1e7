"""Integers that apps/v1 keeps in an annotation and upstream's internal types in a field. Called by the rules of DaemonSets and Deployments.

Upstream reads and rewrites them whenever it converts (pkg/apis/apps/v1/conversion.go), so what is no integer cannot even be decoded.
"""

from __future__ import annotations

import re

from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.quote import quote
from kcompat.registry.declare import Tree

_is_integer = re.compile("[+-]?[0-9]+").fullmatch
_MOST_DIGITS = 19


class NoIntegerError(ValueError):
    """The text is no 64-bit integer. The message is strconv.ParseInt's."""


def parse(text: str) -> int:
    """Raises NoIntegerError."""
    digits = text.lstrip("+-").lstrip("0") or "0"
    if not _is_integer(text):
        raise NoIntegerError(f"strconv.ParseInt: parsing {quote(text)}: invalid syntax")
    value = int(digits) * (-1 if text[0] == "-" else 1) if len(digits) <= _MOST_DIGITS else 2**64
    if not -(2**63) <= value < 2**63:
        raise NoIntegerError(f"strconv.ParseInt: parsing {quote(text)}: value out of range")
    return value


def put(obj: Tree, name: str, value: int | None) -> None:
    """Sets the annotation, or takes it away."""
    annotations = {key: text for key, text in meta.annotations(obj).items() if key != name}
    if value is not None:
        annotations[name] = str(value)
    metadata = {key: part for key, part in obj["metadata"].items() if key != "annotations"}
    obj["metadata"] = metadata | {"annotations": annotations} if annotations else metadata


def undecodable(kind: str, why: object) -> errors.StatusError:
    return errors.bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {why}')
