"""Pods that leave tainted nodes: at once, later, or not at all."""

from __future__ import annotations

import pytest
from memory_transport import until

from kcompat.apimachinery import meta
from kcompat.client.resources import EVENTS, NODES, PODS
from kcompat.controllers.taint_eviction import no_execute, tolerated_for

EVICTION = "taint-eviction-controller"
TAINT = {"key": "gone", "value": "yes", "effect": "NoExecute"}
OTHER = {"key": "hot", "effect": "NoExecute"}


def toleration(key="gone", seconds=None, **more):
    tree = {"key": key, "operator": "Exists", "effect": "NoExecute", **more}
    return tree if seconds is None else {**tree, "tolerationSeconds": seconds}


def node(*taints):
    return {"metadata": {"name": "n"}, "spec": {"taints": list(taints)}}


def pod(name="p", *tolerations, on="n"):
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"nodeName": on, "tolerations": list(tolerations)}}


@pytest.mark.parametrize(
    ("tolerations", "taints", "seconds"),
    [
        ([], [TAINT], 0.0),
        ([toleration()], [TAINT], None),
        ([toleration(seconds=30)], [TAINT], 30.0),
        ([toleration(seconds=-1)], [TAINT], 0.0),
        ([toleration(seconds=30)], [TAINT, OTHER], 0.0),
        ([toleration(seconds=30), toleration("hot", 10)], [TAINT, OTHER], 10.0),
        ([toleration(), toleration("hot", 10)], [TAINT, OTHER], 10.0),
        ([{"operator": "Exists"}], [TAINT, OTHER], None),
        ([toleration(effect="NoSchedule")], [TAINT], 0.0),
    ],
)
def test_how_long_a_pod_may_stay(tolerations, taints, seconds):
    assert tolerated_for(tolerations, taints) == seconds


def test_other_effects_evict_nobody():
    assert no_execute(node({"key": "a", "effect": "NoSchedule"}, TAINT)) == [TAINT]


def left(world):
    return {meta.name(tree) for tree in world.pods() if not meta.is_being_deleted(tree)}


def messages(world):
    return [event["message"] for event in world.cluster.all(EVENTS)]


async def test_a_new_taint_drives_out_who_does_not_tolerate_it(world):
    world.cluster.put(NODES, node())
    for tree in (pod("plain"), pod("tolerant", toleration()), pod("elsewhere", on="m")):
        world.cluster.put(PODS, tree)
    patches = []
    async with world.running(EVICTION):
        world.cluster.put(NODES, node(TAINT))
        await until(lambda: left(world) == {"tolerant", "elsewhere"})
        patches += [event[3] for event in world.cluster.history if event[2][1] == "pods" and event[2][3] == "plain"]
        await until(lambda: "Marking for deletion Pod shop/plain" in messages(world))
    conditions = [condition for tree in patches for condition in meta.conditions(tree) if condition["type"] == "DisruptionTarget"]
    assert conditions[0]["reason"] == "DeletionByTaintManager"
    assert conditions[0]["message"] == "Taint manager: deleting due to NoExecute taint"


async def test_a_pod_that_comes_to_a_tainted_node_leaves_it(world):
    world.cluster.put(NODES, node(TAINT))
    async with world.running(EVICTION):
        world.cluster.put(PODS, pod("late"))
        await until(lambda: left(world) == set())


async def test_who_may_stay_for_a_while_stays_for_good_when_the_taint_goes(world):
    world.cluster.put(NODES, node(TAINT))
    world.cluster.put(PODS, pod("patient", toleration(seconds=3600)))
    world.cluster.put(PODS, pod("brief", toleration(seconds=1)))
    async with world.running(EVICTION):
        await until(lambda: left(world) == {"patient"})
        world.cluster.put(NODES, node())
        await until(lambda: "Cancelling deletion of Pod shop/patient" in messages(world))
    assert left(world) == {"patient"}
