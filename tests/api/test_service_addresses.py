"""Cluster IPs and node ports: what Services get, what they are refused, and that nothing is given out twice or lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from in_process import Api

from kcompat.cluster import ControlPlane
from kcompat.config import Settings
from kcompat.registry import node_ports
from kcompat.registry.service_repair import REPAIRS_BEFORE_CLEANUP

SERVICES = "/api/v1/namespaces/default/services"
ADDRESSES, CIDRS = "/apis/networking.k8s.io/v1/ipaddresses", "/apis/networking.k8s.io/v1/servicecidrs"
OFF = {"listen": "127.0.0.1:0", "disable": ("controllers", "scheduler", "nodes"), "disable_admission_plugins": ("ServiceAccount",)}


def service(name: str, kind: str = "ClusterIP", *ports: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"type": kind, "ports": [*ports] or [{"port": 80}], **spec}}


async def allocated(control_plane: ControlPlane) -> list[int]:
    """The node ports that the stored bitmap says are taken."""
    ports = control_plane.service_network.node_ports
    return [*ports.range.taken((await ports.snapshot()).bits)]


async def held(api: Api) -> tuple[list[str], list[int]]:
    """Addresses and node ports of all Services."""
    specs = [item["spec"] for item in (await api.ok("GET", "/api/v1/services"))["items"]]
    ports = [port["nodePort"] for spec in specs for port in spec["ports"] if "nodePort" in port]
    checks = [spec["healthCheckNodePort"] for spec in specs if "healthCheckNodePort" in spec]
    return [ip for spec in specs for ip in spec.get("clusterIPs", ()) if ip != "None"], [*ports, *checks]


async def check_books(api: Api) -> None:
    """Every address and port in use is booked, once, and nothing else is."""
    ips, ports = await held(api)
    booked = {item["metadata"]["name"]: item["spec"]["parentRef"]["name"] for item in (await api.ok("GET", ADDRESSES))["items"]}
    assert sorted(booked) == sorted(ips)
    assert sorted(ports) == await allocated(api.control_plane)


async def test_an_address_has_an_object_that_names_its_service(api: Api) -> None:
    made = await api.ok("POST", SERVICES, service("a"))
    address = await api.ok("GET", f"{ADDRESSES}/{made['spec']['clusterIP']}")
    assert address["spec"] == {"parentRef": {"resource": "services", "namespace": "default", "name": "a"}}
    assert address["metadata"]["managedFields"][0]["manager"] == "kube-apiserver"
    assert int(made["spec"]["clusterIP"].split(".")[2]) >= 1, "the first 256 are for those who choose"
    await api.ok("DELETE", f"{SERVICES}/a")
    assert (await api.send("GET", f"{ADDRESSES}/{made['spec']['clusterIP']}"))[0] == 404


REFUSED = [
    (service("b", clusterIP="10.96.0.1"), 422, "failed to allocate IP 10.96.0.1: provided IP is already allocated"),
    (service("b", clusterIP="10.97.0.1"), 422, "failed to allocate IP 10.97.0.1: the provided network does not match the current range"),
    (service("b", clusterIP="10.96.255.255"), 422, "10.96.255.255: the provided network does not match the current range"),
    (service("b", "NodePort", {"port": 80, "nodePort": 30100}), 422, "provided port is already allocated"),
    (
        service("b", "NodePort", {"port": 80, "nodePort": 29999}),
        422,
        "provided port is not in the valid range. The range of valid ports is 30000-32767",
    ),
    (
        service("b", "LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=30100),
        500,
        "Internal error occurred: failed to allocate requested HealthCheck NodePort 30100: provided port is already allocated",
    ),
]


@pytest.mark.parametrize(("body", "code", "text"), REFUSED)
async def test_what_is_refused_takes_nothing(api: Api, body: dict[str, Any], code: int, text: str) -> None:
    await api.ok("POST", SERVICES, service("a", "NodePort", {"port": 80, "nodePort": 30100}))
    status, answer = await api.send("POST", SERVICES, body)
    assert status == code
    assert text in answer["message"]
    await check_books(api)


async def test_dry_runs_take_nothing_and_answer_as_upstream(api: Api) -> None:
    made = await api.ok("POST", f"{SERVICES}?dryRun=All", service("a", "NodePort", {"port": 80, "name": "x"}, {"port": 81, "name": "y"}))
    assert made["spec"]["clusterIP"] == "10.96.0.0"
    assert [port["nodePort"] for port in made["spec"]["ports"]] == [32769, 32770]
    await check_books(api)
    _, answer = await api.send("POST", f"{SERVICES}?dryRun=All", service("a", clusterIP="10.97.0.1"))
    assert "the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16" in answer["message"]


async def test_updates_take_and_give_back(api: Api) -> None:
    made = await api.ok("POST", SERVICES, service("a", "LoadBalancer", {"port": 80, "nodePort": 30200}, externalTrafficPolicy="Local"))
    assert made["spec"]["healthCheckNodePort"] in await allocated(api.control_plane)
    await check_books(api)
    merge = {"Content_Type": "application/merge-patch+json"}
    await api.ok("PATCH", f"{SERVICES}/a", {"spec": {"ports": [{"port": 80, "nodePort": 30201}]}}, **merge)
    assert 30200 not in await allocated(api.control_plane)
    plain = {"type": "ClusterIP", "ports": [{"port": 80, "nodePort": None}], "externalTrafficPolicy": None, "healthCheckNodePort": None}
    await api.ok("PATCH", f"{SERVICES}/a", {"spec": {**plain, "allocateLoadBalancerNodePorts": None}}, **merge)
    assert await allocated(api.control_plane) == []
    await api.ok("PATCH", f"{SERVICES}/a", {"spec": {"type": "ExternalName", "externalName": "x.y", "clusterIP": "", "clusterIPs": None}}, **merge)
    await check_books(api)


async def test_networks_come_and_go_with_service_cidrs(api: Api) -> None:
    cidr = {"metadata": {"name": "more"}, "spec": {"cidrs": ["10.200.0.0/29"]}}
    await api.ok("POST", CIDRS, cidr)
    await api.ok("POST", SERVICES, service("a", clusterIP="10.200.0.3"))
    body = {**cidr, "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "X", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}
    await api.ok("PATCH", f"{CIDRS}/more/status", body, Content_Type="application/merge-patch+json")
    status, answer = await api.send("POST", SERVICES, service("b", clusterIP="10.200.0.4"))
    assert (status, "does not match the current range" in answer["message"]) == (422, True)
    await check_books(api)


async def writer(api: Api, number: int, names: Sequence[str]) -> None:
    """Makes Services, changes some, deletes some; many want the same ports."""
    for name in names:
        ports = [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]
        status, _ = await api.send("POST", SERVICES, service(name, "LoadBalancer", *ports, externalTrafficPolicy="Local"))
        assert status == 201
        await api.send("POST", SERVICES, service(f"{name}-want", "NodePort", {"port": 80, "nodePort": 30300 + number % 4}))
        if number % 2:
            await api.ok("DELETE", f"{SERVICES}/{name}")


async def test_sixteen_writers(api: Api) -> None:
    await asyncio.gather(*(writer(api, number, [f"s{number}-{i}" for i in range(4)]) for number in range(16)))
    ips, ports = await held(api)
    assert Counter(ips).most_common(1)[0][1] == 1
    assert Counter(ports).most_common(1)[0][1] == 1
    assert {30300, 30301, 30302, 30303} <= set(ports)
    await check_books(api)


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Api]:
    """A cluster with fourteen addresses and ten ports."""
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('admin-token,admin,admin-uid,"system:masters"\n')
    settings = Settings(
        token_auth_file=str(tokens), data_dir=str(tmp_path), datastore_endpoint="memory://", service_cluster_ip_range="10.96.0.0/28",
        service_node_port_range="30000-30009", **OFF,  # type: ignore[arg-type]
    )  # fmt: skip
    control_plane = ControlPlane(settings)
    await control_plane.start()
    yield Api(control_plane)
    await control_plane.stop()


async def test_everything_is_given_out_and_then_there_is_no_more(small: Api) -> None:
    for number in range(10):
        await small.ok("POST", SERVICES, service(f"n{number}", "NodePort"))
    status, answer = await small.send("POST", SERVICES, service("n", "NodePort"))
    assert (status, answer["message"]) == (500, "Internal error occurred: failed to allocate a nodePort: range is full")
    for number in range(3):
        await small.ok("POST", SERVICES, service(f"c{number}"))
    status, answer = await small.send("POST", SERVICES, service("c"))
    assert (status, answer["message"]) == (500, 'Internal error occurred: failed to allocate a serviceIP for Service "c": range is full')
    await check_books(small)


async def test_repair_of_what_a_crash_or_a_hand_left(api: Api) -> None:
    repair, ports = api.control_plane.service_network.repair, api.control_plane.service_network.node_ports
    made = await api.ok("POST", SERVICES, service("a", "NodePort", {"port": 80, "nodePort": 30400}))
    await ports.release([30400])
    await ports.claim([30500])
    await api.ok("DELETE", f"{ADDRESSES}/{made['spec']['clusterIP']}")
    orphan = {"metadata": {"name": "10.96.9.9", "labels": {"ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}}}
    await api.ok("POST", ADDRESSES, {**orphan, "spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "never"}}})
    for _ in range(REPAIRS_BEFORE_CLEANUP):
        assert 30500 in await allocated(api.control_plane), "its Service may be about to be written"
        await repair.ports()
    assert 0 < await repair.ips() <= 60
    assert (await api.send("GET", f"{ADDRESSES}/10.96.9.9"))[0] == 200, "its Service may be about to be written"
    repair._clock = _Later(repair._clock, timedelta(seconds=61))  # type: ignore[assignment]
    await repair.ips()
    await check_books(api)
    events = await reasons(api, 4)
    assert events == {"PortNotAllocated", "ClusterIPNotAllocated", "IPAddressNotAllocated"}


async def reasons(api: Api, tries: int) -> set[str]:
    """Reasons of the repairs' Events, once they are written."""
    for recorder in api.control_plane.service_network._recorders.values():
        await recorder.flush()
    return {item["reason"] for item in (await api.ok("GET", "/apis/events.k8s.io/v1/events"))["items"]}


class _Later:
    def __init__(self, clock: Any, by: timedelta) -> None:
        self._clock, self._by = clock, by

    def now(self) -> Any:
        return self._clock.now() + self._by


def test_a_bitmap_of_a_kube_apiserver_is_read() -> None:
    from kcompat.apimachinery import protobuf
    from kcompat.apimachinery.schema import decode

    ours = node_ports.encode("30000-32767", 1 << 100 | 1)
    import json

    tree = decode(json.loads(ours), "", "v1", "RangeAllocation").tree
    theirs = node_ports.decode(protobuf.encode(tree, "v1", "RangeAllocation"), 7)
    assert theirs == node_ports.Snapshot("30000-32767", 1 << 100 | 1, 7) == node_ports.decode(ours, 7)


async def test_dual_stack(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('admin-token,admin,admin-uid,"system:masters"\n')
    base = Settings(token_auth_file=str(tokens), data_dir=str(tmp_path), datastore_endpoint="memory://", **OFF)  # type: ignore[arg-type]
    control_plane = ControlPlane(replace(base, service_cluster_ip_range="10.96.0.0/16,fd00::/108"))
    await control_plane.start()
    try:
        api = Api(control_plane)
        made = await api.ok("POST", SERVICES, service("a", ipFamilyPolicy="RequireDualStack"))
        first, second = map(ip_address, made["spec"]["clusterIPs"])
        assert first in ip_network("10.96.0.0/16")
        assert second in ip_network("fd00::/108")
        await check_books(api)
        await api.ok("PATCH", f"{SERVICES}/a", {"spec": {"ipFamilyPolicy": "SingleStack"}}, Content_Type="application/merge-patch+json")
        await check_books(api)
    finally:
        await control_plane.stop()
