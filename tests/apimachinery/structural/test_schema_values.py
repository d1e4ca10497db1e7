"""Values against schemas, in upstream's words; the topic `definitions` of the differential asks a kube-apiserver the same in breadth."""

from __future__ import annotations

from typing import Any

import pytest

from kcompat.apimachinery.field import Path
from kcompat.apimachinery.structural import formats, pruning
from kcompat.apimachinery.structural.defaults import default_errors, has_unpruned, with_coerced
from kcompat.apimachinery.structural.embedded import coerced, embedded_errors
from kcompat.apimachinery.structural.values import value_errors

ROOT = Path("root")
WHOLE = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
POD = {"apiVersion": "v1", "kind": "Pod"}


def told(value: Any, schema: dict[str, Any]) -> list[str]:
    return [str(error) for error in value_errors(value, schema, ROOT)]


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        ("a", {"type": "string"}, []),
        (1, {"type": "string"}, ['root: Invalid value: "integer":  in body must be of type string: "integer"']),
        (2.0, {"type": "integer"}, []),
        (None, {"type": "string"}, ['root: Invalid value: "null":  in body must be of type string: "null"']),
        (None, {"type": "string", "nullable": True}, []),
        ({"a": {"b": 1}}, {"properties": {"a": {"properties": {"b": {"minimum": 2}}}}}, ["root.a.b: Invalid value: 1: a.b in body should be greater than or equal to 2"]),
        ({"a": [1, "x"]}, {"properties": {"a": {"items": {"type": "integer"}}}}, ['root.a[1]: Invalid value: "string": a[1] in body must be of type integer: "string"']),
        ({}, {"required": ["a"]}, ["root.a: Required value"]),
        ({"a": 1}, {"additionalProperties": False}, ['root: Invalid value: "a": .a in body is a forbidden property']),
        ("c", {"enum": ["a", "b"]}, ['root: Unsupported value: "c": supported values: "a", "b"']),
        ("abc", {"maxLength": 2}, ["root: Too long: may not be more than 2 bytes"]),
        ([1, 2], {"maxItems": 1}, ["root: Too many: 2: must have at most 1 item"]),
        (5, {"anyOf": [{"maximum": 3}, {"multipleOf": 2}]}, ['root: Invalid value: "": "" must validate at least one schema (anyOf)', "root: Invalid value: 5:  in body should be less than or equal to 3"]),
        (2, {"oneOf": [{"maximum": 3}, {"multipleOf": 2}]}, ['root: Invalid value: "": "" must validate one and only one schema (oneOf). Found 2 valid alternatives']),
        (4, {"not": {"minimum": 3}}, ['root: Invalid value: "": "" must not validate the schema (not)']),
    ],
)
def test_errors(value: Any, schema: dict[str, Any], expected: list[str]) -> None:
    assert told(value, schema) == expected


def test_formats_of_strings() -> None:
    assert formats.is_known("date-time")
    assert not formats.is_known("odd")
    assert formats.conforms("date-time", "2020-01-31T10:00:00Z")
    assert not formats.conforms("ipv4", "::1")


def test_pruning_keeps_what_the_schema_asks_to_keep() -> None:
    schema = {"properties": {"a": {"x-kubernetes-preserve-unknown-fields": True, "properties": {"b": {"properties": {}}}}}}
    value = {"a": {"x": 1, "b": {"y": 1}}, "z": 1}
    assert pruning.pruned(value, schema) == {"a": {"x": 1, "b": {}}}
    assert value["z"] == 1


def test_metadata_of_embedded_objects() -> None:
    given = POD | {"metadata": {"name": "x", "unknown": 1, "creationTimestamp": None}}
    assert coerced(given, WHOLE, ROOT) == POD | {"metadata": {"name": "x"}}
    found = embedded_errors(POD | {"metadata": {"labels": {"a": "x y"}}}, WHOLE, ROOT)
    assert [error.field for error in found] == ["root.metadata.labels"]


def test_defaults() -> None:
    def schema(value: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "properties": {"value": value}}

    assert default_errors(schema({"type": "string", "default": "x"}), ROOT) == []
    unknown = schema({"type": "object", "default": {"a": 1}})
    assert [error.detail for error in default_errors(unknown, ROOT)] == ["must not have unknown fields"]
    assert default_errors(unknown, ROOT, pruned_ones=False) == []
    assert has_unpruned(unknown)
    assert with_coerced(unknown) is unknown
    whole = schema(WHOLE | {"default": POD | {"metadata": {"unknown": 1}}})
    assert with_coerced(whole)["properties"]["value"]["default"] == POD | {"metadata": {}}
