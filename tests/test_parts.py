"""Controllers, scheduler and nodes as processes of their own act under upstream's identities, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kcompat.auth.kubeconfig import Kubeconfig
from kcompat.client.client import Client
from kcompat.client.resources import DEPLOYMENTS, EVENTS, NODES, PODS, REPLICA_SETS
from kcompat.cluster import ControlPlane
from kcompat.config import Settings
from kcompat.parts import start_part


class Server:
    """A control plane without parts, its users' kubeconfigs, and who asked for what."""

    def __init__(self, plane: ControlPlane, directory: Path) -> None:
        self.plane, self._directory = plane, directory
        self.client: Client = plane.client_for("admin", ("system:masters",))
        self.asked: set[tuple[str, str]] = set()
        handler = plane.listener._handler

        async def noted(request: Any) -> Any:
            answer = await handler(request)
            self.asked.add((request.user.name, request.headers["User-Agent"].partition("/")[0]))
            return answer

        plane.listener._handler = noted  # type: ignore[method-assign]

    def kubeconfig(self, user: str, *groups: str) -> str:
        path = self._directory / f"{user.replace(':', '-')}.kubeconfig"
        pair = self.plane.pki.client(user, groups)
        Kubeconfig("test", self.plane.url, self.plane.pki.ca.certificate_pem, user, pair).write(path, 0o600)
        return str(path)

    async def finds(self, look: Callable[[], Any]) -> Any:
        async with asyncio.timeout(20):
            while not (found := await look()):  # noqa: ASYNC110 -- the condition is anything
                await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    parts = ("controllers", "scheduler", "nodes")
    plane = ControlPlane(Settings(listen="127.0.0.1:0", data_dir=str(tmp_path), datastore_endpoint="memory://", disable=parts))
    await plane.start()
    try:
        yield Server(plane, tmp_path)
    finally:
        await plane.stop()


def deployment() -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"metadata": {"name": "web", "namespace": "default"}, "spec": spec}


def managers(tree: Any) -> set[tuple[str, str]]:
    return {(entry["manager"], entry.get("subresource", "")) for entry in tree["metadata"]["managedFields"]}


async def test_parts_act_as_upstreams(server: Server) -> None:
    """The controller manager's own role lets it make tokens, not replica sets: what is made, its controllers made."""
    stops = [
        await start_part(
            "controllers", server.kubeconfig("system:kube-controller-manager"), Settings(use_service_account_credentials=True)
        ),
        await start_part("scheduler", server.kubeconfig("system:kube-scheduler"), Settings()),
        await start_part("nodes", str(server.plane.settings.kubeconfig), Settings(nodes=1)),
    ]
    try:
        await server.client.of(DEPLOYMENTS).create(deployment())

        async def running() -> Any:
            pods = (await server.client.of(PODS).list("default"))["items"]
            return [pod for pod in pods if pod["status"].get("phase") == "Running"]

        (pod,) = await server.finds(running)
        assert managers(pod) == {("kube-controller-manager", ""), ("kubelet", "status")}
        (replica_set,) = (await server.client.of(REPLICA_SETS).list("default"))["items"]
        assert managers(replica_set) == {("kube-controller-manager", ""), ("kube-controller-manager", "status")}
        (node,) = (await server.client.of(NODES).list())["items"]
        assert managers(node) <= {("kubelet", ""), ("kubelet", "status"), ("kube-controller-manager", "")}

        async def told() -> Any:
            events = (await server.client.of(EVENTS).list("default"))["items"]
            sources = {(event["reason"], event.get("reportingComponent")) for event in events}
            return sources if {"ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "Started"} <= {reason for reason, _ in sources} else None

        sources = await server.finds(told)
        assert {
            ("ScalingReplicaSet", "deployment-controller"),
            ("SuccessfulCreate", "replicaset-controller"),
            ("Scheduled", "default-scheduler"),
            ("Started", "kubelet"),
        } <= sources
    finally:
        for stop in stops:
            await stop()
    account = "system:serviceaccount:kube-system:"
    assert {
        (account + "deployment-controller", "kube-controller-manager"),
        (account + "replicaset-controller", "kube-controller-manager"),
        ("system:kube-controller-manager", "kube-controller-manager"),
        ("system:kube-scheduler", "kube-scheduler"),
        ("system:node:node-0", "kubelet"),
    } <= server.asked


async def test_without_credentials_of_their_own_controllers_share_the_kubeconfigs(server: Server) -> None:
    wanted = Settings(controllers=("replicaset-controller", "serviceaccount-controller"))
    stop = await start_part("controllers", str(server.plane.settings.kubeconfig), wanted)
    try:
        tree = deployment()
        await server.client.of(REPLICA_SETS).create({**tree, "kind": "ReplicaSet"})

        async def made() -> Any:
            return (await server.client.of(PODS).list("default"))["items"]

        (pod,) = await server.finds(made)
        assert managers(pod) == {("kube-controller-manager", "")}
    finally:
        await stop()
    assert server.asked == {("kubernetes-admin", "kube-controller-manager")}
