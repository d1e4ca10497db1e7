"""spec.scheduling of jobs that a server with the gate stored."""

from __future__ import annotations

from typing import Any

import pytest

from kcompat.apimachinery.field import FieldError
from kcompat.registry.rules import job_scheduling
from kcompat.registry.rules.workload_validation import SPEC

GANG, BASIC = {"gang": {"minCount": 4}}, {"basic": {}}


def spec(policy: Any = None, **more: Any) -> dict[str, Any]:
    return {"parallelism": 2, "scheduling": ({"schedulingPolicy": policy} if policy else {}) | more}


def shown(errors: Any) -> list[str]:
    return [str(error) for error in errors if isinstance(error, FieldError)]


def test_a_gang_is_no_larger_than_the_job() -> None:
    assert shown(job_scheduling.checks(spec(GANG), SPEC.child("scheduling"))) == [
        "spec.scheduling.schedulingPolicy.gang.minCount: Invalid value: 4: must not be greater than parallelism (2)"
    ]
    assert not job_scheduling.checks({"parallelism": 1}, SPEC)


def test_pods_that_start_alone_are_not_disrupted_together() -> None:
    assert shown(job_scheduling.checks(spec(BASIC, disruptionMode={"all": {}}), SPEC.child("scheduling")))
    assert not job_scheduling.checks(spec({"gang": {}}, disruptionMode={"all": {}}), SPEC.child("scheduling"))


@pytest.mark.parametrize(("new", "old", "errors"), [
    (spec(BASIC), spec(BASIC), []),
    (spec(BASIC), spec(GANG), ["spec.scheduling: Forbidden"]),
    ({}, spec(GANG), ["spec.scheduling: Invalid value: null: field cannot be cleared once set"]),
    ({}, None, []),
])  # fmt: skip
def test_without_its_gate_the_field_stays_as_it_is(new: Any, old: Any, errors: list[str]) -> None:
    assert shown(job_scheduling.declared(new, old, SPEC)) == errors


def test_the_kind_of_policy_stays() -> None:
    assert shown(job_scheduling.updated(spec(BASIC), spec(GANG)))
    assert not job_scheduling.updated(spec(GANG), spec({"gang": {"minCount": 1}}))
