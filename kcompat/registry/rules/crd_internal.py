"""Specs of CustomResourceDefinitions as upstream sees them inside: what all versions have alike stands at the top.

Errors name fields and show values in this form (apiextensions-apiserver pkg/apis/apiextensions/v1/conversion.go). Pure.
Called by the rules of CustomResourceDefinitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from kcompat.apimachinery.schema import types
from kcompat.apimachinery.schema.types import Type
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.go_form import go_form, go_list

HOISTED: Final = {
    "subresources": "subresources", "schema": "validation", "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}
"""Members of a version, and what they are called at the top."""
_ORDER: Final = (
    "id", "$schema", "$ref", "description", "type", "nullable", "format", "title", "default", "maximum", "exclusiveMaximum", "minimum",
    "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "enum", "maxProperties",
    "minProperties", "required", "items", "allOf", "oneOf", "anyOf", "not", "properties", "additionalProperties", "patternProperties",
    "dependencies", "additionalItems", "definitions", "externalDocs", "example", "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type",
    "x-kubernetes-map-type", "x-kubernetes-validations",
)
_FIRST_EXPONENT: Final = 1e21
"""From here on Go writes floating-point numbers with an exponent."""


def internal(spec: Tree) -> Tree:
    """The spec with what its versions share moved to the top. Shares the rest with the given one."""
    versions = spec.get("versions") or []
    result = {**spec, "version": versions[0].get("name", "") if versions else ""}
    moved = [name for name in HOISTED if versions and all(version.get(name) == versions[0].get(name) for version in versions)]
    for name in moved:
        if name in versions[0]:
            result[HOISTED[name]] = versions[0][name]
    kept = [{key: value for key, value in version.items() if key not in moved} for version in versions]
    result["versions"] = kept if spec.get("versions") is not None else ()
    return result


def root_schemas(spec: Tree) -> Iterator[Tree]:
    """The schemas of an internal spec."""
    for validation in (spec.get("validation"), *(version.get("schema") for version in spec["versions"])):
        if validation and validation.get("openAPIV3Schema") is not None:
            yield validation["openAPIV3Schema"]


def below(schema: Tree) -> Iterator[Tree]:
    """The schema and all within it (SchemaHas)."""
    yield schema
    for name, value in schema.items():
        for child in _children(name, value):
            yield from below(child)


def _children(name: str, value: Any) -> Sequence[Any]:
    if name in ("properties", "patternProperties", "definitions"):
        return list((value or {}).values())
    if name == "dependencies":
        return [child for child in (value or {}).values() if isinstance(child, dict)]
    if name in ("allOf", "anyOf", "oneOf") or (name == "items" and isinstance(value, list)):
        return value or ()
    if name in ("items", "not", "additionalProperties", "additionalItems"):
        return [value] if isinstance(value, dict) else ()
    return ()


_VALUES: Final = ("default", "example")
_BY_NAME: Final = ("properties", "patternProperties", "definitions", "dependencies")
_MANY, _ONE = ("allOf", "anyOf", "oneOf", "items"), ("items", "not", "additionalProperties", "additionalItems")


def as_written(schema: Any) -> Any:
    """The schema with its values as Go writes what it read (v1/conversion.go: Convert_apiextensions_JSON_To_v1_JSON)."""
    return {name: _member_written(name, value) for name, value in schema.items()} if isinstance(schema, dict) else schema


def _member_written(name: str, value: Any) -> Any:
    if name in _VALUES:
        return _value_written(value)
    if name == "enum" and value:
        return [_value_written(item) for item in value]
    if name in _BY_NAME and isinstance(value, dict):
        return {key: as_written(child) for key, child in value.items()}
    if name in _MANY and isinstance(value, list):
        return [as_written(child) for child in value]
    return as_written(value) if name in _ONE else value


def _value_written(value: Any) -> Any:
    """Keys sorted, and no fractions that are none."""
    if isinstance(value, dict):
        return {key: _value_written(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_value_written(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _FIRST_EXPONENT else value


def shown_versions(versions: Sequence[Tree]) -> Any:
    """Versions of an internal spec as errors show them: null where none were given, and an empty list where that was."""
    return [_shown_version(version) for version in versions] if versions or isinstance(versions, list) else None


def _shown_version(version: Tree) -> Tree:
    form = go_form({name: value for name, value in version.items() if name != "schema"}, "apiextensions/v1.CustomResourceDefinitionVersion")
    order = (
        "Name", "Served", "Storage", "Deprecated", "DeprecationWarning", "Schema", "Subresources", "AdditionalPrinterColumns",
        "SelectableFields",
    )
    validation = version.get("schema")
    form["Schema"] = None if validation is None else {"OpenAPIV3Schema": shown_schema(validation.get("openAPIV3Schema"))}
    return {name: form[name] for name in order}


def shown_schema(schema: Tree | None) -> Any:
    """A schema as errors show it."""
    if schema is None:
        return None
    fields = types.named("apiextensions/v1.JSONSchemaProps").fields
    return {fields[name].go: _shown_member(name, schema.get(name), fields[name].type) for name in _ORDER}


def _shown_member(name: str, value: Any, type: Type) -> Any:
    if value is None:
        return {"string": None if type.pointer else "", "bool": None if type.pointer else False}.get(type.kind)
    if name == "items":
        many = isinstance(value, list)
        return {"Schema": None if many else shown_schema(value), "JSONSchemas": [shown_schema(item) for item in value] if many else None}
    if name in ("additionalProperties", "additionalItems"):
        return {"Allows": value is not False, "Schema": shown_schema(value) if isinstance(value, dict) else None}
    if name in ("properties", "patternProperties", "definitions"):
        return {key: shown_schema(child) for key, child in sorted(value.items())} or None
    if name in ("allOf", "oneOf", "anyOf"):
        return [shown_schema(child) for child in value] or None
    if name == "not":
        return shown_schema(value)
    if name == "x-kubernetes-validations":
        return go_list(value, "apiextensions/v1.ValidationRule")
    return go_form(value, type.name) if type.kind == "struct" else value
