"""A server that dies without warning while a large Deployment rolls out."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from connections import CONNECTION_ERRORS, Api, free_port
from processes import start

REPLICAS = 1000
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
KILLS = {"created": 100, "bound": 400, "running": 700}
"""What a kill waits for: so many pods in that state, one kill each."""


class Seen:
    """The pods as a watcher sees them; goes on over restarts from the last resourceVersion."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Condition()
        self._stopping = False
        self.pods: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self._states: dict[str, set[str]] = {"created": set(), "bound": set(), "running": set()}
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        revision = "0"
        while not self._stopping:
            try:
                for event in self._api.watch(f"{PODS}?watch=true&resourceVersion={revision}"):
                    revision = event["object"]["metadata"]["resourceVersion"]
                    self._take(event["type"], event["object"])
            except CONNECTION_ERRORS:
                time.sleep(0.05)

    def _take(self, kind: str, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        reached = ["created"] + ["bound"] * ("nodeName" in pod["spec"]) + ["running"] * (pod["status"].get("phase") == "Running")
        with self._lock:
            self.pods[uid] = pod
            if kind == "DELETED":
                self.deleted.append(uid)
            for state in reached:
                self._states[state].add(uid)
            self._lock.notify_all()

    def wait(self, state: str, count: int, timeout: float = 30.0) -> None:
        with self._lock:
            assert self._lock.wait_for(lambda: len(self._states[state]) >= count, timeout), f"{len(self._states[state])} pods {state}"

    def stop(self) -> None:
        self._stopping = True


def deployment() -> dict[str, Any]:
    labels = {"app": "large"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "registry.example/i:1"}]}}
    spec = {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "large"}, "spec": spec}


def wait_until_available(api: Api, timeout: float = 30.0) -> None:
    end = time.monotonic() + timeout
    while True:
        found = api.get(f"{DEPLOYMENTS}/large").get("status", {})
        conditions = {condition["type"]: condition["status"] for condition in found.get("conditions", ())}
        if found.get("availableReplicas") == REPLICAS and conditions.get("Available") == "True":
            return
        assert time.monotonic() < end, found
        time.sleep(0.1)


@pytest.mark.slow
def test_a_large_deployment_survives_kills(tmp_path: Path) -> None:
    arguments = ("--nodes", "100", "--listen", f"127.0.0.1:{free_port()}")
    server = start(tmp_path / "cluster", *arguments)
    seen = None
    try:
        api = Api(server.kubeconfig)
        seen = Seen(api)
        assert api.request("POST", DEPLOYMENTS, deployment())[0] == 201
        for state, count in KILLS.items():
            seen.wait(state, count)
            server.kill()
            server = start(tmp_path / "cluster", *arguments)
        wait_until_available(api)
        pods = api.get(PODS)["items"]
        check(seen, pods)
    finally:
        if seen is not None:
            seen.stop()
        server.stop()


def check(seen: Seen, pods: list[dict[str, Any]]) -> None:
    assert len(pods) == REPLICAS
    assert not seen.deleted, "a pod too many was made and removed"
    assert set(seen.pods) == {pod["metadata"]["uid"] for pod in pods}, "a pod that was seen is gone"
    assert all(pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"] for pod in pods)
    assert all(pod["status"]["containerStatuses"][0]["restartCount"] == 0 for pod in pods)
    assert max(Counter(pod["status"]["podIP"] for pod in pods).values()) == 1, "two pods share an address"
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 100
