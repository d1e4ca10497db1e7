"""How long kubelets may keep what they read."""

from __future__ import annotations

from memory_transport import until

from kcompat.client.resources import NODES
from kcompat.controllers.ttl import ANNOTATION, step


def test_steps_overlap():
    assert [step(0, nodes) for nodes in (0, 100, 101, 501, 3000)] == [0, 0, 1, 2, 4]
    assert [step(1, nodes) for nodes in (90, 89, 500)] == [1, 0, 1]


def ttls(world):
    return [(node["metadata"].get("annotations") or {}).get(ANNOTATION) for node in world.cluster.all(NODES)]


async def test_every_node_is_told(world):
    async with world.running("ttl-controller"):
        world.cluster.put(NODES, {"metadata": {"name": "n0"}})
        await until(lambda: ttls(world) == ["0"])
        for index in range(1, 102):
            world.cluster.put(NODES, {"metadata": {"name": f"n{index}"}})
        await until(lambda: ttls(world).count("15") >= 1 and None not in ttls(world))
        for node in world.cluster.all(NODES):  # their heartbeats
            world.cluster.put(NODES, {**node, "status": {}})
        await until(lambda: set(ttls(world)) == {"15"})
