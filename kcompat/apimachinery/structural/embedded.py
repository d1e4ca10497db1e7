"""Whole objects inside of values: their apiVersion, kind and metadata (apiextensions-apiserver pkg/apiserver/schema/objectmeta).

Called by defaults.py.
"""

from __future__ import annotations

from typing import Any, Final

from kcompat.apimachinery.field import FieldError, Path, invalid, required
from kcompat.apimachinery.names import is_dns1035_label, name_is_path_segment
from kcompat.apimachinery.schema import types, walk
from kcompat.apimachinery.validation import validate_object_meta

Schema = dict[str, Any]
_MIXED_CASE: Final = "may have mixed case, but should otherwise match: "
_PLACEHOLDER: Final = "fakename"


class MalformedError(ValueError):
    """A value whose type or metadata are of the wrong types."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(str(error))
        self.error = error


def coerced(value: Any, schema: Schema | None, path: Path, *, whole: bool = False) -> Any:
    """The value with the metadata of objects as a server keeps it. `whole`: the value is an object itself. Raises MalformedError."""
    if schema is None and not whole:
        return value
    schema = schema or {}
    if isinstance(value, list):
        return [coerced(item, _schema(schema.get("items")), path.index(index)) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    embedded = whole or schema.get("x-kubernetes-embedded-resource")
    result = {key: _coerced_type(key, child, path) if embedded else child for key, child in value.items()}
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, child in result.items():
        if key in known:
            result[key] = coerced(child, known[key], path.child(key))
        elif others is not None:
            result[key] = coerced(child, _schema(others), path.key(key))
    return result


def _schema(value: Any) -> Schema | None:
    return value if isinstance(value, dict) else None


def _coerced_type(key: str, value: Any, path: Path) -> Any:
    if key in ("apiVersion", "kind") and not isinstance(value, str):
        raise MalformedError(invalid(path.child(key), value, "must be a string"))
    if key != "metadata":
        return value
    try:
        return object_meta(value)
    except ValueError as error:
        raise MalformedError(invalid(path.child("metadata"), value, str(error))) from None


def object_meta(value: Any) -> dict[str, Any]:
    """As Go reads it into its type and writes it again. Raises ValueError with Go's text."""
    read: dict[str, Any] = walk.decode(value, types.named("meta/v1.ObjectMeta"))[0]
    return read


def embedded_errors(value: Any, schema: Schema | None, path: Path, *, whole: bool = False) -> list[FieldError]:
    """What is wrong with the objects in a coerced value (objectmeta.Validate)."""
    if schema is None and not whole:
        return []
    schema = schema or {}
    if isinstance(value, list):
        items = _schema(schema.get("items"))
        return [error for index, item in enumerate(value) for error in embedded_errors(item, items, path.index(index))]
    if not isinstance(value, dict):
        return []
    errors = _object(value, path) if whole or schema.get("x-kubernetes-embedded-resource") else []
    known, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, child in value.items():
        if key in known:
            errors += embedded_errors(child, known[key], path.child(key))
        elif others is not None:
            errors += embedded_errors(child, _schema(others), path.key(key))
    return errors


def _object(value: dict[str, Any], path: Path) -> list[FieldError]:
    errors = [required(path.child(name)) for name in ("apiVersion", "kind") if name not in value]
    checks = {"apiVersion": _api_version, "kind": _kind, "metadata": _metadata}
    for key, child in value.items():
        if key in checks:
            errors += checks[key](child, path.child(key))
    return errors


def _api_version(value: Any, path: Path) -> list[FieldError]:
    if not isinstance(value, str):
        return [invalid(path, value, "must be a string")]
    if not value:
        return [invalid(path, value, "must not be empty")]
    return [invalid(path, value, f"unexpected GroupVersion string: {value}")] if value.count("/") > 1 else []


def _kind(value: Any, path: Path) -> list[FieldError]:
    if not isinstance(value, str):
        return [invalid(path, value, "must be a string")]
    if not value:
        return [invalid(path, value, "must not be empty")]
    problems = is_dns1035_label(value.lower())
    return [invalid(path, value, _MIXED_CASE + ",".join(problems))] if problems else []


def _metadata(value: Any, path: Path) -> list[FieldError]:
    try:
        metadata = object_meta(value)
    except ValueError as error:
        return [invalid(path, value, str(error))]
    metadata = {**metadata, "name": metadata.get("name") or _PLACEHOLDER}
    return validate_object_meta(metadata, bool(metadata.get("namespace")), name_is_path_segment, path, builtin=False)
