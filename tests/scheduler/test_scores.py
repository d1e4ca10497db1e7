"""Which of the nodes that fit is preferred. Numbers as upstream's tables in plugins/*/…_test.go compute them."""

import pytest
from builders import World, container, node, only, pod

from kcompat.scheduler.profile import ProfileSettings

pytestmark = pytest.mark.usefixtures("vectors")

MB = 1024 * 1024
FIT = only(("NodeResourcesFit", 1))
TWO = pod("p", container(cpu="1000m", memory="2000"), container(cpu="2000m", memory="3000"))


def padded(*nodes):
    """With so many more nodes that they are asked all at once."""
    return [*nodes, *(node(f"filler{i}", cpu="3", memory="5000") for i in range(30))]


@pytest.mark.parametrize("more", [lambda *nodes: nodes, padded])
def test_least_allocated(more):
    world = World(*more(node("a", "4000m", "10000"), node("b", "6000m", "10000")), settings=FIT)
    scores = world.scores(TWO)
    assert (scores["a"], scores["b"]) == (37, 50)


@pytest.mark.parametrize("more", [lambda *nodes: nodes, padded])
def test_containers_without_requests_count_as_something(more):
    world = World(*more(node("a", "4000m", "10Gi"), node("b", "4000m", "10Gi")), settings=FIT)
    world.run(pod("r", node_name="a"), pod("s", node_name="a"))
    scores = world.scores(pod("p"))
    assert scores["a"] == ((4000 - 300) * 100 // 4000 + (10240 - 600) * 100 // 10240) // 2
    assert scores["b"] == ((4000 - 100) * 100 // 4000 + (10240 - 200) * 100 // 10240) // 2


@pytest.mark.parametrize("more", [lambda *nodes: nodes, padded])
def test_most_allocated_and_ratio(more):
    nodes = more(node("a", "4000m", "10000"), node("b", "6000m", "10000"))
    args = {"NodeResourcesFit": {"scoringStrategy": {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 1}]}}}
    world = World(*nodes, settings=ProfileSettings(plugins=FIT.plugins, args=args))
    assert [world.scores(TWO)[name] for name in "ab"] == [75, 50]
    shape = [{"utilization": 0, "score": 0}, {"utilization": 100, "score": 10}]
    strategy = {"type": "RequestedToCapacityRatio", "requestedToCapacityRatio": {"shape": shape}, "resources": [{"name": "cpu"}]}
    world = World(*nodes, settings=ProfileSettings(plugins=FIT.plugins, args={"NodeResourcesFit": {"scoringStrategy": strategy}}))
    assert [world.scores(TWO)[name] for name in "ab"] == [75, 50]


def test_unknown_strategy_is_refused():
    with pytest.raises(ValueError, match="scoring strategy Fancy is not supported"):
        World(settings=ProfileSettings(plugins=FIT.plugins, args={"NodeResourcesFit": {"scoringStrategy": {"type": "Fancy"}}}))


@pytest.mark.parametrize("more", [lambda *nodes: nodes, padded])
def test_balanced_allocation(more):
    world = World(*more(node("a", "4000m", "10000"), node("b", "6000m", "10000")), settings=only(("NodeResourcesBalancedAllocation", 1)))
    scores = world.scores(TWO)
    # a: 75 % and 50 % used, b: 50 % and 50 %, from nothing
    assert (scores["a"], scores["b"]) == (50 + (50 + 87 - 100) // 2, 50 + (50 + 100 - 100) // 2)


def test_best_effort_pods_are_not_balanced():
    world = World(node("a"), node("b"), settings=only(("NodeResourcesBalancedAllocation", 1)))
    assert world.scores(pod("p")) == {"a": 0, "b": 0}


def test_soft_taints():
    soft = {"key": "k", "value": "v", "effect": "PreferNoSchedule"}
    world = World(node("a"), node("b", taints=[soft]), node("c", taints=[soft, soft | {"key": "l"}]), settings=only(("TaintToleration", 3)))
    assert world.scores(pod("p")) == {"a": 300, "b": 150, "c": 0}
    tolerant = pod("q", tolerations=[{"key": "k", "operator": "Exists"}])
    assert world.scores(tolerant) == {"a": 300, "b": 300, "c": 0}


def test_preferred_node_affinity():
    def preference(weight, key, value):
        return {"weight": weight, "preference": {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}}

    terms = [preference(2, "zone", "x"), preference(4, "disk", "ssd")]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}
    nodes = [node("a", labels={"zone": "x", "disk": "ssd"}), node("b", labels={"zone": "x"}), node("c")]
    assert World(*nodes, settings=only(("NodeAffinity", 1))).scores(pod("p", affinity=affinity)) == {"a": 100, "b": 33, "c": 0}


def test_image_locality():
    def image(name, megabytes):
        return {"names": [name], "sizeBytes": megabytes * MB}

    nodes = [node("a", images=[image("example.com/40:latest", 40)]), node("b", images=[image("example.com/250:latest", 250)])]
    world = World(*nodes, settings=only(("ImageLocality", 1)))
    wanted = pod("p", container(image="example.com/40"), container(image="example.com/250"))
    # upstream: 0 for a (half of 40 MB is below the threshold), (125 - 23) / (2000 - 23) for b
    assert world.scores(wanted) == {"a": 0, "b": 100 * (125 - 23) // (2000 - 23)}


def test_preferred_pod_affinity():
    def prefer(kind, weight, **labels):
        wish = {"labelSelector": {"matchLabels": labels}, "topologyKey": "zone"}
        return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": weight, "podAffinityTerm": wish}]}}

    nodes = [node("a", labels={"zone": "x"}), node("b", labels={"zone": "y"}), node("c")]
    world = World(*nodes, settings=only(("InterPodAffinity", 1)))
    world.run(pod("r", labels={"app": "web"}, node_name="a"), pod("s", labels={"app": "web"}, node_name="a"))
    assert world.scores(pod("p", affinity=prefer("podAffinity", 5, app="web"))) == {"a": 100, "b": 0, "c": 0}
    assert world.scores(pod("p", affinity=prefer("podAntiAffinity", 5, app="web"))) == {"a": 0, "b": 100, "c": 100}
    world.run(pod("t", node_name="b", affinity=prefer("podAffinity", 3, app="db")))
    assert world.scores(pod("q", labels={"app": "db"})) == {"a": 0, "b": 100, "c": 0}


SPREAD = only(("PodTopologySpread", 1))


def soft(key, skew=1):
    return {"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app": "web"}}}


def test_soft_spreading_over_hosts():
    # upstream: "one constraint on node, all 4 nodes are candidates": 2, 1, 0, 3 pods → 20, 60, 100, 0
    world = World(*(node(name) for name in "abcd"), settings=SPREAD)
    counts = {"a": 2, "b": 1, "c": 0, "d": 3}
    world.run(*(pod(f"{name}{i}", labels={"app": "web"}, node_name=name) for name, count in counts.items() for i in range(count)))
    wanted = pod("p", labels={"app": "web"}, topologySpreadConstraints=[soft("kubernetes.io/hostname")])
    assert world.scores(wanted) == {"a": 20, "b": 60, "c": 100, "d": 0}


def test_nodes_without_the_topology_score_nothing():
    world = World(node("a", labels={"zone": "x"}), node("b", labels={"zone": "y"}), node("c"), settings=SPREAD)
    world.run(pod("r", labels={"app": "web"}, node_name="a"))
    assert world.scores(pod("p", labels={"app": "web"}, topologySpreadConstraints=[soft("zone")])) == {"a": 0, "b": 100, "c": 0}


@pytest.mark.parametrize("zoned", [False, True])
def test_replicas_spread_by_default(zoned):
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"}
    workload = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}}
    labels = {"topology.kubernetes.io/zone": "x"} if zoned else {}
    nodes = [node(f"n{i}", labels=labels and dict.fromkeys(labels, f"z{i % 3}")) for i in range(12)]
    world = World(*nodes, replicasets=[workload])
    placed = [world.place(pod(f"p{i}", labels={"app": "web"}, owner=owner)) for i in range(24)]
    assert sorted(placed[:12]) == sorted(f"n{i}" for i in range(12))
    assert sorted(placed[12:]) == sorted(placed[:12])


def test_equals_are_chosen_by_chance():
    world = World(*(node(f"n{i}") for i in range(5)))
    asked = []
    world.profile.handle.choose = lambda n: asked.append(n) or 2
    assert world.place(pod("p")) == "n2"
    assert asked == [5]
