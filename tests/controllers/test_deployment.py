"""Deployments rolled out by the real controllers on a cluster in memory, from outside: what kubectl would do and see."""

from __future__ import annotations

import asyncio

import pytest
from memory_transport import until

from kcompat.apimachinery import errors
from kcompat.client.client import JSON_PATCH
from kcompat.client.resources import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS

BOTH = ("deployment-controller", "replicaset-controller")
REVISION = "deployment.kubernetes.io/revision"


def deployment(image="v1", replicas=3, name="web", **spec):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    defaults = {"strategy": strategy, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **defaults, **spec}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


class Deployed:
    def __init__(self, world):
        self.world = world
        self.client = world.client().of(DEPLOYMENTS)

    @property
    def tree(self):
        return self.world.cluster.get(DEPLOYMENTS, "shop", "web")

    @property
    def status(self):
        return self.tree.get("status") or {}

    def progress(self):
        found = [item for item in self.status.get("conditions") or () if item["type"] == "Progressing"]
        return found[0]["reason"] if found else None

    def complete(self, replicas=3):
        status, wanted = self.status, {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
        seen = status.get("observedGeneration") == self.tree["metadata"]["generation"]
        return seen and wanted.items() <= status.items() and self.progress() == "NewReplicaSetAvailable"

    async def set_image(self, image):
        template = {"spec": {"containers": [{"name": "c", "image": image}]}}
        await self.client.patch("web", {"spec": {"template": template}}, "shop")

    def replica_sets(self):
        trees = self.world.cluster.all(REPLICA_SETS, "shop")
        return {tree["spec"]["template"]["spec"]["containers"][0]["image"]: tree for tree in trees}

    def sizes(self):
        return {image: tree["spec"]["replicas"] for image, tree in self.replica_sets().items()}

    def images(self):
        return sorted(pod["spec"]["containers"][0]["image"] for pod in self.world.pods())


@pytest.fixture
async def web(world):
    return Deployed(world)


async def test_rollout_history_and_rollback(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment())
        await until(web.complete)
        assert web.tree["metadata"]["annotations"][REVISION] == "1"
        await web.set_image("v2")
        await until(web.complete)
        assert web.images() == ["v2"] * 3 and web.sizes() == {"v1": 0, "v2": 3}
        await web.set_image("v1")  # as kubectl rollout undo does
        await until(web.complete)
        first = web.replica_sets()["v1"]["metadata"]["annotations"]
        assert first[REVISION] == "3" and first["deployment.kubernetes.io/revision-history"] == "1"
        assert web.tree["metadata"]["annotations"][REVISION] == "3"
    messages = [event["message"] for event in world.cluster.all(EVENTS) if event["involvedObject"]["kind"] == "Deployment"]
    assert any(message.startswith("Scaled up replica set web-") and message.endswith("from 0 to 3") for message in messages)


async def test_availability_is_kept_during_a_rolling_update(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment(replicas=10))
        await until(lambda: web.complete(10))
        world.ready = lambda pod: False
        await web.set_image("v2")
        await until(lambda: web.sizes() == {"v1": 8, "v2": 5} and len(world.pods()) == 13)
        while not web.complete(10):
            ready = sum(1 for pod in world.pods() if (pod.get("status") or {}).get("phase"))
            assert len(world.pods()) <= 13 and ready >= 8
            waiting = [pod for pod in world.pods() if not (pod.get("status") or {}).get("phase")]
            if waiting:
                world.make_ready(waiting[0])
            await asyncio.sleep(0.002)
        assert web.images() == ["v2"] * 10


async def test_recreate_waits_for_the_last_old_pod(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment(replicas=2, strategy={"type": "Recreate"}))
        await until(lambda: web.complete(2))
        held = [pod["metadata"]["name"] for pod in world.pods()]
        for name in held:
            await world.client().of(PODS).patch(name, {"metadata": {"finalizers": ["x.io/keep"]}}, "shop")
        await web.set_image("v2")
        await until(lambda: web.sizes() == {"v1": 0} and web.status.get("terminatingReplicas") == 2)
        assert web.images() == ["v1", "v1"]
        for name in held:
            await world.client().of(PODS).patch(name, {"metadata": {"finalizers": None}}, "shop")
        await until(lambda: web.complete(2))
        assert web.images() == ["v2", "v2"]


async def test_pause_scale_resume(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment())
        await until(web.complete)
        await web.client.patch("web", {"spec": {"paused": True}}, "shop")
        await until(lambda: web.progress() == "DeploymentPaused")
        await web.set_image("v2")
        await web.client.patch("web", {"spec": {"replicas": 5}}, "shop")
        await until(lambda: web.status.get("availableReplicas") == 5)
        assert web.sizes() == {"v1": 5}
        await web.client.patch("web", {"spec": {"paused": False}}, "shop")
        await until(lambda: web.complete(5))
        assert web.images() == ["v2"] * 5


async def test_old_replica_sets_beyond_the_limit_go(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment(revisionHistoryLimit=1))
        await until(web.complete)
        for image in ("v2", "v3", "v4"):
            await web.set_image(image)
            await until(web.complete)
        await until(lambda: set(web.sizes()) == {"v3", "v4"})


async def test_a_stuck_rollout_misses_its_deadline(world, web):
    world.ready = lambda pod: False
    async with world.running(*BOTH):
        await web.client.create(deployment(progressDeadlineSeconds=1))
        await until(lambda: web.progress() == "ProgressDeadlineExceeded")
        world.ready = lambda pod: True
        for pod in world.pods():
            world.make_ready(pod)
        await until(web.complete)


async def test_replica_sets_are_adopted_and_released(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment())
        await until(web.complete)
        (replica_set,) = world.cluster.all(REPLICA_SETS)
        name = replica_set["metadata"]["name"]
        sets = world.client().of(REPLICA_SETS)
        await sets.patch(name, [{"op": "remove", "path": "/metadata/ownerReferences"}], "shop", content_type=JSON_PATCH)
        await until(lambda: (web.replica_sets()["v1"]["metadata"].get("ownerReferences") or [{}])[0].get("name") == "web")
        await sets.patch(name, {"metadata": {"labels": {"app": "other"}}}, "shop")
        await until(lambda: not world.cluster.get(REPLICA_SETS, "shop", name)["metadata"]["ownerReferences"])


async def test_a_hash_taken_by_another_template_is_avoided(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment())
        await until(web.complete)
        taken = web.replica_sets()["v1"]
        await web.client.delete("web", "shop")
        await until(lambda: world.cluster.get(DEPLOYMENTS, "shop", "web") is None)
        foreign = {"containers": [{"name": "c", "image": "foreign"}]}
        world.cluster.put(REPLICA_SETS, {**taken, "spec": {**taken["spec"], "template": {**taken["spec"]["template"], "spec": foreign}}})
        await web.client.create(deployment())
        await until(web.complete)
        assert web.status["collisionCount"] == 1 and set(web.sizes()) == {"foreign", "v1"}


async def test_a_refused_replica_set_is_told(world, web):
    world.cluster.fail("POST", "replicasets", errors.forbidden("apps", "replicasets", "x", "no"))
    async with world.running(*BOTH):
        await web.client.create(deployment())
        await until(lambda: any(event["reason"] == "ReplicaSetCreateError" for event in world.cluster.all(EVENTS)))
        await until(web.complete)


async def test_selecting_everything_is_refused(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment(selector={}))
        await until(lambda: any(event["reason"] == "SelectingAll" for event in world.cluster.all(EVENTS)))
        assert world.pods() == [] and web.status["observedGeneration"] == 1


async def test_rollback_by_annotation(world, web):
    async with world.running(*BOTH):
        await web.client.create(deployment())
        await until(web.complete)
        await web.set_image("v2")
        await until(web.complete)
        await web.client.patch("web", {"metadata": {"annotations": {"deprecated.deployment.rollback.to": "1"}}}, "shop")
        await until(lambda: web.complete() and web.images() == ["v1"] * 3)
        assert "deprecated.deployment.rollback.to" not in web.tree["metadata"]["annotations"]
    assert "DeploymentRollback" in {event["reason"] for event in world.cluster.all(EVENTS)}
