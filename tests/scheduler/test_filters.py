"""What keeps a pod off a node, and how users are told: the texts are upstream's."""

import pytest
from builders import World, container, node, pod

from kcompat.scheduler.diagnosis import NoNodesAvailable
from kcompat.scheduler.snapshot import PodInfo

pytestmark = pytest.mark.usefixtures("vectors")

NO_HELP = "preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling."
NO_VICTIMS = "preemption: 0/{0} nodes are available: {0} No preemption victims found for incoming pod."
TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


def term(*expressions, fields=()):
    return {"matchExpressions": list(expressions), "matchFields": list(fields)}


def require(*terms):
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def test_no_nodes():
    with pytest.raises(NoNodesAvailable, match=r"^no nodes available to schedule pods$"):
        World().cycle.decide(PodInfo(pod("p")))


@pytest.mark.parametrize("count", [3, 40])
def test_insufficient_resources_of_empty_nodes(count):
    world = World(*(node(f"n{i}", cpu="1", memory="1Gi") for i in range(count)))
    text = world.refusal(pod("p", container(cpu="2", memory="500Mi")))
    assert text == f"0/{count} nodes are available: {count} Insufficient cpu. " + NO_HELP.format(count)


@pytest.mark.parametrize("count", [3, 40])
def test_full_nodes_without_victims(count):
    world = World(*(node(f"n{i}", cpu="1") for i in range(count)))
    world.run(*(pod(f"r{i}", container(cpu="800m"), node_name=f"n{i}") for i in range(count)))
    text = world.refusal(pod("p", container(cpu="300m")))
    assert text == f"0/{count} nodes are available: {count} Insufficient cpu. " + NO_VICTIMS.format(count)


def test_reasons_of_different_nodes_are_counted_and_sorted():
    odd = [node("c", taints=[TAINT]), node("d", unschedulable=True), node("e", pods="0")]
    world = World(node("a", cpu="1"), node("b", memory="1Gi"), *odd)
    text = world.refusal(pod("p", container(cpu="2", memory="4Gi")))
    assert text == (
        "0/5 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods, 1 node(s) had untolerated taint(s), "
        "1 node(s) were unschedulable. preemption: 0/5 nodes are available: 1 No preemption victims found for incoming pod, "
        "4 Preemption is not helpful for scheduling."
    )


def test_one_node_may_lack_several_resources():
    world = World(node("a", cpu="1", memory="1Gi", **{"example.com/gpu": "1"}))
    wanted = container(cpu="2", memory="2Gi", requests={"example.com/gpu": "2", "ephemeral-storage": "1Gi"})
    assert world.refusal(pod("p", wanted)) == (
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient ephemeral-storage, 1 Insufficient example.com/gpu, "
        "1 Insufficient memory. " + NO_HELP.format(1)
    )


@pytest.mark.parametrize(
    ("tolerations", "fits"),
    [
        ([], False),
        ([{"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"}], True),
        ([{"key": "dedicated", "value": "web", "effect": "NoSchedule"}], False),
        ([{"key": "dedicated", "operator": "Exists"}], True),
        ([{"operator": "Exists"}], True),
        ([{"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}], False),
        ([{"key": "other", "operator": "Exists"}], False),
    ],
)
@pytest.mark.parametrize("count", [1, 40])
def test_taints(tolerations, fits, count):
    world = World(*(node(f"n{i}", taints=[TAINT]) for i in range(count)))
    assert bool(world.feasible(pod("p", tolerations=tolerations))) is fits


def test_soft_taints_do_not_filter():
    assert World(node("a", taints=[TAINT | {"effect": "PreferNoSchedule"}])).place(pod("p")) == "a"


def test_cordoned_nodes_take_pods_that_tolerate_it():
    world = World(node("a", unschedulable=True))
    toleration = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}
    assert world.refusal(pod("p")) == "0/1 nodes are available: 1 node(s) were unschedulable. " + NO_HELP.format(1)
    assert world.place(pod("p", tolerations=[toleration])) == "a"


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, {"a", "b"}),
        ({"nodeSelector": {"disk": "ssd", "zone": "1"}}, {"a"}),
        ({"affinity": require(term({"key": "zone", "operator": "In", "values": ["1", "2"]}))}, {"a", "b"}),
        ({"affinity": require(term({"key": "zone", "operator": "NotIn", "values": ["1"]}))}, {"b", "c"}),
        ({"affinity": require(term({"key": "zone", "operator": "Exists"}))}, {"a", "b"}),
        ({"affinity": require(term({"key": "zone", "operator": "DoesNotExist"}))}, {"c"}),
        ({"affinity": require(term({"key": "cores", "operator": "Gt", "values": ["8"]}))}, {"b"}),
        ({"affinity": require(term({"key": "cores", "operator": "Lt", "values": ["8"]}))}, {"a"}),
        ({"affinity": require(term({"key": "zone", "operator": "In", "values": ["1"]}),
                              term({"key": "cores", "operator": "In", "values": ["16"]}))}, {"a", "b"}),
        ({"affinity": require(term(fields=[{"key": "metadata.name", "operator": "In", "values": ["b"]}]))}, {"b"}),
        ({"affinity": require(term(fields=[{"key": "metadata.name", "operator": "NotIn", "values": ["b"]}]))}, {"a", "c"}),
        ({"affinity": require(term()), }, set()),
        ({"nodeSelector": {"disk": "ssd"}, "affinity": require(term({"key": "zone", "operator": "In", "values": ["2"]}))}, {"b"}),
        ({"nodeName": "c"}, {"c"}),
    ],
)
def test_node_affinity(spec, names):
    nodes = [node("a", labels={"disk": "ssd", "zone": "1", "cores": "4"}), node("b", labels={"disk": "ssd", "zone": "2", "cores": "16"})]
    assert World(*nodes, node("c")).feasible(pod("p", **spec)) == names


def test_affinity_to_named_nodes_speaks_of_the_others_too():
    by_name = {"key": "metadata.name", "operator": "In", "values": ["a"]}
    world = World(node("a", cpu="1"), node("b"), node("c"))
    text = world.refusal(pod("p", container(cpu="2"), affinity=require(term(fields=[by_name]))))
    assert text == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. " + NO_HELP.format(3)
    )


def test_affinity_that_contradicts_itself():
    both = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in ("a", "b")]
    text = World(node("a"), node("b")).refusal(pod("p", affinity=require(term(fields=both))))
    assert text == "0/2 nodes are available: pod affinity terms conflict. not found"  # as a 1.37 scheduler says


def test_node_selector_message():
    text = World(node("a"), node("b")).refusal(pod("p", nodeSelector={"disk": "ssd"}))
    assert text == "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. " + NO_HELP.format(2)


@pytest.mark.parametrize(
    ("taken", "wanted", "fits"),
    [
        ({"hostPort": 80}, {"hostPort": 80}, False),
        ({"hostPort": 80}, {"hostPort": 81}, True),
        ({"hostPort": 80, "protocol": "UDP"}, {"hostPort": 80}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80, "hostIP": "10.0.0.2"}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80}, False),
        ({"hostPort": 80}, {"hostPort": 80, "hostIP": "10.0.0.2"}, False),
    ],
)
def test_host_ports(taken, wanted, fits):
    world = World(node("a")).run(pod("r", container(ports=[taken]), node_name="a"))
    wish = pod("p", container(ports=[wanted]))
    assert bool(world.feasible(wish)) is fits
    if not fits:
        assert world.refusal(wish).startswith("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.")


def test_ports_come_free_when_the_pod_goes():
    taken = pod("r", container(ports=[{"hostPort": 80}]), node_name="a")
    world = World(node("a")).run(taken)
    world.snapshot.remove_pod(taken["metadata"]["uid"])
    assert world.place(pod("p", container(ports=[{"hostPort": 80}]))) == "a"


SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}}
WEB = {"app": "web"}


@pytest.mark.parametrize("per_zone", [1, 20])
def test_hard_spreading(per_zone):
    nodes = [node(f"{zone}{i}", labels={"zone": zone}) for zone in "xy" for i in range(per_zone)]
    world = World(*nodes).run(pod("r", labels=WEB, node_name="x0"))
    assert {name[0] for name in world.feasible(pod("p", labels=WEB, topologySpreadConstraints=[SPREAD]))} == {"y"}
    world.run(pod("r2", labels=WEB, node_name="y0"))
    assert {name[0] for name in world.feasible(pod("p", labels=WEB, topologySpreadConstraints=[SPREAD]))} == {"x", "y"}


def test_spreading_messages():
    world = World(node("a", labels={"zone": "x"}), node("b")).run(pod("r", labels=WEB, node_name="a"))
    minimum = SPREAD | {"minDomains": 2}
    assert world.refusal(pod("p", labels=WEB, topologySpreadConstraints=[minimum])) == (
        "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod topology spread "
        "constraints (missing required label). preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, "
        "1 Preemption is not helpful for scheduling."
    )


def affine(kind, key="zone", **labels):
    wish = {"labelSelector": {"matchLabels": labels}, "topologyKey": key}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [wish]}}


def zones(*extra):
    return World(node("a", labels={"zone": "x"}), node("b", labels={"zone": "x"}), node("c", labels={"zone": "y"})).run(*extra)


def test_pod_affinity():
    world = zones(pod("r", labels=WEB, node_name="a"))
    assert world.feasible(pod("p", affinity=affine("podAffinity", **WEB))) == {"a", "b"}
    assert world.feasible(pod("p", affinity=affine("podAffinity", app="db"))) == set()
    assert world.feasible(pod("p", labels={"app": "db"}, affinity=affine("podAffinity", app="db"))) == {"a", "b", "c"}
    text = world.refusal(pod("p", affinity=affine("podAffinity", app="db")))
    assert text == "0/3 nodes are available: 3 node(s) didn't match pod affinity rules. " + NO_HELP.format(3)


def test_pod_anti_affinity():
    world = zones(pod("r", labels=WEB, node_name="a"))
    assert world.feasible(pod("p", affinity=affine("podAntiAffinity", **WEB))) == {"c"}
    world.run(pod("r2", labels=WEB, node_name="c"))
    text = world.refusal(pod("p", affinity=affine("podAntiAffinity", **WEB)))
    assert text == "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. " + NO_VICTIMS.format(3)


def test_anti_affinity_of_running_pods():
    world = zones(pod("r", node_name="a", affinity=affine("podAntiAffinity", **WEB)))
    assert world.feasible(pod("p", labels=WEB)) == {"c"}
    assert world.feasible(pod("p", labels=WEB, namespace="other")) == {"a", "b", "c"}
    world.run(pod("r2", node_name="c", affinity=affine("podAntiAffinity", **WEB)))
    text = world.refusal(pod("p", labels=WEB))
    assert text == "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules. " + NO_VICTIMS.format(3)


def test_affinity_across_namespaces():
    wish = {"labelSelector": {"matchLabels": WEB}, "topologyKey": "zone", "namespaceSelector": {"matchLabels": {"team": "a"}}}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [wish]}}
    spaces = [{"metadata": {"name": "other", "labels": {"team": "a"}}}, {"metadata": {"name": "default"}}]
    world = World(node("a", labels={"zone": "x"}), node("c", labels={"zone": "y"}), namespaces=spaces)
    world.run(pod("r", labels=WEB, namespace="other", node_name="a"), pod("s", labels=WEB, node_name="c"))
    assert world.feasible(pod("p", affinity=affinity)) == {"a"}
