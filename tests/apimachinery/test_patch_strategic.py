"""Strategic merge: recorded from a real server, and upstream's own tables where the Go module is at hand."""

import copy
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import yaml
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.patch import strategic
from kcompat.apimachinery.schema import type_of

(CURRENT,), *GOLDEN = json.loads((Path(__file__).parent / "golden" / "strategic.json").read_text())
MODULES = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod"))
UPSTREAM = MODULES / "k8s.io/apimachinery@v0.37.1/pkg/util/strategicpatch/patch_test.go"
DEPLOYMENT = type_of("apps", "v1", "Deployment")
DEFAULTED = {"resources", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "defaultMode"}


def undefaulted(tree: Any) -> Any:
    """Without what is empty, and without directives, which typed decoding drops."""
    if isinstance(tree, list):
        return [undefaulted(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    kept = {key: undefaulted(value) for key, value in tree.items() if not key.startswith("$") and (key, value) != ("protocol", "TCP")}
    return {key: value for key, value in kept.items() if value not in (None, {}, [], "")}


def comparable(tree: dict[str, Any]) -> Any:
    """Without the deployment's strategy parameters, which defaulting fills in."""
    tree = undefaulted(tree)
    if tree["spec"].get("strategy", {}).get("type", "RollingUpdate") == "RollingUpdate":
        tree["spec"].pop("strategy", None)
    return tree


def test_a_real_server_patches_the_same() -> None:
    assert DEPLOYMENT is not None
    before = copy.deepcopy(CURRENT)
    for patch, code, answer in GOLDEN:
        if code == 200:
            assert comparable(strategic.apply(CURRENT, patch, DEPLOYMENT)) == comparable(answer), json.dumps(patch)
        else:
            with pytest.raises(StatusError) as error:
                strategic.apply(CURRENT, patch, DEPLOYMENT)
            assert (error.value.code, error.value.message) == (code, answer), json.dumps(patch)
    assert before == CURRENT


def kind(kind: str, name: str = "", element: Any = None) -> SimpleNamespace:
    return SimpleNamespace(kind=kind, name=name, element=element, pointer=False, fields={})


def field(kind: SimpleNamespace, strategy: str = "", merge_key: str = "") -> SimpleNamespace:
    return SimpleNamespace(type=kind, patch_strategy=tuple(filter(None, strategy.split(","))), merge_key=merge_key)


def merge_item() -> Any:
    """The struct of upstream's tables."""
    scalar = kind("string")
    strings, integers, raw = kind("map", element=scalar), kind("list", element=scalar), kind("raw", "runtime.RawExtension")
    item, retained = kind("struct", "strategicpatch.MergeItem"), kind("struct", "strategicpatch.RetainKeysMergeItem")
    items = kind("list", element=item)
    pointer = SimpleNamespace(**{**vars(item), "pointer": True})
    retained.fields.update({name: field(scalar) for name in ("name", "value", "other")})
    retained.fields |= {
        "simpleMap": field(strings),
        "mergingIntList": field(integers, "merge"),
        "mergingList": field(items, "merge", "name"),
        "nonMergingList": field(items),
    }
    item.fields.update({name: field(scalar) for name in ("name", "value", "other")})
    item.fields.update({
        "mergingList": field(items, "merge", "name"), "nonMergingList": field(items), "mergingIntList": field(integers, "merge"),
        "nonMergingIntList": field(integers), "mergeItemPtr": field(pointer, "merge", "name"), "simpleMap": field(strings),
        "replacingItem": field(raw, "replace"), "jsonItem": field(raw), "retainKeysMap": field(retained, "retainKeys"),
        "retainKeysMergingList": field(items, "merge,retainKeys", "name"),
    })  # fmt: skip
    return item


def upstream_tables() -> list[Any]:
    """(description, original, patch, result or error) of every case that applies a patch; the flag says whether order counts."""
    if not UPSTREAM.exists():
        return [pytest.param("", {}, {}, {}, "", True, marks=pytest.mark.skip(reason="k8s.io/apimachinery is not in the Go module cache"))]
    source = UPSTREAM.read_text()
    found: list[Any] = []
    for name in ("customStrategicMergePatchTestCaseData", "createStrategicMergePatchTestCaseData"):
        table = re.search(rf"var {name} = \[\]byte\(`(.*?)`\)", source, re.S)
        assert table is not None
        for case in yaml.loads(table[1].encode())[0]["testCases"]:
            found += applications(case, ordered=False)
    start = min(source.index(f"var {name} =") for name in ("customStrategicMergePatchRawTestCases", "strategicMergePatchRawTestCases"))
    for block in re.split(r"\n\t\tDescription: +", source[start : source.index("func TestNumberConversion")])[1:]:
        parts = {
            name[0].lower() + name[1:]: yaml.loads(text.encode())[0]
            for name, text in re.findall(r"(\w+): \[\]byte\(`(.*?)`\)", block, re.S)
        }
        expected = re.search(r'ExpectedError: +"(.*)"', block)
        found += applications({"description": block.split('"')[1], "error": expected[1] if expected else ""} | parts, ordered=True)
    return found


def applications(case: dict[str, Any], *, ordered: bool) -> list[Any]:
    found = []
    description, error = case["description"], case.get("error", "")
    if "twoWay" in case:
        result = case.get("twoWayResult", case.get("modified"))
        found.append(
            pytest.param(case.get("original") or {}, case["twoWay"] or {}, result or {}, error, ordered, id=f"{description}: two way")
        )
    if case.get("threeWay") and "result" in case:
        found.append(
            pytest.param(case.get("current") or {}, case["threeWay"], case["result"] or {}, error, ordered, id=f"{description}: three way")
        )
    return found


def unordered(tree: Any) -> Any:
    if isinstance(tree, list):
        return sorted((unordered(item) for item in tree), key=lambda item: json.dumps(item, sort_keys=True))
    return {key: unordered(value) for key, value in tree.items()} if isinstance(tree, dict) else tree


@pytest.mark.parametrize(("original", "patch", "result", "error", "ordered"), upstream_tables())
def test_upstreams_tables(original: Any, patch: Any, result: Any, error: str, ordered: bool) -> None:
    if error:
        with pytest.raises(StatusError, match=re.escape(error)):
            strategic.apply(original, patch, merge_item())
        return
    found = strategic.apply(original, patch, merge_item())
    assert (found if ordered else unordered(found)) == (result if ordered else unordered(result))


NAMES = st.sampled_from(["a", "b", "c", "d"])
LISTS = st.lists(NAMES, unique=True, max_size=4)
ITEMS = LISTS.flatmap(
    lambda names: st.tuples(*[st.fixed_dictionaries({"name": st.just(name)}, optional={"value": NAMES}) for name in names]).map(list)
)


@given(ITEMS, ITEMS, LISTS, LISTS)
def test_a_merged_list_has_both_by_key_and_applying_twice_changes_nothing(
    live: list[Any], wanted: list[Any], numbers: list[str], more: list[str]
) -> None:
    tree, patch = {"mergingList": live, "mergingIntList": numbers}, {"mergingList": wanted, "mergingIntList": more}
    before = copy.deepcopy((tree, patch))
    once = strategic.apply(tree, patch, merge_item())
    by_name = {item["name"]: item for item in live}
    for item in wanted:
        by_name[item["name"]] = by_name.get(item["name"], {}) | item
    assert {item["name"]: item for item in once["mergingList"]} == by_name
    assert sorted(once["mergingIntList"]) == sorted({*numbers, *more})
    assert [each for each in once["mergingIntList"] if each in more] == more
    assert strategic.apply(once, patch, merge_item()) == once
    assert (tree, patch) == before


@given(ITEMS, ITEMS, st.permutations(["a", "b", "c", "d"]))
def test_the_order_asked_for_is_the_order_given(live: list[Any], wanted: list[Any], order: list[str]) -> None:
    wanted = sorted(wanted, key=lambda item: order.index(item["name"]))
    patch = {"mergingList": wanted, "$setElementOrder/mergingList": [{"name": name} for name in order]}
    if live or wanted:
        merged = strategic.apply({"mergingList": live}, patch, merge_item())["mergingList"]
        assert [item["name"] for item in merged] == [name for name in order if name in {item["name"] for item in merged}]


def merge_items(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of upstream's struct: maps, atomic lists, lists merged by key and sets."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "value": NAMES, "simpleMap": st.dictionaries(NAMES, NAMES, min_size=1, max_size=3), "nonMergingList": ITEMS.filter(len),
        "mergingIntList": LISTS.filter(len),
    }  # fmt: skip
    if depth:
        inner = merge_items(depth - 1)
        keyed = LISTS.filter(len).flatmap(lambda names: st.tuples(*[inner.map(lambda tree, name=name: {**tree, "name": name}) for name in names]))
        fields |= {"mergingList": keyed.map(list), "mergeItemPtr": inner.filter(len)}
    return st.fixed_dictionaries({}, optional=fields)


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A patch that makes new of old, as kubectl makes them."""
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if before is None:
            patch[key] = value
        elif key == "mergingList":
            patch |= keyed_difference(before, value)
        elif key == "mergingIntList":
            added, gone = [each for each in value if each not in before], [each for each in before if each not in value]
            patch |= {key: added} if added else {}
            patch |= {f"$deleteFromPrimitiveList/{key}": gone} if gone else {}
            patch[f"$setElementOrder/{key}"] = value
        elif before != value:
            patch[key] = difference(before, value) if isinstance(value, dict) else value
    return patch


def keyed_difference(old: list[Any], new: list[Any]) -> dict[str, Any]:
    before, after = ({item["name"]: item for item in items} for items in (old, new))
    changed = [{**difference(before.get(name, {}), item), "name": name} for name, item in after.items() if before.get(name) != item]
    gone = [{"$patch": "delete", "name": name} for name in before if name not in after]
    return {"mergingList": [*changed, *gone], "$setElementOrder/mergingList": [{"name": name} for name in after]}


@given(merge_items(), merge_items())
def test_a_difference_applied_gives_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    assert strategic.apply(old, difference(old, new), merge_item()) == new
    assert old == before
    assert difference(new, new) == {} or strategic.apply(new, difference(new, new), merge_item()) == new
