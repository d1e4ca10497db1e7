"""ReplicaSets: what is decided, and what happens on a cluster."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from memory_transport import until

from kcompat.apimachinery import errors
from kcompat.apimachinery.selectors import from_labels
from kcompat.client.resources import EVENTS, NAMESPACES, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS
from kcompat.controllers.pod_control import PodError, pods_prefix
from kcompat.controllers.replica_set import BURST, MAX_DELAY, Plan, decide, decide_status, differs

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
RS = "replicaset-controller"


def replica_set(replicas=3, name="web", **spec):
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"metadata": {"name": name, "namespace": "shop", "generation": 1}, "spec": spec}


def bare(name, ready=False, **labels):
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-05-01T11:59:00Z"}]}
    return {"metadata": {"name": name, "uid": name, "namespace": "shop", "labels": labels}, "status": status if ready else {}}


@pytest.mark.parametrize(
    ("have", "want", "plan"),
    [(0, 3, Plan(create=3)), (3, 3, Plan()), (0, 2000, Plan(create=BURST)), (2, 0, Plan(delete=[bare("p0"), bare("p1")]))],
)
def test_decide(have, want, plan):
    result = decide([bare(f"p{index}") for index in range(have)], want, [], NOW)
    assert (result.create, list(result.delete)) == (plan.create, list(plan.delete))


def test_decide_removes_the_least_useful():
    pods = [bare("ready", ready=True), bare("new"), bare("other", ready=True)]
    assert [pod["metadata"]["name"] for pod in decide(pods, 2, pods, NOW).delete] == ["new"]


def test_status_counts():
    pods = [bare("a", ready=True, app="web"), bare("b", app="web"), bare("c", ready=True)]
    status = decide_status(replica_set(), pods, 1, None, from_labels({"app": "web"}), NOW)
    counts = {"replicas": 3, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    assert status == counts | {"observedGeneration": 1, "terminatingReplicas": 1}
    waiting = decide_status(replica_set(minReadySeconds=120), pods, None, None, from_labels({}), NOW)
    assert "availableReplicas" not in waiting and "terminatingReplicas" not in waiting


def test_status_of_failure_comes_and_goes():
    failed = decide_status(replica_set(), [], 0, PodError("no quota"), from_labels({}), NOW)
    (condition,) = failed["conditions"]
    assert condition["reason"] == "FailedCreate" and condition["message"] == "no quota" and condition["status"] == "True"
    with_status = {**replica_set(), "status": failed}
    assert decide_status(with_status, [], 0, PodError("other"), from_labels({}), NOW)["conditions"] == [condition]
    assert "conditions" not in decide_status(with_status, [], 0, None, from_labels({}), NOW)
    assert decide_status(replica_set(0), [bare("a")], 0, PodError("x"), from_labels({}), NOW)["conditions"][0]["reason"] == "FailedDelete"


def test_differs_ignores_zeros_left_out():
    assert not differs({}, {"replicas": 0, "observedGeneration": 0})
    assert differs({"replicas": 1}, {"replicas": 0})
    assert differs({}, {"terminatingReplicas": 0})


def test_names_of_pods():
    assert pods_prefix("web") == "web-"
    assert pods_prefix("x" * 254) == "x" * 254


def status(world, name="web"):
    return world.cluster.get(REPLICA_SETS, "shop", name).get("status") or {}


async def test_pods_are_made_replaced_and_removed(world):
    async with world.running(RS):
        await world.client().of(REPLICA_SETS).create(replica_set(3))
        await until(lambda: status(world).get("availableReplicas") == 3)
        pod = world.pods()[0]
        (owner,) = pod["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["apiVersion"]) == ("ReplicaSet", "apps/v1")
        assert owner["controller"] and owner["blockOwnerDeletion"]
        assert pod["metadata"]["generateName"] == "web-"
        world.cluster.drop(PODS, "shop", pod["metadata"]["name"])
        await until(lambda: len(world.pods()) == 3 and status(world).get("availableReplicas") == 3)
        await world.client().of(REPLICA_SETS).patch("web", {"spec": {"replicas": 1}}, "shop")
        await until(lambda: status(world).get("replicas") == 1 and len(world.pods()) == 1)
        assert status(world)["observedGeneration"] == 2
    reasons = {event["reason"] for event in world.cluster.all(EVENTS)}
    assert reasons == {"SuccessfulCreate", "SuccessfulDelete"}


async def test_many_pods_at_once_and_never_too_many(world):
    async with world.running(RS):
        await world.client().of(REPLICA_SETS).create(replica_set(1200))
        await until(lambda: status(world).get("availableReplicas") == 1200, 20)
    created = sum(1 for method, path in world.cluster.requests if (method, path) == ("POST", "/api/v1/namespaces/shop/pods"))
    assert created == 1200


@pytest.mark.looptime
async def test_news_of_a_large_set_is_gathered_but_the_next_pods_do_not_wait_for_it(world):
    loop = asyncio.get_running_loop()
    async with world.running(RS):
        started = loop.time()
        await world.client().of(REPLICA_SETS).create(replica_set(2 * BURST))
        await until(lambda: len(world.pods()) == 2 * BURST, 20)
        assert loop.time() - started < MAX_DELAY
        await until(lambda: status(world).get("availableReplicas") == 2 * BURST, 20)
        before, puts = loop.time(), status_writes(world)
        for pod in world.pods():
            world.cluster.put(PODS, {**pod, "status": {"phase": "Running"}})
            await asyncio.sleep(0.001)
        await until(lambda: not status(world).get("readyReplicas"), 20)
        assert status_writes(world) - puts <= (loop.time() - before) / MAX_DELAY + 1


def status_writes(world):
    return sum(1 for method, path in world.cluster.requests if method == "PUT" and path.endswith("/status"))


async def test_orphans_are_adopted_and_strangers_released(world):
    world.cluster.put(PODS, bare("orphan", app="web"))
    async with world.running(RS):
        await world.client().of(REPLICA_SETS).create(replica_set(2))
        await until(lambda: status(world).get("replicas") == 2 and len(world.pods()) == 2)
        assert world.cluster.get(PODS, "shop", "orphan")["metadata"]["ownerReferences"][0]["name"] == "web"
        await world.client().of(PODS).patch("orphan", {"metadata": {"labels": {"app": "gone"}}}, "shop")
        await until(lambda: not world.cluster.get(PODS, "shop", "orphan")["metadata"]["ownerReferences"] and len(world.pods()) == 3)
        await until(lambda: status(world)["replicas"] == 2)


async def test_a_set_being_deleted_adopts_and_makes_nothing(world):
    tree = replica_set(2)
    tree["metadata"] |= {"deletionTimestamp": "2026-05-01T11:00:00Z", "finalizers": ["x.io/keep"]}
    world.cluster.put(PODS, bare("orphan", app="web"))
    world.cluster.put(REPLICA_SETS, tree)
    async with world.running(RS):
        await until(lambda: status(world).get("observedGeneration") == 1)
        assert [pod["metadata"]["name"] for pod in world.pods()] == ["orphan"]
        assert "ownerReferences" not in world.pods()[0]["metadata"]


async def test_a_refused_pod_is_told_and_tried_again(world):
    world.cluster.fail("POST", "pods", errors.forbidden("", "pods", "web-x", "exceeded quota"))
    async with world.running(RS):
        await world.client().of(REPLICA_SETS).create(replica_set(1))
        await until(lambda: any(event["reason"] == "FailedCreate" for event in world.cluster.all(EVENTS)))
        await until(lambda: status(world).get("availableReplicas") == 1 and "conditions" not in status(world))
    (event,) = [event for event in world.cluster.all(EVENTS) if event["reason"] == "FailedCreate"]
    assert event["message"] == 'Error creating: pods "web-x" is forbidden: exceeded quota' and event["type"] == "Warning"


async def test_a_terminating_namespace_is_left_in_peace(world):
    world.cluster.put(NAMESPACES, {"metadata": {"name": "shop", "deletionTimestamp": "2026-05-01T11:00:00Z"}})
    world.cluster.put(REPLICA_SETS, replica_set(1))
    async with world.running(RS) as manager:
        await until(lambda: status(world).get("observedGeneration") == 1 and manager.idle)
        assert world.pods() == []
    assert world.cluster.all(EVENTS) == []


async def test_min_ready_seconds_are_waited_for(world):
    async with world.running(RS):
        await world.client().of(REPLICA_SETS).create(replica_set(1, minReadySeconds=1))
        await until(lambda: status(world).get("readyReplicas") == 1)
        assert "availableReplicas" not in status(world)
        await until(lambda: status(world).get("availableReplicas") == 1)


async def test_replication_controllers_are_the_same_with_another_selector(world):
    tree = replica_set(2)
    tree["spec"]["selector"] = {"app": "web"}
    async with world.running("replicationcontroller-controller"):
        await world.client().of(REPLICATION_CONTROLLERS).create(tree)
        await until(lambda: (world.cluster.get(REPLICATION_CONTROLLERS, "shop", "web").get("status") or {}).get("availableReplicas") == 2)
    assert "system:serviceaccount:kube-system:replication-controller" in world.users
    assert "terminatingReplicas" not in world.cluster.get(REPLICATION_CONTROLLERS, "shop", "web")["status"]
