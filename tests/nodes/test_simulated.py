"""Simulated nodes against a cluster: registration, leases, pods from Pending to gone."""

import asyncio
import contextlib
import random

import pytest
from builders import container, pod
from pod_cluster import PodCluster, until

from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import Identity, SystemClock
from kcompat.client.client import Client, ResourceClient
from kcompat.client.informer import InformerFactory
from kcompat.nodes.settings import NodeSettings
from kcompat.nodes.simulated import SimulatedNodes

FAST = {"events_per_second": 10000.0}


class LoopClock(SystemClock):
    """Seconds pass as the event loop has them."""

    def monotonic(self):
        return asyncio.get_running_loop().time()


@contextlib.asynccontextmanager
async def simulated(cluster, count=1, clock=None, **settings):
    identity = Identity(random.Random(1))
    factory = InformerFactory(Client(cluster.transport()), identity)
    groups = {}

    def client_for(user, of):
        groups[user] = of
        return Client(cluster.transport(user))

    nodes = SimulatedNodes(client_for, factory, clock or SystemClock(), identity, NodeSettings(**{**FAST, **settings}), count)
    factory.start()
    await nodes.start()
    assert set(groups.values()) == {("system:nodes",)}
    try:
        yield nodes
    finally:
        await nodes.stop()
        await factory.stop()


@pytest.fixture
def cluster():
    return PodCluster()


def status_of(cluster, name):
    return cluster.get("pods", name, "default").get("status") or {}


def phase(cluster, name):
    return status_of(cluster, name).get("phase")


async def test_nodes_register_as_themselves_and_hold_leases(cluster):
    async with simulated(cluster, 3) as nodes:
        assert nodes.names == ["node-0", "node-1", "node-2"]
        assert sorted(tree["metadata"]["name"] for tree in cluster.all("nodes")) == nodes.names
        lease = cluster.get("leases", "node-1", "kube-node-lease")
        assert lease["spec"]["holderIdentity"] == "node-1"
        assert lease["metadata"]["ownerReferences"][0]["uid"] == cluster.get("nodes", "node-1")["metadata"]["uid"]
        made = cluster.made_by("system:node:node-1")
        assert ("POST", "/api/v1/nodes") in made


async def test_leases_are_renewed_and_statuses_posted(cluster):
    async with simulated(cluster, lease_duration=0.04, heartbeat=0.02):
        first = cluster.get("leases", "node-0", "kube-node-lease")["spec"]["renewTime"]
        await until(lambda: cluster.get("leases", "node-0", "kube-node-lease")["spec"]["renewTime"] > first)
        await until(lambda: ("PATCH", "/api/v1/nodes/node-0/status") in cluster.made_by("system:node:node-0"))
        ready = cluster.get("nodes", "node-0")["status"]["conditions"][-1]
        assert (ready["type"], ready["status"]) == ("Ready", "True")


async def test_a_node_from_before_is_taken_over(cluster):
    stale = {"metadata": {"name": "node-0", "labels": {"mine": "1"}}, "spec": {"podCIDR": "10.7.0.0/24"}, "status": {}}
    cluster.put("nodes", stale)
    async with simulated(cluster):
        assert cluster.get("nodes", "node-0")["status"]["conditions"]
        cluster.put("pods", pod("p", node_name="node-0"))
        await until(lambda: phase(cluster, "p") == "Running")
        assert status_of(cluster, "p")["podIP"] == "10.7.0.2"


async def test_pods_of_several_nodes_run_and_each_is_patched_once(cluster):
    async with simulated(cluster, 4):
        for index in range(40):
            cluster.put("pods", pod(f"p{index}", node_name=f"node-{index % 4}"))
        cluster.put("pods", pod("elsewhere", node_name="other"))
        cluster.put("pods", pod("waiting"))
        await until(lambda: sum(phase(cluster, f"p{index}") == "Running" for index in range(40)) == 40)
        patches = [(user, path) for user, method, path, _ in cluster.requests if method == "PATCH" and "/pods/" in path]
        assert len(patches) == 40
        assert ("system:node:node-1", "/api/v1/namespaces/default/pods/p1/status") in patches
        assert len({status_of(cluster, f"p{index}")["podIP"] for index in range(40)}) == 40
        assert status_of(cluster, "elsewhere")["phase"] == "Pending"


async def test_events(cluster):
    async with simulated(cluster):
        cluster.put("pods", pod("p", container(image="app"), node_name="node-0"))
        await until(lambda: len(cluster.all("events")) == 3)
        event = cluster.all("events")[0]
        assert (event["reason"], event["type"], event["source"]) == ("Pulled", "Normal", {"component": "kubelet", "host": "node-0"})
        assert event["involvedObject"]["fieldPath"] == "spec.containers{c}"


async def test_events_can_be_turned_off(cluster):
    async with simulated(cluster, events=False) as nodes:
        cluster.put("pods", pod("p", node_name="node-0"))
        await until(lambda: phase(cluster, "p") == "Running")
        await nodes.settled()
        assert cluster.all("events") == []


async def test_deletion_is_graceful_and_makes_room(cluster):
    async with simulated(cluster):
        tree = cluster.put("pods", pod("p", node_name="node-0", terminationGracePeriodSeconds=30))
        await until(lambda: phase(cluster, "p") == "Running")
        cluster.delete_pod(("pods", "default", "p"), {})
        await until(lambda: ("pods", "default", "p") not in cluster.objects)
        writes = [(method, body) for _, method, path, body in cluster.requests if "/pods/p" in path and method in ("PATCH", "DELETE")]
        assert writes[1][1]["status"]["phase"] == "Succeeded"
        assert writes[2][0] == "DELETE"
        assert writes[2][1]["gracePeriodSeconds"] == 0
        assert writes[2][1]["preconditions"] == {"uid": tree["metadata"]["uid"]}
        for index in range(253):
            cluster.put("pods", pod(f"q{index}", node_name="node-0"))
        await until(lambda: sum(phase(cluster, f"q{index}") in ("Running", "Failed") for index in range(253)) == 253)
        taken = {status_of(cluster, f"q{index}").get("podIP") for index in range(253)}
        assert len(taken - {None}) == 110


async def test_too_many_pods_are_refused_as_a_kubelet_does(cluster):
    async with simulated(cluster, capacity={"cpu": "1", "memory": "1Gi", "pods": "110"}):
        cluster.put("pods", pod("first", container("800m"), node_name="node-0"))
        await until(lambda: phase(cluster, "first") == "Running")
        cluster.put("pods", pod("second", container("300m"), node_name="node-0"))
        await until(lambda: phase(cluster, "second") == "Failed")
        status = status_of(cluster, "second")
        assert status["reason"] == "OutOfcpu"
        wanted = "Node didn't have enough resource: cpu, requested: 300, used: 800, capacity: 1000"
        assert status["message"] == f"Pod was rejected: {wanted}"
        cluster.delete_pod(("pods", "default", "first"), {})
        cluster.delete_pod(("pods", "default", "second"), {})
        await until(lambda: not cluster.all("pods"))
        cluster.put("pods", pod("third", container("900m"), node_name="node-0"))
        await until(lambda: phase(cluster, "third") == "Running")


async def test_job_pods_complete(cluster):
    async with simulated(cluster, job_seconds=0.02):
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "j"}
        cluster.put("pods", pod("p", node_name="node-0", restartPolicy="Never", owner=owner))
        await until(lambda: phase(cluster, "p") == "Succeeded")


async def test_a_refused_write_is_made_again(cluster, monkeypatch):
    monkeypatch.setattr("kcompat.nodes.simulated.RETRY_SECONDS", 0.01)
    cluster.fail("PATCH", "/pods/p/", errors.internal_error("later"))
    async with simulated(cluster):
        cluster.put("pods", pod("p", node_name="node-0"))
        await until(lambda: phase(cluster, "p") == "Running")


async def test_pods_of_deleted_nodes_are_left_alone(cluster):
    async with simulated(cluster, 2) as nodes:
        cluster.put("pods", pod("p", node_name="node-0"))
        await until(lambda: phase(cluster, "p") == "Running" and len(cluster.all("events")) == 3)
        cluster.drop("nodes", "node-0")
        cluster.put("pods", pod("canary", node_name="node-1"))
        await until(lambda: phase(cluster, "canary") == "Running")
        before = len(cluster.made_by("system:node:node-0"))
        cluster.put("pods", pod("q", node_name="node-0"))
        cluster.delete_pod(("pods", "default", "p"), {})
        cluster.put("pods", pod("canary2", node_name="node-1"))
        await until(lambda: phase(cluster, "canary2") == "Running")
        assert len(cluster.made_by("system:node:node-0")) == before
        assert phase(cluster, "q") == "Pending"
        await nodes.add("node-0")
        await until(lambda: phase(cluster, "q") == "Running" and ("pods", "default", "p") not in cluster.objects)


async def test_nodes_come_and_go(cluster):
    async with simulated(cluster) as nodes:
        assert await nodes.add() == "node-1"
        assert await nodes.add("special") == "special"
        with pytest.raises(ValueError, match="node special exists"):
            await nodes.add("special")
        await nodes.remove("node-0")
        assert sorted(tree["metadata"]["name"] for tree in cluster.all("nodes")) == ["node-1", "special"]


async def test_a_restart_keeps_what_runs(cluster):
    async with simulated(cluster):
        cluster.put("pods", pod("p", node_name="node-0"))
        await until(lambda: phase(cluster, "p") == "Running")
    before = cluster.get("pods", "p", "default")
    async with simulated(cluster) as nodes:
        cluster.put("pods", pod("q", node_name="node-0"))
        await until(lambda: phase(cluster, "q") == "Running")
        await nodes.settled()
        assert cluster.get("pods", "p", "default") == before
        assert status_of(cluster, "q")["podIP"] != before["status"]["podIP"]


async def test_addresses_stay_with_their_pods_over_a_restart(cluster):
    async with simulated(cluster):
        for number in range(3):
            cluster.put("pods", pod(f"p{number}", node_name="node-0"))
        await until(lambda: all(phase(cluster, f"p{number}") == "Running" for number in range(3)))
    cluster.put("pods", pod("a", node_name="node-0"))  # comes first in a list
    async with simulated(cluster):
        await until(lambda: phase(cluster, "a") == "Running")
        assert len({status_of(cluster, name)["podIP"] for name in ("a", "p0", "p1", "p2")}) == 4


async def test_host_network(cluster):
    async with simulated(cluster):
        cluster.put("pods", pod("p", node_name="node-0", hostNetwork=True))
        await until(lambda: phase(cluster, "p") == "Running")
        status = status_of(cluster, "p")
        assert status["podIP"] == status["hostIP"] == "172.18.0.2"


async def test_containers_being_created(cluster):
    async with simulated(cluster, start_seconds=0.05):
        cluster.put("pods", pod("p", node_name="node-0"))
        await until(lambda: status_of(cluster, "p").get("containerStatuses"))
        assert status_of(cluster, "p")["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
        await until(lambda: phase(cluster, "p") == "Running")
        await asyncio.sleep(0)


async def test_a_slow_write_is_not_overtaken(cluster, monkeypatch):
    """The status written first must not arrive last."""
    under_way, most = 0, 0
    patch = ResourceClient.patch_status

    async def slow(self, *arguments, **options):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.05 if most == 1 else 0)
        under_way -= 1
        return await patch(self, *arguments, **options)

    async with simulated(cluster, start_seconds=0.01):
        monkeypatch.setattr(ResourceClient, "patch_status", slow)
        cluster.put("pods", pod("p", node_name="node-0"))
        await until(lambda: status_of(cluster, "p").get("phase") == "Running")
    assert most == 1


async def test_resources_that_others_offer(cluster):
    """What is patched into a node's status counts; what no node has is none of the kubelet's business."""
    async with simulated(cluster) as nodes:
        node = cluster.get("nodes", "node-0")
        allocatable = {**node["status"]["allocatable"], "example.com/gpu": "2"}
        cluster.put("nodes", {**node, "status": {**node["status"], "allocatable": allocatable}})
        await until(lambda: nodes._kubelets["node-0"].node["status"]["allocatable"] == allocatable)
        for name, requests in (("a", {"example.com/gpu": "2"}), ("b", {"example.com/gpu": "1"}), ("c", {"example.com/else": "9"})):
            cluster.put("pods", pod(name, container(requests=requests), node_name="node-0"))
        await until(lambda: [phase(cluster, name) for name in "abc"] == ["Running", "Failed", "Running"])
        assert status_of(cluster, "b")["reason"] == "OutOfexample.com/gpu"


async def test_a_node_that_is_refused_tries_again_and_holds_up_no_other(cluster):
    for index in range(3):
        cluster.put("pods", pod(f"early-{index}", node_name=f"node-{index}"))
    cluster.fail("POST", "/api/v1/nodes", errors.internal_error("not now"))
    cluster.fail("POST", "/api/v1/nodes", TimeoutError())
    cluster.fail("POST", "/leases", errors.already_exists("coordination.k8s.io", "leases", "node-2"))
    cluster.fail("GET", "/leases", errors.internal_error("nor now"))
    async with simulated(cluster, 3) as nodes:
        assert sorted(tree["metadata"]["name"] for tree in cluster.all("nodes")) == nodes.names
        assert not cluster.failures
        await until(lambda: all(phase(cluster, f"early-{index}") == "Running" for index in range(3)))


async def test_pods_are_seen_once_their_node_is_registered_whatever_the_others_do(cluster):
    cluster.put("pods", pod("early", node_name="node-1"))
    refusal = errors.internal_error("never")
    real = cluster.transport

    def transport(user="admin"):
        made = real(user)
        if user == "system:node:node-0":
            made.request = refused
        return made

    async def refused(*_, **__):
        raise refusal

    cluster.transport = transport
    identity = Identity(random.Random(1))
    factory = InformerFactory(Client(cluster.transport()), identity)
    nodes = SimulatedNodes(lambda user, of: Client(cluster.transport(user)), factory, SystemClock(), identity, NodeSettings(**FAST), 2)
    factory.start()
    starting = asyncio.create_task(nodes.start())
    try:
        await until(lambda: phase(cluster, "early") == "Running")
        assert not starting.done()
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await nodes.stop()
        await factory.stop()


async def test_pods_that_need_the_same_object_ask_for_it_once_it_was_found(cluster, monkeypatch):
    volumes = [{"name": "v", "configMap": {"name": "shared"}}]
    cluster.put("configmaps", {"metadata": {"name": "shared", "namespace": "default"}, "data": {"k": "1"}})
    async with simulated(cluster, 1, workers=1):
        for index in range(20):
            cluster.put("pods", pod(f"p-{index}", node_name="node-0", volumes=volumes))
        await until(lambda: all(phase(cluster, f"p-{index}") == "Running" for index in range(20)))
    assert sum(1 for _, method, path, _ in cluster.requests if method == "GET" and path.endswith("/configmaps/shared")) == 1


@pytest.mark.looptime
async def test_a_server_that_cannot_tell_is_asked_again_soon(cluster):
    loop = asyncio.get_running_loop()
    cluster.put("configmaps", {"metadata": {"name": "shared", "namespace": "default"}, "data": {"k": "1"}})
    for _ in range(6):
        cluster.fail("GET", "/configmaps/shared", errors.internal_error("busy"))
    async with simulated(cluster, 1, clock=LoopClock(), lease_duration=4000, heartbeat=4000.0):
        started = loop.time()
        cluster.put("pods", pod("p", node_name="node-0", volumes=[{"name": "v", "configMap": {"name": "shared"}}]))
        await until(lambda: phase(cluster, "p") == "Running", 100)
        assert not cluster.failures
        assert loop.time() - started < 20, "0.5, 1, 2, 4, 4 and 4 s"
