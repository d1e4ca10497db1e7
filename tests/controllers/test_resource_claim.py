"""Claims of devices: made from templates, given back when their pods have ended."""

from __future__ import annotations

import pytest

from kcompat.apimachinery import meta
from kcompat.client.resources import EVENTS, PODS, SERVICE_ACCOUNTS
from kcompat.controllers.resource_claim import (
    ANNOTATION,
    FINALIZER,
    RESOURCE_CLAIM_TEMPLATES,
    RESOURCE_CLAIMS,
    claim_name,
    generate_name,
    new_claim,
)

DEVICES = {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpus"}}]}
TEMPLATE = {
    "metadata": {"name": "one", "namespace": "default"},
    "spec": {"metadata": {"labels": {"a": "b"}}, "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpus"}}]}}},
}


def pod(name="p", **entry):
    entry = {"name": "gpu", "resourceClaimTemplateName": "one"} if not entry else {"name": "gpu", **entry}
    spec = {"containers": [{"name": "c", "image": "i"}], "resourceClaims": [entry]}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": spec}


def test_names():
    assert generate_name("p", "gpu") == "p-gpu-"
    long = generate_name("p" * 60, "c" * 20)
    assert long == "p" * 41 + "-" + "c" * 13
    tree = {**pod(), "status": {"resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "p-gpu-x"}]}}
    assert claim_name(tree, tree["spec"]["resourceClaims"][0]) == "p-gpu-x"
    assert claim_name(tree, {"name": "gpu", "resourceClaimName": "mine"}) == "mine"
    assert claim_name(tree, {"name": "other"}) is None
    tree["status"]["resourceClaimStatuses"] = [{"name": "gpu"}]
    assert claim_name(tree, tree["spec"]["resourceClaims"][0]) == ""


def test_the_claim():
    made = new_claim({"metadata": {"name": "p", "namespace": "default", "uid": "u"}}, {"name": "gpu"}, TEMPLATE)
    assert made["metadata"]["annotations"] == {ANNOTATION: "gpu"} and made["metadata"]["labels"] == {"a": "b"}
    assert made["metadata"]["ownerReferences"] == [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "controller": True}]
    assert made["spec"] == TEMPLATE["spec"]["spec"]


@pytest.fixture
async def ready(plane, admin):
    await admin.becomes(SERVICE_ACCOUNTS, "default", bool, "default")
    return admin


def statuses(tree):
    return (tree.get("status") or {}).get("resourceClaimStatuses")


async def test_a_claim_from_a_template_goes_when_its_pod_ends(ready):
    await ready.create(PODS, pod())
    told = 'PodResourceClaim gpu: resource claim template "one": resourceclaimtemplate.resource.k8s.io "one" not found'
    await ready.finds(EVENTS, lambda events: any(event["message"] == told for event in events), "default")
    await ready.create(RESOURCE_CLAIM_TEMPLATES, TEMPLATE)
    tree = await ready.becomes(PODS, "p", statuses, "default")
    ((status,),) = (statuses(tree),)
    name = status["resourceClaimName"]
    assert name.startswith("p-gpu-")
    (writer,) = [entry for entry in tree["metadata"]["managedFields"] if entry["manager"] == "ResourceClaimController"]
    assert writer["operation"] == "Apply" and writer["subresource"] == "status"
    await ready.client.of(RESOURCE_CLAIMS).delete(name, "default")
    again = await ready.becomes(PODS, "p", lambda found: statuses(found)[0]["resourceClaimName"] != name, "default")
    await ready.client.of(PODS).patch_status("p", {"status": {"phase": "Succeeded"}}, "default")
    await ready.goes(RESOURCE_CLAIMS, statuses(again)[0]["resourceClaimName"], "default")


async def test_a_claim_of_ones_own_is_given_back(ready):
    claim = {"metadata": {"name": "mine", "namespace": "default", "finalizers": [FINALIZER]}, "spec": {"devices": DEVICES}}
    made = await ready.create(RESOURCE_CLAIMS, claim)
    user = await ready.create(PODS, pod("user", resourceClaimName="mine"))
    results = [{"request": "gpu", "driver": "gpu.example.com", "pool": "a", "device": "d"}]
    users = [{"resource": "pods", "name": name, "uid": uid} for name, uid in (("user", meta.uid(user)), ("gone", "x"))]
    status = {"allocation": {"devices": {"results": results}}, "reservedFor": users}
    await ready.client.of(RESOURCE_CLAIMS).update_status({**made, "status": status})
    kept = await ready.becomes(RESOURCE_CLAIMS, "mine", lambda tree: len(tree["status"].get("reservedFor", [])) == 1, "default")
    assert kept["status"]["reservedFor"][0]["name"] == "user" and kept["status"]["allocation"]
    await ready.client.of(PODS).delete("user", "default", grace=0)
    free = await ready.becomes(RESOURCE_CLAIMS, "mine", lambda tree: not meta.finalizers(tree), "default")
    assert not free.get("status", {}).get("allocation") and not free.get("status", {}).get("reservedFor")
