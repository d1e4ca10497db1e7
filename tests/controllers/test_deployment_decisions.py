"""How deployments decide: sizes, revisions, conditions. Tables, no cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kcompat.apimachinery.clock import rfc3339
from kcompat.controllers.deployment import revision, rollout, status
from kcompat.controllers.deployment.rollout import Scale
from kcompat.controllers.hashing import content_hash

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def deployment(replicas=10, surge="25%", unavailable="25%", **more):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"image": "v1"}]}}
    spec = {"replicas": replicas, "strategy": strategy, "template": template, "selector": {"matchLabels": {"app": "web"}}}
    metadata = {"name": "web", "namespace": "shop", "generation": 1, "uid": "d"}
    return {"metadata": metadata, "spec": spec | more.pop("spec", {}), "status": {}} | more


def rs(name, replicas, available=0, *, annotations=None, age=0, **more):
    metadata = {"name": name, "uid": name, "annotations": annotations or {}, "generation": 1}
    metadata["creationTimestamp"] = rfc3339(NOW - timedelta(seconds=age))
    return {"metadata": metadata, "spec": {"replicas": replicas}, "status": {"availableReplicas": available}} | more


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)), (1, "25%", "25%", (1, 0)), (2, "1%", "0%", (1, 0)), (2, "0%", "1%", (0, 1)), (10, 0, 0, (0, 1)),
        (10, 3, 20, (3, 10)), (0, "25%", "25%", (0, 0)), (5, "x%", "25%", (0, 0)),
    ],
)  # fmt: skip
def test_fenceposts(replicas, surge, unavailable, expected):
    tree = deployment(replicas, surge, unavailable)
    assert (rollout.max_surge(tree), rollout.max_unavailable(tree)) == expected


@pytest.mark.parametrize(
    ("new", "old", "steps"),
    [
        (rs("new", 0), [rs("old", 10, 10)], [Scale("new", 3)]),
        (rs("new", 3), [rs("old", 10, 10)], []),
        (rs("new", 3), [rs("old", 8, 8)], [Scale("new", 5)]),
        (rs("new", 10), [rs("old", 3, 3)], []),
        (rs("new", 12), [], [Scale("new", 10)]),
        (rs("new", 9), [], [Scale("new", 10)]),
    ],
)
def test_scale_up(new, old, steps):
    assert rollout.scale_up(deployment(), new, [*old, new]) == steps


@pytest.mark.parametrize(
    ("new", "old", "steps"),
    [
        (rs("new", 3), [rs("old", 10, 10)], [Scale("old", 8)]),
        (rs("new", 5), [rs("old", 8, 8)], []),
        (rs("new", 5, 5), [rs("old", 8, 8)], [Scale("old", 3)]),
        (rs("new", 3), [rs("old", 10, 7)], [Scale("old", 8)]),
        (rs("new", 3), [rs("old", 10, 10), rs("older", 1, 0, age=5)], [Scale("older", 0), Scale("old", 8)]),
        (rs("new", 10, 10), [rs("old", 3, 5)], []),
        (rs("new", 10, 10), [], []),
        (rs("new", 2, 2), [rs("old", 10, 6, age=9), rs("older", 1, 1, age=99)], [Scale("old", 6), Scale("older", 0)]),
    ],
)
def test_scale_down(new, old, steps):
    assert rollout.scale_down(deployment(), new, old) == steps


DESIRED, MAX = revision.DESIRED_REPLICAS, revision.MAX_REPLICAS


@pytest.mark.parametrize(
    ("tree", "new", "old", "steps"),
    [
        (deployment(10), rs("new", 5), [], [Scale("new", 10)]),
        (deployment(10), rs("new", 10), [], []),
        (deployment(10), None, [rs("a", 0, age=5), rs("b", 0)], [Scale("b", 10)]),
        (deployment(5), rs("new", 5, 5, annotations={DESIRED: "5"}), [rs("a", 2, 2)], [Scale("a", 0)]),
        # 8 old and 5 new of 10+3 grow to 20+5: by their share, the rounding to the largest
        (
            deployment(20),
            rs("new", 5, annotations={MAX: "13", DESIRED: "10"}),
            [rs("old", 8, 8, annotations={MAX: "13", DESIRED: "10"})],
            [Scale("old", 15, True), Scale("new", 10, True)],
        ),
        (
            deployment(0),
            rs("new", 5, annotations={MAX: "13"}),
            [rs("old", 8, 8, annotations={MAX: "13"})],
            [Scale("old", 0, True), Scale("new", 0, True)],
        ),
        (deployment(10, spec={"strategy": {"type": "Recreate"}}), rs("new", 3), [rs("old", 3)], []),
    ],
)  # fmt: skip
def test_resize(tree, new, old, steps):
    assert rollout.resize(tree, new, old) == steps


def test_proportional_scaling_keeps_the_total():
    tree = deployment(23, "30%", 0)
    sets = [rs(f"s{index}", size, annotations={MAX: "13"}, age=index) for index, size in enumerate((7, 3, 2, 1))]
    steps = rollout.resize(tree, sets[0], sets[1:])
    assert sum(step.size for step in steps) == 23 + rollout.max_surge(tree)


def test_scaling_is_seen_by_the_annotation():
    assert rollout.is_scaling(deployment(5), [rs("a", 3, annotations={DESIRED: "4"})])
    settled = [rs("a", 3, annotations={DESIRED: "5"}), rs("b", 0, annotations={DESIRED: "1"}), rs("c", 1)]
    assert not rollout.is_scaling(deployment(5), settled)


def test_templates_are_compared_without_hash_and_emptiness():
    a = {"metadata": {"labels": {"app": "web", "pod-template-hash": "x"}, "creationTimestamp": None}, "spec": {"containers": []}}
    assert revision.same_template(a, {"metadata": {"labels": {"app": "web"}}, "spec": {}})
    assert not revision.same_template(a, {"metadata": {"labels": {"app": "api"}}, "spec": {}})
    assert not revision.same_template({"spec": {"securityContext": {}}}, {"spec": {}})


def test_the_hash_depends_on_template_and_collisions():
    hashes = {content_hash({"a": 1}, None), content_hash({"a": 2}, None), content_hash({"a": 1}, 1)}
    assert len(hashes) == 3 and all(set(value) <= set("bcdfghjklmnpqrstvwxz2456789") for value in hashes)
    assert content_hash({"a": 1, "b": 2}, None) == content_hash({"b": 2, "a": 1}, None)


def test_the_new_replica_set():
    tree = deployment(4, metadata={"name": "web", "namespace": "shop", "uid": "d", "annotations": {"note": "x", revision.REVISION: "7"}})
    made = revision.make(tree, 4, 1, 8)
    digest = made["metadata"]["labels"]["pod-template-hash"]
    assert made["metadata"]["name"] == f"web-{digest}"
    assert made["spec"]["selector"] == {"matchLabels": {"app": "web", "pod-template-hash": digest}}
    assert made["spec"]["template"]["metadata"]["labels"] == made["metadata"]["labels"] == {"app": "web", "pod-template-hash": digest}
    assert made["metadata"]["annotations"] == {"note": "x", revision.REVISION: "8", DESIRED: "4", MAX: "5"}
    long = {**tree, "metadata": {**tree["metadata"], "name": "x" * 253}}
    assert len(revision.make(long, 1, 0, 1)["metadata"]["name"]) == 253


def test_a_revision_taken_up_again_keeps_its_history():
    old = rs("a", 1, annotations={revision.REVISION: "2", revision.REVISION_HISTORY: "1"})
    assert revision.annotations_of_new(deployment(), old, 5) == {revision.REVISION: "5", revision.REVISION_HISTORY: "1,2"}
    assert revision.annotations_of_new(deployment(), old, 2) == old["metadata"]["annotations"]
    long = rs("a", 1, annotations={revision.REVISION: "9999", revision.REVISION_HISTORY: ",".join(["1000"] * 400)})
    history = revision.annotations_of_new(deployment(), long, 10000)[revision.REVISION_HISTORY]
    assert len(history) <= 2000 and history.endswith(",9999")


@pytest.mark.parametrize(("revisions", "last"), [((1, 2, 3), 2), ((1,), 0), ((), 0), ((5, 5), 5)])
def test_last_revision(revisions, last):
    assert revision.last_revision([rs(f"r{n}{i}", 1, annotations={revision.REVISION: str(n)}) for i, n in enumerate(revisions)]) == last


def counts(**counts):
    return {"availableReplicas": 0, "observedGeneration": 1} | counts


def report(tree, sets, new=None):
    return status.of_rollout(tree, sets, new, NOW)


def reasons(found):
    return {item["type"]: (item["status"], item["reason"]) for item in found["conditions"]}


def test_status_of_a_rollout_from_start_to_end():
    deadline = {"progressDeadlineSeconds": 600}
    tree = deployment(2, spec=deadline)
    new = rs("new", 2, status=counts(replicas=2, terminatingReplicas=0))
    started = report(tree, [new], new)
    assert {key: value for key, value in started.items() if key != "conditions"} == {
        "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "unavailableReplicas": 2, "terminatingReplicas": 0,
    }  # fmt: skip
    assert reasons(started) == {"Available": ("False", "MinimumReplicasUnavailable"), "Progressing": ("True", "ReplicaSetUpdated")}
    done = rs("new", 2, status=counts(replicas=2, readyReplicas=2, availableReplicas=2, terminatingReplicas=0))
    finished = report({**tree, "status": started}, [done], done)
    assert reasons(finished) == {"Available": ("True", "MinimumReplicasAvailable"), "Progressing": ("True", "NewReplicaSetAvailable")}
    assert finished["conditions"][-1]["message"] == 'ReplicaSet "new" has successfully progressed.'
    assert status.same(report({**tree, "status": finished}, [done], done), finished)


def test_a_rollout_times_out_and_says_when_to_look_again():
    tree = deployment(2, spec={"progressDeadlineSeconds": 60})
    new = rs("new", 2, status=counts(replicas=2))
    stuck = {"replicas": 2, "updatedReplicas": 2, "unavailableReplicas": 2, "observedGeneration": 1}

    def progressed(seconds):
        stamp = rfc3339(NOW - timedelta(seconds=seconds))
        condition = status.condition("Progressing", "True", "ReplicaSetUpdated", "", NOW)
        return {**tree, "status": {**stuck, "conditions": [condition | {"lastUpdateTime": stamp}]}}

    assert reasons(report(progressed(59), [new], new))["Progressing"] == ("True", "ReplicaSetUpdated")
    late = report(progressed(61), [new], new)
    assert reasons(late)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert status.next_progress_check(progressed(20), NOW) == 41.0
    assert status.next_progress_check({**tree, "status": late}, NOW) is None
    assert status.next_progress_check(deployment(2), NOW) is None


def test_progress_is_not_estimated_without_a_deadline():
    tree = deployment(2, status={"conditions": [status.condition("Progressing", "True", "x", "", NOW)]})
    assert "Progressing" not in reasons(report(tree, [rs("new", 2)]))


def test_failures_of_replica_sets_are_passed_on():
    failing = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "m", "lastTransitionTime": "t"}
    new = rs("new", 1, status=counts(conditions=[failing]))
    found = report(deployment(1), [new], new)
    assert found["conditions"][-1] == {**failing, "lastUpdateTime": "t"}
    assert "ReplicaFailure" not in reasons(report({**deployment(1), "status": found}, [rs("new", 1)]))


def test_terminating_replicas_are_unknown_if_one_set_does_not_say():
    known, silent, unseen = rs("a", 1, status=counts(terminatingReplicas=2)), rs("b", 1, status=counts()), rs("c", 1, status={})
    assert report(deployment(1), [known, unseen])["terminatingReplicas"] == 2
    assert "terminatingReplicas" not in report(deployment(1), [known, silent])


@pytest.mark.parametrize(
    ("paused", "reason", "expected"),
    [
        (True, None, "DeploymentPaused"), (True, "DeploymentPaused", None), (False, "DeploymentPaused", "DeploymentResumed"),
        (False, None, None), (True, "ProgressDeadlineExceeded", None),
    ],
)  # fmt: skip
def test_pausing_is_told(paused, reason, expected):
    conditions = [status.condition("Progressing", "True", reason, "", NOW)] if reason else []
    tree = deployment(1, spec={"paused": paused, "progressDeadlineSeconds": 600}, status={"conditions": conditions})
    told = status.pause_condition(tree, NOW)
    assert (told and told["reason"]) == expected
