"""Paths, bodies and options that the client sends; pages it joins; discovery it reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from memory_transport import MemoryCluster

from kcompat.apimachinery import errors
from kcompat.client.client import APPLY_PATCH, JSON_PATCH, Client
from kcompat.client.discovery import discover
from kcompat.client.interface import Answer, WatchEvent
from kcompat.client.resources import CONFIG_MAPS, DEPLOYMENTS, NODES, PODS


class Recorder:
    """A transport that remembers what it was asked and answers from a list."""

    def __init__(self, *answers: Any) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self._answers = list(answers)

    async def request(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None, content_type: str = "application/json"
    ) -> Answer:
        self.sent.append((method, path, dict(query or {}), body, content_type))
        answer = self._answers.pop(0) if self._answers else {}
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, answer)

    async def watch(self, path: str, *, query: Mapping[str, str] | None = None) -> AsyncIterator[WatchEvent]:
        self.sent.append(("WATCH", path, dict(query or {})))
        return
        yield

    async def close(self) -> None: ...


async def test_paths_and_types():
    transport = Recorder()
    client = Client(transport, "me")
    await client.of(DEPLOYMENTS).get("web", "shop", subresource="scale")
    await client.of(NODES).get("n1", resource_version="0")
    await client.of(DEPLOYMENTS).create({"metadata": {"name": "web", "namespace": "shop"}})
    await client.of(NODES).update_status({"kind": "Node", "metadata": {"name": "n1"}})
    await client.resource("example.com", "v1", "widgets").patch("w", [{"op": "remove", "path": "/x"}], "shop", content_type=JSON_PATCH)
    await client.of(PODS).patch("p", {}, "shop", content_type=APPLY_PATCH, force=True, subresource="status")
    manager = {"fieldManager": "me"}
    typed = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    assert transport.sent == [
        ("GET", "/apis/apps/v1/namespaces/shop/deployments/web/scale", {}, None, "application/json"),
        ("GET", "/api/v1/nodes/n1", {"resourceVersion": "0"}, None, "application/json"),
        ("POST", "/apis/apps/v1/namespaces/shop/deployments", manager, typed, "application/json"),
        ("PUT", "/api/v1/nodes/n1/status", manager, {"kind": "Node", "metadata": {"name": "n1"}}, "application/json"),
        ("PATCH", "/apis/example.com/v1/namespaces/shop/widgets/w", manager, [{"op": "remove", "path": "/x"}], JSON_PATCH),
        ("PATCH", "/api/v1/namespaces/shop/pods/p/status", {**manager, "force": "true"}, {}, APPLY_PATCH),
    ]


async def test_delete_options_and_subresources():
    transport = Recorder()
    pods = Client(transport).of(PODS)
    await pods.delete("p", "shop", uid="u", resource_version="7", propagation="Foreground", grace=0)
    await pods.delete_collection("shop", label_selector="app=web")
    await pods.bind("p", "shop", "n1", uid="u")
    await pods.evict("p", "shop", grace=3)
    assert transport.sent[0][3] == {
        "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "u", "resourceVersion": "7"},
        "propagationPolicy": "Foreground", "gracePeriodSeconds": 0,
    }  # fmt: skip
    assert transport.sent[1][:3] == ("DELETE", "/api/v1/namespaces/shop/pods", {"labelSelector": "app=web"})
    assert transport.sent[2][1] == "/api/v1/namespaces/shop/pods/p/binding"
    assert transport.sent[2][3]["target"] == {"apiVersion": "v1", "kind": "Node", "name": "n1"}
    assert transport.sent[3][3]["deleteOptions"] == {"gracePeriodSeconds": 3}


async def test_watch_leaves_out_what_is_not_asked_for():
    transport = Recorder()
    async for _ in Client(transport).of(PODS).watch("shop", resource_version="5", field_selector="spec.nodeName=n1"):
        pass
    asked = {"resourceVersion": "5", "fieldSelector": "spec.nodeName=n1", "allowWatchBookmarks": "true"}
    assert transport.sent == [("WATCH", "/api/v1/namespaces/shop/pods", asked)]


async def test_pages_are_joined():
    cluster = MemoryCluster()
    for index in range(7):
        cluster.put(CONFIG_MAPS, {"metadata": {"name": f"c{index}", "namespace": "shop"}})
    listing = await Client(cluster.transport()).of(CONFIG_MAPS).list("shop", page_size=3)
    assert [item["metadata"]["name"] for item in listing["items"]] == [f"c{index}" for index in range(7)]
    assert "continue" not in listing["metadata"]
    assert len(cluster.requests) == 3


async def test_an_expired_page_starts_over_in_one():
    page = {"metadata": {"continue": "t"}, "items": [1]}
    whole = {"metadata": {"resourceVersion": "9"}, "items": [1, 2]}
    transport = Recorder(page, errors.expired("too old"), whole)
    assert await Client(transport).of(PODS).list("shop") == whole
    assert transport.sent[2][2] == {}


async def test_other_failures_of_a_page_are_raised():
    transport = Recorder({"metadata": {"continue": "t"}, "items": []}, errors.service_unavailable("no"))
    with pytest.raises(errors.StatusError, match="no"):
        await Client(transport).of(PODS).list("shop")


async def test_discovery_prefers_one_version_and_survives_a_failing_group():
    cluster = MemoryCluster()
    widget = {"name": "widgets", "kind": "Widget", "namespaced": True, "verbs": ["list", "delete"]}
    gadget = {"name": "gadgets", "kind": "Gadget", "namespaced": False, "verbs": ["list"]}
    cluster.discovery = {
        "/api": {"versions": ["v1"]},
        "/apis": {
            "groups": [
                {"name": "x.io", "versions": [{"version": "v1alpha1"}, {"version": "v1"}], "preferredVersion": {"version": "v1"}},
                {"name": "broken.io", "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}},
            ]
        },
        "/api/v1": {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True, "verbs": []}, {"name": "pods/log", "kind": "Pod"}]},
        "/apis/x.io/v1alpha1": {"resources": [widget, gadget]},
        "/apis/x.io/v1": {"resources": [widget]},
    }
    cluster.fail("GET", "/apis/broken.io/v1", errors.service_unavailable("down"))
    found = await discover(Client(cluster.transport()))
    assert [(item.type.plural, item.type.version) for item in found.preferred()] == [
        ("pods", "v1"), ("gadgets", "v1alpha1"), ("widgets", "v1"),
    ]  # fmt: skip
    assert [item.type.kind for item in found.preferred("delete")] == ["Widget"]
    assert found.by_kind()[("x.io/v1alpha1", "Widget")].version == "v1alpha1"
    assert found.failure == "unable to retrieve the complete list of server APIs: broken.io/v1: down"
