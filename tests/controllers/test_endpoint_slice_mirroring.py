"""Endpoints that people write are mirrored into slices."""

from __future__ import annotations

from memory_transport import until

from kcompat.client.resources import ENDPOINT_SLICES, ENDPOINTS, EVENTS, SERVICES
from kcompat.controllers.endpoint_slice_mirroring import MAX_ADDRESSES, decide, says, slice_of, wanted

MIRRORING = "endpointslice-mirroring-controller"
PORTS = [{"name": "http", "port": 80, "protocol": "TCP"}]


def endpoints(*subsets, **metadata):
    return {"metadata": {"name": "db", "namespace": "shop", "uid": "e", **metadata}, "subsets": list(subsets)}


def subset(*addresses, ports=PORTS, kind="addresses"):
    return {kind: [{"ip": ip} for ip in addresses], "ports": ports}


def test_one_slice_for_each_address_type_and_ports():
    other = [{"port": 81}]
    found = wanted(endpoints(subset("10.0.0.1", "fd00::1"), subset("10.0.0.2", kind="notReadyAddresses"), subset("10.0.0.3", ports=other), subset("x")))
    shown = {(kind, ports[0]["port"]): len(found.endpoints[kind, key]) for (kind, key), ports in found.ports.items()}
    assert shown == {("IPv4", 80): 2, ("IPv6", 80): 1, ("IPv4", 81): 1}
    assert (found.invalid, found.skipped) == (1, 0)
    many = wanted(endpoints(subset(*(f"10.0.{n // 250}.{n % 250}" for n in range(MAX_ADDRESSES + 5)))))
    assert many.skipped == 5


def test_slices_are_used_again():
    tree = endpoints(subset("10.0.0.1"), labels={"a": "b"}, annotations={"x": "y", "kubectl.kubernetes.io/last-applied-configuration": "z"})
    found = wanted(tree)
    (key,) = found.endpoints
    made = slice_of(tree, key, found, "db-1")
    assert made["metadata"]["annotations"] == {"x": "y"} and says(made, made)
    assert decide(tree, [made], found) == decide(tree, [made], found).__class__()
    changed = endpoints(subset("10.0.0.1", ports=[{"port": 82}]))
    plan = decide(changed, [made], wanted(changed))
    assert [item["metadata"]["name"] for item in plan.update] == ["db-1"] and not plan.create and not plan.delete


def slices(world):
    return [(item["endpoints"][0]["addresses"], item["endpoints"][0]["conditions"]) for item in world.cluster.all(ENDPOINT_SLICES)]


async def test_follows_endpoints_and_service(world):
    world.cluster.put(SERVICES, {"metadata": {"name": "db", "namespace": "shop"}, "spec": {"ports": PORTS}})
    async with world.running(MIRRORING):
        client = world.client().of(ENDPOINTS)
        await client.create(endpoints(subset("10.0.0.1")))
        await until(lambda: slices(world) == [(["10.0.0.1"], {"ready": True})])
        await client.patch("db", {"subsets": [subset("10.0.0.2", "bad", kind="notReadyAddresses")]}, "shop")
        await until(lambda: slices(world) == [(["10.0.0.2"], {"ready": False})])
        await until(lambda: [item["reason"] for item in world.cluster.all(EVENTS)] == ["InvalidIPAddress"])
        await world.client().of(SERVICES).patch("db", {"spec": {"selector": {"app": "db"}}}, "shop")
        await until(lambda: not slices(world))
        await world.client().of(SERVICES).patch("db", {"spec": {"selector": None}}, "shop")
        await until(lambda: len(slices(world)) == 1)
        await client.delete("db", "shop")
        await until(lambda: not slices(world))


async def test_some_are_not_mirrored(world):
    world.cluster.put(SERVICES, {"metadata": {"name": "db", "namespace": "shop"}, "spec": {"ports": PORTS}})
    async with world.running(MIRRORING) as manager:
        await world.client().of(ENDPOINTS).create(endpoints(subset("10.0.0.1"), labels={"endpointslice.kubernetes.io/skip-mirror": "true"}))
        await until(lambda: manager.idle)
        assert not slices(world)
