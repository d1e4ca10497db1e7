"""Amounts in lists of resources: of nodes, quotas, limit ranges, claims (pkg/apis/core/validation). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kcompat.apimachinery.field import FieldError, Path, invalid
from kcompat.apimachinery.names import is_label_key
from kcompat.apimachinery.quantity import ZERO, parse
from kcompat.registry.rules.pod.resource_list import is_extended, is_huge_page

_COUNTED: Final = frozenset((
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
))
_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
_QUOTA: Final = frozenset(f"{kind}.{name}" for kind in ("requests", "limits") for name in _COMPUTE)
_STANDARD: Final = _COUNTED | _QUOTA | frozenset((*_COMPUTE, "storage", "requests.storage"))


def is_standard(name: str) -> bool:
    """A name without a domain that the system knows (core/helper: IsStandardResourceName)."""
    return name in _STANDARD or is_huge_page(name.removeprefix("requests."))


def is_counted(name: str) -> bool:
    """Measured in whole numbers (core/helper: IsIntegerResourceName)."""
    return name in _COUNTED or is_extended(name)


def basic(text: str, path: Path) -> list[FieldError]:
    """validateBasicResource."""
    return [invalid(path, parse(text).value(), "must be a valid resource quantity")] if parse(text).value() < 0 else []


def nonnegative(text: str, path: Path) -> list[FieldError]:
    return [invalid(path, text, "must be greater than or equal to 0")] if parse(text) < ZERO else []


def positive(text: str, path: Path) -> list[FieldError]:
    return [invalid(path, text, "must be greater than zero")] if parse(text) <= ZERO else []


def amount(name: str, text: str, path: Path) -> list[FieldError]:
    """An amount of the named resource: not negative, and whole where it is counted."""
    errors = nonnegative(text, path)
    if is_counted(name) and parse(text).milli_value() % 1000:
        errors.append(invalid(path, text, "must be an integer"))
    return errors


def resource_name(name: str, path: Path) -> list[FieldError]:
    """A standard name or one with a domain (validateResourceName)."""
    errors = [invalid(path, name, message) for message in is_label_key(name)]
    if errors or "/" in name or is_standard(name):
        return errors
    return [invalid(path, name, "must be a standard resource type or fully qualified")]


def same(left: Mapping[str, str] | None, right: Mapping[str, str] | None) -> bool:
    """Are two lists equal in value, whatever the spelling (apiequality.Semantic)?"""
    first, second = left or {}, right or {}
    return first.keys() == second.keys() and all(text == second[name] or parse(text) == parse(second[name]) for name, text in first.items())
