"""Keys in Go's order: struct fields as declared, map keys sorted, and nothing copied that is in order."""

from __future__ import annotations

from typing import Any

from kcompat.apimachinery.schema import decode, ordered
from kcompat.apimachinery.schema.order import order_of
from kcompat.apimachinery.schema.types import named


def pod(tree: dict[str, Any]) -> dict[str, Any]:
    return ordered(tree, "", "v1", "Pod")


def test_fields_stand_as_declared_at_every_depth() -> None:
    scrambled = {"spec": {"volumes": [{"name": "v"}], "containers": [{"image": "i", "name": "c"}]}, "metadata": {"uid": "u", "name": "p"}, "kind": "Pod"}
    result = pod(scrambled)
    assert [*result] == ["kind", "metadata", "spec"]
    assert [*result["metadata"]] == ["name", "uid"]
    assert [*result["spec"]["containers"][0]] == ["name", "image"]
    assert result == scrambled


def test_keys_of_maps_are_sorted_but_not_those_of_raw_values() -> None:
    result = pod({"metadata": {"labels": {"b": "1", "a": "2"}, "managedFields": [{"fieldsV1": {"f:z": {}, "f:a": {}}}]}})
    assert [*result["metadata"]["labels"]] == ["a", "b"]
    assert [*result["metadata"]["managedFields"][0]["fieldsV1"]] == ["f:z", "f:a"]


def test_what_is_in_order_is_given_back_itself() -> None:
    tree = decode({"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}}, "", "v1", "Pod").tree
    assert pod(tree) is tree


def test_what_was_given_is_not_changed() -> None:
    tree = {"spec": {"containers": [{"image": "i", "name": "c"}]}}
    pod(tree)
    assert [*tree["spec"]["containers"][0]] == ["image", "name"]


def test_empty_lists_are_null_as_protobuf_knows_none() -> None:
    assert pod({"spec": {"containers": []}}) == {"spec": {"containers": None}}


def test_unknown_names_come_last_and_unknown_kinds_stay() -> None:
    assert [*pod({"nonsense": 1, "kind": "Pod"})] == ["kind", "nonsense"]
    tree = {"z": 1, "a": 2}
    assert ordered(tree, "example.com", "v1", "Thing") is tree


def test_types_that_contain_themselves() -> None:
    order = order_of(named("apiextensions/v1.JSONSchemaProps"))
    assert order is not None
    result = order({"properties": {"b": {"type": "string", "description": "d"}, "a": {}}, "type": "object"})
    assert [*result] == ["type", "properties"]
    assert [*result["properties"]] == ["a", "b"]
    assert [*result["properties"]["b"]] == ["description", "type"]
