"""What structured merge knows of a type: an atom, which compares, merges, prunes and checks values of that type.

Built by `types` (the API's own types), `structural` (custom resources) and by hand; called by the updater. Each operation of
structured-merge-diff's typed/{compare,tofieldset,merge,remove,validate}.go is a method here. Values are plain JSON; trees of
paths are `sets` nodes. Maps and lists have files of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from kcompat.apimachinery.apply.sets import LEAF, Set


class TypedError(ValueError):
    """A value that is not of its type; the text is upstream's."""


class Comparison(NamedTuple):
    """Nodes of what the new value lacks, has otherwise, and has in addition; None where there is nothing."""

    removed: Set | None
    modified: Set | None
    added: Set | None


MODIFIED = Comparison(None, LEAF, None)
"""A leaf that changed."""

Report = Callable[[str, str], None]
"""Takes (path, message) of a defect."""


class Atom(Protocol):
    """Operations on values of one type. A node is what stands under the value's own path element."""

    exact: bool
    """Whether Python's == tells all values apart (1 and True occur at the same place only in untyped data)."""

    def compare(self, old: Any, new: Any) -> Comparison:
        """Two values that differ. Raises TypedError."""
        ...

    def present(self, value: Any) -> Set:
        """The node of a value that only one side of a comparison has."""
        ...

    def owned(self, value: Any) -> Set | None:
        """The node of what an applied value claims, without what the parent adds; None for nothing (ToFieldSet)."""
        ...

    def merge(self, live: Any, config: Any) -> Any:
        """The live value with the applied one over it."""
        ...

    def without(self, value: Any, removed: Set) -> Any:
        """The value without what stands below it in this node; None when nothing remains (RemoveItems)."""
        ...

    def check(self, value: Any, path: str, report: Report, duplicates: bool) -> None:
        """Reports what does not conform; `duplicates`: items may share their key."""
        ...

    def settled(self, node: Set) -> Set:
        """The node with atomic values as leaves, whatever their type was when it was written (ReconcileFieldSetWithSchema)."""
        ...

    def named(self, node: Set) -> Set:
        """The node with the fields of structs that have children as members themselves (EnsureNamedFieldsAreMembers)."""
        ...


def same(old: Any, new: Any) -> bool:
    """Equality of JSON values in which True is not 1 (value.Equals)."""
    if old != new:
        return False
    if old.__class__ is dict:
        return all(same(value, new[name]) for name, value in old.items())
    if old.__class__ is list:
        return all(map(same, old, new))
    return (old.__class__ is bool) == (new.__class__ is bool)


class Leaf:
    """A value owned as a whole: a scalar, or an atomic list or map. `verify` gives the reason why a value is wrong, or ""."""

    exact = True

    def __init__(self, verify: Callable[[Any], str]) -> None:
        self._verify = verify

    def compare(self, old: Any, new: Any) -> Comparison:
        return MODIFIED

    def present(self, value: Any) -> Set:
        return LEAF

    def owned(self, value: Any) -> Set | None:
        return LEAF

    def merge(self, live: Any, config: Any) -> Any:
        return config

    def without(self, value: Any, removed: Set) -> Any:
        return value

    def check(self, value: Any, path: str, report: Report, duplicates: bool) -> None:
        if why := self._verify(value):
            report(path, why)

    def named(self, node: Set) -> Set:
        return node

    def settled(self, node: Set) -> Set:
        return node


def go_syntax(value: Any) -> str:
    """A JSON value as Go's %#v shows it."""
    if value is None:
        return "<nil>"
    if value.__class__ is str:
        from kcompat.apimachinery.quote import quote

        return quote(value)
    if value.__class__ is list:
        return "[]interface {}{" + ", ".join(map(_part_syntax, value)) + "}"
    if value.__class__ is dict:
        return "map[string]interface {}{" + ", ".join(f"{go_syntax(name)}:{_part_syntax(part)}" for name, part in sorted(value.items())) + "}"
    return {True: "true", False: "false"}[value] if value.__class__ is bool else go_number(value)


def _part_syntax(value: Any) -> str:
    return "interface {}(nil)" if value is None else go_syntax(value)


def go_number(value: float) -> str:
    """A number as Go prints a float64 with %v."""
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    text = repr(float(value))
    return text


def _is_number(value: Any) -> bool:
    return value.__class__ in (int, float)


def _string(value: Any) -> str:
    ok = value is None or value.__class__ is str
    return "" if ok else f"expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"


def _numeric(value: Any) -> str:
    if value is None or _is_number(value):
        return ""
    return f"expected numeric (int or float), got {_go_type(value)}"


def _boolean(value: Any) -> str:
    ok = value is None or value.__class__ is bool
    return "" if ok else f"expected boolean, got {shown(value)}"


def _scalar(value: Any) -> str:
    ok = value is None or value.__class__ not in (dict, list)
    return "" if ok else f"expected any scalar, got {shown(value)}"


def shown(value: Any) -> str:
    """A value as %v shows value.Value: a pointer to its wrapper."""
    return "&{" + go_value(value) + "}"


def go_value(value: Any) -> str:
    """A JSON value as Go's %v shows it."""
    if value.__class__ is str:
        return str(value)
    if value.__class__ is list:
        return "[" + " ".join(map(go_value, value)) + "]"
    if value.__class__ is dict:
        return "map[" + " ".join(f"{name}:{go_value(part)}" for name, part in sorted(value.items())) + "]"
    return go_syntax(value)


def _go_type(value: Any) -> str:
    return {str: "string", bool: "bool", dict: "map[string]interface {}", list: "[]interface {}"}[value.__class__]


STRING, NUMERIC, BOOLEAN, SCALAR = Leaf(_string), Leaf(_numeric), Leaf(_boolean), Leaf(_scalar)
ANYTHING = Leaf(lambda value: "")
