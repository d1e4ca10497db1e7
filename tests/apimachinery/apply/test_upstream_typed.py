"""structured-merge-diff's own tables of comparing, merging, removing, claiming and checking values, read from the module cache."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from go_source import Literal, values
from smd_schema import Schema, fields, text
from upstream import object_of, source

from kcompat.apimachinery.apply.atoms import Atom

Case = tuple[str, Atom, Any]


def tables(file: str, name: str, rows: str) -> list[Any]:
    """(atom, row) of every row of a table whose entries have a schema and a root type; none without the module cache."""
    return list(_rows(file, name, rows))


def _rows(file: str, name: str, rows: str) -> Iterator[Any]:
    code = source(f"typed/{file}")
    strings = dict(re.findall(r"var (\w+) = `(.*?)`", code, re.DOTALL))
    for literal in values(code, name):
        for case in literal.items:
            schema = Schema(text(case.get("schema"), strings))
            atom = schema.named(case.get("rootTypeName"))
            wanted = case.get(rows)
            for number, row in enumerate(wanted.items if wanted is not None else ()):
                yield pytest.param(atom, row, id=f"{case.get('name')}-{number}")


def part(row: Literal, name: str, position: int) -> Any:
    """A field of a row, written with or without its name."""
    return row.fields[name] if name in row.fields else row.items[position]


def defects(atom: Atom, value: Any, *, duplicates: bool) -> list[str]:
    found: list[str] = []
    atom.check(value, "", lambda path, why: found.append(f"{path}: {why}"), duplicates)
    return found


@pytest.mark.parametrize(("atom", "row"), tables("symdiff_test.go", "symdiffCases", "quints"))
def test_compare(atom: Atom, row: Literal) -> None:
    old, new = object_of(row.get("lhs")), object_of(row.get("rhs"))
    wanted = [fields(row.get(name)) for name in ("removed", "modified", "added")]
    assert [found or {} for found in (atom.compare(old, new) if old != new else (None, None, None))] == wanted
    assert [found or {} for found in (atom.compare(new, old) if old != new else (None, None, None))] == wanted[::-1]


@pytest.mark.parametrize(("atom", "row"), tables("merge_test.go", "mergeCases", "triplets"))
def test_merge(atom: Atom, row: Literal) -> None:
    live, config, wanted = (object_of(part(row, name, position)) for position, name in enumerate(("lhs", "rhs", "out")))
    assert atom.merge(live, config) == wanted


@pytest.mark.parametrize(("atom", "row"), tables("remove_test.go", "removeCases", "quadruplets"))
def test_remove(atom: Atom, row: Literal) -> None:
    value, wanted = object_of(part(row, "object", 0)), part(row, "removeOutput", 2)
    if wanted == "unparseable":
        pytest.skip("upstream does not say what comes out")
    assert atom.without(value, fields(part(row, "set", 1))) == object_of(wanted)


@pytest.mark.parametrize(("atom", "row"), tables("toset_test.go", "fieldsetCases", "pairs"))
def test_owned(atom: Atom, row: Literal) -> None:
    assert (atom.owned(object_of(row.items[0])) or {}) == fields(row.items[1])


@pytest.mark.parametrize(("atom", "row"), tables("validate_test.go", "validationCases", "validObjects"))
def test_valid(atom: Atom, row: str) -> None:
    assert defects(atom, object_of(row), duplicates=False) == []


@pytest.mark.parametrize(("atom", "row"), tables("validate_test.go", "validationCases", "invalidObjects"))
def test_invalid(atom: Atom, row: str) -> None:
    assert defects(atom, object_of(row), duplicates=True) != []


@pytest.mark.parametrize(("atom", "row"), tables("validate_test.go", "validationCases", "duplicatesObjects"))
def test_duplicates(atom: Atom, row: str) -> None:
    assert defects(atom, object_of(row), duplicates=False) != []
    assert defects(atom, object_of(row), duplicates=True) == []
