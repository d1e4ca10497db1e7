"""Our rules for pods and the kinds that make them against what a real kube-apiserver 1.37 answered (tests/golden/record_pods.py)."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from kcompat.apimachinery import field, meta
from kcompat.apimachinery.schema import decode, ordered
from kcompat.apimachinery.validation import validate_object_meta
from kcompat.registry import catalog
from kcompat.registry.declare import Resource, Rules
from kcompat.registry.rules.pod.rules import EphemeralContainersRules, PodRules, ResizeRules

Tree = dict[str, Any]
GOLDEN = Path(__file__).parents[2] / "golden"
UID = "00000000-0000-0000-0000-000000000000"
CREATED = "2026-01-01T00:00:00Z"
RESOURCES = {(r.group, r.version, r.name): r for r in catalog.declared()}
RULES_OF_PART: dict[str, Rules] = {"ephemeralcontainers": EphemeralContainersRules(), "resize": ResizeRules()}


def _cases() -> list[Any]:
    found = []
    for file in sorted([*GOLDEN.glob("pods/*.json"), *GOLDEN.glob("workloads/*.json")]):
        recording = json.loads(file.read_text())
        for case in recording["cases"]:
            found.append(pytest.param(recording, case, id=f"{file.stem}: {case['name']}"))
    return found


def changed(tree: Tree, change: Tree) -> Tree:
    """As the recorder changes objects (tests/golden/record.py)."""
    tree = copy.deepcopy(tree)
    for path, value in change.items():
        *parents, last = (step.replace("~1", "/") for step in path.split("/"))
        at: Any = tree
        for step in parents:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        if isinstance(at, list) and last == "-":
            at.append(copy.deepcopy(value))
        elif value is None:
            at.pop(int(last)) if isinstance(at, list) else at.pop(last, None)
        else:
            at[int(last) if isinstance(at, list) else last] = copy.deepcopy(value)
    return tree


def decoded(resource: Resource, tree: Tree) -> Tree:
    group, version = resource.group, resource.version
    obj = decode(copy.deepcopy(tree), group, version, resource.kind).tree
    resource.rules.default(obj)
    return obj


def comparable(tree: Tree) -> Tree:
    dropped = ("uid", "creationTimestamp", "resourceVersion", "managedFields")
    tree = {**tree, "metadata": {key: value for key, value in tree["metadata"].items() if key not in dropped}}
    for condition in meta.conditions(tree):
        if isinstance(condition, dict):
            condition.pop("lastTransitionTime", None)
    return tree


def uid_of(case: Tree) -> str:
    """The uid the recorded object had, where a selector shows it."""
    shown = re.search(r'"(?:batch\.kubernetes\.io/)?controller-uid\\?": ?\\?"([0-9a-f-]{36})', json.dumps(case))
    return shown[1] if shown else UID


def outcome(resource: Resource, recording: Tree, case: Tree) -> tuple[Tree | None, list[list[str]], list[str]]:
    """The object, or the causes against it, and the warnings, from our rules."""
    rules = resource.rules
    if case["verb"] == "create":
        obj = decoded(resource, changed(recording["start"], case["change"]))
        obj["metadata"] |= {"uid": uid_of(case), "creationTimestamp": CREATED, "namespace": "golden"}
        if rules.has_generation:
            obj["metadata"]["generation"] = 1
        early = rules.preparation_warnings(obj)
        rules.prepare_for_create(obj)
        found = validate_object_meta(obj["metadata"], True, lambda *name: list(rules.validate_name(*name)), field.Path("metadata"))
        found += rules.validate(obj)
        warnings = [*early, *rules.warnings(obj, None)]
    else:
        system = {"uid": uid_of(case), "creationTimestamp": CREATED, "resourceVersion": "1"}
        old = {**case["old"], "metadata": {**case["old"]["metadata"], **system}}
        obj = decoded(resource, changed(old, case["change"]))
        old = decoded(resource, old)
        before = copy.deepcopy(old)
        found, warnings = updated(RULES_OF_PART.get(case["verb"], rules), obj, old, case["verb"])
        assert old == before, "the old object was changed"
    if not found:
        rules.canonicalize(obj)
    again = decode(copy.deepcopy(obj), resource.group, resource.version, resource.kind).tree
    assert found or again == obj, "what would be stored is not canonical"
    causes = list(dict.fromkeys((cause["reason"], cause["field"], cause["message"]) for cause in field.to_causes(found)))
    return (None if causes else comparable(again)), list(map(list, causes)), list(warnings)


def updated(rules: Rules, obj: Tree, old: Tree, verb: str) -> tuple[list[field.FieldError], list[str]]:
    generation = old["metadata"].get("generation", 0)
    if verb == "status":
        rules.prepare_for_status_update(obj, old)
        found = [*rules.validate_status_update(obj, old)]
        return found, list(rules.status_warnings(obj)) if isinstance(rules, PodRules) else []
    rules.prepare_for_update(obj, old)
    if rules.has_generation and rules.spec_changed(obj, old):
        obj["metadata"]["generation"] = generation + 1
    return [*rules.validate_update(obj, old)], list(rules.warnings(obj, old)) if verb == "update" else []


def cells(resource: Resource, obj: Tree, now: datetime) -> list[Any]:
    return [column.cell(obj, now) for column in resource.columns]


@pytest.mark.parametrize(("recording", "case"), _cases())
def test_as_recorded(recording: Tree, case: Tree) -> None:
    resource = RESOURCES[tuple(recording["resource"])]
    if case["verb"] == "table":
        columns = [{"name": c.name, "type": c.type, "format": c.format, "priority": c.priority} for c in resource.columns]
        assert columns == case["columns"]
        assert cells(resource, case["object"], parsedate_to_datetime(case["date"])) == case["cells"]
        return
    obj, causes, warnings = outcome(resource, recording, case)
    expected = case.get("causes", [])
    assert (sorted(causes) if case.get("unordered") else causes) == expected
    if case["code"] < 300:
        assert ordered(obj, resource.group, resource.version, resource.kind) == comparable(case["object"])
        assert warnings == case.get("warnings", [])
