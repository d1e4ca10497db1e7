"""Claims that are made for a pod's ephemeral volumes."""

from __future__ import annotations

from kcompat.client.resources import EVENTS, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICE_ACCOUNTS
from kcompat.controllers.ephemeral_volume import new_claim

TEMPLATE = {
    "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def pod(name="p"):
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": TEMPLATE}}, {"name": "e", "emptyDir": {}}]
    spec = {"containers": [{"name": "c", "image": "i"}], "volumes": volumes}
    return {"metadata": {"name": name, "namespace": "default", "uid": "u"}, "spec": spec}


def test_the_claim():
    made = new_claim(pod(), pod()["spec"]["volumes"][0])
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "controller": True, "blockOwnerDeletion": True}
    metadata = {"name": "p-scratch", "namespace": "default", "ownerReferences": [owner], "labels": {"a": "b"}, "annotations": {"c": "d"}}
    assert made == {"metadata": metadata, "spec": TEMPLATE["spec"]}


async def test_it_lives_and_goes_with_its_pod(plane, admin):
    await admin.becomes(SERVICE_ACCOUNTS, "default", bool, "default")
    await admin.create(PODS, pod())
    first = await admin.becomes(PERSISTENT_VOLUME_CLAIMS, "p-scratch", bool, "default")
    await admin.client.of(PERSISTENT_VOLUME_CLAIMS).delete("p-scratch", "default")
    await admin.becomes(PERSISTENT_VOLUME_CLAIMS, "p-scratch", lambda tree: tree and tree["metadata"]["uid"] != first["metadata"]["uid"], "default")
    await admin.client.of(PODS).delete("p", "default", grace=0)
    await admin.goes(PERSISTENT_VOLUME_CLAIMS, "p-scratch", "default")


async def test_a_claim_of_another_is_not_taken(plane, admin):
    await admin.becomes(SERVICE_ACCOUNTS, "default", bool, "default")
    await admin.create(PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "p-scratch", "namespace": "default"}, "spec": TEMPLATE["spec"]})
    await admin.create(PODS, pod())
    told = "ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is not owner)"
    events = await admin.finds(EVENTS, lambda found: any(event["message"] == told for event in found), "default")
    (event,) = [event for event in events if event["message"] == told]
    assert (event["reason"], event["source"]["component"]) == ("FailedBinding", "ephemeral_volume")
