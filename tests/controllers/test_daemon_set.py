"""DaemonSets: where they run, what is replaced when, and what happens on a cluster."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from memory_transport import until

from kcompat.client.resources import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS
from kcompat.controllers.daemon_set.controller import FailedPods
from kcompat.controllers.daemon_set.placement import Placement, bound_to, pod_template, target_node, tolerations
from kcompat.controllers.daemon_set.plan import View, manage, rolling_update

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DS = "daemonset-controller"


def daemon_set(name="agent", image="v1", strategy=None, **pod_spec):
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}], **pod_spec}}
    strategy = strategy or {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template, "updateStrategy": strategy, "revisionHistoryLimit": 1}
    return {"metadata": {"name": name, "namespace": "shop", "generation": 1, "uid": "ds"}, "spec": spec}


def node(name, *taints, **labels):
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": [{"key": key, "effect": effect} for key, effect in taints]}}


def pod(name, on, digest="new", ready=True, phase="Running", created="2026-05-01T11:00:00Z", **metadata):
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": "2026-05-01T11:00:00Z"}
    return {
        "metadata": {"name": name, "uid": name, "labels": {"controller-revision-hash": digest}, "creationTimestamp": created, **metadata},
        "spec": {"nodeName": on},
        "status": {"phase": phase, "conditions": [condition]},
    }


def view(tree, nodes, pods):
    by_node = {}
    for item in pods:
        by_node.setdefault(item["spec"]["nodeName"], []).append(item)
    return View(tree, nodes, by_node, "new", NOW)


@pytest.mark.parametrize(
    ("place", "verdict"),
    [
        (node("a"), (True, True)),
        (node("a", ("node.kubernetes.io/unschedulable", "NoSchedule")), (True, True)),
        (node("a", ("x", "NoSchedule")), (False, True)),
        (node("a", ("x", "NoExecute")), (False, False)),
        (node("a", ("node.kubernetes.io/network-unavailable", "NoSchedule")), (False, True)),
    ],
)
def test_taints(place, verdict):
    assert Placement(daemon_set()).judge(place) == verdict


def test_selectors_and_names():
    chosen = Placement(daemon_set(nodeSelector={"disk": "ssd"}))
    assert chosen.should_run(node("a", disk="ssd")) and not chosen.should_run(node("a"))
    assert [Placement(daemon_set(nodeName="b")).judge(node(name)) for name in "ab"] == [(False, False), (True, True)]


def test_host_network_tolerates_a_missing_network_and_nothing_twice():
    own = {"key": "node.kubernetes.io/disk-pressure", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 1}
    found = tolerations({"hostNetwork": True, "tolerations": [own]})
    assert len(found) == 7 and own not in found
    assert len(tolerations({})) == 6


def test_pods_are_bound_by_affinity():
    made = bound_to(pod_template(daemon_set(affinity={"podAffinity": {"x": 1}}), "h"), "n1")
    assert target_node(made) == "n1" and made["spec"]["affinity"]["podAffinity"] == {"x": 1}
    assert made["metadata"]["labels"] == {"app": "agent", "controller-revision-hash": "h"}


def test_one_pod_on_every_node_that_fits():
    nodes = [node("a"), node("b"), node("c", ("x", "NoExecute")), node("d")]
    pods = [pod("old", "a"), pod("young", "a", created="2026-05-01T11:30:00Z"), pod("banned", "c"), pod("lost", "gone")]
    pods.append({**pod("failed", "d"), "status": {"phase": "Failed"}, "metadata": {"name": "failed", "namespace": "shop", "uid": "f"}})
    tree = daemon_set()
    plan = manage(view(tree, nodes, pods), Placement(tree), lambda name: True)
    assert plan.create == ["b"]
    assert {item["metadata"]["name"] for item in plan.delete} == {"young", "banned", "failed"}
    assert plan.events == [("Warning", "FailedDaemonPod", "Found failed daemon pod shop/failed on node d, will try to kill it")]
    waiting = manage(view(tree, nodes, pods), Placement(tree), lambda name: False)
    assert "failed" not in {item["metadata"]["name"] for item in waiting.delete}


def test_rolling_update_replaces_broken_pods_and_one_more():
    nodes = [node(name) for name in "abcd"]
    tree = daemon_set(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "maxSurge": 0}})
    pods = [pod("a1", "a", "old"), pod("b1", "b", "old", ready=False), pod("c1", "c"), pod("d1", "d", "old")]
    plan = rolling_update(view(tree, nodes, pods), Placement(tree))
    assert [item["metadata"]["name"] for item in plan.delete] == ["b1", "a1"] and not plan.create


def test_surge_makes_the_new_pod_first():
    nodes = [node("a"), node("b")]
    tree = daemon_set(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}})
    first = rolling_update(view(tree, nodes, [pod("a1", "a", "old"), pod("b1", "b", "old")]), Placement(tree))
    assert (first.create, first.delete) == (["a"], [])
    both = [pod("a1", "a", "old"), pod("a2", "a"), pod("b1", "b", "old")]
    second = rolling_update(view(tree, nodes, both), Placement(tree))
    assert [item["metadata"]["name"] for item in second.delete] == ["a1"] and second.create == ["b"]


def test_failed_pods_are_replaced_more_and_more_slowly():
    failed = FailedPods()
    assert [failed.wait("k", now) for now in (0.0, 0.5, 1.0, 2.0, 3.0)] == [0.0, 1.0, 0.0, 2.0, 0.0]


def status(world, name="agent"):
    return world.cluster.get(DAEMON_SETS, "shop", name).get("status") or {}


def place(world, *names):
    for name in names:
        world.cluster.put(NODES, {"metadata": {"name": name}, "spec": {}})


async def test_follows_nodes_and_rolls_out(world):
    place(world, "a", "b")
    async with world.running(DS):
        await world.client().of(DAEMON_SETS).create(daemon_set())
        await until(lambda: status(world).get("numberAvailable") == 2)
        place(world, "c")
        await until(lambda: status(world).get("numberAvailable") == 3)
        assert sorted(target_node(item) for item in world.pods()) == ["a", "b", "c"]
        before = {item["metadata"]["uid"] for item in world.pods()}
        for image in ("v2", "v3"):
            body = {"spec": {"template": {**daemon_set(image=image)["spec"]["template"]}}}
            await world.client().of(DAEMON_SETS).patch("agent", body, "shop")
            await until(lambda image=image: [item["spec"]["containers"][0]["image"] for item in world.pods()] == [image] * 3)
            await until(lambda: status(world).get("updatedNumberScheduled") == 3 and status(world).get("numberAvailable") == 3)
        assert before.isdisjoint(item["metadata"]["uid"] for item in world.pods())
        await until(lambda: sorted(item["revision"] for item in world.cluster.all(CONTROLLER_REVISIONS)) == [2, 3])
    assert status(world)["desiredNumberScheduled"] == status(world)["currentNumberScheduled"] == 3


async def test_an_earlier_template_comes_back_as_the_newest_revision(world):
    place(world, "a")
    async with world.running(DS):
        await world.client().of(DAEMON_SETS).create(daemon_set())
        await until(lambda: status(world).get("numberAvailable") == 1)
        for image in ("v2", "v1"):
            body = {"spec": {"template": {**daemon_set(image=image)["spec"]["template"]}}}
            await world.client().of(DAEMON_SETS).patch("agent", body, "shop")
            await until(lambda image=image: [item["spec"]["containers"][0]["image"] for item in world.pods()] == [image])
        await until(lambda: sorted(item["revision"] for item in world.cluster.all(CONTROLLER_REVISIONS)) == [2, 3])


async def test_a_second_revision_of_the_same_content_goes_with_the_next_sync(world):
    place(world, "a")
    async with world.running(DS) as manager:
        await world.client().of(DAEMON_SETS).create(daemon_set())
        stores = {resource: manager.informers.informer(resource).store for resource in (DAEMON_SETS, PODS, CONTROLLER_REVISIONS)}

        def settled() -> bool:
            return manager.idle and all(list(store) == world.cluster.all(resource, "shop") for resource, store in stores.items())

        await until(lambda: status(world).get("numberAvailable") == 1 and settled())
        (first,) = world.cluster.all(CONTROLLER_REVISIONS)
        world.cluster.put(CONTROLLER_REVISIONS, {**first, "metadata": {**first["metadata"], "name": "second", "uid": "second"}, "revision": 2})
        await until(settled)
        assert len(world.cluster.all(CONTROLLER_REVISIONS)) == 2
        await world.client().of(CONTROLLER_REVISIONS).patch("second", {"metadata": {"labels": {"seen": "yes"}}}, "shop")
        await until(lambda: [item["metadata"]["name"] for item in world.cluster.all(CONTROLLER_REVISIONS)] == ["second"])


async def test_orphans_are_adopted(world):
    place(world, "a")
    orphan = pod("orphan", "a")
    orphan["metadata"] |= {"namespace": "shop", "labels": {"app": "agent"}}
    world.cluster.put(PODS, orphan)
    async with world.running(DS):
        await world.client().of(DAEMON_SETS).create(daemon_set(strategy={"type": "OnDelete"}))
        await until(lambda: status(world).get("currentNumberScheduled") == 1)
        (adopted,) = world.pods()
        assert adopted["metadata"]["ownerReferences"][0]["name"] == "agent"
