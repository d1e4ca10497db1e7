"""structured-merge-diff's own schema notation as atoms, and its Go paths and sets as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml
from go_source import Call, Literal, Name

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.atoms import BOOLEAN, NUMERIC, SCALAR, STRING, Atom
from kcompat.apimachinery.apply.elements import key_element, value_element
from kcompat.apimachinery.apply.lists import AtomicList, KeyedListAtom, SetAtom
from kcompat.apimachinery.apply.maps import AtomicMap, MapAtom
from kcompat.apimachinery.apply.untyped import ATOMIC, DEDUCED, AnyOf

SCALARS = {"string": STRING, "numeric": NUMERIC, "boolean": BOOLEAN, "untyped": SCALAR}
Tree = dict[str, Any]


class Schema:
    """Named types, made when first asked for."""

    def __init__(self, text: str) -> None:
        self.types: dict[str, Tree] = {each["name"]: each for each in yaml.safe_load(text)["types"]}
        self.made: dict[tuple[str, str], Atom] = {}

    def named(self, name: str, relation: str = "") -> Atom:
        known = {"__untyped_deduced_": DEDUCED, "__untyped_atomic_": ATOMIC}
        if name in known:
            return known[name]
        if (name, relation) not in self.made:
            self.make(self.types[name], relation, lambda atom: self.made.__setitem__((name, relation), atom))
        return self.made[name, relation]

    def reference(self, declared: Tree) -> Atom:
        relation = declared.get("elementRelationship", "")
        if "namedType" in declared:
            return self.named(declared["namedType"], relation)
        made: list[Atom] = []
        self.make(declared, relation, made.append)
        return made[0]

    def make(self, declared: Tree, relation: str, publish: Callable[[Atom], None]) -> None:
        """Makes an atom; publishes it before looking into it, as types may contain themselves."""
        forms = {"scalar", "list", "map"} & declared.keys()
        either = AnyOf(scalar=SCALARS[declared["scalar"]] if "scalar" in declared else None)
        if len(forms) > 1:
            publish(either)
        if "map" in forms:
            either.map = self.map_atom(declared["map"], relation)
            if len(forms) == 1:
                publish(either.map)
            self.complete(either.map, declared["map"])
        if "list" in forms:
            either.list = self.list_atom(declared["list"], relation)
        if len(forms) == 1 and (only := either.scalar or either.list):
            publish(only)

    def map_atom(self, declared: Tree, relation: str) -> MapAtom:
        fields = declared.get("fields") or []
        made = AtomicMap if (relation or declared.get("elementRelationship")) == "atomic" else MapAtom
        defaults = {each["name"]: each["default"] for each in fields if "default" in each}
        return made(lambda: {each["name"]: self.reference(each["type"]) for each in fields}, defaults=defaults, exact=False)

    def complete(self, atom: MapAtom, declared: Tree) -> None:
        if "elementType" in declared:
            atom.element = self.reference(declared["elementType"])

    def list_atom(self, declared: Tree, relation: str) -> Atom:
        element = self.reference(declared["elementType"])
        if (relation or declared.get("elementRelationship")) != "associative":
            return AtomicList(element)
        if declared.get("keys"):
            element = element.map if isinstance(element, AnyOf) and element.map is not None else element
            assert isinstance(element, MapAtom)
            return KeyedListAtom(element, declared["keys"])
        return SetAtom(element)


def path(call: Any) -> sets.Path:
    """`_P("list", _KBF("name", "a"))` as elements."""
    return tuple(_element(argument) for argument in call.arguments)


def _element(argument: Any) -> str:
    if isinstance(argument, Call) and argument.function == "_KBF":
        pairs = dict(zip(argument.arguments[::2], argument.arguments[1::2], strict=True))
        return key_element(sorted(pairs.items()))
    if isinstance(argument, Call):
        return value_element(argument.arguments[0])
    return f"i:{argument}" if isinstance(argument, int) else f"f:{argument}"


def fields(call: Any) -> sets.Set:
    """`_NS(_P(…), …)` as a set."""
    return sets.of(*(path(argument) for argument in call.arguments))


def text(value: Any, strings: Mapping[str, str]) -> str:
    """A string, or the constant that names it."""
    return strings[value.text] if isinstance(value, Name) else str(value)


def cases(literal: Literal) -> list[Literal]:
    return literal.items
