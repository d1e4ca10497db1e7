"""Addresses, admission, the Node object and the timers."""

import asyncio

import pytest
from builders import container, pod

from kcompat.apimachinery.clock import SystemClock
from kcompat.nodes import node_object
from kcompat.nodes.addresses import PodAddresses, node_ip, own_pod_cidr
from kcompat.nodes.admission import Occupancy, requests_of
from kcompat.nodes.settings import NodeSettings
from kcompat.nodes.timers import Timers


def test_ranges_of_many_nodes_do_not_overlap():
    assert (own_pod_cidr(0), own_pod_cidr(1), own_pod_cidr(256)) == ("10.244.0.0/24", "10.244.1.0/24", "10.245.0.0/24")
    assert len({own_pod_cidr(index) for index in range(5000)}) == 5000
    assert (node_ip(0), node_ip(300)) == ("172.18.0.2", "172.18.1.46")


def test_addresses_are_given_once_and_reused_late():
    addresses = PodAddresses("10.244.3.0/29")
    taken = [addresses.take() for _ in range(5)]
    assert taken == [f"10.244.3.{last}" for last in range(2, 7)]
    assert addresses.take() is None
    addresses.release("10.244.3.4")
    addresses.release("10.9.9.9")
    assert addresses.take() == "10.244.3.4"


def test_claimed_addresses_are_not_given():
    addresses = PodAddresses("10.244.3.0/24")
    addresses.claim("10.244.3.2")
    assert addresses.take() == "10.244.3.3"


@pytest.mark.parametrize(
    ("tree", "refusal"),
    [
        (pod("p", container("1")), None),
        (pod("p", container("3")), ("OutOfcpu", "Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 4000")),
        (pod("p", container(memory="2Gi")),
         ("OutOfmemory", "Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824")),
        (pod("p", nodeSelector={"disk": "ssd"}),
         ("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")),
    ],
)
def test_admission(tree, refusal):
    occupancy = Occupancy.of({"cpu": "4", "memory": "1Gi", "pods": "2"})
    occupancy.add({"cpu": 1500})
    assert occupancy.refusal(tree, requests_of(tree), {"disk": "hdd"}) == refusal
    occupancy.add({})
    full = occupancy.refusal(pod("q"), {}, {})
    assert full == ("OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2")


def test_node_object():
    settings = NodeSettings(labels={"zone": "a"}, taints=({"key": "k", "effect": "NoSchedule"},))
    node = node_object.node("node-0", "172.18.0.2", "10.244.0.0/24", settings, "2026-01-01T00:00:00Z")
    assert node["spec"]["podCIDRs"] == [node["spec"]["podCIDR"]] == ["10.244.0.0/24"]
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "node-0"
    assert node["metadata"]["labels"]["zone"] == "a"
    assert node["spec"]["taints"] == [{"key": "k", "effect": "NoSchedule"}]
    status = node["status"]
    assert status["nodeInfo"]["kubeletVersion"] == "v1.37.1"
    assert status["addresses"] == [{"type": "InternalIP", "address": "172.18.0.2"}, {"type": "Hostname", "address": "node-0"}]
    assert [(c["type"], c["status"], c["reason"]) for c in status["conditions"]][-1] == ("Ready", "True", "KubeletReady")


async def test_timers_fire_in_order_and_survive_failures():
    timers = Timers(SystemClock())
    fired = []
    task = asyncio.create_task(timers.run())
    done = asyncio.Event()
    timers.after(0.03, lambda: (fired.append("late"), done.set()))
    timers.after(0.01, lambda: fired.append("early"))
    timers.after(0.0, lambda: 1 / 0)
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
    assert fired == ["early", "late"]
