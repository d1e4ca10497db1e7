"""Pods that nobody else removes."""

from __future__ import annotations

import pytest
from memory_transport import until

from kcompat.client.resources import NODES, PODS
from kcompat.client.store import Store
from kcompat.controllers.pod_gc import PodGCController, missing_nodes, out_of_service, terminated, unscheduled

GC = "pod-garbage-collector-controller"


def pod(name, phase="Running", node="n1", created="2026-05-01T12:00:00Z", deleted=False, reason=None):
    metadata = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": created}
    if deleted:
        metadata |= {"deletionTimestamp": created, "finalizers": ["example.com/held"]}
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {}, "status": {"phase": phase, "reason": reason}}


def names(pods):
    return [tree["metadata"]["name"] for tree in pods]


def test_ended_pods_beyond_the_threshold():
    old, older = "2026-05-01T11:00:00Z", "2026-05-01T10:00:00Z"
    pods = [pod("new", "Failed"), pod("b", "Succeeded", created=old), pod("a", "Failed", created=older), pod("runs", created=older)]
    evicted = pod("evicted", "Failed", reason="Evicted")
    assert names(terminated(pods, 1)) == ["a", "b"]
    assert names(terminated([*pods, evicted], 2)) == ["evicted", "a"]
    assert terminated(pods, 3) == []


@pytest.mark.parametrize(("ready", "taint", "found"), [("False", True, ["going"]), ("True", True, []), ("False", False, [])])
def test_nodes_out_of_service(ready, taint, found):
    nodes = Store()
    taints = [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}] if taint else []
    conditions = [{"type": "Ready", "status": ready}]
    nodes.put("n1", {"metadata": {"name": "n1"}, "spec": {"taints": taints}, "status": {"conditions": conditions}})
    assert names(out_of_service([pod("going", deleted=True), pod("runs"), pod("lost", node="n2", deleted=True)], nodes)) == found


def test_what_has_no_node():
    pods = [pod("a", node=None), pod("b", node=None, deleted=True), pod("c", node="n2"), pod("d")]
    assert names(unscheduled(pods)) == ["b"]
    assert missing_nodes(pods, {"n1"}) == {"n2"}


async def test_orphans_and_unscheduled_ones_go(world, monkeypatch):
    monkeypatch.setattr(PodGCController, "period", 0.01)
    monkeypatch.setattr(PodGCController, "quarantine_seconds", 0.05)
    world.ready = lambda tree: False
    world.cluster.put(NODES, {"metadata": {"name": "n1"}})
    for tree in (pod("stays"), pod("orphan", node="n2"), pod("held", node="n2", deleted=True), pod("unscheduled", node=None, deleted=True)):
        world.cluster.put(PODS, tree)
    async with world.running(GC):
        await until(lambda: world.cluster.get(PODS, "shop", "orphan") is None)
        await until(lambda: world.cluster.get(PODS, "shop", "held")["status"]["phase"] == "Failed")
        (condition,) = world.cluster.get(PODS, "shop", "held")["status"]["conditions"]
        assert (condition["reason"], condition["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")
        await until(lambda: world.cluster.get(PODS, "shop", "unscheduled")["status"]["phase"] == "Failed")
        assert world.cluster.get(PODS, "shop", "stays")["status"]["phase"] == "Running"
