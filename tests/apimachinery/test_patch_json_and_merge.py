"""JSON patch and merge patch: recorded from a real server, and laws by properties."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.patch import json_patch, merge_patch

GOLDEN = json.loads((Path(__file__).parent / "golden" / "patches.json").read_text())
(ORIGINAL,) = GOLDEN["original"]
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab/~", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text("ab/~", max_size=2), TREES, max_size=3)


def test_a_real_server_applies_json_patches_the_same() -> None:
    assert len({code for _, code, _ in GOLDEN["json"]}) == 2
    before = copy.deepcopy(ORIGINAL)
    for patch, code, tree in GOLDEN["json"]:
        operations, unknown = json_patch.decode(patch)
        assert unknown == []
        if code == 200:
            result = json_patch.apply(ORIGINAL, operations)
            assert {key: value for key, value in result.items() if key not in ("apiVersion", "kind", "metadata")} == tree, patch
        else:
            with pytest.raises(StatusError) as error:
                json_patch.apply(ORIGINAL, operations)
            assert error.value.code == code
            assert error.value.__cause__ is not None
    assert before == ORIGINAL


def test_a_real_server_applies_merge_patches_the_same() -> None:
    for patch, tree in GOLDEN["merge"]:
        assert merge_patch.apply(ORIGINAL, patch) == tree


def difference(old: Any, new: Any, path: str = "") -> list[dict[str, Any]]:
    """Operations that make new of old: enough of a diff for a test."""
    if isinstance(old, dict) and isinstance(new, dict):
        steps = {key: f"{path}/{key.replace('~', '~0').replace('/', '~1')}" for key in {**old, **new}}
        removed = [{"op": "remove", "path": steps[key]} for key in old if key not in new]
        added = [{"op": "add", "path": steps[key], "value": new[key]} for key in new if key not in old]
        return removed + added + [each for key in old if key in new for each in difference(old[key], new[key], steps[key])]
    return [] if json.dumps(old) == json.dumps(new) else [{"op": "replace", "path": path, "value": new}]


@given(OBJECTS, OBJECTS)
def test_a_difference_applied_gives_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    assert json_patch.apply(old, json_patch.decode(difference(old, new))[0]) == new
    assert old == before


def merge_difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A merge patch that makes new of old; neither may hold null members (RFC 7386)."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            patch |= {key: found} if (found := merge_difference(old[key], value)) else {}
        elif key not in old or json.dumps(old[key]) != json.dumps(value):
            patch[key] = value
    return patch


def without_nulls(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: without_nulls(value) for key, value in tree.items() if value is not None}
    return [without_nulls(item) for item in tree] if isinstance(tree, list) else tree


@given(OBJECTS.map(without_nulls), OBJECTS.map(without_nulls))
def test_a_merge_difference_applied_gives_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    assert merge_patch.apply(old, merge_difference(old, new)) == new
    assert old == before


def lists_hold_nulls(value: Any, *, in_list: bool = False) -> bool:
    """Null members inside a list survive where it replaces an object and are dropped where it replaces anything else, as upstream."""
    if isinstance(value, dict):
        return any((in_list and item is None) or lists_hold_nulls(item, in_list=in_list) for item in value.values())
    return isinstance(value, list) and any(lists_hold_nulls(item, in_list=True) for item in value)


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(tree: dict[str, Any], patch: dict[str, Any]) -> None:
    assume(not lists_hold_nulls(patch))
    before = copy.deepcopy((tree, patch))
    once = merge_patch.apply(tree, patch)
    assert merge_patch.apply(once, patch) == once
    assert (tree, patch) == before
    assert merge_patch.apply(tree, {}) == tree


def test_copies_do_not_share_what_changes_later() -> None:
    operations = [
        {"op": "add", "path": "/a/x", "value": 1},
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "add", "path": "/b/y", "value": 2},
    ]
    assert json_patch.apply({"a": {}}, operations) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}
    value: dict[str, Any] = {}
    twice = [
        {"op": "add", "path": "/a", "value": value},
        {"op": "add", "path": "/b", "value": value},
        {"op": "add", "path": "/a/x", "value": 1},
    ]
    assert json_patch.apply({}, twice) == {"a": {"x": 1}, "b": {}}
    assert value == {}


def test_limits() -> None:
    with pytest.raises(StatusError) as error:
        json_patch.decode([{"op": "test", "path": ""}] * 10_001)
    assert (error.value.code, error.value.message) == (
        413, "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
    )  # fmt: skip
    with pytest.raises(StatusError) as error:
        json_patch.apply({"a": ["x" * 1000]}, [{"op": "copy", "from": "/a", "path": "/a/-"}] * 30)
    assert "accumulated size increase of copy" in str(error.value.__cause__)


@pytest.mark.parametrize(
    ("patch", "validated", "message"),
    [
        ({}, True, "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ({}, False, "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ([1], True, "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        ([1], False, "json: cannot unmarshal number into Go value of type jsonpatch.Operation"),
        ([{"op": 1}], True, "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"),
    ],
)
def test_what_is_no_json_patch(patch: Any, validated: bool, message: str) -> None:
    with pytest.raises(StatusError) as error:
        json_patch.decode(patch, validated=validated)
    assert (error.value.code, error.value.message) == (400, message)


def test_unknown_members_are_strict_errors() -> None:
    assert json_patch.decode([{"op": "add", "path": "/x", "foo": 1}])[1] == ['unknown field "[0].foo"']
    assert json_patch.decode(None) == ([], [])


def test_what_is_no_merge_patch() -> None:
    for patch in (None, 1, "x"):
        with pytest.raises(StatusError, match="Invalid JSON Patch"):
            merge_patch.apply({}, patch)
    with pytest.raises(StatusError, match="cannot unmarshal array into Go value of type map"):
        merge_patch.check([])
    assert merge_patch.apply({}, [{"a": None}]) == [{}]


def test_what_a_merge_patch_touches_has_its_keys_sorted() -> None:
    merged = merge_patch.apply({"b": {"z": 1, "a": 2}, "a": {"z": 1, "a": 2}}, {"b": {"m": 3}, "c": {"y": 1, "x": None, "b": 2}})
    assert [(name, [*value]) for name, value in merged.items()] == [("a", ["z", "a"]), ("b", ["a", "m", "z"]), ("c", ["b", "y"])]
