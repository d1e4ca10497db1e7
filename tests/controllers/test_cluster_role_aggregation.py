"""Roles whose rules are those of others."""

from __future__ import annotations

from kcompat.controllers.cluster_role_aggregation import CLUSTER_ROLES, aggregated


def role(name, *rules, labels=None, selectors=None):
    tree = {"metadata": {"name": name, "labels": labels or {}}, "rules": list(rules)}
    return tree | ({"aggregationRule": {"clusterRoleSelectors": selectors}} if selectors is not None else {})


def rule(resource):
    return {"apiGroups": [""], "resources": [resource], "verbs": ["get"]}


def test_rules_come_by_selector_then_by_name_and_once():
    a, b = {"matchLabels": {"to": "a"}}, {"matchLabels": {"to": "b"}}
    roles = [
        role("z", rule("pods"), labels={"to": "a"}),
        role("c", rule("nodes"), rule("pods"), labels={"to": "a"}),
        role("y", rule("secrets"), rule("nodes"), labels={"to": "b"}),
        role("x", rule("services")),
    ]
    whole = role("whole", selectors=[b, a], labels={"to": "a"})
    assert aggregated(whole, [*roles, whole]) == [rule("secrets"), rule("nodes"), rule("pods")]
    assert aggregated(role("none", selectors=[]), roles) == []


async def test_a_role_follows_those_it_selects(plane, admin):
    mine = {"metadata": {"name": "mine", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}, "rules": [rule("widgets")]}
    await admin.create(CLUSTER_ROLES, mine)
    view = await admin.becomes(CLUSTER_ROLES, "view", lambda tree: rule("widgets") in (tree["rules"] or ()))
    (writer,) = [entry for entry in view["metadata"]["managedFields"] if entry["manager"] == "clusterrole-aggregation-controller"]
    assert writer["operation"] == "Apply" and writer["fieldsV1"] == {"f:rules": {}}
    await admin.becomes(CLUSTER_ROLES, "admin", lambda tree: rule("widgets") in (tree["rules"] or ()))  # through edit, which selects view's
    await admin.client.of(CLUSTER_ROLES).delete("mine")
    await admin.becomes(CLUSTER_ROLES, "view", lambda tree: rule("widgets") not in (tree["rules"] or ()))
