"""RBAC: who may do what, that the memory of decisions is never stale, and the texts of refusals."""

from __future__ import annotations

from typing import Any

import pytest
from memory_reader import MemoryReader, obj

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.authorization import build, forbidden
from kcompat.auth.authorizers.rbac import RbacAuthorizer
from kcompat.auth.interface import AuthorizationAttributes, Decision
from kcompat.auth.rule_resolver import GROUP, RuleResolver

Tree = dict[str, Any]
BOB = UserInfo("bob", groups=("dev", "system:authenticated"))


def role(name: str, *rules: Tree, namespace: str = "", **more: Any) -> tuple[str, str, Tree]:
    return GROUP, "roles" if namespace else "clusterroles", obj(name, namespace, rules=list(rules), **more)


def binding(name: str, kind: str, to: str, *subjects: Tree, namespace: str = "") -> tuple[str, str, Tree]:
    reference = {"kind": kind, "name": to, "apiGroup": GROUP}
    return GROUP, "rolebindings" if namespace else "clusterrolebindings", obj(name, namespace, roleRef=reference, subjects=list(subjects))


def rule(verbs: str, resources: str, groups: str = "", names: str = "") -> Tree:
    named = {"resourceNames": names.split()} if names else {}
    return {"verbs": verbs.split(), "apiGroups": groups.split(",") if groups else [""], "resources": resources.split(), **named}


def urls(verbs: str, paths: str) -> Tree:
    return {"verbs": verbs.split(), "nonResourceURLs": paths.split()}


USER, DEV = {"kind": "User", "name": "bob"}, {"kind": "Group", "name": "dev"}


def asks(verb: str, resource: str, namespace: str = "", name: str = "", group: str = "", user: UserInfo = BOB) -> AuthorizationAttributes:
    resource, _, subresource = resource.partition("/")
    return AuthorizationAttributes(user, verb, group, "v1", resource, subresource, namespace, name)


async def allowed(reader: MemoryReader, *questions: AuthorizationAttributes) -> list[bool]:
    authorizer = RbacAuthorizer(RuleResolver(reader))
    return [(await authorizer.authorize(question)).decision is Decision.ALLOW for question in questions]


@pytest.mark.parametrize(
    ("given", "question", "expected"),
    [
        (rule("get list", "pods"), ("get", "pods"), True),
        (rule("get list", "pods"), ("watch", "pods"), False),
        (rule("*", "*", "*"), ("anything", "widgets/scale", "", "", "example.com"), True),
        (rule("*", "*", ""), ("get", "deployments", "", "", "apps"), False),
        (rule("get", "deployments", "apps,batch"), ("get", "deployments", "", "", "apps"), True),
        (rule("get", "pods"), ("get", "pods/log"), False),
        (rule("get", "pods/log"), ("get", "pods/log"), True),
        (rule("get", "pods/log"), ("get", "pods"), False),
        (rule("get", "*/log"), ("get", "pods/log"), True),
        (rule("get", "*/log"), ("get", "pods/blog"), False),
        (rule("get", "*/scale"), ("get", "scale"), False),
        (rule("get", "pods/*"), ("get", "pods/log"), False),
        (rule("get", "secrets", names="a b"), ("get", "secrets", "", "b"), True),
        (rule("get", "secrets", names="a b"), ("get", "secrets", "", "c"), False),
        (rule("list", "secrets", names="a b"), ("list", "secrets"), False),
        (urls("get", "/healthz"), ("get", "pods"), False),
    ],
)
async def test_rules_of_resources(given: Tree, question: tuple[str, ...], expected: bool) -> None:
    reader = MemoryReader(role("r", given), binding("b", "ClusterRole", "r", USER))
    assert await allowed(reader, asks(*question)) == [expected]


@pytest.mark.parametrize(
    ("paths", "path", "expected"),
    [
        ("/healthz", "/healthz", True),
        ("/healthz", "/healthz/ping", False),
        ("/healthz/*", "/healthz/ping", True),
        ("/healthz/*", "/healthz", False),
        ("/health*", "/healthz", True),
        ("*", "/anything", True),
    ],
)
async def test_rules_of_paths(paths: str, path: str, expected: bool) -> None:
    reader = MemoryReader(role("r", urls("get", paths)), binding("b", "ClusterRole", "r", USER))
    question = AuthorizationAttributes(BOB, "get", path=path, resource_request=False)
    assert await allowed(reader, question) == [expected]


async def test_a_resource_named_like_a_path_is_not_the_path() -> None:
    reader = MemoryReader(role("r", urls("get", "x")), binding("b", "ClusterRole", "r", USER))
    path = AuthorizationAttributes(BOB, "get", path="x", resource_request=False)
    assert await allowed(reader, path, asks("get", "x"), path) == [True, False, True]


@pytest.mark.parametrize(
    ("subject", "user", "expected"),
    [
        (USER, BOB, True),
        (DEV, BOB, True),
        ({"kind": "Group", "name": "bob"}, BOB, False),
        ({"kind": "User", "name": "dev"}, BOB, False),
        ({"kind": "ServiceAccount", "name": "sa", "namespace": "ns"}, UserInfo("system:serviceaccount:ns:sa"), True),
        ({"kind": "ServiceAccount", "name": "sa", "namespace": "ns"}, UserInfo("system:serviceaccount:other:sa"), False),
        ({"kind": "ServiceAccount", "name": "sa"}, UserInfo("system:serviceaccount:ns:sa"), True),
        ({"kind": "User", "name": "system:serviceaccount:ns:sa"}, UserInfo("system:serviceaccount:ns:sa"), True),
        ({"kind": "Robot", "name": "bob"}, BOB, False),
    ],
)
async def test_subjects(subject: Tree, user: UserInfo, expected: bool) -> None:
    reader = MemoryReader(role("r", rule("get", "pods"), namespace="ns"), binding("b", "Role", "r", subject, namespace="ns"))
    assert await allowed(reader, asks("get", "pods", "ns", user=user)) == [expected]


async def test_a_cluster_binding_needs_the_namespace_of_a_service_account() -> None:
    reader = MemoryReader(role("r", rule("get", "pods")), binding("b", "ClusterRole", "r", {"kind": "ServiceAccount", "name": "sa"}))
    assert await allowed(reader, asks("get", "pods", "ns", user=UserInfo("system:serviceaccount::sa"))) == [False]


async def test_a_role_binding_reaches_its_namespace_only() -> None:
    reader = MemoryReader(role("r", rule("get", "pods")), binding("b", "ClusterRole", "r", DEV, namespace="ns"))
    assert await allowed(reader, asks("get", "pods", "ns"), asks("get", "pods", "other"), asks("get", "pods")) == [True, False, False]


async def test_a_role_of_another_namespace_or_kind_is_not_meant() -> None:
    reader = MemoryReader(
        role("r", rule("get", "pods"), namespace="other"),
        binding("b", "Role", "r", DEV, namespace="ns"),
        binding("c", "ClusterRole", "r", DEV, namespace="ns"),
    )
    verdict = await RbacAuthorizer(RuleResolver(reader)).authorize(asks("get", "pods", "ns"))
    assert verdict.decision is Decision.NO_OPINION
    missing = [f'{kind}.{GROUP} "r" not found' for kind in ("role", "clusterrole")]
    assert verdict.reason == f"RBAC: [{', '.join(missing)}]"


async def test_decisions_follow_every_change() -> None:
    reader = MemoryReader()
    authorizer = RbacAuthorizer(RuleResolver(reader))

    async def may() -> bool:
        return (await authorizer.authorize(asks("get", "pods", "ns", "p"))).decision is Decision.ALLOW

    assert not await may()
    reader.put(*role("r", rule("get", "pods", names="p"), namespace="ns"))
    assert not await may()
    reader.put(*binding("b", "Role", "r", DEV, namespace="ns"))
    assert await may()
    reader.put(*role("r", rule("get", "pods", names="q"), namespace="ns"))
    assert not await may()
    reader.put(*role("r", rule("get", "pods"), namespace="ns"))
    reader.put(*binding("b", "Role", "r", {"kind": "User", "name": "eve"}, namespace="ns"))
    assert not await may()
    reader.put(*binding("b", "Role", "r", DEV, USER, namespace="ns"))
    assert await may()
    reader.delete(GROUP, "rolebindings", "ns", "b")
    assert not await may()


async def test_roles_and_bindings_are_listed_once() -> None:
    reader = MemoryReader(role("r", rule("get", "pods")), binding("b", "ClusterRole", "r", DEV))
    authorizer = RbacAuthorizer(RuleResolver(reader))
    for name in map(str, range(100)):
        assert (await authorizer.authorize(asks("get", "pods", "ns", name))).decision is Decision.ALLOW
    assert reader.lists == 4
    assert len(authorizer._grants) == 1  # one decision for all names


async def test_aggregated_roles_allow_what_is_written_in_them() -> None:
    selected = {"clusterRoleSelectors": [{"matchLabels": {"in": "true"}}]}
    leaf = role("leaf", rule("get", "pods"))
    leaf[2]["metadata"]["labels"] = {"in": "true"}
    for rules in ([], [rule("get", "pods")]):
        reader = MemoryReader(role("whole", *rules, aggregationRule=selected), leaf, binding("b", "ClusterRole", "whole", DEV))
        assert await allowed(reader, asks("get", "pods"), asks("list", "pods")) == [bool(rules), False]


async def test_the_reason_names_the_binding() -> None:
    account = {"kind": "ServiceAccount", "name": "sa"}
    robot = UserInfo("system:serviceaccount:ns:sa")
    reader = MemoryReader(
        role("r", rule("get", "pods")),
        binding("b", "ClusterRole", "r", USER, DEV),
        binding("c", "ClusterRole", "r", account, namespace="ns"),
    )
    authorizer = RbacAuthorizer(RuleResolver(reader))
    reasons = [(await authorizer.authorize(asks("get", "pods", "ns", user=user))).reason for user in (BOB, robot)]
    assert reasons == [
        'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to User "bob"',
        'RBAC: allowed by RoleBinding "c/ns" of ClusterRole "r" to ServiceAccount "sa/ns"',
    ]


async def test_rules_for_a_review() -> None:
    reader = MemoryReader(
        role("r", rule("get", "pods", names="a"), urls("get", "/x")),
        binding("b", "ClusterRole", "r", DEV),
        binding("c", "Role", "gone", DEV, namespace="ns"),
    )
    resources, paths, incomplete, problem = await RbacAuthorizer(RuleResolver(reader)).rules_for(BOB, "ns")
    assert resources == [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]}]
    assert paths == [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]
    assert (incomplete, problem) == (False, f'role.{GROUP} "gone" not found')


def chain(reader: MemoryReader, *modes: str) -> Any:
    return build(modes, reader, RuleResolver(reader))


async def test_authorizers_are_asked_in_order_and_masters_never_refused(reader: MemoryReader) -> None:
    master = UserInfo("root", groups=("system:masters",))
    assert (await chain(reader, "AlwaysDeny").authorize(asks("get", "pods", user=master))).decision is Decision.ALLOW
    refusal = await chain(reader, "AlwaysDeny", "RBAC").authorize(asks("get", "pods"))
    assert (refusal.decision, refusal.reason) == (Decision.NO_OPINION, "alwaysdeny: Everything is forbidden.")
    assert (await chain(reader, "RBAC", "AlwaysAllow").authorize(asks("get", "pods"))).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("modes", "problem"),
    [
        ([], "at least one authorization-mode must be passed"),
        (["RBAX"], 'authorization-mode "RBAX" is not a valid mode'),
        (["RBAC", "RBAC"], 'authorization-mode ["RBAC" "RBAC"] has mode specified more than once'),
        (["Webhook"], "authorization-mode Webhook is not supported yet"),
    ],
)
def test_unusable_modes(reader: MemoryReader, modes: list[str], problem: str) -> None:
    with pytest.raises(ValueError) as error:
        chain(reader, *modes)
    assert str(error.value) == problem


@pytest.mark.parametrize(
    ("question", "reason", "message"),
    [
        (
            asks("list", "pods", "default"),
            "",
            'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
        ),
        (
            asks("get", "deployments/scale", name="web", group="apps"),
            "",
            'deployments.apps "web" is forbidden: User "bob" cannot get resource "deployments/scale" '
            'in API group "apps" at the cluster scope',
        ),
        (AuthorizationAttributes(BOB, "get", path="/a<b", resource_request=False), "", 'forbidden: User "bob" cannot get path "/a&lt;b"'),
        (
            asks("list", "pods"),
            "rbac: RBAC: x",
            'pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope: rbac: RBAC: x',
        ),
    ],
)
def test_refusals_read_as_upstreams(question: AuthorizationAttributes, reason: str, message: str) -> None:
    error = forbidden(question, reason)
    assert (error.code, error.reason, error.message) == (403, "Forbidden", message)
