"""Namespaces emptied and let go; their service account and CA."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from memory_transport import until

from kcompat.apimachinery import errors
from kcompat.client.resources import CONFIG_MAPS, NAMESPACES, PODS, SECRETS, SERVICE_ACCOUNTS
from kcompat.controllers.namespace import OK, Remains, assess, problems, termination_estimate, with_conditions

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NS, SA, CA = "namespace-controller", "serviceaccount-controller", "root-ca-certificate-publisher-controller"
ALL = ["delete", "deletecollection", "list"]
DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/apis": {"groups": []},
    "/api/v1": {
        "resources": [
            {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ALL},
            {"name": "secrets", "kind": "Secret", "namespaced": True, "verbs": ["delete", "list"]},
            {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ALL},
            {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": ALL},
        ]
    },
}


def item(*finalizers):
    return {"metadata": {"finalizers": list(finalizers)}}


def test_what_remains():
    assert assess(PODS, "shop", [], 30) == Remains(PODS)
    assert assess(PODS, "shop", [item("a"), item("a", "b")], 0) == Remains(PODS, 2, {"a": 2, "b": 1}, 15)
    assert assess(PODS, "shop", [item()], 30) == Remains(PODS, 1, {}, 30)
    assert assess(PODS, "shop", [item()], 0).error == "unexpected items still remain in namespace: shop for gvr: /v1, Resource=pods"


def test_how_long_pods_may_take():
    def pod(grace, phase="Running"):
        return {"spec": {"terminationGracePeriodSeconds": grace}, "status": {"phase": phase}}

    pods = [pod(30), pod(300, "Succeeded"), {"spec": {}, "status": {}}]
    assert termination_estimate(pods, NOW - timedelta(seconds=10), NOW) == 30
    assert termination_estimate(pods, NOW - timedelta(seconds=30), NOW) == 0
    assert termination_estimate([], NOW, NOW) == 0


def test_conditions():
    remains = [Remains(SECRETS, 2, {"x": 2}, 15), Remains(PODS, 1, error="stuck"), Remains(CONFIG_MAPS)]
    found = problems("groups broke", 1, remains, complete=True)
    assert found["NamespaceDeletionDiscoveryFailure"] == ("DiscoveryFailed", "Discovery failed for some groups, 1 failing: groups broke")
    assert found["NamespaceDeletionContentFailure"][1] == "Failed to delete all resource types, 1 remaining: stuck"
    left = "Some resources are remaining: pods. has 1 resource instances, secrets. has 2 resource instances"
    assert found["NamespaceContentRemaining"] == ("SomeResourcesRemain", left)
    assert found["NamespaceFinalizersRemaining"][1] == "Some content in the namespace has finalizers remaining: x in 2 resource instances"
    first = with_conditions([], found, NOW)
    assert [condition["type"] for condition in first] == list(OK)
    assert [condition["status"] for condition in first] == ["True", "False", "True", "True", "True"]
    later = with_conditions(first, {}, NOW + timedelta(seconds=9))
    assert {condition["status"] for condition in later} == {"False"}
    assert later[0]["lastTransitionTime"] != first[0]["lastTransitionTime"] and later[1] == first[1]
    assert first[0]["status"] == "True", "the old conditions are not changed in place"


def test_only_pods_seen_says_nothing_of_totals():
    assert problems("", 0, [Remains(PODS, 1, {}, 30)], complete=False) == {}


def namespace(name="shop"):
    return {"metadata": {"name": name}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


@pytest.fixture
async def shop(world):
    world.cluster.discovery = DISCOVERY
    world.cluster.put(NAMESPACES, namespace())
    world.cluster.put(NAMESPACES, namespace("other"))
    return world


def gone(world):
    return world.cluster.get(NAMESPACES, "", "shop") is None


def conditions(world):
    found = world.cluster.get(NAMESPACES, "", "shop")["status"].get("conditions") or ()
    return {condition["type"]: condition for condition in found}


async def test_content_is_removed_and_the_namespace_goes(shop):
    for resource in (CONFIG_MAPS, SECRETS, PODS):
        shop.cluster.put(resource, {"metadata": {"name": "a", "namespace": "shop"}})
        shop.cluster.put(resource, {"metadata": {"name": "a", "namespace": "other"}})
    async with shop.running(NS, namespace_grace=0.0):
        await shop.client().of(NAMESPACES).delete("shop")
        await until(lambda: gone(shop))
    assert shop.pods() == [] and len(shop.pods("other")) == 1 and len(shop.cluster.all(SECRETS)) == 1


async def test_finalizers_hold_it_and_are_named(shop):
    shop.cluster.put(CONFIG_MAPS, {"metadata": {"name": "a", "namespace": "shop", "finalizers": ["x.io/keep"]}})
    async with shop.running(NS, namespace_grace=0.0):
        await shop.client().of(NAMESPACES).delete("shop")
        await until(lambda: "NamespaceContentRemaining" in conditions(shop))
        told = conditions(shop)["NamespaceFinalizersRemaining"]["message"]
        assert told == "Some content in the namespace has finalizers remaining: x.io/keep in 1 resource instances"
        await shop.client().of(CONFIG_MAPS).patch("a", {"metadata": {"finalizers": None}}, "shop")
        await until(lambda: gone(shop))


async def test_pods_go_first(shop):
    shop.cluster.put(PODS, {"metadata": {"name": "p", "namespace": "shop", "finalizers": ["x.io/keep"]}})
    shop.cluster.put(SECRETS, {"metadata": {"name": "s", "namespace": "shop"}})
    async with shop.running(NS, namespace_grace=0.0):
        await shop.client().of(NAMESPACES).delete("shop")
        await until(lambda: "NamespaceDeletionContentFailure" in conditions(shop))
        assert shop.cluster.all(SECRETS)
        await shop.client().of(PODS).patch("p", {"metadata": {"finalizers": None}}, "shop")
        await until(lambda: gone(shop))


async def test_a_failing_deletion_is_told_and_tried_again(shop):
    shop.cluster.put(CONFIG_MAPS, {"metadata": {"name": "a", "namespace": "shop"}})
    shop.cluster.fail("DELETE", "configmaps", errors.service_unavailable("busy"))
    async with shop.running(NS, namespace_grace=0.0):
        await shop.client().of(NAMESPACES).delete("shop")
        await until(lambda: gone(shop))
    told = [event[3]["status"].get("conditions") or () for event in shop.cluster.history if event[2][1] == "namespaces"]
    messages = {condition["message"] for found in told for condition in found}
    assert "Failed to delete all resource types, 1 remaining: busy" in messages


async def test_other_finalizers_of_the_namespace_are_not_ours(shop):
    tree = shop.cluster.get(NAMESPACES, "", "shop")
    shop.cluster.put(NAMESPACES, {**tree, "spec": {"finalizers": ["kubernetes", "x.io/mine"]}})
    async with shop.running(NS, namespace_grace=0.0):
        await shop.client().of(NAMESPACES).delete("shop")
        await until(lambda: shop.cluster.get(NAMESPACES, "", "shop")["spec"]["finalizers"] == ["x.io/mine"])


async def test_service_account_and_ca(shop):
    async with shop.running(SA, CA, root_ca="PEM"):
        await until(lambda: shop.cluster.get(SERVICE_ACCOUNTS, "shop", "default"))
        await until(lambda: shop.cluster.get(CONFIG_MAPS, "shop", "kube-root-ca.crt"))
        assert shop.cluster.get(CONFIG_MAPS, "shop", "kube-root-ca.crt")["data"] == {"ca.crt": "PEM"}
        await shop.client().of(SERVICE_ACCOUNTS).delete("default", "shop")
        await until(lambda: shop.cluster.get(SERVICE_ACCOUNTS, "shop", "default"))
        await shop.client().of(CONFIG_MAPS).patch("kube-root-ca.crt", {"data": {"ca.crt": "bad", "x": "y"}}, "shop")
        await until(lambda: shop.cluster.get(CONFIG_MAPS, "shop", "kube-root-ca.crt")["data"] == {"ca.crt": "PEM"})
        await shop.client().of(CONFIG_MAPS).delete("kube-root-ca.crt", "shop")
        await until(lambda: shop.cluster.get(CONFIG_MAPS, "shop", "kube-root-ca.crt"))
    users = "system:serviceaccount:kube-system:"
    assert {users + "service-account-controller", users + "root-ca-cert-publisher"} <= set(shop.users)


async def test_terminating_namespaces_get_neither(shop):
    tree = shop.cluster.get(NAMESPACES, "", "shop")
    metadata = {**tree["metadata"], "deletionTimestamp": "2026-05-01T11:00:00Z"}
    shop.cluster.put(NAMESPACES, {**tree, "metadata": metadata, "status": {"phase": "Terminating"}})
    async with shop.running(SA, CA, root_ca="PEM") as manager:
        await until(lambda: shop.cluster.get(SERVICE_ACCOUNTS, "other", "default") and manager.idle)
        assert shop.cluster.get(SERVICE_ACCOUNTS, "shop", "default") is None
        assert shop.cluster.get(CONFIG_MAPS, "shop", "kube-root-ca.crt") is None
