"""The garbage collector: the graph's bookkeeping, and owners and dependents on a cluster."""

from __future__ import annotations

import asyncio

import pytest
from memory_transport import until

from kcompat.apimachinery import errors
from kcompat.client.resources import CONFIG_MAPS, EVENTS, ResourceType
from kcompat.controllers.garbage_collector.graph import Graph, Identity, alternative, partition

WIDGETS = ResourceType("x.io", "v1", "widgets", "Widget")
THINGS = ResourceType("x.io", "v1", "clusterthings", "ClusterThing", namespaced=False)
ALL = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
GC = "garbage-collector-controller"

DISCOVERY = {
    "/api": {"versions": ["v1"]},
    "/apis": {"groups": [{"name": "x.io", "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}}]},
    "/api/v1": {
        "resources": [
            {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ALL},
            {"name": "events", "kind": "Event", "namespaced": True, "verbs": ALL},
            {"name": "bindings", "kind": "Binding", "namespaced": True, "verbs": ["create"]},
        ]
    },
    "/apis/x.io/v1": {
        "resources": [
            {"name": "widgets", "kind": "Widget", "namespaced": True, "verbs": ALL},
            {"name": "clusterthings", "kind": "ClusterThing", "namespaced": False, "verbs": ALL},
        ]
    },
}


def identity(name, namespace="shop", kind="ConfigMap", api_version="v1"):
    return Identity(kind, api_version, namespace, name, f"uid-{name}")


def reference(name, kind="ConfigMap", api_version="v1", **more):
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": f"uid-{name}"} | more


def tree(*owners, **metadata):
    return {"metadata": {"ownerReferences": list(owners), **metadata}}


class TestGraph:
    def test_an_owner_nobody_saw_is_verified_and_forgotten(self):
        graph = Graph()
        work = graph.observed(identity("child"), None, tree(reference("owner")))
        assert list(work.delete) == ["uid-owner"] and graph.get("uid-owner").virtual
        work = graph.absent_on_server(identity("owner"))
        assert list(work.delete) == ["uid-child"]
        assert graph.get("uid-owner") is None and identity("owner") in graph.absent

    def test_an_owner_seen_late_is_no_longer_virtual(self):
        graph = Graph()
        graph.observed(identity("child"), None, tree(reference("owner")))
        assert not graph.observed(identity("owner"), None, tree()).delete
        assert not graph.get("uid-owner").virtual
        assert list(graph.gone(identity("owner")).delete) == ["uid-child"]

    def test_a_deleted_dependent_frees_its_waiting_owner(self):
        graph = Graph()
        foreground = {"deletionTimestamp": "t", "finalizers": ["foregroundDeletion"]}
        graph.observed(identity("owner"), None, tree())
        graph.observed(identity("child"), None, tree(reference("owner", blockOwnerDeletion=True)))
        work = graph.observed(identity("owner"), tree(), tree(**foreground))
        assert list(work.delete) == ["uid-child", "uid-owner"]
        assert [node.identity.name for node in graph.get("uid-owner").blocking_dependents()] == ["child"]
        assert not graph.observed(identity("owner"), tree(**foreground), tree(**foreground)).delete
        assert list(graph.gone(identity("child")).delete) == ["uid-owner"]

    def test_no_longer_blocking_frees_the_owner_too(self):
        graph = Graph()
        graph.observed(identity("owner"), None, tree())
        blocking = tree(reference("owner", blockOwnerDeletion=True))
        graph.observed(identity("child"), None, blocking)
        assert list(graph.observed(identity("child"), blocking, tree(reference("owner"))).delete) == ["uid-owner"]
        assert graph.get("uid-owner").dependents
        graph.observed(identity("child"), tree(reference("owner")), tree())
        assert not graph.get("uid-owner").dependents

    def test_orphaning_is_told_once(self):
        graph = Graph()
        orphan = tree(deletionTimestamp="t", finalizers=["orphan"])
        assert graph.observed(identity("owner"), None, orphan).orphan == ["uid-owner"]
        assert graph.observed(identity("owner"), orphan, orphan).orphan == []

    def test_an_owner_in_another_namespace_is_complained_of(self):
        graph = Graph()
        graph.observed(identity("owner", "other"), None, tree())
        work = graph.observed(identity("child"), None, tree(reference("owner")))
        assert list(work.delete) == ["uid-child"]
        ((dependent, owner),) = work.invalid
        assert dependent == identity("child")
        assert str(owner) == "[v1/ConfigMap, namespace: shop, name: owner, uid: uid-owner]"

    def test_the_complaint_comes_also_when_the_child_was_first(self):
        graph = Graph()
        graph.observed(identity("child"), None, tree(reference("owner")))
        work = graph.observed(identity("owner", "other"), None, tree())
        assert work.invalid and list(work.delete) == ["uid-child"]

    def test_cluster_scoped_owners_serve_every_namespace(self):
        graph = Graph()
        graph.observed(identity("owner", "", "ClusterThing", "x.io/v1"), None, tree())
        for namespace in ("a", "b"):
            child = identity(f"child-{namespace}", namespace)
            assert not graph.observed(child, None, tree(reference("owner", "ClusterThing", "x.io/v1"))).delete

    def test_disputed_owners_are_tried_under_every_name(self):
        graph = Graph()
        graph.observed(identity("one"), None, tree(reference("owner")))
        wrong = {**reference("owner"), "kind": "Secret"}
        assert list(graph.observed(identity("two"), None, tree(wrong)).delete) == ["uid-two"]
        work = graph.absent_on_server(identity("owner"))
        assert list(work.delete) == ["uid-one"] and work.delete_later == ["uid-owner"]
        assert graph.get("uid-owner").identity.kind == "Secret"

    def test_a_real_owner_survives_the_absence_of_a_wrong_name(self):
        graph = Graph()
        graph.observed(identity("owner"), None, tree())
        graph.observed(identity("child"), None, tree({**reference("owner"), "name": "typo"}))
        work = graph.absent_on_server(identity("owner")._replace(name="typo"))
        assert graph.get("uid-owner") is not None and list(work.delete) == ["uid-child"]

    def test_partition_and_alternative(self):
        graph = Graph()
        graph.observed(identity("a"), None, tree(reference("o"), {**reference("o"), "kind": "Secret"}))
        graph.observed(identity("b", "other"), None, tree(reference("o")))
        dependents = graph.get("uid-o").dependents
        agreeing, disagreeing = partition(dependents, identity("o"))
        assert [node.identity.name for node in agreeing] == ["a"]
        assert [node.identity.name for node in disagreeing] == ["a", "b"]
        assert alternative(disagreeing, identity("o")) == identity("o", kind="Secret")
        assert alternative(disagreeing, identity("o", kind="Secret")) == identity("o", "other")
        assert alternative([], identity("o")) is None


@pytest.fixture
async def run(world):
    world.cluster.discovery = DISCOVERY
    async with world.running(GC) as manager:
        await until(lambda: manager.idle)
        yield world


def owned_by(owner, **more):
    return {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": True, **more,
    }  # fmt: skip


async def make(world, name, *owners, resource=CONFIG_MAPS, namespace="shop", finalizers=()):
    metadata = {"name": name, "ownerReferences": list(owners), "finalizers": list(finalizers)}
    if resource.namespaced:
        metadata["namespace"] = namespace
    return await world.client().of(resource).create({"metadata": metadata})


def names(world, resource=CONFIG_MAPS):
    return {tree["metadata"]["name"] for tree in world.cluster.all(resource)}


def owners(world, name):
    return [item["name"] for item in world.cluster.get(CONFIG_MAPS, "shop", name)["metadata"].get("ownerReferences") or ()]


async def test_background(run):
    root = await make(run, "root")
    child = await make(run, "child", owned_by(root))
    await make(run, "grandchild", owned_by(child))
    other = await make(run, "other")
    await make(run, "shared", owned_by(root), owned_by(other))
    await run.client().of(CONFIG_MAPS).delete("root", "shop")
    await until(lambda: names(run) == {"other", "shared"} and owners(run, "shared") == ["other"])


async def test_an_owner_that_never_was(run):
    await make(run, "child", {**reference("nobody"), "uid": "made-up"})
    await until(lambda: not names(run))


async def test_foreground_waits_for_those_that_block(run):
    root = await make(run, "root")
    child = await make(run, "child", owned_by(root))
    await make(run, "grandchild", owned_by(child), finalizers=["x.io/keep"])
    await make(run, "free", owned_by(root, blockOwnerDeletion=False), finalizers=["x.io/keep"])
    await run.client().of(CONFIG_MAPS).delete("root", "shop", propagation="Foreground")

    def deleting(name):
        return "deletionTimestamp" in run.cluster.get(CONFIG_MAPS, "shop", name)["metadata"]

    await until(lambda: deleting("grandchild") and deleting("free"))
    assert names(run) == {"root", "child", "grandchild", "free"}
    await run.client().of(CONFIG_MAPS).patch("grandchild", {"metadata": {"finalizers": None}}, "shop")
    await until(lambda: names(run) == {"free"})


async def test_foreground_of_a_circle_ends(run):
    one = await make(run, "one")
    two = await make(run, "two", owned_by(one))
    await run.client().of(CONFIG_MAPS).patch("one", {"metadata": {"ownerReferences": [owned_by(two)]}}, "shop")
    await run.client().of(CONFIG_MAPS).delete("one", "shop", propagation="Foreground")
    await until(lambda: not names(run))


async def test_orphan(run):
    root = await make(run, "root")
    await make(run, "child", owned_by(root))
    await run.client().of(CONFIG_MAPS).delete("root", "shop", propagation="Orphan")
    await until(lambda: names(run) == {"child"} and owners(run, "child") == [])


async def test_custom_resources_that_know_no_strategic_patch(run):
    root, other = await make(run, "root", resource=WIDGETS), await make(run, "other", resource=WIDGETS)
    await make(run, "shared", owned_by(root), owned_by(other))
    await run.client().of(WIDGETS).delete("root", "shop")
    run.cluster.fail("PATCH", "shared", errors.unsupported_media_type("no strategic merge"))
    await until(lambda: owners(run, "shared") == ["other"])


async def test_cluster_scoped_owner(run):
    root = await make(run, "root", resource=THINGS)
    await make(run, "child", owned_by(root))
    await asyncio.sleep(0)
    await until(lambda: names(run) == {"child"})
    await run.client().of(THINGS).delete("root")
    await until(lambda: not names(run))


async def test_a_cluster_scoped_object_of_a_namespaced_owner_is_left_alone(run):
    root = await make(run, "root")
    await make(run, "thing", owned_by(root), resource=THINGS)
    await run.client().of(CONFIG_MAPS).delete("root", "shop")
    await make(run, "marker", {**reference("nobody"), "uid": "made-up"})
    await until(lambda: not names(run))
    assert names(run, THINGS) == {"thing"}


async def test_an_owner_in_another_namespace_gets_an_event(run):
    root = await make(run, "root", namespace="other")
    await make(run, "child", owned_by(root))
    await until(lambda: names(run) == {"root"} and run.cluster.all(EVENTS))
    (event,) = run.cluster.all(EVENTS)
    where = f"[v1/ConfigMap, namespace: shop, name: root, uid: {root['metadata']['uid']}]"
    assert event["message"] == f'ownerRef {where} does not exist in namespace "shop"'
    assert (event["reason"], event["source"]) == ("OwnerRefInvalidNamespace", {"component": "garbage-collector-controller"})


async def test_resources_come_and_go_with_discovery(world, monkeypatch):
    from kcompat.controllers.garbage_collector import collector

    monkeypatch.setattr(collector, "SYNC_SECONDS", 0.02)
    without = {path: answer for path, answer in DISCOVERY.items() if "x.io" not in path} | {"/apis": {"groups": []}}
    world.cluster.discovery = without
    async with world.running(GC):
        widget = await make(world, "widget", resource=WIDGETS)
        await make(world, "child", owned_by(widget))
        world.cluster.discovery = DISCOVERY
        await until(lambda: ("WATCH", "/apis/x.io/v1/widgets") in world.cluster.requests)
        assert names(world) == {"child"}
        await world.client().of(WIDGETS).delete("widget", "shop")
        await until(lambda: not names(world))
