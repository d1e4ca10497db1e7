"""Verdicts kept from pod to pod are the verdicts that would be found anew; nodes are never given more than they have."""

from builders import World, container, node, pod
from hypothesis import given, settings
from hypothesis import strategies as st

from kcompat.scheduler.diagnosis import FitError
from kcompat.scheduler.evaluation import Evaluation
from kcompat.scheduler.snapshot import PodInfo

TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}
sizes = st.sampled_from(["100m", "250m", "1", "1500m"])
steps = st.one_of(
    st.tuples(st.just("pod"), st.integers(0, 3), sizes),
    st.tuples(st.just("spread"), st.integers(0, 3), sizes),
    st.tuples(st.just("apart"), st.integers(0, 3), sizes),
    st.tuples(st.just("delete"), st.integers(0, 30), sizes),
    st.tuples(st.just("cordon"), st.integers(0, 5), sizes),
    st.tuples(st.just("taint"), st.integers(0, 5), sizes),
    st.tuples(st.just("add node"), st.integers(0, 60), sizes),
    st.tuples(st.just("remove node"), st.integers(0, 60), sizes),
)


def wanted(number, kind, group, size):
    labels = {"app": f"app{group}"}
    spec = {}
    selector = {"labelSelector": {"matchLabels": labels}, "topologyKey": "zone"}
    if kind == "spread":
        spec["topologySpreadConstraints"] = [{"maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule", **selector}]
    if kind == "apart":
        here = selector | {"topologyKey": "kubernetes.io/hostname"}
        spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [here]}}
    return pod(f"p{number}", container(size, "64Mi"), labels=labels, **spec)


def build(index):
    return node(f"n{index}", cpu="2", memory="1Gi", pods="6", labels={"zone": f"z{index % 3}"})


def check(world, tree):
    """The kept evaluation and a fresh one agree."""
    info = PodInfo(tree)
    kept = world.cycle.evaluate(info)
    fresh = Evaluation(world.profile, info, world.snapshot)
    assert list(kept.feasible()) == list(fresh.feasible())
    assert kept.scores() == fresh.scores()
    assert str(FitError(len(world.snapshot), kept.diagnosis())) == str(FitError(len(world.snapshot), fresh.diagnosis()))


def never_too_much(world):
    for info in world.snapshot:
        assert len(info.pods) <= info.allowed_pods
        for name in ("cpu", "memory"):
            assert info.requested.get(name, 0) <= info.allocatable[name]
            assert info.requested.get(name, 0) == sum(p.requests.get(name, 0) for p in info.pods.values())


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=40), st.sampled_from([4, 25]))
def test_reuse_is_invisible_and_nothing_is_overcommitted(script, count):
    world = World(*(build(index) for index in range(count)))
    trees = {info.name: info.node for info in world.snapshot}
    placed = []
    for number, (action, argument, size) in enumerate(script):
        if action in ("pod", "spread", "apart"):
            tree = wanted(number, action, argument, size)
            if len(world.snapshot):
                check(world, tree)
                if world.feasible(tree):
                    world.place(tree)
                    placed.append(tree["metadata"]["uid"])
        elif action == "delete" and placed:
            world.snapshot.remove_pod(placed.pop(argument % len(placed)))
        elif action in ("cordon", "taint"):
            name = f"n{argument}"
            if name in trees:
                change = {"unschedulable": True} if action == "cordon" else {"taints": [TAINT]}
                trees[name] = {**trees[name], "spec": {**trees[name]["spec"], **change}}
                world.snapshot.set_node(trees[name])
        elif action == "add node":
            trees[f"n{argument}"] = build(argument)
            world.snapshot.set_node(trees[f"n{argument}"])
        elif action == "remove node":
            trees.pop(f"n{argument}", None)
            world.snapshot.remove_node(f"n{argument}")
        never_too_much(world)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(sizes, st.integers(0, 40)), max_size=60), sizes)
def test_all_at_once_agrees_with_one_by_one(running, size):
    world = World(*(build(index) for index in range(41)))
    for number, (taken, index) in enumerate(running):
        world.run(pod(f"r{number}", container(taken, "64Mi"), node_name=f"n{index}"))
    tree = pod("p", container(size, "64Mi"))
    evaluation = Evaluation(world.profile, PodInfo(tree), world.snapshot)
    scores = evaluation.scores()
    for plugin in world.profile.filter:
        if hasattr(plugin, "filter_all") and plugin.name not in evaluation.filters.skipped:
            at_once = plugin.filter_all(evaluation.state, tree, world.snapshot)
            singly = {info.row: plugin.filter(evaluation.state, tree, info) for info in world.snapshot}
            assert dict(at_once) == {row: status for row, status in singly.items() if status is not None}
    for plugin in world.profile.score:
        if scores and hasattr(plugin, "score_all") and plugin.name != "PodTopologySpread":
            at_once = [int(score) for score in plugin.score_all(evaluation.state, tree, world.snapshot)]
            assert at_once == [plugin.score(evaluation.state, tree, info) for info in world.snapshot]
