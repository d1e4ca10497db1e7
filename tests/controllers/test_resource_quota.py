"""What namespaces use of their quotas: the decision in tables, and the controller on a cluster in memory."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from memory_transport import KINDS, until

from kcompat.apimachinery import errors
from kcompat.apimachinery.pod_resources import quantities
from kcompat.apimachinery.quota.measuring import concerned, used_together
from kcompat.client.resources import CONFIG_MAPS, PODS, SERVICES, ResourceType
from kcompat.controllers.resource_quota import RESOURCE_QUOTAS, is_dirty, wanted_status

NAME = "resourcequota-controller"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WIDGETS = ResourceType("x.io", "v1", "widgets", "Widget")
ALL = ["create", "delete", "list", "watch"]
V1 = {"groupVersion": "x.io/v1", "version": "v1"}
DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/apis": {
        "groups": [
            {"name": "x.io", "versions": [V1], "preferredVersion": V1},
        ]
    },
    "/api/v1": {
        "resources": [
            {"name": name, "kind": kind, "namespaced": True, "verbs": ALL}
            for name, kind in (("configmaps", "ConfigMap"), ("pods", "Pod"), ("services", "Service"), ("resourcequotas", "ResourceQuota"))
        ]
    },
    "/apis/x.io/v1": {"resources": [{"name": "widgets", "kind": "Widget", "namespaced": True, "verbs": ALL}]},
}


def quota(hard, status=None, **spec):
    return {"metadata": {"name": "q", "namespace": "shop"}, "spec": {"hard": hard, **spec}, "status": status or {}}


def pod(name="p", cpu="100m", phase="Running", **metadata):
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    return {"metadata": {"name": name, "namespace": "shop", **metadata}, "spec": {"containers": [container]}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("before", "measured", "after"),
    [
        ({}, {"pods": "1"}, {"hard": {"pods": "2"}, "used": {"pods": "1"}}),
        ({"hard": {"pods": "2"}, "used": {"pods": "1"}}, {"pods": "1"}, None),
        ({"hard": {"pods": "2"}, "used": {"pods": "2"}}, {"pods": "1"}, {"hard": {"pods": "2"}, "used": {"pods": "1"}}),
        ({"hard": {"pods": "3"}, "used": {"pods": "1"}}, {"pods": "1"}, {"hard": {"pods": "2"}, "used": {"pods": "1"}}),
        ({"hard": {"pods": "2"}, "used": {"pods": "1", "secrets": "4"}}, {"pods": "1"}, {"hard": {"pods": "2"}, "used": {"pods": "1"}}),
        ({"hard": {"pods": "2"}, "used": {"pods": "1"}}, {}, None),
    ],
    ids=["first", "same", "less", "other limit", "no longer limited", "not measured"],
)
def test_wanted_status(before, measured, after):
    assert wanted_status(quota({"pods": "2"}, before), quantities(measured)) == after


def test_only_a_change_of_limits_calls_for_measuring():
    assert not is_dirty(quota({"cpu": "1000m"}), quota({"cpu": "1"}, {"used": {"cpu": "1"}}))
    assert is_dirty(quota({"cpu": "1"}), quota({"cpu": "2"}))


def test_used_together():
    ending = {"deletionTimestamp": "2026-05-01T11:00:00Z", "deletionGracePeriodSeconds": 30}
    pods = [pod("a"), pod("b", "1"), pod("c", phase="Succeeded"), pod("d", **ending)]
    limits = quota({"pods": "9", "cpu": "9", "count/pods": "9", "secrets": "9", "example.com/x": "1"})

    def used(objects):
        return {name: str(amount) for name, amount in used_together(limits, objects, NOW).items()}

    assert used(lambda evaluator: pods if evaluator.resource == "pods" else None) == {"pods": "2", "cpu": "1100m", "count/pods": "4"}
    assert used(lambda evaluator: []) == {"pods": "0", "cpu": "0", "count/pods": "0", "secrets": "0"}


def test_who_measures_what():
    assert [evaluator.resource for evaluator in concerned(["count/widgets.x.io", "requests.cpu"])] == ["pods", "widgets"]
    assert concerned(["count/events", "nothing"]) == []


@pytest.fixture
async def shop(world, monkeypatch):
    monkeypatch.setitem(KINDS, "resourcequotas", "ResourceQuota")
    monkeypatch.setitem(KINDS, "widgets", "Widget")
    world.cluster.discovery = DISCOVERY
    return world


def used(world):
    return (world.cluster.get(RESOURCE_QUOTAS, "shop", "q") or {}).get("status", {}).get("used")


def put(world, resource, name, **content):
    world.cluster.put(resource, {"metadata": {"name": name, "namespace": "shop"}, **content})


async def test_deletions_give_back(shop):
    for name in "abc":
        put(shop, CONFIG_MAPS, name)
    put(shop, WIDGETS, "w")
    shop.cluster.put(PODS, pod())
    shop.cluster.put(RESOURCE_QUOTAS, quota({"configmaps": "5", "count/widgets.x.io": "2", "requests.cpu": "1", "count/gone.x.io": "1"}))
    async with shop.running(NAME):
        await until(lambda: used(shop) == {"configmaps": "3", "count/widgets.x.io": "1", "requests.cpu": "100m"})
        shop.cluster.drop(CONFIG_MAPS, "shop", "a")
        shop.cluster.drop(WIDGETS, "shop", "w")
        await until(lambda: used(shop) == {"configmaps": "2", "count/widgets.x.io": "0", "requests.cpu": "100m"})
        shop.cluster.put(PODS, pod(phase="Succeeded"))
        await until(lambda: used(shop)["requests.cpu"] == "0")


async def test_what_admission_counts_is_left_alone_and_new_limits_are_measured(shop):
    shop.cluster.put(RESOURCE_QUOTAS, quota({"configmaps": "5"}))
    async with shop.running(NAME) as manager:
        await until(lambda: used(shop) == {"configmaps": "0"})
        raised = {"hard": {"configmaps": "5"}, "used": {"configmaps": "1"}}
        shop.cluster.put(RESOURCE_QUOTAS, quota({"configmaps": "5"}, raised))
        await until(lambda: manager.idle)
        assert used(shop) == {"configmaps": "1"}, "its object may be stored any moment"
        put(shop, SERVICES, "s", spec={"type": "NodePort", "ports": [{"port": 1}, {"port": 2}]})
        shop.cluster.put(RESOURCE_QUOTAS, quota({"services.nodeports": "5"}, raised))
        await until(lambda: used(shop) == {"services.nodeports": "2"})
        put(shop, SERVICES, "s", spec={"type": "ClusterIP", "ports": [{"port": 1}]})
        await until(lambda: used(shop) == {"services.nodeports": "0"})


async def test_admission_may_be_first(shop):
    put(shop, CONFIG_MAPS, "a")
    shop.cluster.put(RESOURCE_QUOTAS, quota({"configmaps": "5"}))
    shop.cluster.fail("PUT", "resourcequotas/q/status", errors.conflict("", "resourcequotas", "q", "the object has been modified"))
    async with shop.running(NAME):
        await until(lambda: used(shop) == {"configmaps": "1"})
