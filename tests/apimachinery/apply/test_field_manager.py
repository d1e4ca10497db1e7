"""Properties of updates and applies: what must hold whatever is written."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import errors, schema
from kcompat.apimachinery.apply.atoms import TypedError
from kcompat.apimachinery.apply.field_manager import FieldManager, changed_only_times, with_entries, without_entries
from kcompat.apimachinery.apply.reset_fields import filter_of
from kcompat.apimachinery.apply.types import atom_of
from kcompat.apimachinery.apply.updater import OneVersion, Updater

Tree = dict[str, Any]
TIMES = [f"2026-01-01T00:00:{second:02}Z" for second in range(60)]


def manager_of(kind: str, group: str = "", resource: str = "", **more: Any) -> FieldManager:
    api_version, atom = f"{group}/v1" if group else "v1", atom_of(group, "v1", kind)
    assert atom is not None
    updater = Updater(api_version, atom, OneVersion(api_version, atom), filter_of(resource, "", has_status=bool(resource)))
    return FieldManager(kind, updater, schema.decode({}, group, "v1", kind).tree, **more)


PODS = manager_of("Pod", resource="pods")


def pod(spec: Tree, **metadata: Any) -> Tree:
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", **metadata}, "spec": spec}


def env(names: str) -> st.SearchStrategy[list[Tree]]:
    found = st.dictionaries(st.sampled_from(names), st.sampled_from("12"))
    return found.map(lambda found: [{"name": name, "value": value} for name, value in found.items()])


def containers(names: str) -> st.SearchStrategy[list[Tree]]:
    one = st.fixed_dictionaries({"image": st.sampled_from(["a", "b"])}, optional={"env": env(names), "command": st.just(["x"])})
    return st.dictionaries(st.sampled_from([f"c{name}" for name in names]), one, min_size=1).map(
        lambda found: [{"name": name, **each} for name, each in found.items()]
    )


def configurations(names: str) -> st.SearchStrategy[Tree]:
    labels = st.dictionaries(st.sampled_from([f"l{name}" for name in names]), st.sampled_from("12"), min_size=1)
    finalizers = st.lists(st.sampled_from([f"{name}.x/f" for name in names]), unique=True, min_size=1)
    spec = st.fixed_dictionaries({"containers": containers(names)})
    return st.builds(lambda spec, labels, finalizers: pod(spec, labels=labels, finalizers=finalizers), spec, labels, finalizers)


def apply(live: Tree | None, config: Tree, manager: str, second: int, *, force: bool = False) -> Tree:
    applied = PODS.apply(live, config, manager, force, TIMES[second])
    tree = schema.decode(applied.tree, "", "v1", "Pod").tree
    tree["metadata"].setdefault("uid", "u")
    tree = with_entries(tree, applied.entries)
    return live if live is not None and changed_only_times(live, tree) else tree


def content(tree: Tree) -> Any:
    """The object with lists that have keys in one order, and without times."""

    def ordered(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: ordered(part) for name, part in value.items() if name != "time"}
        return sorted((ordered(item) for item in value), key=repr) if isinstance(value, list) else value

    return ordered(tree)


@given(configurations("ab"), configurations("bc"))
def test_applying_again_changes_nothing(first: Tree, second: Tree) -> None:
    live = apply(apply(None, first, "one", 0), second, "two", 1, force=True)
    assert apply(live, second, "two", 2) == live


@given(configurations("ab"), configurations("cd"))
def test_managers_of_different_fields_may_come_in_any_order(first: Tree, second: Tree) -> None:
    one = apply(apply(None, first, "one", 0), second, "two", 1)
    other = apply(apply(None, second, "two", 0), first, "one", 1)
    assert content(one) == content(other)


@given(configurations("ab"), configurations("ab"))
def test_what_is_not_applied_any_more_goes(first: Tree, second: Tree) -> None:
    live = apply(apply(None, first, "one", 0), second, "one", 1)
    assert content(live) == content(apply(None, second, "one", 1))


@given(configurations("ab"), configurations("bc"))
def test_conflicts_tell_what_force_takes(first: Tree, second: Tree) -> None:
    live = apply(None, first, "one", 0)
    forced = apply(live, second, "two", 1, force=True)
    try:
        peaceful = apply(live, second, "two", 1)
    except errors.StatusError as conflict:
        assert conflict.reason == "Conflict"
        assert conflict.details and {cause["message"] for cause in conflict.details["causes"]} == {'conflict with "one"'}
        return
    assert peaceful == forced


@given(configurations("ab"), configurations("abc"))
def test_an_update_owns_what_it_changed(first: Tree, second: Tree) -> None:
    live = PODS.update(None, copy.deepcopy(first), "one", TIMES[0])
    live["metadata"]["uid"] = "u"
    updated = PODS.update(live, copy.deepcopy(second), "two", TIMES[1])
    again = PODS.update(updated, copy.deepcopy(updated), "three", TIMES[2])
    assert again == updated
    assert ("two" in {entry["manager"] for entry in updated["metadata"].get("managedFields", ())}) >= (
        PODS.updater.compare(without_entries(live), second)[1:] != (None, None)
    )


def test_trees_given_are_never_changed() -> None:
    live = PODS.update(None, pod({"containers": [{"name": "a", "image": "i"}]}), "one", TIMES[0])
    live["metadata"]["uid"] = "u"
    new, before = pod({"containers": [{"name": "a", "image": "j"}]}), copy.deepcopy(live)
    given = copy.deepcopy(new)
    PODS.update(live, new, "two", TIMES[1])
    PODS.apply(live, new, "three", True, TIMES[2])
    assert (live, new) == (before, given)


def test_entries_that_do_not_change_stay_the_same_dicts() -> None:
    live = PODS.update(None, pod({"containers": [{"name": "a", "image": "i"}]}), "one", TIMES[0])
    live["metadata"]["uid"] = "u"
    new = copy.deepcopy(without_entries(live))
    new["metadata"]["labels"] = {"x": "y"}
    updated = PODS.update(live, new, "two", TIMES[1])
    assert updated["metadata"]["managedFields"][0] is live["metadata"]["managedFields"][0]


def test_values_that_upstream_cannot_tell_apart_keep_managed_fields() -> None:
    live = PODS.update(None, pod({"containers": [{"name": "a", "image": "i"}]}), "one", TIMES[0])
    live["metadata"]["uid"] = "u"
    broken = pod({"containers": [None]})
    assert PODS.update(live, broken, "two", TIMES[1])["metadata"]["managedFields"] == live["metadata"]["managedFields"]
    with pytest.raises(TypedError, match="may not have a null element"):
        PODS.apply(live, broken, "two", True, TIMES[1])


def test_client_given_entries_are_read_and_atomic_values_owned_as_a_whole() -> None:
    live = PODS.update(None, pod({"containers": [{"name": "a", "image": "i"}], "nodeSelector": {"a": "b"}}), "one", TIMES[0])
    live["metadata"]["uid"] = "u"
    fields = {"f:spec": {"f:nodeSelector": {"f:a": {}}, "f:containers": {'k:{"name": "a"}': {".": {}}}}}
    given = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    new = with_entries(without_entries(live), [given])
    found = PODS.update(live, new, "two", TIMES[1])["metadata"]["managedFields"]
    assert [entry["fieldsV1"] for entry in found] == [{"f:spec": {"f:containers": {'k:{"name":"a"}': {}}, "f:nodeSelector": {}}}]


def test_only_times() -> None:
    live = PODS.update(None, pod({"containers": [{"name": "a", "image": "i", "resources": {"limits": {"cpu": "1"}}}]}), "one", TIMES[0])
    later = copy.deepcopy(live)
    later["metadata"]["managedFields"][0]["time"] = TIMES[1]
    assert changed_only_times(live, later)
    assert not changed_only_times(live, live)
    later["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "1000m"
    assert changed_only_times(live, later), "amounts count, not their texts"
    later["spec"]["containers"][0]["image"] = "j"
    assert not changed_only_times(live, later)
