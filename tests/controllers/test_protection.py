"""Claims, volumes and classes stay while they are used."""

from __future__ import annotations

import pytest
from memory_transport import until

from kcompat.apimachinery import meta
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS
from kcompat.controllers.persistent_volume_claim_protection import FINALIZER as CLAIM_FINALIZER
from kcompat.controllers.persistent_volume_claim_protection import keeps, unused_condition
from kcompat.controllers.persistent_volume_protection import FINALIZER as VOLUME_FINALIZER
from kcompat.controllers.volume_attributes_class_protection import CLASSES, classes_of
from kcompat.controllers.volume_attributes_class_protection import FINALIZER as CLASS_FINALIZER

CLAIMS = "persistentvolumeclaim-protection-controller"
VOLUMES = "persistentvolume-protection-controller"
ATTRIBUTES = "volumeattributesclass-protection-controller"


def claim(name="c", **status):
    return {"metadata": {"name": name, "namespace": "shop", "uid": name}, "spec": {}, "status": status}


def pod(name="p", on="n", phase="Running", ephemeral=False, **metadata):
    volume = {"name": "v", "ephemeral": {"volumeClaimTemplate": {}}} if ephemeral else {"name": "v", "persistentVolumeClaim": {"claimName": "c"}}
    spec = {"volumes": [volume], **({"nodeName": on} if on else {})}
    return {"metadata": {"name": name, "namespace": "shop", "uid": name, **metadata}, "spec": spec, "status": {"phase": phase}}


def owned(name, owner):
    tree = claim(name)
    tree["metadata"]["ownerReferences"] = [{"controller": True, "uid": owner, "name": owner, "kind": "Pod", "apiVersion": "v1"}]
    return tree


@pytest.mark.parametrize(
    ("user", "used", "kept"),
    [
        (pod(), claim(), True),
        (pod(on=""), claim(), False),
        (pod(), claim("other"), False),
        (pod(ephemeral=True), owned("p-v", "p"), True),
        (pod(ephemeral=True), owned("p-v", "q"), False),
        (pod(ephemeral=True, deletionTimestamp="x", deletionGracePeriodSeconds=0), owned("p-v", "p"), False),
    ],
)
def test_who_keeps_a_claim(user, used, kept):
    assert keeps(user, used) is kept


def test_what_is_said_of_use():
    fresh = unused_condition(claim(), True, "now")
    assert (fresh["type"], fresh["status"], fresh["reason"]) == ("Unused", "False", "PodUsingPVC")
    assert unused_condition(claim(conditions=[fresh]), True, "later") is None
    assert unused_condition(claim(conditions=[fresh]), False, "later")["reason"] == "NoPodsUsingPVC"


def finalizers(world, kind, name, namespace=""):
    tree = world.cluster.get(kind, namespace, name)
    return None if tree is None else list(meta.finalizers(tree))


async def test_a_claim_waits_for_its_pods(world):
    async with world.running(CLAIMS):
        world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim())
        await until(lambda: finalizers(world, PERSISTENT_VOLUME_CLAIMS, "c", "shop") == [CLAIM_FINALIZER])
        world.cluster.put(PODS, pod())
        await world.client().of(PERSISTENT_VOLUME_CLAIMS).delete("c", "shop")
        world.cluster.put(PODS, {**pod(), "status": {"phase": "Running", "message": "still here"}})
        assert finalizers(world, PERSISTENT_VOLUME_CLAIMS, "c", "shop") == [CLAIM_FINALIZER]
        world.cluster.drop(PODS, "shop", "p")
        await until(lambda: finalizers(world, PERSISTENT_VOLUME_CLAIMS, "c", "shop") is None)


async def test_a_volume_waits_for_its_claim(world):
    async with world.running(VOLUMES):
        world.cluster.put(PERSISTENT_VOLUMES, {"metadata": {"name": "v"}, "spec": {}, "status": {"phase": "Bound"}})
        await until(lambda: finalizers(world, PERSISTENT_VOLUMES, "v") == [VOLUME_FINALIZER])
        await world.client().of(PERSISTENT_VOLUMES).delete("v")
        tree = world.cluster.get(PERSISTENT_VOLUMES, "", "v")
        assert meta.is_being_deleted(tree)
        world.cluster.put(PERSISTENT_VOLUMES, {**tree, "status": {"phase": "Released"}})
        await until(lambda: finalizers(world, PERSISTENT_VOLUMES, "v") is None)


def test_classes_that_a_claim_names():
    status = {"currentVolumeAttributesClassName": "b", "modifyVolumeStatus": {"targetVolumeAttributesClassName": "c"}}
    assert classes_of({"spec": {"volumeAttributesClassName": "a"}, "status": status}) == ["a", "b", "c"]
    assert classes_of({"spec": {}}) == []


async def test_a_class_waits_for_claims_and_volumes(world):
    async with world.running(ATTRIBUTES):
        world.cluster.put(CLASSES, {"metadata": {"name": "fast"}})
        user = claim()
        user["spec"]["volumeAttributesClassName"] = "fast"
        world.cluster.put(PERSISTENT_VOLUME_CLAIMS, user)
        await until(lambda: finalizers(world, CLASSES, "fast") == [CLASS_FINALIZER])
        await world.client().of(CLASSES).delete("fast")
        await until(lambda: meta.is_being_deleted(world.cluster.get(CLASSES, "", "fast")))
        world.cluster.put(PERSISTENT_VOLUME_CLAIMS, claim())
        await until(lambda: finalizers(world, CLASSES, "fast") is None)
