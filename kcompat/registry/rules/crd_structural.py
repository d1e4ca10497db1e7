"""What makes a schema structural: a type for every value, and no types where only values are restricted.

Answers apiextensions-apiserver pkg/apiserver/schema: convert.go, validation.go and complete.go. Pure. Called by crd_schema.
"""

from __future__ import annotations

from typing import Final

from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, required
from kcompat.apimachinery.structural import patterns
from kcompat.registry.declare import Tree

_ROOT, _ITEM, _FIELD = "at the root", "for specified array items", "for specified object fields"
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_UNSUPPORTED: Final = {
    "id": "id", "$schema": "schema", "$ref": "$ref", "patternProperties": "patternProperties", "dependencies": "dependencies",
    "additionalItems": "additionalItems", "definitions": "definitions",
}
_NO_GENERICS: Final = {
    "type": "empty", "additionalProperties": "undefined", "default": "undefined", "title": "empty", "description": "empty",
    "nullable": "false", "x-kubernetes-preserve-unknown-fields": "false", "x-kubernetes-embedded-resource": "false",
    "x-kubernetes-int-or-string": "false", "x-kubernetes-list-map-keys": "empty", "x-kubernetes-list-type": "undefined",
    "x-kubernetes-map-type": "undefined", "x-kubernetes-validations": "empty",
}
"""What may not stand inside of allOf, anyOf, oneOf and not, and how messages put it."""


def unsupported(schema: Tree) -> str:
    """Why the schema cannot even be looked at, "" if it can (NewStructural)."""
    for name, shown in _UNSUPPORTED.items():
        if schema.get(name) not in (None, "", {}, []):
            return f"OpenAPIV3Schema '{shown}' is not supported"
    for child in (schema.get("not"), *(child for name in ("allOf", "anyOf", "oneOf") for child in schema.get(name) or ())):
        if child is not None and (found := unsupported(child)):
            return found
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
    if isinstance(schema.get("items"), list):
        return "OpenAPIV3Schema 'items' must be a schema, but is an array"
    children = (schema.get("items"), *(schema.get("properties") or {}).values(), schema.get("additionalProperties"))
    return next((found for child in children if isinstance(child, dict) and (found := unsupported(child))), "")


def structural_errors(schema: Tree, path: Path) -> list[FieldError]:
    """ValidateStructural, of a schema that `unsupported` lets through."""
    return sorted(_invariants(schema, _ROOT, path) + _complete_values(schema, schema, path, path), key=str)


def _invariants(schema: Tree, level: str, path: Path) -> list[FieldError]:
    items, properties, others = schema.get("items"), schema.get("properties") or {}, schema.get("additionalProperties")
    errors = [required(path.child("items"), "must be specified")] if schema.get("type") == "array" and items is None else []
    if items is not None:
        errors += _invariants(items, _ITEM, path.child("items"))
    for name, child in properties.items():
        errors += _invariants(child, _FIELD, path.child("properties").key(name))
    if others is not None and level == _ROOT:
        errors.append(forbidden(path.child("additionalProperties"), "must not be used at the root"))
    if isinstance(others, dict):
        errors += _invariants(others, _FIELD, path.child("additionalProperties"))
    errors += _extensions(schema, path)
    first = ((schema.get("allOf") or [{}])[0]).get("anyOf")
    errors += _values(schema, path, schema.get("anyOf") == _INT_OR_STRING, first == _INT_OR_STRING)
    return errors + _type(schema, level, path) + _metadata(schema, level, path)


def _extensions(schema: Tree, path: Path) -> list[FieldError]:
    if not schema.get("x-kubernetes-int-or-string"):
        return []
    names = [name for name in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource") if schema.get(name)]
    return [invalid(path.child(name), True, "must be false if x-kubernetes-int-or-string is true") for name in names]


def _type(schema: Tree, level: str, path: Path) -> list[FieldError]:
    kind, embedded = schema.get("type"), schema.get("x-kubernetes-embedded-resource")
    keeps = schema.get("x-kubernetes-preserve-unknown-fields")
    errors: list[FieldError] = []
    at = path.child("type")
    if embedded and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        errors.append(invalid(at, kind, detail) if kind else required(at, detail))
    elif not kind and not schema.get("x-kubernetes-int-or-string") and not keeps:
        errors.append(required(at, f"must not be empty {level}"))
    if embedded and schema.get("additionalProperties") is not None:
        errors.append(forbidden(path.child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set"))
    if level == _ROOT and kind and kind != "object":
        errors.append(invalid(at, kind, "must be object at the root"))
    if embedded and not keeps and not schema.get("properties"):
        detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        errors.append(required(path.child("properties"), detail))
    return errors


def _metadata(schema: Tree, level: str, path: Path) -> list[FieldError]:
    properties = schema.get("properties") or {}
    checked = level == _ROOT or schema.get("x-kubernetes-embedded-resource")
    errors = []
    for name, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        found = (properties.get(name) or {}).get("type", "")
        if name in properties and checked and found != wanted:
            errors.append(invalid(path.child("properties").key(name).child("type"), found, f"must be {wanted}"))
    metadata = dict(properties.get("metadata") or {})
    if level == _ROOT and set(metadata.pop("properties", None) or {}) <= {"name", "generateName"}:
        metadata = {name: value for name, value in metadata.items() if name not in ("type", "default")}
    if level == _ROOT and metadata:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        errors.append(forbidden(path.child("properties").key("metadata"), detail))
    return errors


def _values(schema: Tree, path: Path, skip_any: bool = False, skip_first_all: bool = False) -> list[FieldError]:
    """validateValueValidation: what allOf, anyOf, oneOf and not hold. Types of int-or-string are skipped."""
    errors: list[FieldError] = []
    for index, child in enumerate(() if skip_any else schema.get("anyOf") or ()):
        errors += _nested(child, path.child("anyOf").index(index))
    for index, child in enumerate(schema.get("allOf") or ()):
        errors += _nested(child, path.child("allOf").index(index), skip_any=skip_first_all and index == 0)
    for index, child in enumerate(schema.get("oneOf") or ()):
        errors += _nested(child, path.child("oneOf").index(index))
    if (child := schema.get("not")) is not None:
        errors += _nested(child, path.child("not"))
    if (pattern := schema.get("pattern")) and (problem := patterns.problem(pattern)):
        errors.append(invalid(path.child("pattern"), pattern, f"must be a valid regular expression, but isn't: {problem}"))
    return errors


def _nested(schema: Tree, path: Path, *, skip_any: bool = False) -> list[FieldError]:
    errors = _values(schema, path, skip_any)
    if isinstance(items := schema.get("items"), dict):
        errors += _nested(items, path.child("items"))
    properties = schema.get("properties") or {}
    for name, child in properties.items():
        errors += _nested(child, path.child("properties").key(name))
    for name, wanted in _NO_GENERICS.items():
        if schema.get(name) not in (None, "", False, []):
            errors.append(forbidden(path.child(name), f"must be {wanted} to be structural"))
    if "metadata" in properties:
        errors.append(forbidden(path.child("properties").key("metadata"), "must not be specified in a nested context"))
    return errors


def _complete_values(values: Tree, schema: Tree, path: Path, at: Path) -> list[FieldError]:
    """validateValueValidationCompleteness: what is restricted is specified. `at` is the place of the restriction."""
    nested = [(values["not"], at.child("not"))] if values.get("not") is not None else []
    for name in ("allOf", "anyOf", "oneOf"):
        nested += [(child, at.child(name).index(index)) for index, child in enumerate(values.get(name) or ())]
    return [error for child, place in nested for error in _complete(child, schema, path, place)]


def _complete(values: Tree, schema: Tree | None, path: Path, at: Path) -> list[FieldError]:
    if schema is None:
        return [required(path, f"because it is defined in {at}")]
    errors = _complete_values(values, schema, path, at)
    if isinstance(items := values.get("items"), dict):
        errors += _complete(items, schema.get("items"), path.child("items"), at.child("items"))
    known = schema.get("properties") or {}
    for name, child in (values.get("properties") or {}).items():
        errors += _complete(child, known.get(name), path.child("properties").key(name), at.child("properties").key(name))
    return errors
