"""Plugins that complete pods and nodes; the texts were recorded from a kube-apiserver 1.37."""

from __future__ import annotations

from typing import Any

import pytest
from memory_reader import MemoryReader, obj
from requests_for import pod, refused, run, writing

from kcompat.admission.interface import Services
from kcompat.admission.plugins.always_deny import AlwaysDeny
from kcompat.admission.plugins.always_pull_images import AlwaysPullImages
from kcompat.admission.plugins.default_toleration_seconds import DefaultTolerationSeconds
from kcompat.admission.plugins.priority import Priority
from kcompat.admission.plugins.runtime_class import RuntimeClass, merged
from kcompat.admission.plugins.taint_nodes_by_condition import TaintNodesByCondition

Tree = dict[str, Any]


def tolerates(key: str, effect: str = "NoExecute", **more: Any) -> Tree:
    return {"key": key, "operator": "Exists", "effect": effect, **more}


NOT_READY = tolerates("node.kubernetes.io/not-ready", tolerationSeconds=300)
UNREACHABLE = tolerates("node.kubernetes.io/unreachable", tolerationSeconds=300)


@pytest.mark.parametrize(
    ("given", "added"),
    [
        ([], [NOT_READY, UNREACHABLE]),
        ([{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}], [UNREACHABLE]),
        ([tolerates("node.kubernetes.io/unreachable", "NoSchedule")], [NOT_READY, UNREACHABLE]),
        ([{"operator": "Exists"}], []),
        ([{"operator": "Exists", "effect": "NoSchedule"}], [NOT_READY, UNREACHABLE]),
    ],
)
async def test_default_tolerations(services: Services, given: list[Tree], added: list[Tree]) -> None:
    tree = await run(DefaultTolerationSeconds(services), writing("pods", pod({"tolerations": given})))
    assert tree["spec"]["tolerations"] == given + added


async def test_flags_set_the_seconds(reader: MemoryReader, services: Services) -> None:
    settings = {"default_not_ready_toleration_seconds": 1, "default_unreachable_toleration_seconds": 2}
    changed = Services(reader, services.clock, services.identity, services.authorize, settings)
    tree = await run(DefaultTolerationSeconds(changed), writing("pods", pod()))
    assert [toleration["tolerationSeconds"] for toleration in tree["spec"]["tolerations"]] == [1, 2]


async def test_new_nodes_are_tainted_once(services: Services) -> None:
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    for given in ({}, {"spec": {}}, {"spec": {"taints": [taint]}}):
        assert (await run(TaintNodesByCondition(services), writing("nodes", given)))["spec"]["taints"] == [taint]


@pytest.fixture
def priority(services: Services, reader: MemoryReader) -> Priority:
    classes = {"high": {"value": 1000, "preemptionPolicy": "Never"}, "low": {"value": 1, "preemptionPolicy": "PreemptLowerPriority"}}
    for name, content in classes.items():
        reader.put("scheduling.k8s.io", "priorityclasses", obj(name, **content))
    return Priority(services)


async def test_priority_comes_from_the_class(priority: Priority) -> None:
    spec = (await run(priority, writing("pods", pod({"priorityClassName": "high"}))))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"], spec["priorityClassName"]) == (1000, "Never", "high")
    spec = (await run(priority, writing("pods", pod())))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")
    assert "priorityClassName" not in spec


async def test_priority_comes_from_the_lowest_global_default(priority: Priority, reader: MemoryReader) -> None:
    for name, value in (("b", 7), ("a", 9)):
        reader.put("scheduling.k8s.io", "priorityclasses", obj(name, value=value, globalDefault=True))
    spec = (await run(priority, writing("pods", pod())))["spec"]
    assert (spec["priority"], spec["priorityClassName"]) == (7, "b")


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"priorityClassName": "nope"}, "no PriorityClass with name nope was found"),
        (
            {"priority": 5},
            "the integer value of priority (5) must not be provided in pod spec; "
            "priority admission controller computed 0 from the given PriorityClass name",
        ),
        (
            {"preemptionPolicy": "Never"},
            "the string value of PreemptionPolicy (Never) must not be provided in pod spec; "
            "priority admission controller computed PreemptLowerPriority from the given PriorityClass name",
        ),
        ({"priorityClassName": "high", "priority": 1000, "preemptionPolicy": "Never"}, ""),
    ],
)
async def test_a_pod_cannot_choose_its_number(priority: Priority, spec: Tree, problem: str) -> None:
    assert await refused(priority, writing("pods", pod(spec))) == (f'pods "p" is forbidden: {problem}' if problem else "")


async def test_an_update_keeps_what_creation_set(priority: Priority) -> None:
    old = pod({"priority": 3, "preemptionPolicy": "Never"})
    spec = (await run(priority, writing("pods", pod(), old)))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (3, "Never")


async def test_one_global_default(priority: Priority, reader: MemoryReader) -> None:
    default = obj("one", value=1, globalDefault=True)
    what = "scheduling.k8s.io:priorityclasses"
    assert await refused(priority, writing(what, default, namespace="")) == ""
    reader.put("scheduling.k8s.io", "priorityclasses", default)
    problem = "PriorityClass one is already marked as default. Only one default can exist"
    message = await refused(priority, writing(what, obj("two", globalDefault=True), namespace=""))
    assert message == f'priorityclasses.scheduling.k8s.io "two" is forbidden: {problem}'
    assert await refused(priority, writing(what, default, default, namespace="")) == ""
    assert await refused(priority, writing(what, obj("two"), namespace="")) == ""


@pytest.fixture
def runtime(services: Services, reader: MemoryReader) -> RuntimeClass:
    heavy = obj("heavy", overhead={"podFixed": {"cpu": "100m"}}, scheduling={"nodeSelector": {"a": "b"}, "tolerations": [tolerates("x")]})
    reader.put("node.k8s.io", "runtimeclasses", heavy)
    return RuntimeClass(services)


async def test_a_runtime_class_adds_overhead_and_constraints(runtime: RuntimeClass) -> None:
    given = pod({"runtimeClassName": "heavy", "nodeSelector": {"c": "d"}, "tolerations": [tolerates("y")]})
    spec = (await run(runtime, writing("pods", given)))["spec"]
    assert spec["overhead"] == {"cpu": "100m"}
    assert spec["nodeSelector"] == {"c": "d", "a": "b"}
    assert spec["tolerations"] == [tolerates("y"), tolerates("x")]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"runtimeClassName": "nope"}, 'pod rejected: RuntimeClass "nope" not found'),
        ({"overhead": {"cpu": "1"}}, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"),
        (
            {"runtimeClassName": "heavy", "overhead": {"cpu": "1"}},
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        ({"runtimeClassName": "heavy", "overhead": {"cpu": "0.1"}}, ""),
        (
            {"runtimeClassName": "heavy", "nodeSelector": {"a": "c"}},
            "conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c",
        ),
        ({}, ""),
    ],
)
async def test_what_contradicts_the_runtime_class(runtime: RuntimeClass, spec: Tree, problem: str) -> None:
    assert await refused(runtime, writing("pods", pod(spec))) == (f'pods "p" is forbidden: {problem}' if problem else "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([tolerates("a"), tolerates("a")], [tolerates("a")]),
        ([tolerates("a"), {"operator": "Exists"}], [{"operator": "Exists"}]),
        ([{"key": "a", "operator": "Equal", "value": "v"}, {"key": "a", "operator": "Exists"}], [{"key": "a", "operator": "Exists"}]),
        ([tolerates("a", tolerationSeconds=5), tolerates("a", tolerationSeconds=9)], [tolerates("a", tolerationSeconds=9)]),
        ([tolerates("a", "NoSchedule"), tolerates("a")], [tolerates("a", "NoSchedule"), tolerates("a")]),
    ],
)
def test_merging_tolerations(given: list[Tree], expected: list[Tree]) -> None:
    assert merged(given) == expected


async def test_images_are_always_pulled(services: Services) -> None:
    plugin = AlwaysPullImages(services)
    given = pod({"initContainers": [{"image": "i"}], "volumes": [{"image": {"reference": "r", "pullPolicy": "Never"}}]})
    spec = (await run(plugin, writing("pods", given)))["spec"]
    policies = [container["imagePullPolicy"] for container in (*spec["initContainers"], *spec["containers"])]
    assert [*policies, spec["volumes"][0]["image"]["pullPolicy"]] == ["Always"] * 3
    assert "imagePullPolicy" not in (await run(plugin, writing("pods", pod(), pod())))["spec"]["containers"][0]


async def test_everything_may_be_denied(services: Services) -> None:
    message = await refused(AlwaysDeny(services), writing("pods", pod()))
    assert message == 'pods "p" is forbidden: admission control is denying all modifications'
