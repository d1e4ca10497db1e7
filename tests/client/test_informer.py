"""Informers against a cluster in memory: every handler sees a consistent story whatever happens to the watch."""

from __future__ import annotations

import asyncio

import pytest
from memory_transport import MemoryCluster, until

from kcompat.apimachinery import errors
from kcompat.client.client import Client
from kcompat.client.informer import InformerFactory
from kcompat.client.interface import Tree
from kcompat.client.resources import CONFIG_MAPS, PODS
from kcompat.client.store import OWNER, Store, owner_uids


def config_map(name: str, **data: str) -> Tree:
    return {"metadata": {"name": name, "namespace": "default"}, "data": data}


class Story:
    """What a handler was told, and whether it makes sense."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.known: dict[str, Tree] = {}

    def add(self, tree: Tree) -> None:
        name = tree["metadata"]["name"]
        assert name not in self.known
        self.known[name] = tree
        self.told.append(("add", name))

    def update(self, old: Tree, new: Tree) -> None:
        name = new["metadata"]["name"]
        assert self.known[name] is old
        assert old["metadata"]["uid"] == new["metadata"]["uid"]
        self.known[name] = new
        self.told.append(("update", name))

    def delete(self, tree: Tree) -> None:
        del self.known[tree["metadata"]["name"]]
        self.told.append(("delete", tree["metadata"]["name"]))


@pytest.fixture
async def cluster():
    return MemoryCluster()


@pytest.fixture
async def factory(cluster):
    factory = InformerFactory(Client(cluster.transport()))
    yield factory
    await factory.stop()


def told(factory: InformerFactory) -> Story:
    story = Story()
    factory.informer(CONFIG_MAPS).add_handler(story.add, story.update, story.delete)
    return story


async def test_lists_then_watches(cluster, factory):
    cluster.put(CONFIG_MAPS, config_map("a"))
    story = told(factory)
    factory.start()
    await factory.wait_synced()
    assert story.told == [("add", "a")]
    cluster.put(CONFIG_MAPS, {**cluster.get(CONFIG_MAPS, "default", "a"), "data": {"x": "1"}})
    cluster.put(CONFIG_MAPS, config_map("b"))
    cluster.drop(CONFIG_MAPS, "default", "a")
    await until(lambda: len(story.told) == 4)
    assert story.told == [("add", "a"), ("update", "a"), ("add", "b"), ("delete", "a")]
    assert [tree["metadata"]["name"] for tree in factory.lister(CONFIG_MAPS)] == ["b"]


async def test_one_watch_per_resource_however_many_ask(cluster, factory):
    assert factory.informer(CONFIG_MAPS) is factory.informer(CONFIG_MAPS)
    told(factory), told(factory)
    factory.start()
    await factory.wait_synced()
    await until(lambda: cluster.requests.count(("WATCH", "/api/v1/configmaps")) == 1)
    assert cluster.requests.count(("GET", "/api/v1/configmaps")) == 1


async def test_an_ended_watch_goes_on_where_it_was(cluster, factory):
    story = told(factory)
    factory.start()
    await factory.wait_synced()
    await until(lambda: ("WATCH", "/api/v1/configmaps") in cluster.requests)
    cluster.put(CONFIG_MAPS, config_map("a"))
    await until(lambda: story.told)
    cluster.cut_watches()
    cluster.put(CONFIG_MAPS, config_map("b"))
    await until(lambda: "b" in story.known)
    assert story.told == [("add", "a"), ("add", "b")]
    assert cluster.requests.count(("GET", "/api/v1/configmaps")) == 1


async def test_missed_events_are_told_after_410(cluster, factory, looptime_free_backoff):
    for name in ("gone", "changed", "same", "reborn"):
        cluster.put(CONFIG_MAPS, config_map(name))
    story = told(factory)
    factory.start()
    await factory.wait_synced()
    await until(lambda: ("WATCH", "/api/v1/configmaps") in cluster.requests)
    story.told.clear()
    cluster.cut_watches()
    cluster.drop(CONFIG_MAPS, "default", "gone")
    cluster.put(CONFIG_MAPS, {**cluster.get(CONFIG_MAPS, "default", "changed"), "data": {"x": "1"}})
    cluster.drop(CONFIG_MAPS, "default", "reborn")
    cluster.put(CONFIG_MAPS, config_map("reborn"))
    cluster.put(CONFIG_MAPS, config_map("new"))
    cluster.compact()
    await until(lambda: "new" in story.known and "gone" not in story.known)
    assert sorted(story.told) == [("add", "new"), ("add", "reborn"), ("delete", "gone"), ("delete", "reborn"), ("update", "changed")]


async def test_an_unreachable_server_is_tried_again(cluster, factory, looptime_free_backoff):
    cluster.put(CONFIG_MAPS, config_map("a"))
    cluster.fail("GET", "configmaps", ConnectionRefusedError("no"))
    cluster.fail("WATCH", "configmaps", ConnectionResetError("no"))
    story = told(factory)
    factory.start()
    await factory.wait_synced()
    cluster.put(CONFIG_MAPS, config_map("b"))
    await until(lambda: "b" in story.known)


async def test_a_version_from_the_future_lists_afresh(cluster, factory):
    told(factory)
    cause = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}
    cluster.fail("GET", "configmaps", errors.StatusError(504, "Timeout", "Timeout: Too large resource version: 7, current: 3", cause))
    factory.start()
    await asyncio.wait_for(factory.wait_synced(), 1)
    assert cluster.requests.count(("GET", "/api/v1/configmaps")) == 2


async def test_late_handlers_and_late_informers(cluster, factory):
    cluster.put(CONFIG_MAPS, config_map("a"))
    factory.start()
    first = told(factory)
    await until(lambda: first.known)
    assert told(factory).told == [("add", "a")]


async def test_a_failing_handler_harms_nobody(cluster, factory, caplog):
    def broken(tree: Tree) -> None:
        raise ValueError("mine")

    factory.informer(CONFIG_MAPS).add_handler(broken)
    story = told(factory)
    cluster.put(CONFIG_MAPS, config_map("a"))
    factory.start()
    await factory.wait_synced()
    assert story.told == [("add", "a")]
    assert "handler failed" in caplog.text


async def test_label_selected_informers_see_objects_come_and_go(cluster, factory):
    informer = factory.informer(CONFIG_MAPS, label_selector="app=web")
    factory.start()
    await factory.wait_synced()
    labelled = {"metadata": {"name": "a", "namespace": "default", "labels": {"app": "web"}}}
    tree = cluster.put(CONFIG_MAPS, labelled)
    await until(lambda: len(informer.store) == 1)
    cluster.put(CONFIG_MAPS, {**tree, "metadata": {**tree["metadata"], "labels": {}}})
    await until(lambda: len(informer.store) == 0)


async def test_metadata_informers_keep_metadata_only(cluster, factory):
    cluster.put(CONFIG_MAPS, config_map("a", key="value"))
    informer = factory.metadata_informer(CONFIG_MAPS)
    assert factory.informer(PODS) is factory.metadata_informer(PODS)
    factory.start()
    await factory.wait_synced()
    (tree,) = informer.store
    assert tree["metadata"]["name"] == "a"
    assert "data" not in tree


def test_indexes_follow_changes():
    store = Store()
    owned = {"metadata": {"name": "p", "namespace": "n", "ownerReferences": [{"uid": "u1"}, {"uid": "u2"}]}}
    store.put("n/p", owned)
    store.add_index(OWNER, owner_uids)
    assert list(store.owned_by("u1")) == [owned]
    released = {"metadata": {"name": "p", "namespace": "n", "ownerReferences": [{"uid": "u2"}]}}
    store.put("n/p", released)
    assert list(store.owned_by("u1")) == []
    assert list(store.owned_by("u2")) == [released]
    store.remove("n/p")
    assert list(store.owned_by("u2")) == []
    assert list(store.index_values(OWNER)) == []
    assert store.list("n") == []
