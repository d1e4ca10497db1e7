"""Volumes attached and grown, trust bundles published, old requests cleaned away."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from memory_transport import until

from kcompat.apimachinery import meta
from kcompat.client.resources import EVENTS, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, VOLUME_ATTACHMENTS
from kcompat.controllers.attach_detach import MANAGED, Attachable, attachable, in_use_message
from kcompat.controllers.pod_certificate_cleaner import POD_CERTIFICATE_REQUESTS
from kcompat.controllers.trust_bundle_publisher import CLUSTER_TRUST_BUNDLES, SIGNER, bundle_name

ATTACHER = "persistentvolume-attach-detach-controller"
EXPANDER = "persistentvolume-expander-controller"


def volume(name="v", **spec):
    source = {"driver": "csi.example", "volumeHandle": f"h-{name}"}
    spec = {"csi": source, "accessModes": ["ReadWriteOnce"], "claimRef": {"namespace": "shop", "name": "c", "uid": "c"}, **spec}
    return {"metadata": {"name": name}, "spec": spec}


def claim(name="c", size="1Gi", has="1Gi", to="v"):
    spec = {"volumeName": to, "resources": {"requests": {"storage": size}}}
    return {"metadata": {"name": name, "namespace": "shop", "uid": name}, "spec": spec, "status": {"phase": "Bound", "capacity": {"storage": has}}}


def node(name, *in_use):
    return {"metadata": {"name": name, "annotations": {MANAGED: "true"}}, "spec": {}, "status": {"volumesInUse": list(in_use)}}


def pod(name, on, phase="Running", namespace="shop"):
    spec = {"nodeName": on, "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec, "status": {"phase": phase}}


def test_names():
    found = attachable(volume())
    assert found == Attachable("v", "csi.example", "h-v", shared=False) and found.unique_name == "kubernetes.io/csi/csi.example^h-v"
    assert found.attachment("n") == f"csi-{sha256(b'h-vcsi.examplen').hexdigest()}"
    assert attachable({"metadata": {"name": "x"}, "spec": {"nfs": {}}}) is None
    assert attachable(volume(accessModes=["ReadOnlyMany"])).shared


@pytest.mark.parametrize(
    ("users", "told"),
    [
        ([], "Volume is already exclusively attached to one node, waiting on detach before it can be attached to another node"),
        ([pod("a", "n"), pod("b", "n")], "Volume is already used by pod(s) a, b"),
        ([pod("a", "n", namespace="x")], "Volume is already used by 1 pod(s) in different namespaces"),
        ([pod("a", "n"), pod("b", "n", namespace="x")], "Volume is already used by pod(s) a and 1 pod(s) in different namespaces"),
    ],
)
def test_who_has_the_volume(users, told):
    assert in_use_message(pod("mine", "m"), users) == told


def attachments(world):
    return {tree["spec"]["nodeName"]: tree for tree in world.cluster.all(VOLUME_ATTACHMENTS)}


def attached(world, name):
    status = world.cluster.get(NODES, "", name).get("status") or {}
    return [each["name"] for each in status.get("volumesAttached") or ()]


async def test_a_volume_follows_its_pods(world):
    for tree in (node("n"), node("m")):
        world.cluster.put(NODES, tree)
    world.cluster.put(PERSISTENT_VOLUMES, volume())
    world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim())
    async with world.running(ATTACHER):
        world.cluster.put(PODS, pod("first", "n"))
        await until(lambda: "n" in attachments(world))
        made = attachments(world)["n"]
        assert made["spec"] == {"attacher": "csi.example", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
        world.cluster.put(VOLUME_ATTACHMENTS, {**made, "status": {"attached": True}})  # as the driver's attacher does
        await until(lambda: attached(world, "n") == ["kubernetes.io/csi/csi.example^h-v"])
        world.cluster.put(PODS, pod("second", "m"))
        await until(lambda: any("already used by pod(s) first" in event["message"] for event in world.cluster.all(EVENTS)))
        tree = world.cluster.get(NODES, "", "n")
        world.cluster.put(NODES, {**tree, "status": {**tree["status"], "volumesInUse": ["kubernetes.io/csi/csi.example^h-v"]}})
        world.cluster.put(PODS, pod("first", "n", "Succeeded"))
        await until(lambda: attached(world, "n") == [])
        assert list(attachments(world)) == ["n"]  # its node has not let go
        world.cluster.put(NODES, node("n"))
        await until(lambda: list(attachments(world)) == ["m"])
    told = {(event["reason"], event["message"]) for event in world.cluster.all(EVENTS)}
    assert ("SuccessfulAttachVolume", 'AttachVolume.Attach succeeded for volume "v" ') in told


async def test_a_claim_that_grows_waits_for_its_driver(world):
    world.cluster.put(PERSISTENT_VOLUMES, volume())
    world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim())
    async with world.running(EXPANDER) as manager:
        await until(lambda: manager.idle)
        assert not world.cluster.all(EVENTS)
        world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim(size="2Gi"))
        await until(lambda: world.cluster.all(EVENTS))
    (event,) = world.cluster.all(EVENTS)
    assert (event["reason"], event["message"]) == ("ExternalExpanding", "waiting for an external controller to expand this PVC")
    assert event["source"]["component"] == "volume_expand"


async def test_the_serving_ca_is_published(plane, admin):
    authority = plane.pki.ca.certificate_pem.decode()
    name = bundle_name(SIGNER, authority)
    assert name.startswith("kubernetes.io:kube-apiserver-serving:") and len(name.rpartition(":")[2]) == 24
    made = await admin.becomes(CLUSTER_TRUST_BUNDLES, name, bool)
    assert made["spec"] == {"signerName": SIGNER, "trustBundle": authority}
    old = {"metadata": {"name": "kubernetes.io:kube-apiserver-serving:old"}, "spec": made["spec"]}
    await admin.create(CLUSTER_TRUST_BUNDLES, old)
    await admin.goes(CLUSTER_TRUST_BUNDLES, meta.name(old))
    await admin.client.of(CLUSTER_TRUST_BUNDLES).delete(name)
    await admin.becomes(CLUSTER_TRUST_BUNDLES, name, bool)


async def test_old_certificate_requests_of_pods_go(world):
    for name, stamp in (("old", "2026-01-01T00:00:00Z"), ("new", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))):
        world.cluster.put(POD_CERTIFICATE_REQUESTS, {"metadata": {"name": name, "namespace": "shop", "creationTimestamp": stamp}})
    async with world.running("podcertificaterequest-cleaner-controller"):
        await until(lambda: [meta.name(tree) for tree in world.cluster.all(POD_CERTIFICATE_REQUESTS)] == ["new"])
