"""lightkube. Run by `runner.py` with $KUBECONFIG and $NAMESPACE."""

from __future__ import annotations

import time

from common import JSON_PATCH, NAMESPACE, config_map, deployment, expect, step
from lightkube import ApiError, Client
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod
from lightkube.types import CascadeType, PatchType

NAME = "lightkube"
client = Client(namespace=NAMESPACE, field_manager="lightkube")


def made(name: str, value: str = "one") -> ConfigMap:
    return ConfigMap.from_dict(config_map(name, value))


def creates() -> None:
    for number in range(5):
        client.create(made(f"p-{number}"))
    expect(len(list(client.list(ConfigMap, labels={"app": "p"}, chunk_size=2))) == 5, "expected five")


def updates() -> None:
    old, new = client.get(ConfigMap, "p-0"), client.get(ConfigMap, "p-0")
    new.data["key"] = "two"
    client.replace(new)
    try:
        client.replace(old)
    except ApiError as error:
        expect(error.status.code == 409, error)
    else:
        raise AssertionError("expected a conflict")


def patches() -> None:
    client.patch(ConfigMap, "p-1", JSON_PATCH, patch_type=PatchType.JSON)
    client.patch(ConfigMap, "p-1", {"data": {"merge": "1"}}, patch_type=PatchType.MERGE)
    now = client.patch(ConfigMap, "p-1", {"data": {"s": "1"}}, patch_type=PatchType.STRATEGIC)
    expect(sorted(now.data) == ["json", "key", "merge", "s"], now.data)


def applies() -> None:
    client.apply(made("applied", "1"), field_manager="one")
    try:
        client.apply(made("applied", "2"), field_manager="two")
    except ApiError as error:
        expect(error.status.code == 409, error)
    else:
        raise AssertionError("expected a conflict")
    client.apply(made("applied", "2"), field_manager="two", force=True)


def watches() -> None:
    seen = []
    events = client.watch(ConfigMap, fields={"metadata.name": "watched"}, server_timeout=20)
    client.create(made("watched"))
    for operation, _ in events:
        seen.append(operation)
        if operation == "DELETED":
            break
        client.delete(ConfigMap, "watched")
    expect(seen == ["ADDED", "DELETED"], seen)


def expires() -> None:
    """The library lists again by itself unless told to stop: it must see the error, not hang."""
    stop = client.watch(ConfigMap, resource_version="1", server_timeout=5, on_error=_halt)
    try:
        list(stop)
    except ApiError as error:
        expect(error.status.code == 410, error)


def _halt(error: ApiError, count: int) -> object:
    from lightkube.types import OnErrorAction, OnErrorResult

    expect(error.status.code == 410, error)
    return OnErrorResult(OnErrorAction.STOP)


def rolls_out() -> None:
    client.create(Deployment.from_dict(deployment(2)))
    client.wait(Deployment, "web", for_conditions=["Available"])
    client.replace(Deployment.Scale.from_dict({"metadata": {"name": "web", "namespace": NAMESPACE}, "spec": {"replicas": 3}}), "web")
    client.wait(Deployment, "web", for_conditions=["Available"])


def logs_and_eviction() -> None:
    pod = next(iter(client.list(Pod, labels={"app": "web"}))).metadata.name
    client.wait(Pod, pod, for_conditions=["Ready"])
    list(client.log(pod))
    client.create(Pod.Eviction(metadata=ObjectMeta(name=pod, namespace=NAMESPACE)), pod)
    deadline = time.monotonic() + 20
    while pod in [p.metadata.name for p in client.list(Pod)]:
        expect(time.monotonic() < deadline, "pod is still there")
        time.sleep(0.1)


def deletes() -> None:
    client.delete(Deployment, "web", cascade=CascadeType.FOREGROUND)
    client.deletecollection(ConfigMap)
    expect(not list(client.list(ConfigMap, labels={"app": "p"})), "ConfigMaps are left")


STEPS = {
    "create, list in pages": creates, "update and conflict": updates, "patches": patches, "apply and its conflict": applies, "watch": watches,
    "watch of a compacted revision": expires, "deployment to available, scale": rolls_out, "logs, evict": logs_and_eviction,
    "delete, deletecollection": deletes,
}  # fmt: skip
for name, work in STEPS.items():
    step(NAME, name, work)
