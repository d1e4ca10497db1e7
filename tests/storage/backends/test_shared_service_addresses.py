"""Several servers on one etcd give out addresses and node ports from the same pools."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import etcd_server
import pytest

from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.user import MASTERS
from kcompat.cluster import ControlPlane
from kcompat.config import Settings

pytestmark = pytest.mark.skipif(etcd_server.binary() is None, reason="no etcd binary: set KCOMPAT_ETCD or put etcd on PATH")
WRITERS, EACH = 16, 3


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[list[ControlPlane]]:
    etcd = etcd_server.EtcdServer(tmp_path / "data")
    etcd.start()
    planes = []
    for name in ("one", "two"):
        settings = Settings(
            listen="127.0.0.1:0", data_dir=str(tmp_path / name), datastore_endpoint=etcd.endpoint, service_node_port_range="30000-30063",
            disable=("controllers", "scheduler", "nodes"), disable_admission_plugins=("ServiceAccount",),
        )  # fmt: skip
        planes.append(ControlPlane(settings))
        await planes[-1].start()
    yield planes
    for plane in reversed(planes):
        await plane.stop()
    etcd.kill()


def services(plane: ControlPlane) -> Any:
    return plane.client_for("system:admin", (MASTERS,)).resource("", "v1", "services")


async def create(plane: ControlPlane, name: str, port: int) -> int:
    """The answer's code."""
    spec = {"type": "NodePort", "ports": [{"port": 80, "name": "a", "nodePort": port}, {"port": 81, "name": "b"}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": spec}
    try:
        await services(plane).create(body, "default")
    except StatusError as error:
        assert "already allocated" in error.message or "range is full" in error.message
        return error.code
    return 201


async def test_sixteen_writers_on_two_servers(servers: list[ControlPlane]) -> None:
    async def writer(number: int) -> list[int]:
        """Wants ports that a writer of the other server wants too."""
        plane = servers[number % 2]
        return [await create(plane, f"s{number}-{index}", 30000 + number // 2 * EACH + index) for index in range(EACH)]

    codes = Counter(code for result in await asyncio.gather(*map(writer, range(WRITERS))) for code in result)
    assert 0 < codes[201] <= WRITERS * EACH // 2 + WRITERS
    for plane in servers:
        stored = [item["spec"] for item in (await services(plane).list())["items"]]
        ports = [port["nodePort"] for spec in stored for port in spec["ports"] if "nodePort" in port]
        assert len(stored) == codes[201] + 1
        assert Counter(ports).most_common(1)[0][1] == 1
        assert Counter(spec["clusterIP"] for spec in stored).most_common(1)[0][1] == 1
        booked = plane.service_network.node_ports
        assert [*booked.range.taken((await booked.snapshot()).bits)] == sorted(ports)
