"""Accessors and copy-on-write changes of trees."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import meta

POD: dict[str, Any] = {
    "metadata": {
        "name": "a", "namespace": "n", "uid": "u", "labels": {"x": "y"}, "finalizers": ["f", "g"],
        "ownerReferences": [{"uid": "1"}, {"uid": "2", "controller": True}],
    },
    "status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "t0"}]},
}  # fmt: skip


def test_accessors_tolerate_what_is_missing() -> None:
    assert (meta.name({}), meta.labels({"metadata": None}), meta.generation({}), meta.controller_of({})) == ("", {}, 0, None)
    assert (meta.key(POD), meta.key({"metadata": {"name": "a"}})) == ("n/a", "a")
    assert meta.controller_of(POD) == {"uid": "2", "controller": True}
    assert meta.is_controlled_by(POD, {"metadata": {"uid": "2"}})
    assert not meta.is_being_deleted(POD)
    assert meta.is_being_deleted(meta.with_metadata(POD, deletionTimestamp="t"))


def test_changes_leave_the_original_alone() -> None:
    assert meta.with_metadata(POD, uid=None, name="b")["metadata"]["name"] == "b"
    assert "uid" not in meta.with_metadata(POD, uid=None)["metadata"]
    assert meta.labels(meta.with_labels(POD, {"x": None, "z": "1"})) == {"z": "1"}
    assert "labels" not in meta.with_labels(POD, {"x": None})["metadata"]
    assert meta.finalizers(meta.without_finalizer(POD, "f")) == ["g"]
    assert POD["metadata"]["name"] == "a"
    assert POD["metadata"]["finalizers"] == ["f", "g"]


def test_replace_and_remove_share_the_rest() -> None:
    tree = {"a": {"b": [1, 2]}, "c": {"d": 1}}
    replaced = meta.replace(tree, ("a", "b", 1), 3)
    assert replaced == {"a": {"b": [1, 3]}, "c": {"d": 1}}
    assert replaced["c"] is tree["c"]
    assert meta.replace({}, ("a", "b"), 1) == {"a": {"b": 1}}
    assert meta.remove(tree, ("a", "b", 0)) == {"a": {"b": [2]}, "c": {"d": 1}}
    assert meta.remove(tree, ("x", "y")) is tree
    assert meta.get(tree, ("a", "b", 5), "default") == "default"
    assert meta.get({"a": None}, ("a",), "default") == "default"
    assert tree == {"a": {"b": [1, 2]}, "c": {"d": 1}}


@given(
    st.recursive(st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner)), st.lists(st.sampled_from("abc"), min_size=1)
)
def test_what_is_put_is_found(tree: Any, path: list[str]) -> None:
    if isinstance(tree, dict):
        try:
            changed = meta.replace(tree, path, "here")
        except TypeError:  # a number stands in the way
            return
        assert meta.get(changed, path) == "here"
        assert meta.get(meta.remove(changed, path), path) is None


def test_conditions_keep_their_transition_time_until_the_status_changes() -> None:
    before = meta.conditions(POD)
    same = meta.set_condition(before, {"type": "Ready", "status": "False"}, "t1")
    assert same is before
    reason = meta.set_condition(before, {"type": "Ready", "status": "False", "reason": "R"}, "t1")
    assert reason == [{"type": "Ready", "status": "False", "lastTransitionTime": "t0", "reason": "R"}]
    flipped = meta.set_condition(before, {"type": "Ready", "status": "True"}, "t1")
    assert flipped == [{"type": "Ready", "status": "True", "lastTransitionTime": "t1"}]
    added = meta.set_condition(before, {"type": "New", "status": "True"}, "t1")
    assert meta.is_condition_true(added, "New")
    assert meta.remove_condition(added, "New") == before
    assert meta.remove_condition(before, "New") is before
