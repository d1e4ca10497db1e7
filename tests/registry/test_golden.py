"""Replays what a real kube-apiserver answered (tests/golden/*/*.json, see record.py there) through our declarations and rules."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path as File
from typing import Any

import pytest

from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.field import FieldError
from kcompat.apimachinery.schema import types, walk
from kcompat.apimachinery.user import UserInfo
from kcompat.registry import object_meta
from kcompat.registry.catalog import default_catalog, deprecation
from kcompat.registry.declare import Resource, Rules, Tree
from kcompat.registry.rules.certificate_signing_request import ApprovalRules
from kcompat.registry.rules.namespace import NamespaceFinalizeRules
from kcompat.registry.rules.service_allocation import grant, plan_create, plan_update, refused_value
from kcompat.registry.stored import key_order

GOLDEN = File(__file__).parent.parent / "golden"
CATALOG = default_catalog()
ADMIN = UserInfo("admin", "admin-uid", ("system:masters", "system:authenticated"))
"""As whom the recordings were made."""
SUBRESOURCES = {"finalize": NamespaceFinalizeRules(), "approval": ApprovalRules()}
"""Rules of subresources that are updates by rules of their own."""
FAMILIES = ("IPv4", "IPv6")
NOW = "2026-01-01T00:00:00Z"


class Recorded:
    """The moment of the recording, as far as the answer shows it."""

    def __init__(self, case: Tree) -> None:
        stamps = "lastPhaseTransitionTime|timeAdded|lastTransitionTime|lastUpdateTime"
        found = re.search(rf'"(?:{stamps})": "([^"]*)"', json.dumps(case.get("object")))
        self.moment = parse_rfc3339(found[1]) if found else datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0


def recordings() -> Iterator[Any]:
    for file in sorted(GOLDEN.glob("*/*.json")):
        recording = json.loads(file.read_text())
        if isinstance(recording, dict) and "base" in recording:
            for case in recording["cases"]:
                yield pytest.param(recording, case, id=f"{file.parent.name}/{file.stem}: {case['verb']}: {case['name']}")


def changed(tree: Tree, change: Tree) -> Tree:
    """As in tests/golden/record.py: sets every path of change, removes where the value is None."""
    tree = copy.deepcopy(tree)
    for path, value in change.items():
        *parents, last = (step.replace("~1", "/") for step in path.split("/"))
        at: Any = tree
        for step in parents:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        key = last if isinstance(at, dict) else int(last) if last != "-" else len(at)
        if value is None:
            at.pop(key, None) if isinstance(at, dict) else at.pop(key)
        elif isinstance(at, list) and key == len(at):
            at.append(copy.deepcopy(value))
        else:
            at[key] = copy.deepcopy(value)
    return tree


def decoded(resource: Resource, tree: Tree) -> Tree:
    type = types.type_of(resource.group, resource.version, resource.kind)
    assert type is not None
    result, unknown = walk.decode(tree, type)
    assert not unknown
    resource.rules.default(result)
    resource.rules.requested_by(result, ADMIN)
    return stored(resource, result)


def stored(resource: Resource, tree: Tree) -> Tree:
    return resource.to_storage(tree) if resource.to_storage else tree


def allocated(service: Tree, old: Tree | None, answer: Tree) -> Sequence[FieldError]:
    """Grants a Service what it asks for: the values the recorded server gave out."""
    plan = plan_update(service, old, FAMILIES) if old else plan_create(service, FAMILIES)
    spec = answer.get("object", {"spec": {}})["spec"]
    taken: set[str | int] = set()
    for claim in () if plan.errors else plan.claims:
        if claim.wanted in taken:
            return [refused_value(service, claim, "provided port is already allocated")]
        taken |= {claim.wanted} - {"", 0}
        if claim.kind == "ip":
            value = spec.get("clusterIPs", ["10.96.0.1", "fd00::1"])[claim.places[0]]
        elif claim.kind == "node port":
            value = spec["ports"][claim.places[0]].get("nodePort") if spec else claim.wanted or 30000
        else:
            value = spec.get("healthCheckNodePort", 30001)
        grant(service, claim, value)
    return plan.errors


def created(resource: Resource, tree: Tree, answer: Tree) -> tuple[Tree, list[FieldError], Sequence[str]]:
    """What registry/store.py does of a create, without storage."""
    rules, obj = resource.rules, decoded(resource, tree)
    metadata = obj["metadata"]
    if resource.namespaced:
        metadata["namespace"] = "golden"
    if rules.has_generation and rules.first_generation:
        metadata["generation"] = 1
    else:
        metadata.pop("generation", None)
    if resource.name == "services" and (no := allocated(obj, None, answer)):
        return obj, [*no], ()
    early = rules.preparation_warnings(obj)
    rules.prepare_for_create(obj)
    metadata.update(creationTimestamp=NOW, uid="uid")
    errors = object_meta.new_errors(resource, obj, lambda name, prefix: list(rules.validate_own_name(obj, name, prefix)))
    errors = distinct([*errors, *rules.validate(obj)])
    warnings = (*early, *(() if errors else rules.warnings(obj, None)))
    rules.canonicalize(obj)
    return obj, errors, warnings


def updated(resource: Resource, tree: Tree, old: Tree, answer: Tree) -> tuple[Tree, list[FieldError], Sequence[str]]:
    """What registry/store.py does of an update, without storage."""
    part = answer["verb"]
    rules, new, status = SUBRESOURCES.get(part, resource.rules), decoded(resource, tree), part == "status"
    old = stored(resource, old)
    before = copy.deepcopy(old)
    for metadata in (new["metadata"], old["metadata"]):
        metadata.update(resourceVersion="1", creationTimestamp=NOW, uid="uid")
    prepare = rules.prepare_for_status_update if status else rules.prepare_for_update
    validate = rules.validate_status_update if status else rules.validate_update
    if resource.name == "services" and not status and (no := allocated(new, old, answer)):
        return new, [*no], ()
    prepare(new, old)
    if rules.has_generation and rules.spec_changed(new, old):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    errors = distinct([*object_meta.update_errors(resource, new, old, status=status), *validate(new, old)])
    said = rules.status_warnings(new) if status else rules.warnings(new, old)
    warnings = () if errors else said
    rules.canonicalize(new)
    assert unversioned(old) == unversioned(before), "the old object was changed"
    return new, errors, warnings


def distinct(errors: Sequence[FieldError]) -> list[FieldError]:
    return list({(error.type, error.field, error.body): error for error in errors}.values())


def unversioned(tree: Tree) -> Tree:
    dropped = ("uid", "creationTimestamp", "resourceVersion", "managedFields")
    return {**tree, "metadata": {key: value for key, value in tree["metadata"].items() if key not in dropped}}


def causes(errors: Sequence[FieldError]) -> list[list[str]]:
    return [[error.type, error.field, error.body] for error in errors]


@pytest.mark.parametrize(("recording", "case"), list(recordings()))
def test_answers_as_recorded(recording: Tree, case: Tree) -> None:
    resource = CATALOG.get(*recording["resource"])
    assert resource is not None
    for rules in (resource.rules, *SUBRESOURCES.values()):
        if hasattr(rules, "clock"):
            rules.clock = Recorded(case)
    if case["verb"] == "table":
        check_table(resource, case)
    elif case["code"] == 400:
        with pytest.raises(ValueError, match=r"."):
            decoded(resource, changed(recording["base"], case["change"]))
    elif case["verb"] == "create":
        check(resource, case, *created(resource, changed(recording["base"], case["change"]), case))
    else:
        check(resource, case, *updated(resource, changed(case["old"], case["change"]), case["old"], case))


def check(resource: Resource, case: Tree, obj: Tree, errors: Sequence[FieldError], warnings: Sequence[str]) -> None:
    if case.get("unordered"):
        assert sorted(causes(errors)) == case["causes"]
    else:
        assert causes(errors) == case.get("causes", [])
    if not errors:
        served = key_order(resource)(obj)
        served = resource.from_storage(served) if resource.from_storage else served
        assert unversioned(served) == case["object"]
        warnings = [*filter(None, [deprecation(resource)]), *warnings]
        assert list(warnings) == case.get("warnings", [])


def check_table(resource: Resource, case: Tree) -> None:
    columns = [{"name": c.name, "type": c.type, "format": c.format, "priority": c.priority} for c in resource.columns if c.name]
    assert columns == case["columns"]
    now: datetime = parsedate_to_datetime(case["date"]).astimezone(UTC)
    assert [column.cell(case["object"], now) for column in resource.columns] == case["cells"]


def test_every_served_resource_is_declared() -> None:
    facts = json.loads((File(__file__).parents[2] / "kcompat/apimachinery/data/resources.json").read_text())
    served = {(fact["group"], fact["version"], fact["resource"]) for fact in facts}
    assert {(resource.group, resource.version, resource.name) for resource in CATALOG} == served


def test_rules_are_shared_instances() -> None:
    assert all(isinstance(resource.rules, Rules) for resource in CATALOG)
