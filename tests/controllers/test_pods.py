"""Decisions about pods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kcompat.apimachinery.clock import rfc3339
from kcompat.controllers.pods import deletion_cost, is_available, next_availability, preferred_for_deletion

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def ago(seconds: float) -> str:
    return rfc3339(NOW - timedelta(seconds=seconds))


def pod(name, *, node="n", phase="Running", ready=1000.0, cost=None, restarts=0, age=2000.0):
    status = {"phase": phase, "containerStatuses": [{"name": "c", "restartCount": restarts}]}
    if ready is not None:
        status["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": ago(ready)}]
    annotations = {} if cost is None else {"controller.kubernetes.io/pod-deletion-cost": cost}
    metadata = {"name": name, "uid": f"uid-{name}", "annotations": annotations, "creationTimestamp": ago(age)}
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {}, "status": status}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pod("a", node=""), pod("b")),
        (pod("a", phase="Pending"), pod("b", phase="Unknown")),
        (pod("a", phase="Unknown"), pod("b")),
        (pod("a", ready=None), pod("b")),
        (pod("a", cost="-5"), pod("b")),
        (pod("a"), pod("b", cost="5")),
        (pod("a", ready=10), pod("b", ready=1000)),
        (pod("a", restarts=3), pod("b", restarts=1)),
        (pod("a", age=10), pod("b", age=1000)),
        (pod("a", cost="-1", ready=1000), pod("b", ready=1)),
        (pod("a", age=1000), pod("b", age=1001)),  # the same power of two: by uid
        (pod("a", age=1001), pod("b", age=1000)),
    ],
)
def test_order_of_deletion(first, second):
    for pods in ([first, second], [second, first]):
        assert preferred_for_deletion(pods, pods, NOW) == [first, second]


def test_the_crowded_node_loses_first():
    alone, crowded = pod("alone", node="n1"), pod("crowded", node="n2")
    related = [alone, crowded, pod("x", node="n2"), pod("done", node="n1", phase="Succeeded"), pod("done2", node="n1", phase="Failed")]
    assert preferred_for_deletion([alone, crowded], related, NOW) == [crowded, alone]


@pytest.mark.parametrize(("text", "cost"), [("7", 7), ("-7", -7), ("0", 0), ("+7", 0), ("07", 0), ("x", 0), ("", 0), ("9999999999", 0)])
def test_deletion_cost(text, cost):
    assert deletion_cost(pod("a", cost=text)) == cost


def test_availability():
    assert is_available(pod("a", ready=5), 0, NOW)
    assert is_available(pod("a", ready=5), 5, NOW)
    assert not is_available(pod("a", ready=5), 6, NOW)
    assert not is_available(pod("a", ready=None), 0, NOW)
    assert next_availability([pod("a", ready=5), pod("b", ready=3), pod("c", ready=50), pod("d", ready=None)], 10, NOW) == 5.0
    assert next_availability([pod("c", ready=50)], 10, NOW) is None
