"""Upstream's unit tests of printers, defaults, warnings and dropped fields, asked of our code.

`python -m conformance.upstream_tables.record` records them; without that these tests are skipped.
"""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any

import pytest

from conformance.upstream_tables.record import DEFAULTED, PREPARED, WARNED, cases
from kcompat.registry.catalog import default_catalog
from kcompat.registry.declare import Resource
from kcompat.registry.store import set_generation

CATALOG = default_catalog()
# its registry has no printer: the server shows the columns of kinds without any
UNPRINTED = "CSIStorageCapacity"
# an update without them keeps the ones there were, which is decided after dropping
KEPT = ("resources",)
# strategies of subresources that have actions of their own
ACTIONS = ("Resize", "EphemeralContainers", "Approval", "Finalize")


def _resource(tree: dict[str, Any]) -> Resource | None:
    group, _, version = tree["apiVersion"].rpartition("/")
    return CATALOG.by_kind(group, version, tree["kind"])


def _distinct(*names: str) -> list[Any]:
    """Cases of objects that a server serves, each once."""
    seen: dict[str, Any] = {}
    for name in names:
        for case in cases(name):
            objects = [tree for tree in case["objects"] if tree]
            asked = json.dumps(objects)
            if asked not in seen and objects and _resource(objects[0]) is not None:
                seen[asked] = pytest.param(case, id=f"{name}-{case['function']}-{len(seen)}")
    return [*seen.values()]


def _pruned(value: Any) -> Any:
    """Without what is empty: Go's types and our trees write different zero values."""
    if isinstance(value, dict):
        return {name: kept for name, part in value.items() if (kept := _pruned(part)) not in (None, {}, [], "")}
    return [_pruned(item) for item in value] if isinstance(value, list) else value


def _is_action(case: dict[str, Any]) -> bool:
    return any(name in case["strategy"] for name in ACTIONS)


@pytest.mark.parametrize("case", _distinct("printers"))
def test_rows(case: dict[str, Any]) -> None:
    tree = next(tree for tree in case["objects"] if tree)
    resource = _resource(tree)
    assert resource is not None
    if tree["kind"] == UNPRINTED:
        pytest.skip("printed otherwise by the server")
    now = datetime.fromisoformat(case["now"])
    (row,) = case["answer"]
    assert [column.cell(tree, now) for column in resource.columns] == row["cells"]
    conditions = resource.row_conditions(tree) if resource.row_conditions is not None else None
    assert (conditions or None) == row.get("conditions")


@pytest.mark.parametrize("case", _distinct(*(f"defaults/{version}" for version in DEFAULTED)))
def test_defaults(case: dict[str, Any]) -> None:
    tree = copy.deepcopy(next(tree for tree in case["objects"] if tree))
    resource = _resource(tree)
    assert resource is not None
    resource.rules.default(tree)
    if resource.to_storage is not None and resource.from_storage is not None:
        tree = resource.from_storage(resource.to_storage(tree))
    assert _timeless(_pruned(tree)) == _timeless(_pruned(case["answer"]))


def _timeless(value: Any) -> Any:
    """Taints are stamped with the present."""
    if isinstance(value, dict):
        return {name: "now" if name == "timeAdded" else _timeless(part) for name, part in value.items()}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", _distinct(*(f"warnings/{kind}" for kind in WARNED)))
def test_warnings(case: dict[str, Any]) -> None:
    new, *rest = copy.deepcopy([tree for tree in case["objects"] if tree])
    resource = _resource(new)
    assert resource is not None
    old = rest[0] if rest and new["kind"] != "Pod" else None  # a server warns of new pods only
    new["metadata"] |= {"name": new["metadata"].get("name", "x"), "generation": 2}
    found = [_without_root(text) for text in resource.rules.warnings(new, old)]
    if new["kind"] == "Pod":
        # a server fills in the profile's field first, and warns when it does
        found = [text for text in found if "appArmorProfile" not in text]
    assert sorted(found) == sorted(map(_without_root, case["answer"] or ()))


def _without_root(text: str) -> str:
    """Upstream's tests start at other paths than the strategies."""
    for root in ("<nil>: ", "spec: ", "template.", "spec."):
        text = text.replace(root, "")
    return text


@pytest.mark.parametrize("case", _distinct("dropped/pod"))
def test_dropped_fields(case: dict[str, Any]) -> None:
    new, *rest = copy.deepcopy([tree for tree in case["objects"] if tree])
    resource = _resource(new)
    assert resource is not None
    if rest:
        resource.rules.prepare_for_update(new, rest[0])
        for name in KEPT:
            if name not in case["objects"][0]["spec"]:
                new["spec"].pop(name, None)
    else:
        resource.rules.prepare_for_create(new)
    assert _pruned(new["spec"]) == _pruned(case["answer"]["spec"])


@pytest.mark.parametrize("case", [case for case in _distinct(*(f"strategies/{kind}" for kind in PREPARED)) if not _is_action(case.values[0])])
def test_prepared(case: dict[str, Any]) -> None:
    new, *rest = copy.deepcopy([tree for tree in case["objects"] if tree])
    resource = _resource(new)
    assert resource is not None
    rules = resource.rules
    if _shares_labels(new) and not rest:
        pytest.skip("selector and template are one map in upstream's test")
    if not rest:
        rules.prepare_for_create(new)
        new["metadata"] |= {"generation": 1} if rules.has_generation and rules.first_generation else {}
    elif "tatus" in case["strategy"]:
        rules.prepare_for_status_update(new, rest[0])
    else:
        rules.prepare_for_update(new, rest[0])
        set_generation(rules, new, rest[0])
    assert _settled(_pruned(new)) == _settled(_pruned(case["answer"]))


def _shares_labels(tree: dict[str, Any]) -> bool:
    spec = tree.get("spec") or {}
    return tree["kind"] == "Job" and spec.get("manualSelector") is False and spec["selector"]["matchLabels"] == spec["template"]["metadata"].get("labels")


def _settled(tree: dict[str, Any]) -> dict[str, Any]:
    """Without what is filled in when the object is read again or stored: a claim's phase, when conditions changed."""
    status = {name: value for name, value in (tree.get("status") or {}).items() if (name, value) != ("phase", "Pending")}
    conditions = [{**condition, "lastTransitionTime": ""} for condition in status.get("conditions") or ()]
    return {**tree, "status": status | ({"conditions": conditions} if conditions else {})}
