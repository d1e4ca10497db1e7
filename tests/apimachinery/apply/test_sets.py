"""Sets of paths behave as sets of tuples do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.elements import order

ELEMENTS = st.sampled_from(["f:a", "f:b", "f:c", 'k:{"n":1}', 'k:{"n":10}', 'v:"x"'])
PATHS = st.lists(st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple), max_size=12)


def members(root: sets.Set) -> set[sets.Path]:
    return set(sets.paths(root))


def well_formed(node: sets.Set, root: bool = True) -> None:
    """In order, without empty branches, "." only beside children and never at the root."""
    assert list(node) == sorted(node, key=order)
    assert sets.SELF not in node if root else list(node) != [sets.SELF]
    for element, child in node.items():
        if element != sets.SELF:
            well_formed(child, root=False)


@given(PATHS)
def test_of(paths: list[sets.Path]) -> None:
    made = sets.of(*paths)
    well_formed(made)
    assert members(made) == set(paths)
    assert all(sets.has(made, path) for path in paths)
    assert sets.read(made) == made


@given(PATHS, PATHS)
def test_operations(left: list[sets.Path], right: list[sets.Path]) -> None:
    one, other = sets.of(*left), sets.of(*right)
    for operation, wanted in (
        (sets.union, set(left) | set(right)),
        (sets.intersection, set(left) & set(right)),
        (sets.difference, set(left) - set(right)),
        (sets.recursive_difference, {path for path in left if not any(path[: len(gone)] == gone for gone in right)}),
    ):
        found = operation(one, other)
        well_formed(found)
        assert members(found) == wanted


@given(PATHS)
def test_nothing_changed_is_the_same_set(paths: list[sets.Path]) -> None:
    made = sets.of(*paths)
    assert sets.union(made, sets.of(*paths[:3])) is made
    assert sets.difference(made, sets.EMPTY) is made
    assert sets.difference(made, sets.of(("f:z",))) is made


def test_reading_drops_what_is_unknown_and_joins_what_is_the_same() -> None:
    found = sets.read({"z:odd": {}, 'k:{ "n": 1 }': {"f:a": {}}, 'k:{"n":1}': {".": {}}, "f:x": {".": {}}, "f:y": None})
    assert found == {"f:x": {}, "f:y": {}, 'k:{"n":1}': {".": {}, "f:a": {}}}
