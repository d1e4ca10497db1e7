"""Checks that upstream makes from tags on its types: they come after all others and have words of their own.

Called by the rules of kinds with such tags (apimachinery pkg/api/validate, `+k8s:` tags of stage stable and beta). Pure.
"""

from __future__ import annotations

from typing import Any, Final

from kcompat.apimachinery.field import FieldError, Path, invalid, too_long_characters
from kcompat.apimachinery.names import byte_length, is_dns1123_subdomain, is_long_name, is_short_name
from kcompat.apimachinery.validation import IMMUTABLE, unchanged

_SUBDOMAIN: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_CASELESS: Final = "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an " \
    f"alphanumeric character (e.g. 'Example.com', regex used for validation is '{_SUBDOMAIN}')"


def long_name_caseless(value: str, path: Path) -> list[FieldError]:
    """format=k8s-long-name-caseless."""
    lower = value.lower()
    errors = [invalid(path, value, "must be no more than 253 bytes")] if byte_length(lower) > 253 else []
    return errors + ([invalid(path, value, _CASELESS)] if is_dns1123_subdomain(lower[:253]) else [])


def short_name(value: str, path: Path) -> list[FieldError]:
    """format=k8s-short-name."""
    return [invalid(path, value, message) for message in is_short_name(value)]


def long_name(value: str, path: Path) -> list[FieldError]:
    """format=k8s-long-name."""
    return [invalid(path, value, message) for message in is_long_name(value)]


def max_length(value: str, limit: int, path: Path) -> list[FieldError]:
    """maxLength, in characters."""
    return [too_long_characters(path, limit)] if len(value) > limit else []


def immutable(new: Any, old: Any, path: Path) -> list[FieldError]:
    """immutable: shows no value."""
    return [] if unchanged(new or None, old or None) else [invalid(path, None, IMMUTABLE)]
