"""StatefulSets: order, identity, storage, updates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from memory_transport import until

from kcompat.client.resources import CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS
from kcompat.controllers.stateful_set import claims as ownership
from kcompat.controllers.stateful_set.identity import identity_matches, new_pod, parent_and_ordinal, storage_matches
from kcompat.controllers.stateful_set.plan import Claims, View, decide, decide_status

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STS = "statefulset-controller"
SETTLED = Claims(settled=lambda pod: True, stale=lambda pod: False)


def stateful_set(replicas=3, image="v1", policy="OrderedReady", rolling=None, **spec):
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0} if rolling is None else rolling}
    wanted = {"replicas": replicas, "selector": {"matchLabels": {"app": "db"}}, "template": template, "serviceName": "db"}
    wanted |= {"updateStrategy": strategy, "podManagementPolicy": policy, "revisionHistoryLimit": 10, **spec}
    return {"metadata": {"name": "db", "namespace": "shop", "generation": 1, "uid": "set"}, "spec": wanted}


def pod(place, revision="new", ready=True, phase="Running", **metadata):
    made = new_pod(stateful_set(), place, revision)
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": "2026-05-01T11:00:00Z"}
    made["metadata"] = {**made["metadata"], "uid": f"u{place}", **metadata}
    return {**made, "status": {"phase": phase, "conditions": [condition]}}


def view(tree, *pods, current="new"):
    return View(tree, tree, tree, current, "new", pods, NOW)


def steps(tree, *pods, current="new", claims=SETTLED):
    plan = decide(view(tree, *pods, current=current), claims)
    return [(what, item["metadata"]["name"]) for group in plan.groups for what, item in group]


DELETED = {"deletionTimestamp": "2026-05-01T11:59:00Z"}


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([], [("create", "db-0")]),
        ([pod(0)], [("create", "db-1")]),
        ([pod(0, ready=False)], []),
        ([pod(0, **DELETED)], []),
        ([pod(0), pod(2)], [("create", "db-1")]),
        ([pod(0, phase="Failed"), pod(1)], [("delete", "db-0")]),
        ([pod(0, phase="Pending", ready=False)], [("claims", "db-0")]),
        ([pod(0), pod(1), pod(2)], []),
        ([pod(n) for n in range(5)], [("delete", "db-4")]),
        ([pod(0), pod(1), pod(2), pod(3, **DELETED)], []),
        ([pod(0), pod(1), pod(2), pod(3), pod(4, ready=False)], [("delete", "db-4")]),
        ([pod(0), pod(1), pod(2), pod(3, ready=False), pod(4, ready=False)], []),
    ],
)
def test_one_after_the_other(pods, expected):
    assert steps(stateful_set(), *pods) == expected


def test_parallel_sets_do_everything_at_once():
    tree = stateful_set(policy="Parallel")
    assert steps(tree) == [("create", "db-0"), ("create", "db-1"), ("create", "db-2")]
    assert steps(tree, *(pod(n, ready=False) for n in range(5))) == [("delete", "db-4"), ("delete", "db-3")]


def test_updates_go_from_the_last_to_the_first():
    old = [pod(n, "old") for n in range(3)]
    assert steps(stateful_set(), *old, current="old") == [("delete", "db-2")]
    assert steps(stateful_set(rolling={"partition": 2}), old[0], old[1], pod(2), current="old") == []
    assert steps(stateful_set(rolling={"partition": 0, "maxUnavailable": 2}), *old, current="old") == [("delete", "db-2"), ("delete", "db-1")]
    assert steps(stateful_set(), old[0], old[1], pod(2, ready=False), current="old") == []
    assert steps(stateful_set(updateStrategy={"type": "OnDelete"}), *old, current="old") == []


def test_ordinals_may_start_anywhere():
    assert steps(stateful_set(2, ordinals={"start": 3}), pod(3)) == [("create", "db-4")]
    assert steps(stateful_set(1, ordinals={"start": 1}), pod(1), pod(0)) == [("delete", "db-0")]


def test_places_below_the_partition_keep_the_old_revision():
    plan = decide(view(stateful_set(rolling={"partition": 1}), current="old"), SETTLED)
    (made,) = [item for group in plan.groups for _, item in group]
    assert made["metadata"]["labels"]["controller-revision-hash"] == "old"


def test_status_counts_and_completes():
    tree = stateful_set()
    status = decide_status(view(tree, pod(0), pod(1, "old"), pod(2, ready=False), current="old"), decide(view(tree), SETTLED), 0)
    assert {key: status[key] for key in ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas")} == {
        "replicas": 3, "readyReplicas": 2, "currentReplicas": 1, "updatedReplicas": 2,
    }  # fmt: skip
    assert (status["currentRevision"], status["updateRevision"]) == ("old", "new")
    done = decide_status(view(tree, pod(0), pod(1), pod(2), current="old"), decide(view(tree), SETTLED), 0)
    assert (done["currentRevision"], done["currentReplicas"]) == ("new", 3)


CLAIM = {"metadata": {"name": "data", "labels": {"x": "y"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}


def test_identity_and_storage():
    tree = stateful_set(volumeClaimTemplates=[CLAIM])
    made = new_pod(tree, 2, "r")
    assert made["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-2"}}]
    assert (made["spec"]["hostname"], made["spec"]["subdomain"]) == ("db-2", "db")
    assert identity_matches(tree, made) and storage_matches(tree, made) and not storage_matches(tree, pod(2))
    assert parent_and_ordinal(made) == ("db", 2) and parent_and_ordinal({"metadata": {"name": "x"}}) == ("", -1)


@pytest.mark.parametrize(
    ("when_scaled", "when_deleted", "place", "owners"),
    [("Retain", "Retain", 0, []), ("Retain", "Delete", 0, ["set"]), ("Delete", "Retain", 0, []), ("Delete", "Retain", 9, ["u9"]),
     ("Delete", "Delete", 0, ["set"]), ("Delete", "Delete", 9, ["u9"])],
)  # fmt: skip
def test_retention_of_claims(when_scaled, when_deleted, place, owners):
    tree = stateful_set(persistentVolumeClaimRetentionPolicy={"whenScaled": when_scaled, "whenDeleted": when_deleted})
    owned = ownership.with_owners(CLAIM, tree, pod(place))
    assert [item["uid"] for item in owned["metadata"]["ownerReferences"]] == owners
    assert ownership.is_up_to_date(owned, tree, pod(place))
    assert ownership.is_up_to_date(CLAIM, tree, pod(place)) is (owners == [])


def status(world):
    return world.cluster.get(STATEFUL_SETS, "shop", "db").get("status") or {}


def images(world):
    return [item["spec"]["containers"][0]["image"] for item in sorted(world.pods(), key=lambda item: item["metadata"]["name"])]


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
async def test_scales_updates_and_rolls_back(world, policy):
    async with world.running(STS):
        sets = world.client().of(STATEFUL_SETS)
        await sets.create(stateful_set(3, policy=policy, volumeClaimTemplates=[CLAIM]))
        await until(lambda: status(world).get("availableReplicas") == 3)
        assert sorted(item["metadata"]["name"] for item in world.cluster.all(PERSISTENT_VOLUME_CLAIMS)) == ["data-db-0", "data-db-1", "data-db-2"]
        first = status(world)["currentRevision"]
        await sets.patch("db", {"spec": {"template": stateful_set(image="v2")["spec"]["template"]}}, "shop")
        await until(lambda: images(world) == ["v2"] * 3 and status(world).get("currentRevision") not in (first, None))
        await sets.patch("db", {"spec": {"template": stateful_set(image="v1")["spec"]["template"]}}, "shop")
        await until(lambda: images(world) == ["v1"] * 3 and status(world).get("currentRevision") == first)
        assert sorted(item["revision"] for item in world.cluster.all(CONTROLLER_REVISIONS)) == [2, 3]
        await sets.patch("db", {"spec": {"replicas": 1}}, "shop")
        await until(lambda: status(world).get("replicas") == 1 and [item["metadata"]["name"] for item in world.pods()] == ["db-0"])
        assert len(world.cluster.all(PERSISTENT_VOLUME_CLAIMS)) == 3


async def test_pods_come_back_with_their_names_and_labels(world):
    async with world.running(STS):
        await world.client().of(STATEFUL_SETS).create(stateful_set(2))
        await until(lambda: status(world).get("availableReplicas") == 2)
        uid = world.cluster.get(PODS, "shop", "db-0")["metadata"]["uid"]
        world.cluster.drop(PODS, "shop", "db-0")
        await until(lambda: (found := world.cluster.get(PODS, "shop", "db-0")) is not None and found["metadata"]["uid"] != uid)
        await until(lambda: status(world).get("availableReplicas") == 2)
        changed = {"metadata": {"labels": {"statefulset.kubernetes.io/pod-name": None}}}
        await world.client().of(PODS).patch("db-1", changed, "shop")
        await until(lambda: world.cluster.get(PODS, "shop", "db-1")["metadata"]["labels"].get("statefulset.kubernetes.io/pod-name") == "db-1")
