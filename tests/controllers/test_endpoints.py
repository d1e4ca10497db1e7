"""Endpoint slices and endpoints: what is decided, and what the controllers make of it on a cluster in memory."""

from __future__ import annotations

import pytest
from memory_transport import until

from kcompat.client.resources import ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, SERVICES
from kcompat.controllers import endpoints
from kcompat.controllers.endpoint_slice.plan import MAX_ENDPOINTS, OURS, hinted, plan
from kcompat.controllers.service_endpoints import TriggerTimes

BOTH = ("endpointslice-controller", "endpoints-controller")
HTTP = {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"}


def service(name="web", **spec):
    spec = {"clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"], "selector": {"app": "web"}, "ports": [HTTP], **spec}
    metadata = {"name": name, "namespace": "shop", "uid": name, "labels": {"l": "x"}, "creationTimestamp": "2026-05-01T12:00:00Z"}
    return {"metadata": metadata, "spec": spec}


def pod(name, ip, ready=True, port=8080, deleted=False, since="2026-05-01T12:00:01Z", **status):
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": since}
    metadata = {"name": name, "uid": name, "namespace": "shop", "labels": {"app": "web"}}
    if deleted:
        metadata["deletionTimestamp"] = "2026-05-01T12:00:00Z"
    container = {"name": "c", "ports": [{"name": "web", "containerPort": port, "protocol": "TCP"}]}
    spec = {"nodeName": "n1", "containers": [container]}
    return {
        "metadata": metadata,
        "spec": spec,
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [condition], **status},
    }


def node(name):
    return {"metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "z"}}} if name == "n1" else None


def stored(tree, name):
    return {**tree, "metadata": {**tree["metadata"], "name": name, "uid": name}}


def only(changes, kind):
    (tree,) = getattr(changes, kind)
    assert sum(map(len, (changes.create, changes.update, changes.delete))) == 1
    return tree


def test_a_slice_of_a_service():
    tree = only(plan(service(), [pod("a", "10.1.0.1")], node, []), "create")
    assert tree["addressType"] == "IPv4" and tree["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    (endpoint,) = tree["endpoints"]
    assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert (endpoint["nodeName"], endpoint["zone"], endpoint["addresses"]) == ("n1", "z", ["10.1.0.1"])
    assert tree["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == OURS and tree["metadata"]["labels"]["l"] == "x"
    assert tree["metadata"]["generateName"] == "web-"


@pytest.mark.parametrize(
    ("tree", "spec", "conditions"),
    [
        (pod("a", "10.1.0.1", ready=False), {}, (False, False, False)),
        (pod("a", "10.1.0.1", ready=False), {"publishNotReadyAddresses": True}, (True, False, False)),
        (pod("a", "10.1.0.1", deleted=True), {}, (False, True, True)),
    ],
)
def test_conditions(tree, spec, conditions):
    (endpoint,) = only(plan(service(**spec), [tree], node, []), "create")["endpoints"]
    assert tuple(endpoint["conditions"].values()) == conditions


@pytest.mark.parametrize(
    "tree", [pod("a", "10.1.0.1", phase="Failed"), pod("a", "fd00::1"), {**pod("a", ""), "status": {"phase": "Running"}}]
)
def test_pods_that_do_not_count(tree):
    assert only(plan(service(), [tree], node, []), "create")["endpoints"] == []


def test_slices_are_kept_changed_reused():
    a, b = pod("a", "10.1.0.1"), pod("b", "10.1.0.2")
    present = stored(only(plan(service(), [a], node, []), "create"), "web-1")
    assert not any(vars_of(plan(service(), [a], node, [present])))
    assert len(only(plan(service(), [a, b], node, [present]), "update")["endpoints"]) == 2
    reused = only(plan(service(), [], node, [present]), "update")  # the empty slice takes the old one's name
    assert reused["metadata"]["name"] == "web-1" and reused["endpoints"] == [] and reused["ports"] == []
    assert not any(vars_of(plan(service(), [], node, [reused])))
    other_port = only(plan(service(), [pod("a", "10.1.0.1", port=9)], node, [present]), "update")
    assert other_port["metadata"]["name"] == "web-1" and other_port["ports"][0]["port"] == 9


def vars_of(changes):
    return changes.create, changes.update, changes.delete


def test_full_slices():
    pods = [pod(f"p{index}", f"10.1.{index // 250}.{index % 250 + 1}") for index in range(2 * MAX_ENDPOINTS + 10)]
    made = plan(service(), pods, node, []).create
    assert sorted(len(tree["endpoints"]) for tree in made) == [10, MAX_ENDPOINTS, MAX_ENDPOINTS]
    present = [stored(tree, f"s{index}") for index, tree in enumerate(made)]
    more = plan(service(), [*pods, pod("more", "10.9.0.1")], node, present)
    assert len(only(more, "update")["endpoints"]) == 11


def test_families_and_missing_nodes():
    dual = service(ipFamilies=["IPv4", "IPv6"])
    assert sorted(tree["addressType"] for tree in plan(dual, [pod("a", "10.1.0.1")], node, []).create) == ["IPv4", "IPv6"]
    lost = plan(service(), [pod("a", "10.1.0.1")], lambda name: None, [])
    assert lost.missing == ["skipping Pod a for Service shop/web: Node n1 Not Found"]


@pytest.mark.parametrize(
    ("distribution", "hints"),
    [
        (None, None),
        ("PreferClose", {"forZones": [{"name": "z"}]}),
        ("PreferSameNode", {"forZones": [{"name": "z"}], "forNodes": [{"name": "n"}]}),
    ],
)
def test_hints(distribution, hints):
    endpoint = {"conditions": {"ready": True}, "zone": "z", "nodeName": "n", "hints": {"forZones": [{"name": "old"}]}}
    assert hinted(endpoint, distribution).get("hints") == hints


def test_trigger_times():
    times, tree = TriggerTimes(), service()
    a = pod("a", "10.1.0.1")
    assert times.changed(tree, [a]) == "2026-05-01T12:00:00Z"
    assert times.changed(tree, [a]) is None
    assert times.changed(tree, [a, pod("b", "10.1.0.2", since="2026-05-01T12:00:09Z")]) == "2026-05-01T12:00:09Z"


def test_subsets():
    pods = [
        pod("b", "10.1.0.10"),
        pod("a", "10.1.0.2"),
        pod("c", "10.1.0.3", ready=False),
        pod("d", "10.1.0.4", port=9),
        pod("e", "10.1.0.5", deleted=True),
    ]
    subsets = {subset["ports"][0]["port"]: subset for subset in endpoints.subsets_of(service(), pods)}
    assert [entry["ip"] for entry in subsets[8080]["addresses"]] == ["10.1.0.2", "10.1.0.10"]
    assert [entry["ip"] for entry in subsets[8080]["notReadyAddresses"]] == ["10.1.0.3"]
    assert [entry["ip"] for entry in subsets[9]["addresses"]] == ["10.1.0.4"]
    headless = service(clusterIP="None", ports=[])
    assert "ports" not in endpoints.subsets_of(headless, pods[:1])[0]


def test_too_many_addresses():
    pods = [pod(f"p{index}", f"10.1.{index // 250}.{index % 250 + 1}", ready=index > 0) for index in range(1001)]
    tree = endpoints.wanted(service(), pods, None, None)
    assert tree["metadata"]["annotations"][endpoints.OVER_CAPACITY] == "truncated"
    assert len(tree["subsets"][0]["addresses"]) == 1000 and "notReadyAddresses" not in tree["subsets"][0]
    assert endpoints.wanted(service(), pods, tree, None) is None


async def test_services_get_slices_and_endpoints(world):
    world.ready = lambda pod: False
    world.cluster.put(NODES, {"metadata": {"name": "n1", "uid": "n1"}})
    world.cluster.put(SERVICES, service())
    world.cluster.put(SERVICES, service("bare", selector=None))
    async with world.running(*BOTH):
        await until(lambda: ips(world) == ([], []))
        world.cluster.put(PODS, pod("a", "10.1.0.1"))
        await until(lambda: ips(world) == (["10.1.0.1"], ["10.1.0.1"]))
        world.cluster.put(PODS, pod("a", "10.1.0.1", ready=False))
        await until(lambda: world.cluster.get(ENDPOINTS, "shop", "web")["subsets"][0].get("notReadyAddresses"))
        world.cluster.drop(PODS, "shop", "a")
        await until(lambda: ips(world) == ([], []))
        assert len(world.cluster.all(ENDPOINT_SLICES, "shop")) == 1
        assert world.cluster.get(ENDPOINTS, "shop", "bare") is None
        world.cluster.drop(SERVICES, "shop", "web")
        await until(lambda: world.cluster.get(ENDPOINTS, "shop", "web") is None)


async def test_endpoints_without_a_service_are_left_over_only_at_the_start(world):
    world.cluster.put(ENDPOINTS, {"metadata": {"name": "left-over", "namespace": "shop"}, "subsets": []})
    async with world.running(*BOTH) as manager:
        await until(lambda: world.cluster.get(ENDPOINTS, "shop", "left-over") is None)
        world.cluster.put(ENDPOINTS, {"metadata": {"name": "own", "namespace": "shop"}, "subsets": []})
        world.cluster.put(SERVICES, service())
        await until(lambda: world.cluster.get(ENDPOINTS, "shop", "web"))
        await until(lambda: manager.idle)
        assert world.cluster.get(ENDPOINTS, "shop", "own")


def ips(world):
    slices = world.cluster.all(ENDPOINT_SLICES, "shop")
    found = world.cluster.get(ENDPOINTS, "shop", "web")
    if not slices or found is None:
        return None
    in_slices = [ip for tree in slices for endpoint in tree["endpoints"] for ip in endpoint["addresses"]]
    return in_slices, [entry["ip"] for subset in found.get("subsets") or () for entry in subset.get("addresses", ())]
