"""Pods and their volumes: where they can go, what is told, and volumes bound when their first pod comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from builders import World, node, only, pod

from kcompat.client.resources import EVENTS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, SERVICE_ACCOUNTS, STORAGE_CLASSES
from kcompat.cluster import ControlPlane
from kcompat.config import Settings
from kcompat.scheduler.snapshot import PodInfo

VOLUME_BINDING = only(("VolumeBinding", 0))


def claim(name: str = "c", size: str = "1Gi", class_name: str = "late", volume: str = "", **annotations: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "storageClassName": class_name}
    marks = {"pv.kubernetes.io/bind-completed": "yes"} if volume else {}
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "1", "annotations": {**marks, **annotations}}
    return {"metadata": metadata, "spec": {**spec, **({"volumeName": volume} if volume else {})}}


def volume(name: str = "v", size: str = "1Gi", class_name: str = "late", on: str = "", labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": class_name, **spec}
    if on:
        expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [on]}
        wanted["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    return {"metadata": {"name": name, "resourceVersion": "1", "labels": labels or {}}, "spec": wanted, "status": {"phase": "Available"}}


def late(provisioner: str = "kubernetes.io/no-provisioner", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": "late"}, "provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer", **more}


def using(*claims: str, name: str = "p", **spec: Any) -> dict[str, Any]:
    return pod(name, volumes=[{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims], **spec)


def world(*, claims: Any = (), volumes: Any = (), classes: Any = (), settings: Any = VOLUME_BINDING, nodes: Any = None, **more: Any) -> World:
    objects = {"persistentvolumeclaims": list(claims), "persistentvolumes": list(volumes), "storageclasses": list(classes), **more}
    return World(*(nodes or [node("n0"), node("n1")]), settings=settings, **objects)


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ({}, 'persistentvolumeclaim "c" not found'),
        ({"claims": [claim(class_name="soon")]}, "pod has unbound immediate PersistentVolumeClaims"),
        ({"claims": [{**claim(), "status": {"phase": "Lost"}}]}, 'persistentvolumeclaim "c" bound to non-existent persistentvolume ""'),
        ({"claims": [claim()], "classes": [late()]}, "2 node(s) didn't find available persistent volumes to bind"),
        ({"claims": [claim(volume="v")]}, "2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"),
        ({"claims": [claim(volume="v")], "volumes": [volume(on="else")]}, "2 node(s) didn't match PersistentVolume's node affinity"),
    ],
)
def test_why_a_pod_cannot_go_anywhere(objects, told):
    assert world(**objects).refusal(using("c")).removesuffix(" not found") == f"0/2 nodes are available: {told}."


def test_a_pod_goes_where_its_volume_is():
    assert world(claims=[claim(volume="v")], volumes=[volume(on="n1")]).feasible(using("c")) == {"n1"}


def test_volumes_of_one_pod_are_different_and_small():
    here = world(claims=[claim("a"), claim("b", "2Gi")], volumes=[volume("big", "5Gi"), volume("mid", "3Gi"), volume("low", "1Gi")], classes=[late()])
    evaluation = here.cycle.evaluate(PodInfo(using("a", "b")))
    found = evaluation.state["VolumeBinding/found"]["n0"]
    assert [(v["metadata"]["name"], c["metadata"]["name"]) for v, c in found.bindings] == [("low", "a"), ("mid", "b")]


def test_what_one_pod_takes_another_does_not_get():
    here = world(claims=[claim("a"), claim("b"), claim("d")], volumes=[volume("v", on="n0"), volume("w", on="n1")], classes=[late()])
    (plugin,) = here.profile.reserve
    places = []
    for name in ("a", "b"):
        tree = using(name, name=name)
        decision = here.cycle.decide(PodInfo(tree))
        assert plugin.reserve(decision.state, tree, decision.node_name) is None
        places.append(decision.node_name)
        last = decision, tree
    assert sorted(places) == ["n0", "n1"]
    assert "didn't find available persistent volumes" in here.refusal(using("d", name="third"))
    plugin.unreserve(last[0].state, last[1], last[0].node_name)
    assert here.feasible(using("d", name="again")) == {last[0].node_name}


def test_provisioners_decide_by_topology_and_room():
    zones = [node("n0", labels={"zone": "a"}), node("n1", labels={"zone": "b"})]
    topology = [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}]
    limited = late("csi.example", allowedTopologies=topology)
    assert world(claims=[claim()], classes=[limited], nodes=zones).feasible(using("c")) == {"n0"}
    driver = {"metadata": {"name": "csi.example"}, "spec": {"storageCapacity": True}}
    room = {"metadata": {"name": "r", "namespace": "x"}, "storageClassName": "late", "capacity": "10Gi", "nodeTopology": {"matchLabels": {"zone": "b"}}}
    more = {"csidrivers": [driver], "csistoragecapacities": [room]}
    assert world(claims=[claim()], classes=[late("csi.example")], nodes=zones, **more).feasible(using("c")) == {"n1"}
    text = world(claims=[claim(size="20Gi")], classes=[late("csi.example")], nodes=zones, **more).refusal(using("c"))
    assert text.startswith("0/2 nodes are available: 2 node(s) did not have enough free storage.")


def test_a_node_that_was_chosen_stays_chosen():
    chosen = claim(**{"volume.kubernetes.io/selected-node": "n1"})
    assert world(claims=[chosen], classes=[late("csi.example")]).feasible(using("c")) == {"n1"}


def test_tighter_volumes_score_less():
    volumes = [volume("half", "2Gi", on="n0"), volume("whole", "1Gi", on="n1")]
    assert world(claims=[claim()], volumes=volumes, classes=[late()]).scores(using("c")) == {"n0": 50, "n1": 0}


def test_claims_for_one_pod_only():
    mine = claim(class_name="")
    mine["spec"]["accessModes"] = ["ReadWriteOncePod"]
    here = world(claims=[mine], settings=only(("VolumeRestrictions", 0), ("DefaultPreemption", 0)))
    assert here.feasible(using("c")) == {"n0", "n1"}
    here.run(using("c", name="first", node_name="n0"))
    text = here.refusal(using("c", name="second"))
    why = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
    assert text.startswith(f"0/2 nodes are available: 2 {why}.")
    preemptor = using("c", name="third", priority=10)
    with pytest.raises(Exception, match="already in-use") as raised:
        here.cycle.decide(PodInfo(preemptor))
    assert here.cycle.post_filter(PodInfo(preemptor), raised.value).victims[0].pod["metadata"]["name"] == "first"


def test_disks_for_one_pod_only():
    def disk(name: str, read_only: bool, **more: Any) -> dict[str, Any]:
        return pod(name, volumes=[{"name": "d", "gcePersistentDisk": {"pdName": "x", "readOnly": read_only}}], **more)

    here = world(settings=only(("VolumeRestrictions", 0))).run(disk("reader", True, node_name="n0"))
    assert here.feasible(disk("other", True)) == {"n0", "n1"}
    assert here.feasible(disk("writer", False)) == {"n1"}


def test_zones():
    zones = [node("n0", labels={"topology.kubernetes.io/zone": "a"}), node("n1", labels={"topology.kubernetes.io/zone": "b"}), node("n2")]
    here = volume(labels={"failure-domain.beta.kubernetes.io/zone": "b__c"})
    assert world(claims=[claim(volume="v")], volumes=[here], nodes=zones, settings=only(("VolumeZone", 0))).feasible(using("c")) == {"n1", "n2"}


def test_limits_of_drivers():
    def bound(name: str) -> tuple[Any, Any]:
        return claim(name, volume=name), volume(name, csi={"driver": "csi.example", "volumeHandle": name})

    pairs = [bound(name) for name in "abc"]
    csi_node = {"metadata": {"name": "n0"}, "spec": {"drivers": [{"name": "csi.example", "allocatable": {"count": 2}}]}}
    attached = {"metadata": {"name": "x"}, "spec": {"nodeName": "n0", "attacher": "csi.example", "source": {"persistentVolumeName": "a"}}}
    here = world(
        claims=[pair[0] for pair in pairs], volumes=[pair[1] for pair in pairs], settings=only(("NodeVolumeLimits", 0)),
        csinodes=[csi_node], volumeattachments=[attached],
    ).run(using("a", name="first", node_name="n0"))  # fmt: skip
    assert here.feasible(using("b", name="second")) == {"n0", "n1"}
    here.run(using("b", name="second", node_name="n0"))
    assert here.feasible(using("b", name="same")) == {"n0", "n1"}
    assert here.feasible(using("c", name="third")) == {"n1"}


# -- on a whole control plane ------------------------------------------------------------------------------------------


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    control_plane = ControlPlane(Settings(listen="127.0.0.1:0", data_dir=str(tmp_path), datastore_endpoint="memory://", nodes=2))
    await control_plane.start()
    try:
        yield control_plane
    finally:
        await control_plane.stop()


async def test_claims_that_wait_are_bound_with_their_pods(plane: ControlPlane) -> None:
    client = plane.client_for("admin", ("system:masters",))

    async def until(condition: Any) -> Any:
        async with asyncio.timeout(15):
            while not (found := await condition()):  # noqa: ASYNC110 -- the condition is anything
                await asyncio.sleep(0.01)
        return found

    async def account() -> bool:
        return bool((await client.of(SERVICE_ACCOUNTS).list("default"))["items"])

    await until(account)
    await client.of(STORAGE_CLASSES).create(late())
    for index in range(2):
        tree = volume(f"v{index}", on=f"node-{index}", hostPath={"path": "/tmp/x"})
        await client.of(PERSISTENT_VOLUMES).create({"metadata": {"name": f"v{index}"}, "spec": tree["spec"]})
        spec = claim(f"c{index}")["spec"]
        await client.of(PERSISTENT_VOLUME_CLAIMS).create({"metadata": {"name": f"c{index}", "namespace": "default"}, "spec": spec})

    async def available() -> bool:
        return all((tree.get("status") or {}).get("phase") == "Available" for tree in (await client.of(PERSISTENT_VOLUMES).list())["items"])

    await until(available)
    for index in range(2):
        tree = using(f"c{index}", name=f"p{index}")
        await client.of(PODS).create({"metadata": {"name": f"p{index}", "namespace": "default"}, "spec": tree["spec"]})

    async def running() -> Any:
        pods = (await client.of(PODS).list("default"))["items"]
        return pods if all(tree["status"].get("phase") == "Running" for tree in pods) else None

    pods = {tree["metadata"]["name"]: tree["spec"]["nodeName"] for tree in await until(running)}
    claims = (await client.of(PERSISTENT_VOLUME_CLAIMS).list("default"))["items"]
    where = {tree["metadata"]["name"]: tree["spec"]["volumeName"] for tree in claims}
    assert {tree["status"]["phase"] for tree in claims} == {"Bound"}
    assert {name: node.replace("node-", "v") for name, node in pods.items()} == {name.replace("c", "p"): found for name, found in where.items()}
    lone = using("none", name="lone")
    await client.of(PODS).create({"metadata": {"name": "lone", "namespace": "default"}, "spec": lone["spec"]})

    async def told() -> bool:
        events = (await client.of(EVENTS).list("default"))["items"]
        return any('persistentvolumeclaim "none" not found' in (event.get("message") or event.get("note") or "") for event in events)

    await until(told)
    await client.of(PERSISTENT_VOLUMES).create({"metadata": {"name": "v2"}, "spec": {**volume()["spec"], "hostPath": {"path": "/tmp/x"}}})
    await client.of(PERSISTENT_VOLUME_CLAIMS).create({"metadata": {"name": "none", "namespace": "default"}, "spec": claim()["spec"]})
    await until(running)  # the claim's coming is an event that its pod waits for
