"""Disruption budgets: how many pods may be evicted, and what is told when that cannot be said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from memory_transport import until

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.client.resources import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS, STATEFUL_SETS
from kcompat.controllers.disruption import BUDGETS, Expected, _printed, decide_status, needed, stale_for, still_disrupted

DISRUPTION = "disruption-controller"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def stamp(seconds_ago=0.0):
    return rfc3339(NOW - timedelta(seconds=seconds_ago))


def budget(status=None, **spec):
    spec = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    return {"metadata": {"name": "b", "namespace": "shop", "generation": 1}, "spec": spec, "status": status or {}}


def pod(name, ready=True, owner=None, **metadata):
    owners = [{"controller": True, **owner}] if owner else []
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    tree = {"name": name, "namespace": "shop", "labels": {"app": "web"}, "ownerReferences": owners, **metadata}
    return {"metadata": tree, "spec": {}, "status": {"phase": "Running", "conditions": conditions}}


@pytest.mark.parametrize(
    ("spec", "pods", "healthy"),
    [
        ({"minAvailable": 2}, 5, 2),
        ({"minAvailable": "50%"}, 5, 3),
        ({"maxUnavailable": 1}, 5, 4),
        ({"maxUnavailable": "50%"}, 5, 2),
        ({"maxUnavailable": 9}, 5, 0),
        ({"maxUnavailable": 0}, 5, 5),
        ({}, 5, 0),
    ],
)
def test_how_many_must_be_healthy(spec, pods, healthy):
    assert needed(budget(**spec), pods) == healthy


@pytest.mark.parametrize(
    ("expected", "allowed", "reason"),
    [(Expected(3, 1), 1, "SufficientPods"), (Expected(3, 2), 0, "InsufficientPods"), (Expected(0, 0), 0, "InsufficientPods")],
)
def test_the_status(expected, allowed, reason):
    pods = [pod("a"), pod("b"), pod("c", ready=False), pod("d", deletionTimestamp=stamp()), pod("evicted")]
    status = decide_status(budget(), pods, expected, {"evicted": stamp()}, stamp())
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (2, allowed)
    (condition,) = status["conditions"]
    assert (condition["type"], condition["reason"], condition["status"]) == ("DisruptionAllowed", reason, "True" if allowed else "False")
    assert status["disruptedPods"] == {"evicted": stamp()}


def test_evicted_pods_count_as_gone_for_a_while():
    known = budget({"disruptedPods": {"new": stamp(60), "old": stamp(180), "going": stamp(1), "gone": stamp(1)}})
    waiting, overdue = still_disrupted(known, [pod("new"), pod("old"), pod("going", deletionTimestamp=stamp()), pod("other")], NOW)
    assert waiting == {"new": stamp(60)} and [meta.name(each) for each in overdue] == ["old"]


@pytest.mark.parametrize(
    ("condition", "seconds"),
    [
        ({"status": "True", "reason": "EvictionByEvictionAPI", "lastTransitionTime": stamp(30)}, 90.0),
        ({"status": "True", "reason": "EvictionByEvictionAPI", "lastTransitionTime": stamp(300)}, 0.0),
        ({"status": "True", "reason": "TerminationByKubelet", "lastTransitionTime": stamp(300)}, None),
        ({"status": "False", "reason": "", "lastTransitionTime": stamp(300)}, None),
    ],
)
def test_when_a_pods_condition_is_stale(condition, seconds):
    tree = pod("p")
    tree["status"]["conditions"].append({"type": "DisruptionTarget", **condition})
    assert stale_for(tree, NOW) == seconds
    assert stale_for({**tree, "metadata": {**tree["metadata"], "deletionTimestamp": stamp()}}, NOW) is None


def test_selectors_are_printed_as_go_does():
    assert _printed(None) == "nil"
    assert _printed({"matchLabels": {"a": "b"}}) == "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}"


def status(world):
    return world.cluster.get(BUDGETS, "shop", "b").get("status") or {}


def numbers(world):
    found = status(world)
    return tuple(found.get(key) for key in ("currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed"))


def owned(world, kind, name, replicas, owner=None):
    owners = [{"controller": True, **owner}] if owner else []
    tree = {"metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": owners}, "spec": {"replicas": replicas}}
    world.cluster.put(kind, tree)
    return {"apiVersion": kind.api_version, "kind": kind.kind, "name": name, "uid": name}


async def test_percentages_are_of_what_the_controllers_want(world):
    deployment = owned(world, DEPLOYMENTS, "d", 4)
    replica_set = owned(world, REPLICA_SETS, "rs", 2, deployment)
    stateful_set = owned(world, STATEFUL_SETS, "ss", 6)
    for index, owner in enumerate((replica_set, replica_set, stateful_set)):
        world.cluster.put(PODS, pod(f"p{index}", owner=owner))
    world.ready = lambda pod: False
    world.cluster.put(BUDGETS, budget(minAvailable="20%"))
    async with world.running(DISRUPTION):
        await until(lambda: numbers(world) == (3, 2, 10, 1))
        world.cluster.put(PODS, pod("p0", ready=False, owner=replica_set))
        await until(lambda: numbers(world) == (2, 2, 10, 0))


async def test_nothing_is_allowed_while_the_scale_is_not_known(world):
    world.cluster.discovery = {"/api": {"versions": []}, "/apis": {"groups": []}}
    owner = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "w"}
    world.cluster.put(PODS, pod("p", owner=owner))
    world.cluster.put(BUDGETS, budget({"disruptionsAllowed": 1}, maxUnavailable=1))
    async with world.running(DISRUPTION):
        await until(lambda: status(world).get("conditions"))
    (condition,) = status(world)["conditions"]
    assert (condition["reason"], condition["status"]) == ("SyncFailed", "False") and status(world)["disruptionsAllowed"] == 0
    told = 'no matches for kind "Widget" in version "example.com/v1"'
    assert condition["message"] == told
    events = {event["reason"]: event["message"] for event in world.cluster.all(EVENTS)}
    assert events["CalculateExpectedPodCountFailed"] == f"Failed to calculate the number of expected pods: {told}"


async def test_pods_that_nobody_controls_are_told_of(world):
    world.cluster.put(BUDGETS, budget(minAvailable="50%"))
    async with world.running(DISRUPTION):
        await until(lambda: any(event["reason"] == "NoPods" for event in world.cluster.all(EVENTS)))
        world.cluster.put(PODS, pod("bare"))
        await until(lambda: any(event["reason"] == "UnmanagedPods" for event in world.cluster.all(EVENTS)))
    (event,) = [event for event in world.cluster.all(EVENTS) if event["reason"] == "UnmanagedPods"]
    assert event["message"].startswith("Pods selected by this PodDisruptionBudget (selector: &LabelSelector{") and event["source"] == {
        "component": "controllermanager"
    }


async def test_an_eviction_that_came_to_nothing_is_taken_back(world):
    tree = pod("p")
    tree["status"]["conditions"].append(
        {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    )
    world.cluster.put(PODS, tree)
    async with world.running(DISRUPTION):

        def condition():
            return meta.find_condition(meta.conditions(world.cluster.get(PODS, "shop", "p")), "DisruptionTarget")

        await until(lambda: condition()["status"] == "False")
