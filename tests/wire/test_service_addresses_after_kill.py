"""A server that dies while Services come and go: addresses and node ports are neither given out twice nor lost."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from connections import CONNECTION_ERRORS, Api
from processes import start

from kcompat.cluster import ControlPlane
from kcompat.config import Settings
from kcompat.registry.service_repair import REPAIRS_BEFORE_CLEANUP, ports_of

SERVICES = "/api/v1/namespaces/default/services"
WRITERS, DONE = 16, 400
ALONE = ("controllers", "scheduler", "nodes")


def writer(api: Api, number: int, done: itertools.count[int], enough: threading.Event) -> None:
    """Makes Services with ports and health checks, and deletes every other, until the connection breaks."""
    connection = api.connection()
    ports = [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]
    spec = {"type": "LoadBalancer", "ports": ports, "externalTrafficPolicy": "Local"}
    with suppress(*CONNECTION_ERRORS):
        for index in itertools.count():
            name = f"s{number}-{index}"
            status, answer = api.request("POST", SERVICES, {"metadata": {"name": name}, "spec": spec}, connection)
            assert status == 201, answer
            if index % 2:
                api.request("DELETE", f"{SERVICES}/{name}", None, connection)
            if next(done) == DONE:
                enough.set()
    connection.close()


@pytest.mark.slow
async def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    server = start(tmp_path / "cluster", "--disable", ",".join(ALONE))
    done, enough = itertools.count(), threading.Event()
    api = Api(server.kubeconfig)
    threads = [threading.Thread(target=writer, args=(api, number, done, enough)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    killed = enough.wait(60)
    server.kill()
    for thread in threads:
        thread.join()
    assert killed
    control_plane = ControlPlane(Settings(data_dir=str(tmp_path / "cluster"), listen="127.0.0.1:0", disable=ALONE))
    await control_plane.start()
    try:
        await check(control_plane)
    finally:
        await control_plane.stop()


async def check(control_plane: ControlPlane) -> None:
    network = control_plane.service_network
    for _ in range(REPAIRS_BEFORE_CLEANUP):
        await network.repair.ports()
    await network.repair.ips()
    store = control_plane.stores.named("", "services")
    found = [entry.peek() for entry in (await store.fresh()).scan(store.prefix)]
    ports = [port for service in found for port in ports_of(service)]
    ips = [ip for service in found for ip in service["spec"]["clusterIPs"]]
    assert len(found) > DONE // 3
    assert Counter(ports).most_common(1)[0][1] == 1
    assert Counter(ips).most_common(1)[0][1] == 1
    assert [*network.node_ports.range.taken((await network.node_ports.snapshot()).bits)] == sorted(ports)
    addresses = control_plane.stores.named("networking.k8s.io", "ipaddresses")
    booked = {entry.peek()["metadata"]["name"] for entry in (await addresses.fresh()).scan(addresses.prefix)}
    assert set(ips) <= booked
    assert len(booked - set(ips)) <= WRITERS, "those whose Services were never written: gone a minute later"
