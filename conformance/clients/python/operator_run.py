"""An operator on kopf: a Deployment for every ConfigMap labelled `operator`, with a finalizer, a timer and an index. Run by `runner.py`.

Peering is off and the kinds are built in, for it needs no custom resources then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import kopf
from common import NAMESPACE, config_map, deployment, expect, step
from kubernetes import client, config

NAME = "kopf"
config.load_kube_config()
core, apps = client.CoreV1Api(), client.AppsV1Api()
WANTED = {"operator": "yes"}
ticks: list[str] = []
stopping = threading.Event()
ready = threading.Event()


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.peering.standalone = True
    settings.posting.enabled = True
    settings.persistence.finalizer = "example.com/kopf"


@kopf.on.create("configmaps", labels=WANTED)
def create(namespace: str, body: kopf.Body, **_: Any) -> dict[str, str]:
    child = deployment(int(body["data"]["replicas"]))
    child["metadata"]["name"] = body["metadata"]["name"]
    kopf.adopt(child)
    apps.create_namespaced_deployment(namespace, child)
    kopf.info(body, reason="Made", message="made a deployment")
    return {"made": "yes"}


@kopf.on.field("configmaps", field="data.replicas", labels=WANTED)
def resize(old: str | None, new: str | None, name: str, namespace: str, **_: Any) -> None:
    if old is not None and new is not None:
        apps.patch_namespaced_deployment_scale(name, namespace, {"spec": {"replicas": int(new)}})


@kopf.on.delete("configmaps", labels=WANTED)
def delete(**_: Any) -> None:
    ticks.append("deleted")


@kopf.timer("configmaps", interval=0.5, labels=WANTED)
def tick(**_: Any) -> None:
    ticks.append("tick")


@kopf.index("configmaps", labels=WANTED)
def operated(name: str, **_: Any) -> dict[str, str]:
    return {name: "yes"}


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        expect(time.monotonic() < deadline, "did not come true")
        time.sleep(0.1)


def run() -> None:
    kopf.run(namespace=NAMESPACE, standalone=True, ready_flag=ready, stop_flag=stopping)


def starts() -> None:
    thread.start()
    expect(ready.wait(30), "the operator is not ready")


def reconciles() -> None:
    body = config_map("operated")
    body["metadata"]["labels"], body["data"] = WANTED, {"replicas": "2"}
    core.create_namespaced_config_map(NAMESPACE, body)
    until(lambda: [d.status.ready_replicas for d in apps.list_namespaced_deployment(NAMESPACE).items] == [2])
    until(lambda: "example.com/kopf" in (core.read_namespaced_config_map("operated", NAMESPACE).metadata.finalizers or []))


def records() -> None:
    until(lambda: "Made" in [event.reason for event in core.list_namespaced_event(NAMESPACE).items])


def resizes() -> None:
    core.patch_namespaced_config_map("operated", NAMESPACE, {"data": {"replicas": "3"}})
    until(lambda: apps.read_namespaced_deployment("operated", NAMESPACE).status.ready_replicas == 3)


def deletes() -> None:
    until(lambda: "tick" in ticks)
    core.delete_namespaced_config_map("operated", NAMESPACE)
    until(lambda: "deleted" in ticks)
    until(lambda: not apps.list_namespaced_deployment(NAMESPACE).items)


def stops() -> None:
    stopping.set()
    thread.join(20)
    expect(not thread.is_alive(), "the operator does not stop")


thread = threading.Thread(target=run, daemon=True)
for name, work in {
    "starts": starts, "reconciles into running pods, with a finalizer": reconciles, "records events": records, "change of a field": resizes,
    "timer, deletion, collection": deletes, "stops": stops,
}.items():  # fmt: skip
    step(NAME, name, work)
