"""Nobody grants more than they have. The expected texts were recorded from a kube-apiserver 1.37."""

from __future__ import annotations

from typing import Any

import pytest
from memory_reader import MemoryReader, obj
from test_rbac_authorizer import BOB, USER, binding, role, rule, urls

from kcompat.admission.interface import CREATE, DELETE, UPDATE, Attributes
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.user import UserInfo
from kcompat.auth.authorization import build
from kcompat.auth.escalation import EscalationCheck
from kcompat.auth.rule_resolver import GROUP, RuleResolver

Tree = dict[str, Any]

ESCALATING = (
    rule("get list", "pods pods/log", ",apps"),
    rule("get list", "secrets", names="a b"),
    urls("get", "/x /api"),
)
MISSING = """user "bob" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}
{APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list"]}
{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get" "list"]}
{APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["get" "list"]}
{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list"]}
{APIGroups:["apps"], Resources:["pods/log"], Verbs:["get" "list"]}
{NonResourceURLs:["/x"], Verbs:["get"]}"""


def write(resource: str, tree: Tree, old: Tree | None = None, user: UserInfo = BOB, operation: str = "") -> Attributes:
    metadata = tree["metadata"]
    verb = operation or (UPDATE if old else CREATE)
    name = metadata["name"] if old else ""
    return Attributes(verb, GROUP, "v1", resource, "", "", GROUP, "v1", metadata.get("namespace", ""), name, user, tree, old)


async def refusal(reader: MemoryReader, attributes: Attributes) -> StatusError | None:
    resolver = RuleResolver(reader)
    try:
        await EscalationCheck(build(["RBAC"], reader, resolver), resolver).check(attributes)
    except StatusError as error:
        return error
    return None


@pytest.fixture
def reader() -> MemoryReader:
    return MemoryReader(role("discovery", urls("get", "/api /api/*")), binding("discovery", "ClusterRole", "discovery", USER))


async def test_a_role_beyond_ones_own_rights(reader: MemoryReader) -> None:
    error = await refusal(reader, write("clusterroles", obj("esc", rules=list(ESCALATING))))
    assert error is not None
    assert error.message == f'clusterroles.{GROUP} "esc" is forbidden: {MISSING}'


async def test_a_role_within_ones_own_rights(reader: MemoryReader) -> None:
    reader.put(*role("wide", rule("*", "pods pods/log", "*"), rule("get list watch", "secrets"), namespace="ns"))
    reader.put(*binding("wide", "Role", "wide", USER, namespace="ns"))
    narrow = obj("narrow", "ns", rules=[*ESCALATING[:2], urls("get", "/api/v1")])
    assert await refusal(reader, write("roles", narrow)) is None
    assert await refusal(reader, write("roles", {**narrow, "metadata": {"name": "narrow", "namespace": "elsewhere"}})) is not None


async def test_names_and_stars_cover_only_what_they_say(reader: MemoryReader) -> None:
    reader.put(*role("some", rule("get", "secrets", names="a"), rule("get", "*/status", "apps")))
    reader.put(*binding("some", "ClusterRole", "some", USER))
    assert await refusal(reader, write("clusterroles", obj("r", rules=[rule("get", "secrets", names="a")]))) is None
    assert await refusal(reader, write("clusterroles", obj("r", rules=[rule("get", "deployments/status", "apps")]))) is None
    for beyond in (rule("get", "secrets"), rule("get", "secrets", names="b"), rule("get", "*", "apps"), rule("*", "secrets", names="a")):
        assert await refusal(reader, write("clusterroles", obj("r", rules=[beyond]))) is not None


async def test_the_verb_escalate_permits_any_role(reader: MemoryReader) -> None:
    reader.put(*role("esc", rule("escalate", "clusterroles", GROUP)))
    reader.put(*binding("esc", "ClusterRole", "esc", USER))
    assert await refusal(reader, write("clusterroles", obj("r", rules=list(ESCALATING)))) is None
    assert await refusal(reader, write("roles", obj("r", "ns", rules=list(ESCALATING)))) is not None


async def test_aggregation_needs_everything(reader: MemoryReader) -> None:
    gathering = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    problem = f'clusterroles.{GROUP} "esc2" is forbidden: must have cluster-admin privileges to use the aggregationRule'
    for attributes in (
        write("clusterroles", obj("esc2", aggregationRule=gathering)),
        write("clusterroles", obj("esc2"), obj("esc2", aggregationRule=gathering)),
    ):
        error = await refusal(reader, attributes)
        assert error is not None and error.message == problem


def bound(kind: str, to: str, namespace: str = "", subject: Tree = USER) -> Tree:
    return binding("zz", kind, to, subject, namespace=namespace)[2]


async def test_a_binding_to_more_than_ones_own_rights(reader: MemoryReader) -> None:
    reader.put(*role("esc", *ESCALATING))
    error = await refusal(reader, write("clusterrolebindings", bound("ClusterRole", "esc")))
    assert error is not None
    assert error.message == f'clusterrolebindings.{GROUP} "zz" is forbidden: {MISSING}'


async def test_the_verb_bind_permits_a_binding_where_it_holds(reader: MemoryReader) -> None:
    reader.put(*role("esc", *ESCALATING))
    reader.put(*role("binder", rule("bind", "clusterroles", GROUP, names="esc"), namespace="ns"))
    reader.put(*binding("binder", "Role", "binder", USER, namespace="ns"))
    assert await refusal(reader, write("rolebindings", bound("ClusterRole", "esc", "ns"))) is None
    assert await refusal(reader, write("rolebindings", bound("ClusterRole", "esc", "other"))) is not None
    assert await refusal(reader, write("clusterrolebindings", bound("ClusterRole", "esc"))) is not None


async def test_a_binding_to_an_absent_role(reader: MemoryReader) -> None:
    error = await refusal(reader, write("rolebindings", bound("Role", "nope", "ns")))
    assert error is not None and (error.code, error.message) == (404, f'rolebindings.{GROUP} "nope" not found')
    error = await refusal(reader, write("rolebindings", bound("Rolex", "nope", "ns")))
    assert error is not None and (error.code, error.reason, error.message) == (500, "", 'unsupported role reference kind: "Rolex"')


async def test_what_needs_no_check(reader: MemoryReader) -> None:
    escalating = obj("esc", rules=list(ESCALATING))
    collected = {**escalating, "metadata": {**escalating["metadata"], "finalizers": ["x"], "ownerReferences": []}}
    assert await refusal(reader, write("clusterroles", collected, escalating)) is None
    assert await refusal(reader, write("clusterroles", escalating, user=UserInfo("root", groups=("system:masters",)))) is None
    assert await refusal(reader, write("clusterroles", escalating, escalating, operation=DELETE)) is None
