"""Atoms of the API's types agree with the schema that client-go publishes for apply configurations, read from the module cache."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from upstream import MODULES

from kcompat.apimachinery.apply.atoms import ANYTHING, BOOLEAN, NUMERIC, SCALAR, STRING, Atom
from kcompat.apimachinery.apply.lists import AtomicList, KeyedListAtom, SetAtom
from kcompat.apimachinery.apply.maps import AtomicMap, MapAtom
from kcompat.apimachinery.apply.types import struct_atom
from kcompat.apimachinery.apply.untyped import ATOMIC, DEDUCED, AnyOf
from kcompat.apimachinery.schema import facts
from kcompat.apimachinery.schema.types import named

PUBLISHED = MODULES / "k8s.io/client-go@v0.37.1/applyconfigurations/internal/internal.go"
SCALARS = {"string": STRING, "numeric": NUMERIC, "boolean": BOOLEAN, "untyped": SCALAR}


def described(atom: Atom) -> Any:
    """An atom in words; structs only by how they are owned."""
    if isinstance(atom, AnyOf) or atom is ATOMIC:
        return {id(DEDUCED): "deduced", id(ATOMIC): "untyped"}[id(atom)]
    for name, scalar in SCALARS.items():
        if atom is scalar:
            return name
    if atom is ANYTHING:
        return "untyped"  # the server's own schema is wider than the published one here
    if isinstance(atom, MapAtom):
        owned = "atomic" if isinstance(atom, AtomicMap) else "granular"
        return ("struct", owned) if atom.fields else ("map", owned, described(atom.element or ATOMIC))
    if isinstance(atom, KeyedListAtom):
        return ("list", tuple(atom.keys), described(atom.element))
    assert isinstance(atom, SetAtom | AtomicList)
    return ("set" if isinstance(atom, SetAtom) else "atomic list", described(atom.element))


class Published:
    """client-go's schema in the same words."""

    def __init__(self, text: str) -> None:
        found = re.search(r"YAMLObject\(`(.*?)`\)", text, re.DOTALL)
        assert found is not None
        self.types = {each["name"]: each for each in yaml.load(found[1], Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["types"]}

    def described(self, declared: dict[str, Any], relation: str = "") -> Any:
        if "namedType" in declared:
            known = {"__untyped_deduced_": "deduced", "__untyped_atomic_": "untyped"}
            name = declared["namedType"]
            return known.get(name) or self.described(self.types[name], declared.get("elementRelationship", ""))
        if {"scalar", "list", "map"} <= declared.keys():
            return "untyped" if declared["map"].get("elementRelationship") == "atomic" else "deduced"
        if "scalar" in declared:
            return declared["scalar"]
        if "list" in declared:
            return self.described_list(declared["list"])
        owned = "atomic" if (relation or declared["map"].get("elementRelationship")) == "atomic" else "granular"
        element = declared["map"].get("elementType")
        return ("struct", owned) if declared["map"].get("fields") else ("map", owned, self.described(element))

    def described_list(self, declared: dict[str, Any]) -> Any:
        element = self.described(declared["elementType"])
        if declared.get("elementRelationship") != "associative":
            return ("atomic list", element)
        return ("list", tuple(declared["keys"]), element) if declared.get("keys") else ("set", element)


def definitions() -> dict[str, str]:
    """Our name of every struct by its name in OpenAPI documents."""
    found = {}
    for package in facts.packages():
        for local, declared in facts.package(package)["types"].items():
            type = named(f"{package}.{local}") if "fields" in declared else None
            if type is not None and type.struct is not None:
                found[type.struct.definition] = type.name
    return found


@pytest.mark.skipif(not PUBLISHED.exists(), reason="client-go is not in the Go module cache")
def test_atoms_are_those_of_the_published_schema() -> None:
    published, ours = Published(PUBLISHED.read_text()), definitions()
    compared = 0
    for name, declared in published.types.items():
        if name not in ours or "map" not in declared:
            continue
        atom = struct_atom(ours[name])
        fields = {each["name"]: each for each in declared["map"].get("fields", ())}
        assert set(fields) == set(atom.fields), name
        for field, each in fields.items():
            assert described(atom.fields[field]) == published.described(each["type"]), f"{name}.{field}"
            assert each.get("default", {}) == atom.defaults.get(field, {}), f"{name}.{field}"
            compared += 1
    assert compared > 2000
