"""Create, read, update, patch and delete, as upstream's server answers them."""

from __future__ import annotations

import pytest
from in_process import Api


def config_map(name: str, **data: str) -> dict[str, object]:
    return {"metadata": {"name": name}, "data": data}


async def test_create_fills_in_what_the_server_owns(api: Api, config_maps: str) -> None:
    status, created = await api.send("POST", config_maps, {"metadata": {"name": "a", "uid": "mine", "creationTimestamp": "2000-01-01T00:00:00Z"}})
    assert status == 201
    metadata = created["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["uid"] != "mine" and metadata["creationTimestamp"] > "2020"
    assert int(metadata["resourceVersion"]) > 0
    assert created["kind"] == "ConfigMap" and created["apiVersion"] == "v1"
    assert await api.ok("GET", f"{config_maps}/a") == created


async def test_generate_name(api: Api, config_maps: str) -> None:
    created = await api.ok("POST", config_maps, {"metadata": {"generateName": "x-"}})
    assert created["metadata"]["name"].startswith("x-") and len(created["metadata"]["name"]) == 7


async def test_already_exists(api: Api, config_maps: str) -> None:
    await api.ok("POST", config_maps, config_map("a"))
    status, answer = await api.send("POST", config_maps, config_map("a"))
    assert (status, answer["reason"]) == (409, "AlreadyExists")
    assert answer["message"] == 'configmaps "a" already exists'


async def test_absent_namespace(api: Api) -> None:
    status, answer = await api.send("POST", "/api/v1/namespaces/nope/configmaps", config_map("a"))
    assert (status, answer["message"]) == (404, 'namespaces "nope" not found')


async def test_names_and_namespaces_must_agree_with_the_url(api: Api, config_maps: str) -> None:
    cases = [
        ("POST", config_maps, {"metadata": {"name": "a", "namespace": "x"}},
         "the namespace of the provided object does not match the namespace sent on the request"),
        ("PUT", f"{config_maps}/a", {"metadata": {"name": "b"}}, "the name of the object (b) does not match the name on the URL (a)"),
        ("PUT", f"{config_maps}/a", {}, "the name of the object (a based on URL) was undeterminable: name must be provided"),
    ]  # fmt: skip
    for method, url, body, message in cases:
        status, answer = await api.send(method, url, body)
        assert (status, answer["reason"], answer["message"]) == (400, "BadRequest", message)


async def test_update_and_optimistic_lock(api: Api, config_maps: str) -> None:
    first = await api.ok("POST", config_maps, config_map("a", x="1"))
    second = await api.ok("PUT", f"{config_maps}/a", {**first, "data": {"x": "2"}})
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
    status, answer = await api.send("PUT", f"{config_maps}/a", {**first, "data": {"x": "3"}})
    assert (status, answer["reason"]) == (409, "Conflict")
    assert answer["message"] == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again'
    )


async def test_an_update_that_changes_nothing_writes_nothing(api: Api, config_maps: str) -> None:
    first = await api.ok("POST", config_maps, config_map("a", x="1"))
    assert await api.ok("PUT", f"{config_maps}/a", first) == first


@pytest.mark.parametrize(
    ("media_type", "patch", "expected"),
    [
        ("application/merge-patch+json", {"data": {"x": None, "y": "2"}}, {"y": "2"}),
        ("application/strategic-merge-patch+json", {"data": {"y": "2"}}, {"x": "1", "y": "2"}),
        ("application/json-patch+json", [{"op": "replace", "path": "/data/x", "value": "9"}], {"x": "9"}),
    ],
)
async def test_patches(api: Api, config_maps: str, media_type: str, patch: object, expected: dict[str, str]) -> None:
    await api.ok("POST", config_maps, config_map("a", x="1"))
    patched = await api.ok("PATCH", f"{config_maps}/a", patch, Content_Type=media_type)
    assert patched["data"] == expected


async def test_dry_run_stores_nothing(api: Api, config_maps: str) -> None:
    await api.ok("POST", f"{config_maps}?dryRun=All", config_map("a"))
    status, _ = await api.send("GET", f"{config_maps}/a")
    assert status == 404
    await api.ok("POST", config_maps, config_map("a", x="1"))
    await api.ok("PUT", f"{config_maps}/a?dryRun=All", config_map("a", x="2"))
    await api.ok("DELETE", f"{config_maps}/a?dryRun=All")
    assert (await api.ok("GET", f"{config_maps}/a"))["data"] == {"x": "1"}


async def test_delete_answers_with_a_status(api: Api, config_maps: str) -> None:
    created = await api.ok("POST", config_maps, config_map("a"))
    answer = await api.ok("DELETE", f"{config_maps}/a")
    assert answer == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": created["metadata"]["uid"]},
    }  # fmt: skip
    status, answer = await api.send("DELETE", f"{config_maps}/a")
    assert (status, answer["message"]) == (404, 'configmaps "a" not found')


async def test_finalizers_hold_an_object(api: Api, config_maps: str) -> None:
    await api.ok("POST", config_maps, {"metadata": {"name": "a", "finalizers": ["example.com/hold"]}})
    answer = await api.ok("DELETE", f"{config_maps}/a")
    assert answer["kind"] == "ConfigMap" and answer["metadata"]["deletionGracePeriodSeconds"] == 0
    patch = {"metadata": {"finalizers": None}}
    await api.ok("PATCH", f"{config_maps}/a", patch, Content_Type="application/merge-patch+json")
    status, _ = await api.send("GET", f"{config_maps}/a")
    assert status == 404


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
async def test_propagation_policies_set_finalizers(api: Api, config_maps: str, policy: str, finalizer: str) -> None:
    await api.ok("POST", config_maps, config_map("a"))
    answer = await api.ok("DELETE", f"{config_maps}/a", {"propagationPolicy": policy})
    assert answer["metadata"]["finalizers"] == [finalizer]


async def test_delete_preconditions(api: Api, config_maps: str) -> None:
    await api.ok("POST", config_maps, config_map("a"))
    status, answer = await api.send("DELETE", f"{config_maps}/a", {"preconditions": {"uid": "other"}})
    assert (status, answer["reason"]) == (409, "Conflict")
    assert "the UID in the precondition (other) does not match the UID in record" in answer["message"]


async def test_delete_collection_by_label(api: Api, config_maps: str) -> None:
    for name, label in (("a", "x"), ("b", "y"), ("c", "x")):
        await api.ok("POST", config_maps, {"metadata": {"name": name, "labels": {"l": label}}})
    await api.ok("DELETE", f"{config_maps}?labelSelector=l%3Dx")
    assert [item["metadata"]["name"] for item in (await api.ok("GET", config_maps))["items"]] == ["b"]


async def test_status_subresource_changes_only_status(api: Api) -> None:
    created = await api.ok("POST", "/api/v1/nodes", {"metadata": {"name": "n"}})
    patch = {"spec": {"unschedulable": True}, "status": {"nodeInfo": {"machineID": "m"}}}
    patched = await api.ok("PATCH", "/api/v1/nodes/n/status", patch, Content_Type="application/strategic-merge-patch+json")
    assert patched["spec"] == created["spec"] and patched["status"]["nodeInfo"]["machineID"] == "m"


async def test_scale(api: Api) -> None:
    url = "/apis/apps/v1/namespaces/default/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    body = {"metadata": {"name": "d"}, "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}}
    await api.ok("POST", url, body)
    scale = await api.ok("GET", f"{url}/d/scale")
    assert scale["spec"] == {"replicas": 2} and scale["status"] == {"replicas": 0, "selector": "a=b"}
    await api.ok("PUT", f"{url}/d/scale", {"metadata": {"name": "d"}, "spec": {"replicas": 5}})
    deployment = await api.ok("GET", f"{url}/d")
    assert deployment["spec"]["replicas"] == 5 and deployment["metadata"]["generation"] == 2


async def test_binding_assigns_once(api: Api) -> None:
    pods = "/api/v1/namespaces/default/pods"
    await api.ok("POST", pods, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    await api.ok("POST", f"{pods}/p/binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}})
    pod = await api.ok("GET", f"{pods}/p")
    assert pod["spec"]["nodeName"] == "n"
    assert [c["type"] for c in pod["status"]["conditions"]] == ["PodScheduled"]
    status, answer = await api.send("POST", f"{pods}/p/binding", {"metadata": {"name": "p"}, "target": {"name": "m"}})
    assert (status, answer["message"]) == (409, 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"')


async def test_services_get_addresses_and_give_them_back(api: Api) -> None:
    services = "/api/v1/namespaces/default/services"
    body = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "clusterIP": "10.96.7.7", "ports": [{"port": 80}]}}
    created = await api.ok("POST", services, body)
    assert created["spec"]["clusterIPs"] == ["10.96.7.7"] and 30000 <= created["spec"]["ports"][0]["nodePort"] <= 32767
    status, answer = await api.send("POST", services, {**body, "metadata": {"name": "t"}})
    assert status == 422 and "provided IP is already allocated" in answer["message"]
    await api.ok("DELETE", f"{services}/s")
    await api.ok("POST", services, {**body, "metadata": {"name": "t"}})


async def test_namespaces_end_only_when_finalized(api: Api) -> None:
    await api.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
    answer = await api.ok("DELETE", "/api/v1/namespaces/n")
    assert answer["status"] == {"phase": "Terminating"}
    status, refused = await api.send("POST", "/api/v1/namespaces/n/configmaps", config_map("a"))
    assert status == 403 and refused["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    await api.ok("PUT", "/api/v1/namespaces/n/finalize", {**answer, "spec": {}})
    status, _ = await api.send("GET", "/api/v1/namespaces/n")
    assert status == 404


async def test_a_status_patch_leaves_the_rest_alone(api: Api) -> None:
    """What the patch does not name is neither decoded again nor owned anew, and what it names is checked as ever."""
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}}
    before = await api.ok("POST", "/api/v1/namespaces/default/pods", pod)
    patch = {"status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}]}, "spec": {"nodeName": "ignored"}}
    url = "/api/v1/namespaces/default/pods/p/status"
    after = await api.ok("PATCH", url, patch, Content_Type="application/strategic-merge-patch+json")
    assert after["spec"] == before["spec"] and after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["status"]["phase"] == "Running" and after["status"]["podIP"] == "10.0.0.1"
    wrong = {"status": {"qosClass": "Guaranteed"}}
    status, answer = await api.send("PATCH", url, wrong, Content_Type="application/strategic-merge-patch+json")
    assert status == 422 and "status.qosClass" in answer["message"], answer
    status, answer = await api.send("PATCH", url, {"status": {"phase": 1}}, Content_Type="application/strategic-merge-patch+json")
    assert status == 422 and answer["message"].startswith(' "" is invalid: patch: Invalid value: "map[status:map[phase:1]]"'), answer
