"""Claims and volumes: which fit, and how the real controller brings them together on a cluster in memory."""

from __future__ import annotations

import pytest
from memory_transport import until

from kcompat.apimachinery.volumes import bound_volume, find
from kcompat.client.resources import EVENTS, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES
from kcompat.controllers.persistent_volume_binder.match import (
    bound_claim,
    cannot_delete,
    default_class,
    mismatch,
    unbound_volume,
)

BINDER = "persistentvolume-binder-controller"


def volume(name="v", size="1Gi", modes=("ReadWriteOnce",), phase="Available", claim=None, labels=None, **spec):
    spec = {"capacity": {"storage": size}, "accessModes": list(modes), "persistentVolumeReclaimPolicy": "Retain", **spec}
    if claim:
        spec["claimRef"] = {"namespace": "shop", "name": claim}
    return {"metadata": {"name": name, "uid": name, "labels": labels or {}}, "spec": spec, "status": {"phase": phase}}


def claim(name="c", size="1Gi", modes=("ReadWriteOnce",), **spec):
    spec = {"resources": {"requests": {"storage": size}}, "accessModes": list(modes), **spec}
    return {"metadata": {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"}, "spec": spec}


@pytest.mark.parametrize(
    ("wanted", "volumes", "found"),
    [
        (claim(), [volume("big", "3Gi"), volume("fits", "1100Mi"), volume("small", "1M")], "fits"),
        (claim(), [volume(phase="Bound"), volume("w", phase="Released")], None),
        (claim(), [volume("other", claim="d"), volume("kept", "2Gi", claim="c", phase="Released")], "kept"),
        (claim(), [volume("many", modes=("ReadWriteOnce", "ReadOnlyMany")), volume("one", "2Gi")], "one"),
        (claim(modes=("ReadWriteMany",)), [volume()], None),
        (claim(storageClassName="fast"), [volume("slow"), volume("fast", storageClassName="fast")], "fast"),
        (claim(selector={"matchLabels": {"a": "b"}}), [volume("v"), volume("w", "2Gi", labels={"a": "b"})], "w"),
        (claim(volumeMode="Block"), [volume()], None),
    ],
)
def test_the_volume_that_fits(wanted, volumes, found):
    volume = find(wanted, volumes, delayed=False)
    assert (volume["metadata"]["name"] if volume else None) == found


def test_delayed_claims_only_take_what_is_kept_for_them():
    assert find(claim(), [volume()], delayed=True) is None
    assert find(claim(), [volume(claim="c")], delayed=True) is not None


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [(claim(), None), (claim(size="2Gi"), "requested PV is too small"), (claim(storageClassName="x"), "storageClassName does not match")],
)
def test_why_a_volume_does_not_do(wanted, reason):
    assert mismatch(volume(), wanted) == reason


def test_both_sides_of_a_binding():
    bound = bound_volume(volume(), claim())
    assert bound["spec"]["claimRef"]["uid"] == "c" and bound["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    assert bound_volume(bound, claim()) is bound
    assert "claimRef" not in unbound_volume(bound)["spec"]
    kept = bound_volume(volume(claim="c"), claim())
    assert "annotations" not in kept["metadata"] and "uid" not in unbound_volume(kept)["spec"]["claimRef"]
    done = bound_claim(claim(), bound)
    assert done["spec"]["volumeName"] == "v" and len(done["metadata"]["annotations"]) == 2
    assert list(bound_claim(claim(volumeName="v"), bound)["metadata"]["annotations"]) == ["pv.kubernetes.io/bind-completed"]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"hostPath": {"path": "/tmp/x"}}, None),
        ({"hostPath": {"path": "/var/x"}}, "host_path deleter only supports /tmp/.+ but received provided /var/x"),
        ({"csi": {}}, None),
        ({"nfs": {}}, 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched'),
    ],
)
def test_what_can_be_deleted(spec, why):
    assert cannot_delete(volume(**spec)) == why


def test_default_class_is_the_newest():
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    trees = [
        {"metadata": {"name": n, "annotations": marked, "creationTimestamp": f"2026-05-0{d}T00:00:00Z"}} for n, d in (("b", 1), ("a", 2))
    ]
    assert default_class(trees) == "a" and default_class([{"metadata": {"name": "x"}}]) is None


def phase(world, resource, name):
    tree = world.cluster.get(resource, "shop" if resource is PERSISTENT_VOLUME_CLAIMS else "", name)
    return (tree.get("status") or {}).get("phase")


def reasons(world):
    return {event["reason"] for event in world.cluster.all(EVENTS)}


async def test_bound_released_and_lost(world):
    async with world.running(BINDER):
        world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim())
        await until(lambda: phase(world, PERSISTENT_VOLUME_CLAIMS, "c") == "Pending" and "FailedBinding" in reasons(world))
        world.cluster.put(PERSISTENT_VOLUMES, volume(phase=None))
        await until(lambda: phase(world, PERSISTENT_VOLUME_CLAIMS, "c") == phase(world, PERSISTENT_VOLUMES, "v") == "Bound")
        assert world.cluster.get(PERSISTENT_VOLUME_CLAIMS, "shop", "c")["status"]["capacity"] == {"storage": "1Gi"}
        world.cluster.drop(PERSISTENT_VOLUME_CLAIMS, "shop", "c")
        await until(lambda: phase(world, PERSISTENT_VOLUMES, "v") == "Released")
        world.cluster.put(PERSISTENT_VOLUMES, volume("w", phase=None))
        world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim("d", volumeName="w"))
        await until(lambda: phase(world, PERSISTENT_VOLUME_CLAIMS, "d") == "Bound")
        world.cluster.drop(PERSISTENT_VOLUMES, "", "w")
        world.cluster.put(PERSISTENT_VOLUME_CLAIMS, world.cluster.get(PERSISTENT_VOLUME_CLAIMS, "shop", "d"))
        await until(lambda: phase(world, PERSISTENT_VOLUME_CLAIMS, "d") == "Lost" and "ClaimLost" in reasons(world))


async def test_classes(world):
    async with world.running(BINDER):
        world.cluster.put(STORAGE_CLASSES, {"metadata": {"name": "fast"}, "provisioner": "example.com/p", "volumeBindingMode": "Immediate"})
        late = {"metadata": {"name": "late"}, "provisioner": "example.com/p", "volumeBindingMode": "WaitForFirstConsumer"}
        world.cluster.put(STORAGE_CLASSES, late)
        for name in ("fast", "late", "none"):
            world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim(name, storageClassName=name))
        await until(lambda: reasons(world) >= {"ExternalProvisioning", "WaitForFirstConsumer", "ProvisioningFailed"})
        marks = world.cluster.get(PERSISTENT_VOLUME_CLAIMS, "shop", "fast")["metadata"]["annotations"]
        assert marks["volume.kubernetes.io/storage-provisioner"] == "example.com/p"
