"""Taints and conditions as a node's state wants them."""

from __future__ import annotations

from typing import Any

import pytest

from kcompat.controllers.node_lifecycle import silent_conditions, wanted_taints

NOW = "2026-01-01T00:00:00Z"


def node(conditions: dict[str, str], *, unschedulable: bool = False, taints: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    spec: dict[str, Any] = {"taints": list(taints)}
    if unschedulable:
        spec["unschedulable"] = True
    status = {"conditions": [{"type": t, "status": s, "lastHeartbeatTime": NOW} for t, s in conditions.items()]}
    return {"metadata": {"name": "n", "creationTimestamp": NOW}, "spec": spec, "status": status}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (node({"Ready": "True"}, taints=({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"},)), []),
        (node({"Ready": "False"}), ["not-ready:NoExecute", "not-ready:NoSchedule"]),
        (node({"Ready": "Unknown"}), ["unreachable:NoExecute", "unreachable:NoSchedule"]),
        (node({"Ready": "True", "DiskPressure": "True"}), ["disk-pressure:NoSchedule"]),
        (node({"Ready": "True"}, unschedulable=True), ["unschedulable:NoSchedule"]),
        (node({"Ready": "True"}, taints=({"key": "mine", "effect": "NoExecute"},)), ["mine:NoExecute"]),
    ],
)
def test_taints(given: dict[str, Any], wanted: list[str]) -> None:
    found = [f"{t['key'].removeprefix('node.kubernetes.io/')}:{t['effect']}" for t in wanted_taints(given, NOW)]
    assert found == wanted


def test_a_silent_kubelet() -> None:
    conditions = silent_conditions(node({"Ready": "True", "NetworkUnavailable": "False"}), NOW)
    assert conditions is not None
    by_type = {c["type"]: (c["status"], c.get("reason")) for c in conditions}
    assert by_type["Ready"] == ("Unknown", "NodeStatusUnknown")
    assert by_type["MemoryPressure"] == ("Unknown", "NodeStatusNeverUpdated")
    assert by_type["NetworkUnavailable"] == ("False", None)
    again = node({}) | {"status": {"conditions": list(conditions)}}
    assert silent_conditions(again, NOW) is None
