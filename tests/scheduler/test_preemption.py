"""Whom preemption chooses (plugins/defaultpreemption)."""

import pytest
from builders import World, container, node, pod

from kcompat.scheduler.diagnosis import FitError
from kcompat.scheduler.snapshot import PodInfo


def running(name, on, priority=0, cpu="1", started="2026-01-01T00:00:00Z", **more):
    tree = pod(name, container(cpu), node_name=on, priority=priority, **more)
    tree["status"] = {"phase": "Running", "startTime": started}
    return tree


def preempt(world, tree):
    """(node, victims) or the message."""
    info = PodInfo(tree)
    with pytest.raises(FitError) as raised:
        world.cycle.decide(info)
    result = world.cycle.post_filter(info, raised.value)
    if result is None or not result.nominated_node:
        return str(raised.value)
    return result.nominated_node, [victim.pod["metadata"]["name"] for victim in result.victims]


HIGH = pod("high", container("1"), priority=1000)


def test_only_as_many_as_needed_and_the_least_important():
    world = World(node("a", cpu="3")).run(running("r1", "a", 5), running("r2", "a", 1), running("r3", "a", 9))
    assert preempt(world, HIGH) == ("a", ["r2"])
    assert preempt(world, pod("high", container("2"), priority=1000)) == ("a", ["r1", "r2"])


def test_the_younger_of_equals_goes():
    world = World(node("a", cpu="2")).run(running("old", "a"), running("new", "a", started="2026-02-01T00:00:00Z"))
    assert preempt(world, HIGH) == ("a", ["new"])


def test_the_node_with_the_least_important_victims():
    world = World(node("a", cpu="1"), node("b", cpu="1"), node("c", cpu="1"))
    world.run(running("r1", "a", 50), running("r2", "b", 10), running("r3", "c", 2000))
    assert preempt(world, HIGH) == ("b", ["r2"])


def test_disruption_budgets_are_spared():
    budget = {
        "metadata": {"name": "b", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": 0},
    }
    world = World(node("a", cpu="1"), node("b", cpu="1"), poddisruptionbudgets=[budget])
    world.run(running("r1", "a", 0, labels={"app": "web"}), running("r2", "b", 50))
    assert preempt(world, HIGH) == ("b", ["r2"])


def test_no_preemption_policy():
    world = World(node("a", cpu="1")).run(running("r1", "a"))
    assert preempt(world, pod("high", container("1"), priority=1000, preemptionPolicy="Never")) == (
        "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    )


def test_waits_for_its_victims():
    victim = running("r1", "a")
    victim["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    victim["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]
    nominated = pod("high", container("1"), priority=1000)
    nominated["status"]["nominatedNodeName"] = "a"
    assert preempt(World(node("a", cpu="1")).run(victim), nominated) == (
        "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node."
    )


def test_anti_affinity_is_resolved_by_preemption():
    selector = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [selector]}}
    world = World(node("a")).run(running("r1", "a", labels={"app": "web"}), running("r2", "a"))
    assert preempt(world, pod("high", priority=1000, affinity=apart)) == ("a", ["r1"])


def test_spreading_is_resolved_by_preemption():
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}}
    world = World(node("a", labels={"zone": "x"}), node("b", cpu="0", labels={"zone": "y"}))
    world.run(running("r1", "a", labels={"app": "web"}), running("r2", "a"))
    wanted = pod("high", container("1"), priority=1000, labels={"app": "web"}, topologySpreadConstraints=[spread])
    assert preempt(world, wanted) == ("a", ["r1"])


def test_nominated_pods_keep_their_room():
    world = World(node("a", cpu="1"), node("b", cpu="1"))
    world.snapshot.nominate(PodInfo(pod("waiting", container("1"), priority=100)), "a")
    assert world.feasible(pod("p", container("1"))) == {"b"}
    assert world.feasible(pod("p", container("1"), priority=1000)) == {"a", "b"}
    assert world.feasible(pod("waiting", container("1"), priority=100)) == {"a", "b"}
    world.snapshot.nominate(PodInfo(pod("waiting")), "")
    assert world.feasible(pod("p", container("1"))) == {"a", "b"}
