"""Custom resources: their schemas decide how fields are owned."""

from __future__ import annotations

from typing import Any

import pytest

from kcompat.apimachinery.apply.atoms import Atom
from kcompat.apimachinery.apply.structural import atom_of_resource

STRING = {"type": "string"}
PROTOCOL = {"type": "string", "default": "TCP"}
SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "name": STRING,
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": STRING}},
                "labels": {"type": "object", "additionalProperties": STRING},
                "set": {"type": "array", "x-kubernetes-list-type": "set", "items": STRING},
                "plain": {"type": "array", "items": STRING},
                "keyed": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "protocol"],
                    "items": {"type": "object", "properties": {"name": STRING, "protocol": PROTOCOL, "n": {"type": "integer"}}},
                },
            },
        },
    },
}  # fmt: skip


def owned(spec: dict[str, Any]) -> Any:
    return (atom_of_resource(SCHEMA).owned({"apiVersion": "x/v1", "kind": "X", "spec": spec}) or {}).get("f:spec")


def defects(atom: Atom, tree: Any) -> list[str]:
    found: list[str] = []
    atom.check(tree, "", lambda path, why: found.append(f"{path}: {why}"), False)
    return found


def test_claims() -> None:
    assert owned({"name": "a", "port": 80, "labels": {"x": "y"}}) == {"f:labels": {"f:x": {}}, "f:name": {}, "f:port": {}}
    assert owned({"free": {"a": {"b": [1]}, "c": 1}}) == {"f:free": {"f:a": {".": {}, "f:b": {}}, "f:c": {}}}
    assert owned({"whole": {"a": "b"}, "plain": ["a"]}) == {"f:plain": {}, "f:whole": {}}
    assert owned({"set": ["b", "a"]}) == {"f:set": {'v:"a"': {}, 'v:"b"': {}}}
    assert owned({"keyed": [{"name": "x", "n": 1}]}) == {
        "f:keyed": {'k:{"name":"x","protocol":"TCP"}': {".": {}, "f:n": {}, "f:name": {}}},
    }


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"unknown": 1}, ".spec.unknown: field not declared in schema"),
        ({"name": 1}, ".spec.name: expected string, got &value.valueUnstructured{Value:1}"),
        ({"set": ["a", "a"]}, '.spec.set: duplicate entries for key [="a"]'),
        ({"keyed": [{"n": 1}, {"n": 2}]}, '.spec.keyed: duplicate entries for key [protocol="TCP"]'),
    ],
)
def test_defects(spec: dict[str, Any], why: str) -> None:
    assert defects(atom_of_resource(SCHEMA), {"spec": spec}) == [why]


def test_without_a_schema_everything_is_owned_entry_by_entry() -> None:
    atom = atom_of_resource(None)
    tree = {"metadata": {"labels": {"a": "b"}}, "spec": {"list": [{"name": "a"}]}}
    assert atom.owned(tree) == {
        "f:metadata": {".": {}, "f:labels": {".": {}, "f:a": {}}},
        "f:spec": {".": {}, "f:list": {}},
    }


def test_unknown_fields_kept_from_the_root_on() -> None:
    spec = {"type": "object", "properties": {"a": STRING}}
    atom = atom_of_resource({"type": "object", "properties": {"spec": spec}}, preserve_unknown=True)
    assert defects(atom, {"spec": {"b": 1}, "other": 2}) == []


def test_true_is_not_one_where_nothing_is_known() -> None:
    atom = atom_of_resource(SCHEMA)
    assert atom.compare({"spec": {"free": {"a": 1}}}, {"spec": {"free": {"a": True}}}).modified == {"f:spec": {"f:free": {"f:a": {}}}}
