"""The scheduler against a cluster: what it writes, and that it recovers from what goes wrong."""

import asyncio
import contextlib
import random

import pytest
from builders import container, node, pod
from pod_cluster import PodCluster, until

from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import Identity, SystemClock
from kcompat.client.client import Client
from kcompat.client.informer import InformerFactory
from kcompat.scheduler.loop import Scheduler
from kcompat.scheduler.profile import ProfileSettings
from kcompat.scheduler.settings import SchedulerSettings


class Running:
    def __init__(self, cluster, settings=None):
        self.cluster = cluster
        identity = Identity(random.Random(1))
        self.client = Client(cluster.transport("system:kube-scheduler"))
        self.factory = InformerFactory(self.client, identity)
        fast = SchedulerSettings(pod_initial_backoff_seconds=0.01, pod_max_backoff_seconds=0.05)
        self.scheduler = Scheduler(self.client, self.factory, SystemClock(), identity, settings or fast)

    def where(self, name, namespace="default"):
        return self.cluster.get("pods", name, namespace)["spec"].get("nodeName")

    def condition(self, name):
        conditions = (self.cluster.get("pods", name, "default").get("status") or {}).get("conditions") or []
        return next((c for c in conditions if c["type"] == "PodScheduled"), None)

    def events(self, reason):
        return [event for event in self.cluster.all("events") if event["reason"] == reason]


@contextlib.asynccontextmanager
async def scheduling(cluster, settings=None):
    running = Running(cluster, settings)
    running.factory.start()
    task = asyncio.create_task(running.scheduler.run())
    try:
        yield running
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await running.factory.stop()


@pytest.fixture
def cluster():
    return PodCluster()


async def test_binds_and_says_so(cluster):
    cluster.put("nodes", node("n1"))
    cluster.put("pods", pod("p1"))
    async with scheduling(cluster) as running:
        await until(lambda: running.events("Scheduled"))
        cluster.put("pods", pod("p2"))
        await until(lambda: len(running.events("Scheduled")) == 2)
    assert running.where("p1") == running.where("p2") == "n1"
    event = running.events("Scheduled")[0]
    assert (event["note"], event["action"], event["type"]) == ("Successfully assigned default/p1 to n1", "Binding", "Normal")
    assert event["reportingController"] == "default-scheduler"
    assert event["regarding"]["name"] == "p1"
    assert event["regarding"]["kind"] == "Pod"


async def test_unschedulable_pods_are_told_why_and_helped_by_events(cluster):
    cluster.put("nodes", node("n1", cpu="1"))
    async with scheduling(cluster) as running:
        cluster.put("pods", pod("big", container("2")))
        await until(lambda: running.events("FailedScheduling") and running.condition("big"))
        message = (
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        )
        condition = running.condition("big")
        assert condition.pop("lastTransitionTime")
        wanted = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        assert condition == wanted | {"lastProbeTime": None, "observedGeneration": 1}
        event = running.events("FailedScheduling")[0]
        assert (event["note"], event["type"], event["action"]) == (message, "Warning", "Scheduling")
        cluster.put("nodes", node("n2", cpu="4"))
        await until(lambda: running.where("big") == "n2")


async def test_no_nodes_at_all(cluster):
    async with scheduling(cluster) as running:
        cluster.put("pods", pod("p"))
        await until(lambda: running.condition("p"))
        assert running.condition("p")["message"] == "no nodes available to schedule pods"
        cluster.put("nodes", node("n1"))
        await until(lambda: running.where("p") == "n1")


async def test_the_condition_is_written_once(cluster):
    cluster.put("nodes", node("n1", cpu="1"))
    async with scheduling(cluster) as running:
        cluster.put("pods", pod("big", container("2")))
        await until(lambda: running.condition("big"))
        cluster.put("nodes", node("n1", cpu="1500m"))
        running.scheduler.queue.activate([cluster.get("pods", "big", "default")["metadata"]["uid"]])
        await until(lambda: len(running.events("FailedScheduling")) == 2)
        patches = [path for method, path in cluster.made_by("system:kube-scheduler") if method == "PATCH" and path.endswith("/status")]
        assert len(patches) == 1


async def test_a_failed_binding_is_retried(cluster):
    cluster.put("nodes", node("n1"))
    cluster.fail("POST", "p/binding", errors.internal_error("try later"))
    async with scheduling(cluster) as running:
        cluster.put("pods", pod("p"))
        await until(lambda: running.where("p") == "n1")
        assert running.condition("p")["status"] == "True"
        assert running.events("FailedScheduling")[0]["note"] == "Internal error occurred: try later"
        info = running.scheduler.snapshot.node("n1")
        await until(lambda: len(info.pods) == 1)


async def test_other_schedulers_pods_are_left_alone(cluster):
    cluster.put("nodes", node("n1", pods="2"))
    cluster.put("pods", pod("theirs", schedulerName="other"))
    cluster.put("pods", pod("ours"))
    async with scheduling(cluster) as running:
        await until(lambda: running.where("ours"))
        assert running.where("theirs") is None


async def test_profiles(cluster):
    cluster.put("nodes", node("n1", taints=[{"key": "k", "effect": "NoSchedule"}]))
    careless = ProfileSettings("careless", plugins=(("PrioritySort", 0), ("DefaultBinder", 0)))
    settings = SchedulerSettings(profiles=(ProfileSettings(), careless), pod_initial_backoff_seconds=0.01)
    async with scheduling(cluster, settings) as running:
        cluster.put("pods", pod("careful"))
        cluster.put("pods", pod("careless", schedulerName="careless"))
        await until(lambda: running.where("careless") == "n1" and running.condition("careful") and running.events("Scheduled"))
        assert running.condition("careful")["status"] == "False"
        assert running.events("Scheduled")[0]["reportingController"] == "careless"


async def test_gated_pods_wait(cluster):
    cluster.put("nodes", node("n1"))
    async with scheduling(cluster) as running:
        gated = cluster.put("pods", pod("gated", schedulingGates=[{"name": "wait"}]))
        cluster.put("pods", pod("free"))
        await until(lambda: running.where("free"))
        assert running.where("gated") is None
        assert running.scheduler.queue.counts()["gated"] == 1
        spec = {key: value for key, value in gated["spec"].items() if key != "schedulingGates"}
        cluster.put("pods", {**gated, "spec": spec, "metadata": {**gated["metadata"], "generation": 2}})
        await until(lambda: running.where("gated") == "n1")


async def test_a_deleted_pod_makes_room(cluster):
    cluster.put("nodes", node("n1", cpu="1"))
    cluster.put("pods", pod("first", container("1")))
    async with scheduling(cluster) as running:
        await until(lambda: running.where("first"))
        cluster.put("pods", pod("second", container("1")))
        await until(lambda: running.condition("second"))
        cluster.drop("pods", "first", "default")
        await until(lambda: running.where("second") == "n1")


async def test_a_finished_pod_makes_room(cluster):
    cluster.put("nodes", node("n1", cpu="1"))
    cluster.put("pods", pod("first", container("1")))
    async with scheduling(cluster) as running:
        await until(lambda: running.where("first"))
        cluster.put("pods", pod("second", container("1")))
        await until(lambda: running.condition("second"))
        cluster.change("pods", "first", "default", status={"phase": "Succeeded"})
        await until(lambda: running.where("second") == "n1")


async def test_preemption(cluster):
    cluster.put("nodes", node("n1", cpu="1"))
    cluster.put("pods", pod("low", container("1"), priority=1, terminationGracePeriodSeconds=0))
    async with scheduling(cluster) as running:
        await until(lambda: running.where("low"))
        high = cluster.put("pods", pod("high", container("1"), priority=1000))
        await until(lambda: running.where("high") == "n1")
        assert ("pods", "default", "low") not in cluster.objects
        (event,) = running.events("Preempted")
        (failure,) = running.events("FailedScheduling")
        assert failure["note"] == (
            "0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement for pod on node n1, preempting 1 victims"
        )
        assert event["note"] == f"Preempted by pod {high['metadata']['uid']} on node n1"
        assert event["regarding"]["name"] == "low"
        marks = [body for _, method, path, body in cluster.requests if method == "PATCH" and "/low/status" in path]
        condition = marks[0]["status"]["conditions"][0]
        assert (condition["type"], condition["reason"]) == ("DisruptionTarget", "PreemptionByScheduler")
        assert condition["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
        patches = [body for _, method, path, body in cluster.requests if method == "PATCH" and "/high/status" in path]
        assert "n1" in [body["status"].get("nominatedNodeName") for body in patches]


async def test_many_pods_on_many_nodes_fill_them_evenly(cluster):
    for index in range(50):
        cluster.put("nodes", node(f"n{index}", cpu="2"))
    async with scheduling(cluster) as running:
        for index in range(500):
            cluster.put("pods", pod(f"p{index}", container("100m", "64Mi")))
        await until(lambda: all(tree["spec"].get("nodeName") for tree in cluster.all("pods")))
        counts = [len(info.pods) for info in running.scheduler.snapshot]
        assert set(counts) == {10}
