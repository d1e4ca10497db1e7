"""The manager: which controllers run, as whom, and what happens when they fail."""

from __future__ import annotations

import asyncio

import pytest
from memory_transport import MemoryCluster, until

from kcompat.apimachinery import errors, meta
from kcompat.client.client import Client
from kcompat.client.resources import CONFIG_MAPS
from kcompat.controllers import manager as manager_module
from kcompat.controllers.controller import Context, ControllerSpec, Requeue, Settings
from kcompat.controllers.manager import Manager, chosen, discover


def test_controllers_are_found_under_upstreams_names():
    found = discover()
    assert {
        "deployment-controller", "replicaset-controller", "replicationcontroller-controller", "garbage-collector-controller",
        "namespace-controller", "serviceaccount-controller", "root-ca-certificate-publisher-controller",
    } <= set(found)  # fmt: skip
    assert found["garbage-collector-controller"].account == "generic-garbage-collector"
    assert found["deployment-controller"].component == "deployment-controller"


def test_disabling():
    specs = discover().values()
    assert "namespace-controller" not in [spec.name for spec in chosen(specs, ["*", "-namespace-controller"])]
    assert [spec.name for spec in chosen(specs, ["namespace-controller"])] == ["namespace-controller"]
    with pytest.raises(ValueError, match="unknown controllers: nonsense"):
        chosen(specs, ["*", "-nonsense"])


class Probe:
    """A controller that does what the test says."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.seen: list[str] = []
        self.results: list[object] = []
        self.runs = 0
        context.watch(CONFIG_MAPS, context.enqueue)
        Probe.last = self

    async def reconcile(self, key: str) -> float | None:
        self.seen.append(key)
        result = self.results.pop(0) if self.results else None
        if isinstance(result, Exception):
            raise result
        return result

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("first time")


@pytest.fixture
async def probed(monkeypatch):
    monkeypatch.setattr(manager_module, "RESTART_SECONDS", 0.01)
    cluster, users = MemoryCluster(), []

    def client_for(user: str) -> Client:
        users.append(user)
        return Client(cluster.transport())

    spec = ControllerSpec("probe-controller", Probe, 2, "probe", "probe")
    manager = Manager(client_for, specs=[spec], settings=Settings(workers={"probe-controller": 1}))
    await manager.start()
    await manager.wait_synced()
    yield cluster, users, Probe.last
    await manager.stop()


async def test_each_controller_acts_as_itself(probed):
    _, users, _ = probed
    assert users == ["system:kube-controller-manager", "system:serviceaccount:kube-system:probe"]


async def test_failures_are_tried_again_and_delays_kept(probed):
    cluster, _, probe = probed
    probe.results = [errors.conflict("", "configmaps", "a", "x"), ValueError("bug"), Requeue(), 0.01, None]
    cluster.put(CONFIG_MAPS, {"metadata": {"name": "a", "namespace": "shop"}})
    await until(lambda: probe.seen == ["shop/a"] * 5)
    assert probe.context.queue.num_requeues("shop/a") == 0


async def test_background_work_is_started_again(probed, caplog):
    _, _, probe = probed
    await until(lambda: probe.runs == 2)
    told = [record.message for record in (*caplog.get_records("setup"), *caplog.records)]
    assert "probe-controller failed, starting it again" in told


async def test_changes_reach_the_queue(probed):
    cluster, _, probe = probed
    for name in ("a", "b"):
        cluster.put(CONFIG_MAPS, {"metadata": {"name": name, "namespace": "shop"}})
    await until(lambda: set(probe.seen) == {"shop/a", "shop/b"})
    probe.seen.clear()
    cluster.drop(CONFIG_MAPS, "shop", "a")
    await until(lambda: probe.seen == ["shop/a"])


async def test_stopping_ends_every_task():
    cluster = MemoryCluster()
    before = asyncio.all_tasks()
    cluster.discovery = {"/api": {"versions": []}, "/apis": {"groups": []}}
    manager = Manager(lambda user: Client(cluster.transport()))
    await manager.start()
    await manager.wait_synced()
    await manager.stop()
    assert asyncio.all_tasks() == before


def test_queue_keys_are_those_of_upstream():
    assert meta.key({"metadata": {"name": "n"}}) == "n"
    assert meta.key({"metadata": {"name": "n", "namespace": "s"}}) == "s/n"
