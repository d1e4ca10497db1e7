"""The bootstrap policy: whole, and careful with what administrators changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from memory_reader import MemoryReader

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.authorization import build
from kcompat.auth.bootstrap import AUTOUPDATE, missing, policy, reconcile
from kcompat.auth.interface import AuthorizationAttributes, Decision
from kcompat.auth.rule_resolver import GROUP, RuleResolver
from kcompat.controllers.cluster_role_aggregation import aggregated

Tree = dict[str, Any]
PLURALS = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings", "Role": "roles", "RoleBinding": "rolebindings"}


def named(name: str, kind: str = "ClusterRole") -> Tree:
    return next(tree for tree in policy() if (tree["kind"], tree["metadata"]["name"]) == (kind, name))


def test_it_is_complete() -> None:
    assert Counter(tree["kind"] for tree in policy()) == {"ClusterRole": 73, "ClusterRoleBinding": 54, "Role": 7, "RoleBinding": 7}
    roles = {(tree["kind"], tree["metadata"].get("namespace", ""), tree["metadata"]["name"]) for tree in policy()}
    for tree in policy():
        if "roleRef" in tree:
            reference = tree["roleRef"]
            namespace = tree["metadata"].get("namespace", "") if reference["kind"] == "Role" else ""
            assert (reference["kind"], namespace, reference["name"]) in roles


def test_aggregated_roles_are_left_to_their_controller() -> None:
    roles = [tree for tree in policy() if tree["kind"] == "ClusterRole"]
    assert {tree["metadata"]["name"] for tree in roles if tree["rules"] is None} == {"admin", "edit", "view"}
    assert aggregated(named("view"), roles) == named("system:aggregate-to-view")["rules"]


async def test_everybodys_rights() -> None:
    reader = MemoryReader(*((GROUP, PLURALS[tree["kind"]], tree) for tree in policy()))
    authorization = build(["Node", "RBAC"], reader, RuleResolver(reader))
    anonymous = UserInfo("system:anonymous", groups=("system:unauthenticated",))
    scheduler = UserInfo("system:kube-scheduler", groups=("system:authenticated",))
    deployer = UserInfo("system:serviceaccount:kube-system:deployment-controller", groups=("system:authenticated",))
    lock = AuthorizationAttributes(scheduler, "update", "coordination.k8s.io", "v1", "leases", "", "kube-system", "kube-scheduler")
    expected = {
        AuthorizationAttributes(anonymous, "get", path="/healthz", resource_request=False): True,
        AuthorizationAttributes(anonymous, "get", path="/version", resource_request=False): True,
        AuthorizationAttributes(anonymous, "get", path="/api", resource_request=False): False,
        AuthorizationAttributes(anonymous, "list", "", "v1", "pods"): False,
        AuthorizationAttributes(scheduler, "get", path="/api", resource_request=False): True,
        AuthorizationAttributes(scheduler, "create", "", "v1", "pods", "binding", "ns", "p"): True,
        AuthorizationAttributes(scheduler, "create", "", "v1", "pods", "", "ns"): False,
        lock: True,
        AuthorizationAttributes(deployer, "create", "apps", "v1", "replicasets", "", "ns"): True,
        AuthorizationAttributes(deployer, "create", "", "v1", "secrets", "", "ns"): False,
    }
    actual = {question: (await authorization.authorize(question)).decision is Decision.ALLOW for question in expected}
    assert actual == expected


def test_an_up_to_date_cluster_is_left_alone() -> None:
    everything = list(policy())
    assert list(missing(everything)) == []
    assert [tree for _, tree in missing([])] == everything


def test_what_is_missing_is_added_and_what_was_added_stays() -> None:
    expected = named("system:kube-scheduler")
    own = {"apiGroups": ["mine"], "resources": ["x"], "verbs": ["get"]}
    existing = {**expected, "rules": [own, *expected["rules"][1:]]}
    change = reconcile(existing, expected)
    assert change is not None and change[0] == "update"
    rules = change[1]["rules"]
    assert rules[0] == own and len(rules) > len(existing["rules"])
    assert reconcile(change[1], expected) is None


def test_subjects_and_labels_are_added() -> None:
    expected = named("cluster-admin", "ClusterRoleBinding")
    extra = {"apiGroup": GROUP, "kind": "User", "name": "me"}
    existing = {**expected, "subjects": [extra], "metadata": {"name": "cluster-admin", "labels": {"mine": "yes"}}}
    change = reconcile(existing, expected)
    assert change is not None and change[0] == "update"
    assert change[1]["subjects"] == [extra, *expected["subjects"]]
    assert change[1]["metadata"]["labels"] == {"kubernetes.io/bootstrapping": "rbac-defaults", "mine": "yes"}


def test_autoupdate_false_protects() -> None:
    expected = named("system:kube-scheduler")
    metadata = {**expected["metadata"], "annotations": {AUTOUPDATE: "false"}}
    assert reconcile({**expected, "metadata": metadata, "rules": []}, expected) is None


def test_another_role_means_a_new_binding() -> None:
    expected = named("cluster-admin", "ClusterRoleBinding")
    existing = {**expected, "roleRef": {**expected["roleRef"], "name": "view"}}
    assert reconcile(existing, expected) == ("recreate", expected)


def test_a_role_that_was_not_aggregated_becomes_so() -> None:
    expected = named("view")
    existing = {name: value for name, value in expected.items() if name != "aggregationRule"}
    change = reconcile(existing, expected)
    assert change is not None and change[1]["aggregationRule"] == expected["aggregationRule"]
    plain = named("system:kube-scheduler")
    change = reconcile({**plain, "aggregationRule": expected["aggregationRule"]}, plain)
    assert change is not None and "aggregationRule" not in change[1]
