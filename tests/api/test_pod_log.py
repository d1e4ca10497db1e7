"""Logs of simulated containers: empty, or upstream's reason why there is none."""

from __future__ import annotations

from typing import Any

import pytest
from in_process import Api

from kcompat.apimachinery.simulation import ANNOTATION

PODS = "/api/v1/namespaces/default/pods"
STATUS = "application/strategic-merge-patch+json"


async def pod_on_node(api: Api, state: dict[str, Any], names: tuple[str, ...] = ("c",)) -> None:
    node = {"metadata": {"name": "n", "annotations": {ANNOTATION: "true"}}, "status": {"addresses": [{"type": "Hostname", "address": "n"}]}}
    await api.ok("POST", "/api/v1/nodes", node)
    await api.ok("POST", PODS, {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": n, "image": "i"} for n in names]}})
    statuses = [{"name": n, "image": "i", "imageID": "", "ready": True, "restartCount": 0, "state": state} for n in names]
    await api.ok("PATCH", f"{PODS}/p/status", {"status": {"containerStatuses": statuses}}, Content_Type=STATUS)


async def test_a_running_container_has_printed_nothing(api: Api) -> None:
    await pod_on_node(api, {"running": {"startedAt": "2026-01-01T00:00:00Z"}})
    assert await api.send("GET", f"{PODS}/p/log") == (200, b"")


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 400, 'container "c" in pod "p" is waiting to start: ContainerCreating'),
        ("?container=x", 400, "container x is not valid for pod p"),
        ("?sinceTime=now", 400, 'parsing time "now" as "2006-01-02T15:04:05Z07:00"'),
        ("?stream=Stdout", 422, "stream: Forbidden: may not be specified"),
        ("?tailLines=-1", 422, "must be greater than or equal to 0"),
        ("?previous=true", 400, 'previous terminated container "c" in pod "p" not found'),
    ],
)
async def test_why_there_is_no_log(api: Api, query: str, status: int, message: str) -> None:
    await pod_on_node(api, {"waiting": {"reason": "ContainerCreating"}})
    found, answer = await api.send("GET", f"{PODS}/p/log{query}")
    assert found == status and message in answer["message"]


async def test_one_of_several_containers_must_be_named(api: Api) -> None:
    await pod_on_node(api, {"running": {}}, ("a", "b"))
    status, answer = await api.send("GET", f"{PODS}/p/log")
    assert (status, answer["message"]) == (400, "a container name must be specified for pod p, choose one of: [a b]")
