"""What recordings of single requests do not show of pods: graceful deletion, cells of pods that go, equality, images."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kcompat.apimachinery.field import Path
from kcompat.registry.columns import cells, pods
from kcompat.registry.groups.core_pods import RESOURCES
from kcompat.registry.rules.pod import security
from kcompat.registry.rules.pod.capabilities import ALLOW_PRIVILEGED
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.image import default_pull_policy, tag_of
from kcompat.registry.rules.pod.options import NEW_POD
from kcompat.registry.rules.pod.rules import PodRules

Tree = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
POD_COLUMNS = next(r.columns for r in RESOURCES if r.name == "pods")


def pod(spec: Tree | None = None, status: Tree | None = None, **metadata: Any) -> Tree:
    return {"metadata": {"name": "p", **metadata}, "spec": {"containers": [{"name": "c"}], **(spec or {})}, "status": status or {}}


@pytest.mark.parametrize(
    ("spec", "phase", "requested", "expected"),
    [
        ({"terminationGracePeriodSeconds": 30}, "Pending", None, 0),
        ({"terminationGracePeriodSeconds": 30, "nodeName": "n"}, "Running", None, 30),
        ({"terminationGracePeriodSeconds": 30, "nodeName": "n"}, "Running", 5, 5),
        ({"terminationGracePeriodSeconds": 30, "nodeName": "n"}, "Running", 0, 0),
        ({"terminationGracePeriodSeconds": 30, "nodeName": "n"}, "Succeeded", 5, 0),
        ({"terminationGracePeriodSeconds": 30, "nodeName": "n"}, "Failed", None, 0),
        ({"terminationGracePeriodSeconds": -1, "nodeName": "n"}, "Running", None, 1),
        ({"nodeName": "n"}, "Running", -5, 1),
    ],
)
def test_grace_period(spec: Tree, phase: str, requested: int | None, expected: int) -> None:
    assert PodRules().grace_period(pod(spec, {"phase": phase}), requested) == expected


def shown_status(tree: Tree) -> Any:
    return next(column.cell(tree, NOW) for column in POD_COLUMNS if column.name == "Status")


@pytest.mark.parametrize(
    ("status", "expected"),
    [({"phase": "Running"}, "Terminating"), ({"reason": "NodeLost"}, "Unknown"), ({"phase": "Succeeded"}, "Succeeded")],
)
def test_status_cell_of_a_pod_being_deleted(status: Tree, expected: str) -> None:
    assert shown_status(pod(status=status, deletionTimestamp="2026-01-01T11:59:00Z")) == expected


def test_rows_of_finished_pods_have_a_condition() -> None:
    assert pods.row_conditions(pod(status={"phase": "Running"})) == []
    for phase in ("Succeeded", "Failed"):
        (condition,) = pods.row_conditions(pod(status={"phase": phase}))
        assert (condition["type"], condition["status"], condition["reason"]) == ("Completed", "True", phase)


def test_quantities_are_equal_by_amount() -> None:
    assert same({"resources": {"limits": {"cpu": "1000m"}}}, {"resources": {"limits": {"cpu": "1"}}})
    assert not same({"resources": {"limits": {"cpu": "1001m"}}}, {"resources": {"limits": {"cpu": "1"}}})
    assert not same({"resources": {"limits": {"cpu": "much"}}}, {"resources": {"limits": {"cpu": "1"}}})
    assert not same({"image": "1000m"}, {"image": "1"})


@pytest.mark.parametrize(
    ("image", "tag", "policy"),
    [
        ("nginx", "latest", "Always"), ("nginx:1", "1", "IfNotPresent"), ("host:5000/nginx", "latest", "Always"),
        ("a@sha256:" + "0" * 64, "", "IfNotPresent"), ("0" * 64, None, "IfNotPresent"), ("not valid", None, "IfNotPresent"),
    ],
)  # fmt: skip
def test_images(image: str, tag: str | None, policy: str) -> None:
    assert tag_of(image) == tag
    assert default_pull_policy(image) == policy


def test_times_and_lists_for_people() -> None:
    assert cells.age("2026-01-01T11:58:30Z", NOW) == "90s"
    assert cells.until("2026-01-01T12:05:00Z", NOW) == "5m"
    assert cells.age(None, NOW) == cells.until(None, NOW) == "<unknown>"
    assert cells.format_list(["a", "b", "c"], 2) == "a,b + 1 more..."
    assert cells.format_list(["a"], 2) == "a"
    assert cells.format_list([], 2) == "<unset>"
    assert cells.format_label_selector({"matchExpressions": [{"key": "a", "operator": "What"}]}) == "<error>"


def test_privileged_containers_where_the_administrator_forbids_them() -> None:
    """As a kube-apiserver with --allow-privileged=false answers."""
    context = {"privileged": True}
    assert security.container_security_context(context, Path("securityContext"), True, NEW_POD) == []
    before = ALLOW_PRIVILEGED.set(False)
    (error,) = security.container_security_context(context, Path("securityContext"), True, NEW_POD)
    ALLOW_PRIVILEGED.reset(before)
    assert str(error) == "securityContext.privileged: Forbidden: disallowed by cluster policy"
