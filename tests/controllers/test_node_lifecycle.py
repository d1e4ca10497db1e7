"""Nodes whose kubelet falls silent: conditions, taints, zones, pods, events."""

from __future__ import annotations

from typing import Any

import pytest
from memory_transport import until

from kcompat.client.resources import EVENTS, NODES, PODS
from kcompat.controllers import node_lifecycle
from kcompat.controllers.node_lifecycle import given_up, relabelled, silent_conditions, unscheduled
from kcompat.controllers.node_zones import RATE, SECONDARY_RATE, Zones

NOW = "2026-01-01T00:00:00Z"
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"


def node(
    conditions: dict[str, str], *, name: str = "n", zone: str = "", unschedulable: bool = False, taints: tuple[dict[str, str], ...] = ()
) -> dict[str, Any]:
    spec: dict[str, Any] = {"taints": list(taints)}
    if unschedulable:
        spec["unschedulable"] = True
    status = {"conditions": [{"type": t, "status": s, "lastHeartbeatTime": NOW} for t, s in conditions.items()]}
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    return {"metadata": {"name": name, "uid": name, "creationTimestamp": NOW, "labels": labels}, "spec": spec, "status": status}


def shown(taints: list[dict[str, str]]) -> list[str]:
    return [f"{t['key'].removeprefix('node.kubernetes.io/')}:{t['effect']}" for t in taints]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (node({"Ready": "True"}, taints=({"key": NOT_READY, "effect": "NoSchedule"},)), []),
        (node({"Ready": "False"}), ["not-ready:NoSchedule"]),
        (node({"Ready": "Unknown"}), ["unreachable:NoSchedule"]),
        (node({"Ready": "True", "DiskPressure": "True"}), ["disk-pressure:NoSchedule"]),
        (node({"Ready": "True"}, unschedulable=True), ["unschedulable:NoSchedule"]),
        (node({"Ready": "True"}, taints=({"key": "mine", "effect": "NoExecute"},)), ["mine:NoExecute"]),
    ],
)
def test_taints_that_keep_pods_away(given: dict[str, Any], wanted: list[str]) -> None:
    assert shown(unscheduled(given, NOW)) == wanted


@pytest.mark.parametrize(
    ("ready", "before", "others", "wanted"),
    [
        ("Unknown", None, ["True"], ["unreachable:NoExecute"]),
        ("False", None, ["True"], ["not-ready:NoExecute"]),
        ("False", UNREACHABLE, ["True"], ["not-ready:NoExecute"]),
        ("True", UNREACHABLE, ["True"], []),
        ("Unknown", UNREACHABLE, ["Unknown"], []),
    ],
)
def test_taints_that_drive_pods_away(ready: str, before: str | None, others: list[str], wanted: list[str]) -> None:
    taints = () if before is None else ({"key": before, "effect": "NoExecute"},)
    given = node({"Ready": ready}, taints=taints)
    found = given_up(given, list(taints), NOW, zones(given, *(node({"Ready": s}, name=str(i)) for i, s in enumerate(others))), 0.0)
    assert shown(found) == wanted


def zones(*nodes: dict[str, Any]) -> Zones:
    found = Zones()
    for each in nodes:
        found.put(each)
    return found


@pytest.mark.parametrize(
    ("ready", "silent", "rate"),
    [(1, 1, RATE), (2, 2, RATE), (1, 3, 0.0), (2, 2, RATE), (20, 40, SECONDARY_RATE), (40, 20, RATE), (0, 3, RATE)],
)
def test_how_fast_nodes_are_given_up(ready: int, silent: int, rate: float) -> None:
    found = zones(
        node({"Ready": "True"}, name="elsewhere", zone="b"),
        *(node({"Ready": "True"}, name=f"r{i}", zone="a") for i in range(ready)),
        *(node({"Ready": "Unknown"}, name=f"s{i}", zone="a") for i in range(silent)),
    )
    assert found.rate(("", "a")) == rate
    lost = node({"Ready": "Unknown"}, name="s0", zone="a")
    assert found.may_give_up(lost, 100.0) is (rate > 0)
    assert not found.may_give_up(lost, 109.0) and found.may_give_up(lost, 111.0) is (rate == RATE)


def test_old_labels_follow_the_new_ones() -> None:
    labels = {"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "other", "a": "b"}
    assert relabelled({"metadata": {"labels": labels}}) == {**labels, "beta.kubernetes.io/os": "linux"}


async def test_a_silent_node_and_its_pods(world, monkeypatch) -> None:
    monkeypatch.setattr(node_lifecycle, "MONITOR_SECONDS", 0.05)
    world.cluster.put(NODES, node({"Ready": "True"}, name="silent"))
    fine = node({"Ready": "True"}, name="fine")
    fine["status"]["conditions"][0]["lastHeartbeatTime"] = "2999-01-01T00:00:00Z"
    world.cluster.put(NODES, fine)
    condition = {"type": "Ready", "status": "True"}
    for name, place in (("a", "silent"), ("b", "fine")):
        pod = {"metadata": {"name": name, "namespace": "shop", "uid": name}, "spec": {"nodeName": place}, "status": {"phase": "Running"}}
        world.cluster.put(PODS, {**pod, "status": {"phase": "Running", "conditions": [condition]}})
    async with world.running("node-lifecycle-controller", node_grace=0.1):
        taints = ["unreachable:NoExecute", "unreachable:NoSchedule"]
        await until(lambda: sorted(shown(world.cluster.get(NODES, "", "silent")["spec"]["taints"])) == taints)
        await until(lambda: ready_of(world, "a") == "False")
        assert ready_of(world, "b") == "True" and world.cluster.get(NODES, "", "fine")["spec"]["taints"] == []
        wanted = {"RegisteredNode:silent", "RegisteredNode:fine", "NodeNotReady:silent", "NodeNotReady:a"}
        await until(lambda: events(world) == wanted)
        world.cluster.put(PODS, {"metadata": {"name": "late", "namespace": "shop", "uid": "late"}, "spec": {"nodeName": "silent"}})
        world.cluster.drop(NODES, "", "fine")
        await until(lambda: "RemovingNode:fine" in events(world))
        await until(lambda: shown(world.cluster.get(NODES, "", "silent")["spec"]["taints"]) == ["unreachable:NoSchedule"])


def ready_of(world, name: str) -> str:
    return str(world.cluster.get(PODS, "shop", name)["status"]["conditions"][0]["status"])


def events(world) -> set[str]:
    found = [*world.cluster.all(EVENTS, "shop"), *world.cluster.all(EVENTS, "default")]
    return {f"{event['reason']}:{event['involvedObject']['name']}" for event in found}


def test_a_silent_kubelet() -> None:
    conditions = silent_conditions(node({"Ready": "True", "NetworkUnavailable": "False"}), NOW)
    assert conditions is not None
    by_type = {c["type"]: (c["status"], c.get("reason")) for c in conditions}
    assert by_type["Ready"] == ("Unknown", "NodeStatusUnknown")
    assert by_type["MemoryPressure"] == ("Unknown", "NodeStatusNeverUpdated")
    assert by_type["NetworkUnavailable"] == ("False", None)
    again = node({}) | {"status": {"conditions": list(conditions)}}
    assert silent_conditions(again, NOW) is None
