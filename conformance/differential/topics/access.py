"""Who may: bob without and with rights, anonymous and wrong credentials, impersonation, and the reviews that tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.differential.script import MERGE_PATCH, Script, Session, Tree

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_REVIEWS = "/apis/authorization.k8s.io/v1"


def scripts() -> Iterator[Script]:
    yield Script("access", "refusals", _refusals)
    yield Script("access", "credentials", _credentials)
    yield Script("access", "granted", _granted)
    yield Script("access", "names", _names)
    yield Script("access", "escalation", _escalation)
    yield Script("access", "impersonation", _impersonation)
    yield Script("reviews", "access-reviews", _access_reviews)
    yield Script("reviews", "rules", _rules)
    yield Script("reviews", "self", _self)
    yield Script("reviews", "tokens", _tokens)


async def _refusals(s: Session) -> None:
    """Bob has nothing."""
    s.user = "bob"
    one, apps = f"{s.core}/configmaps/one", f"/apis/apps/v1/namespaces/{s.namespace}/deployments"
    for method, path in (
        ("GET", one), ("GET", f"{s.core}/configmaps"), ("GET", f"{s.core}/configmaps?watch=true"), ("GET", "/api/v1/configmaps"), ("POST", f"{s.core}/configmaps"), ("PUT", one), ("PATCH", one), ("DELETE", one),
        ("DELETE", f"{s.core}/configmaps"), ("GET", "/api/v1/nodes"), ("GET", "/api/v1/nodes/x"), ("GET", f"/api/v1/namespaces/{s.namespace}"), ("GET", "/api/v1/namespaces"), ("POST", "/api/v1/namespaces"), ("GET", apps), ("PUT", f"{apps}/x/scale"),
        ("GET", f"{apps}/x/status"), ("GET", f"{s.core}/pods/x/log"), ("POST", f"{s.core}/pods/x/exec"), ("GET", "/"), ("GET", "/metrics"), ("GET", "/nonsense"), ("GET", "/api"), ("GET", "/apis/apps/v1"), ("GET", "/version"), ("GET", "/healthz"),
        ("GET", "/logs/"), ("GET", "/api/v1/nonsense"), ("GET", "/apis/nonsense/v1/things"), ("POST", f"{_REVIEWS}/subjectaccessreviews"), ("POST", f"{_REVIEWS}/selfsubjectaccessreviews"),
        ("OPTIONS", one), ("FOO", one), ("HEAD", one), ("GET", f"{s.core}/pods?fieldSelector=spec.nodeName%3Dx"), ("GET", f"{s.core}/configmaps?fieldSelector=metadata.name%3Done"), ("PATCH", f"{s.core}/configmaps/a%20b"),
        ("GET", "/.well-known/openid-configuration"), ("GET", "/openid/v1/jwks"), ("GET", "/debug/pprof/"), ("POST", "/api"), ("GET", "/api/v1/watch/pods"), ("GET", "/api/v1/proxy/nodes/x"),
    ):  # fmt: skip
        await s.ask(method, path, b"{}" if method in ("POST", "PUT", "PATCH") else None)
    await s.ask("GET", one, Accept="application/yaml")
    await s.ask("GET", one, Accept="text/html")
    await s.ask("GET", one, Accept="application/json;as=Table;g=meta.k8s.io;v=v1")
    await s.ask("GET", one, User_Agent="curl/8")


async def _credentials(s: Session) -> None:
    for authorization in (None, "", "Bearer", "Bearer ", "Bearer wrong", "bearer admin-token", "Bearer  admin-token", "Basic YWRtaW46eA==", "Negotiate x", "admin-token", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer admin-token x"):
        for path in (f"{s.core}/configmaps", "/api", "/version", "/healthz", "/nonsense"):
            await s.ask("GET", path, Authorization=authorization)
    await s.ask("GET", f"{s.core}/configmaps", Authorization=None, Accept="text/html")
    await s.ask("POST", f"{s.core}/configmaps", {"metadata": {"name": "x"}}, Authorization=None)


async def _role(s: Session, rules: list[Tree], *, cluster: bool = False) -> None:
    """Gives bob a role of these rules in the script's namespace, or everywhere."""
    kind, root = ("ClusterRole", _RBAC) if cluster else ("Role", f"{_RBAC}/namespaces/{s.namespace}")
    name = s.namespace
    await s.quiet("POST", f"{root}/{kind.lower()}s", {"metadata": {"name": name}, "rules": rules})
    binding = {"metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}, "subjects": [{"kind": "User", "name": "bob"}]}
    await s.quiet("POST", f"{root}/{kind.lower()}bindings", binding)
    await s.settle(f"{root}/{kind.lower()}bindings/{name}")


async def _granted(s: Session) -> None:
    await _role(s, [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create"]}, {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["*"]}])
    s.user = "bob"
    root = f"{s.core}/configmaps"
    for method, path, body in (
        ("POST", root, {"metadata": {"name": "one"}}), ("GET", root, None), ("GET", f"{root}/one", None), ("GET", f"{root}?watch=true", None), ("PUT", f"{root}/one", {"metadata": {"name": "one"}}), ("PATCH", f"{root}/one", {}), ("DELETE", f"{root}/one", None),
        ("DELETE", root, None), ("GET", "/api/v1/configmaps", None), ("GET", "/api/v1/namespaces/default/configmaps", None), ("GET", f"{s.core}/secrets", None), ("GET", f"/apis/apps/v1/namespaces/{s.namespace}/deployments/x/scale", None),
        ("GET", f"/apis/apps/v1/namespaces/{s.namespace}/deployments/x", None), ("PUT", f"{root}/new", {"metadata": {"name": "new"}}),
    ):  # fmt: skip
        await s.ask(method, path, body)


async def _names(s: Session) -> None:
    await _role(s, [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["get", "list", "watch", "update", "patch", "delete", "create", "deletecollection"]}])
    root = f"{s.core}/configmaps"
    for name in ("mine", "other"):
        await s.quiet("POST", root, {"metadata": {"name": name}})
    s.user = "bob"
    for path in (f"{root}/mine", f"{root}/other", root, f"{root}?fieldSelector=metadata.name%3Dmine", f"{root}?fieldSelector=metadata.name%3Dother", f"{root}?fieldSelector=metadata.name!%3Dmine"):
        await s.ask("GET", path)
    await s.ask("POST", root, {"metadata": {"name": "mine"}})
    await s.ask("PATCH", f"{root}/mine", {"data": {"a": "b"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/other", {"data": {"a": "b"}}, Content_Type=MERGE_PATCH)
    await s.ask("DELETE", f"{root}?fieldSelector=metadata.name%3Dmine")


async def _escalation(s: Session) -> None:
    """Nobody gives more than he has."""
    verbs = ["create", "update", "patch", "get", "delete"]
    await _role(s, [{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": verbs}, {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
    s.user = "bob"
    root = f"{_RBAC}/namespaces/{s.namespace}"
    for number, rules in enumerate(([], [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}], [{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}], [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])):
        await s.ask("POST", f"{root}/roles", {"metadata": {"name": f"r{number}"}, "rules": rules})
    await s.ask("PATCH", f"{root}/roles/r1", {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/roles/r1", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
    for kind, name in (("Role", "r1"), ("Role", "absent"), ("ClusterRole", "view"), ("ClusterRole", "cluster-admin")):
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        await s.ask("POST", f"{root}/rolebindings", {"metadata": {"name": name}, "roleRef": ref, "subjects": [{"kind": "User", "name": "bob"}]})
    await s.ask("POST", f"{_RBAC}/clusterroles", {"metadata": {"name": "x"}})
    s.user = "admin"
    await s.ask("POST", f"{root}/rolebindings", {"metadata": {"name": "bad"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r1"}, "subjects": [{"kind": "Wrong", "name": "x"}, {"kind": "ServiceAccount", "name": "x"}]})
    await s.ask("PATCH", f"{root}/rolebindings/r1", {"roleRef": {"name": "other"}}, Content_Type=MERGE_PATCH)


async def _impersonation(s: Session) -> None:
    root = f"{s.core}/configmaps"
    for headers in (
        {"Impersonate_User": "bob"}, {"Impersonate_User": "bob", "Impersonate_Group": "system:masters"}, {"Impersonate_User": ""}, {"Impersonate_Group": "g"}, {"Impersonate_Uid": "u"}, {"Impersonate_Extra_Scopes": "x"},
        {"Impersonate_User": f"system:serviceaccount:{s.namespace}:sa"}, {"Impersonate_User": "system:anonymous"}, {"Impersonate_User": "system:node:n", "Impersonate_Group": "system:nodes"},
        {"Impersonate_User": "bob", "Impersonate_Uid": "u", "Impersonate_Extra_Acme.com%2fproject": "x"}, {"Impersonate_User": "bob", "Impersonate_Group": "system:unauthenticated"}, {"Impersonate_User": "bob", "Impersonate_Extra_": "x"},
    ):  # fmt: skip
        await s.ask("GET", root, **headers)
        await s.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, **headers)
    s.user = "bob"
    for headers in ({"Impersonate_User": "admin"}, {"Impersonate_User": "bob"}, {"Impersonate_User": "x", "Impersonate_Group": "system:masters"}, {"Impersonate_User": f"system:serviceaccount:{s.namespace}:sa"}, {"Impersonate_User": "system:node:n"}):
        await s.ask("GET", root, **headers)
    s.user = "admin"
    await _role(s, [{"apiGroups": [""], "resources": ["users"], "resourceNames": ["carl"], "verbs": ["impersonate"]}, {"apiGroups": ["authentication.k8s.io"], "resources": ["userextras/scopes"], "resourceNames": ["a"], "verbs": ["impersonate"]}], cluster=True)
    s.user = "bob"
    for headers in ({"Impersonate_User": "carl"}, {"Impersonate_User": "dora"}, {"Impersonate_User": "carl", "Impersonate_Group": "g"}, {"Impersonate_User": "carl", "Impersonate_Extra_Scopes": "a"},
                    {"Impersonate_User": "carl", "Impersonate_Extra_Scopes": "b"}, {"Impersonate_User": "carl", "Impersonate_Uid": "u"}):  # fmt: skip
        await s.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, **headers)


async def _access_reviews(s: Session) -> None:
    resource: Tree = {"namespace": s.namespace, "verb": "get", "resource": "pods"}
    specs: list[Any] = [
        {"resourceAttributes": resource}, {"nonResourceAttributes": {"path": "/healthz", "verb": "get"}}, {"nonResourceAttributes": {"path": "/x", "verb": "get"}}, {}, {"resourceAttributes": resource, "nonResourceAttributes": {"path": "/", "verb": "get"}},
        {"resourceAttributes": {}}, {"resourceAttributes": {**resource, "group": "apps", "version": "v1", "subresource": "scale", "name": "x"}}, {"resourceAttributes": {**resource, "verb": "*", "resource": "*", "group": "*"}},
        {"resourceAttributes": {**resource, "fieldSelector": {"rawSelector": "a=b"}}}, {"resourceAttributes": {**resource, "fieldSelector": {"requirements": [{"key": "a", "operator": "In", "values": ["b"]}]}}},
        {"resourceAttributes": {**resource, "labelSelector": {"rawSelector": "a b", "requirements": []}}}, {"resourceAttributes": {**resource, "fieldSelector": {"rawSelector": "a=b", "requirements": [{"key": "a", "operator": "Wrong"}]}}},
        {"resourceAttributes": {**resource, "labelSelector": {}}}, {"resourceAttributes": {**resource, "labelSelector": {"requirements": [{"key": "a", "operator": "Exists", "values": ["x"]}, {"key": "", "operator": "In"}]}}},
    ]  # fmt: skip
    for number, spec in enumerate(specs):
        note = str(number)
        await s.ask("POST", f"{_REVIEWS}/selfsubjectaccessreviews", {"spec": spec}, note=note)
        for who in ({"user": "bob"}, {"user": "admin", "groups": ["system:masters"]}, {}, {"groups": ["g"], "uid": "u", "extra": {"Scopes": ["a"]}}):
            await s.ask("POST", f"{_REVIEWS}/subjectaccessreviews", {"spec": {**spec, **who}}, note=f"{note} {who}")
        await s.ask("POST", f"{_REVIEWS}/namespaces/{s.namespace}/localsubjectaccessreviews", {"spec": {**spec, "user": "bob"}}, note=note)
    await s.ask("POST", f"{_REVIEWS}/namespaces/other/localsubjectaccessreviews", {"spec": {**specs[0], "user": "bob"}})
    await s.ask("POST", f"{_REVIEWS}/namespaces/{s.namespace}/localsubjectaccessreviews", {"metadata": {"namespace": "other"}, "spec": {**specs[0], "user": "bob"}})
    for metadata in ({"name": "x"}, {"labels": {"a": "b"}}, {"namespace": "x"}, {"generateName": "x"}):
        await s.ask("POST", f"{_REVIEWS}/subjectaccessreviews", {"metadata": metadata, "spec": {**specs[0], "user": "bob"}})
        await s.ask("POST", f"{_REVIEWS}/selfsubjectaccessreviews", {"metadata": metadata, "spec": specs[0]})
    await s.ask("POST", f"{_REVIEWS}/selfsubjectaccessreviews?dryRun=All", {"spec": specs[0]})
    await s.ask("POST", f"{_REVIEWS}/selfsubjectaccessreviews?fieldValidation=Strict", {"spec": specs[0], "nonsense": 1})
    await s.ask("POST", f"{_REVIEWS}/selfsubjectaccessreviews", {"spec": specs[0], "status": {"allowed": False, "reason": "mine"}})
    await s.ask("POST", f"{_REVIEWS}/selfsubjectaccessreviews", {"kind": "SubjectAccessReview"})
    s.user = "bob"
    for spec in specs[:3]:
        await s.ask("POST", f"{_REVIEWS}/selfsubjectaccessreviews", {"spec": spec})


async def _rules(s: Session) -> None:
    for body in ({"spec": {"namespace": s.namespace}}, {"spec": {}}, {}, {"spec": {"namespace": "absent"}}):
        await s.ask("POST", f"{_REVIEWS}/selfsubjectrulesreviews", body)
    await _role(s, [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["one"]}])
    s.user = "bob"
    await s.ask("POST", f"{_REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": s.namespace}})


async def _self(s: Session) -> None:
    root = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    await s.ask("POST", root, {})
    await s.ask("POST", root, {"metadata": {"name": "x"}, "status": {"userInfo": {"username": "other"}}})
    await s.ask("POST", f"{root}?dryRun=All", {})
    await s.ask("POST", root, {"kind": "Wrong"})
    await s.ask("POST", root, {}, Accept="application/json;as=Table;g=meta.k8s.io;v=v1,application/json")
    s.user = "bob"
    await s.ask("POST", root, {})
    await s.ask("POST", root, {}, Authorization=None)


async def _tokens(s: Session) -> None:
    root = "/apis/authentication.k8s.io/v1/tokenreviews"
    for spec in ({"token": "admin-token"}, {"token": "user-token"}, {"token": "wrong"}, {"token": ""}, {}, {"token": "admin-token", "audiences": ["other"]}, {"token": "admin-token", "audiences": ["https://kubernetes.default.svc.cluster.local"]}):
        await s.ask("POST", root, {"spec": spec})
    await s.quiet("POST", f"{s.core}/serviceaccounts", {"metadata": {"name": "sa"}})
    path = f"{s.core}/serviceaccounts/sa/token"
    made = await s.ask("POST", path, {"spec": {"expirationSeconds": 3600}})
    token = made.at("status.token")
    for spec in (
        {}, {"audiences": ["a", "b"]}, {"expirationSeconds": 10}, {"expirationSeconds": -1}, {"expirationSeconds": 599}, {"expirationSeconds": 600}, {"expirationSeconds": 1 << 33}, {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "absent"}},
        {"boundObjectRef": {"kind": "ConfigMap", "apiVersion": "v1", "name": "x"}}, {"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "x"}}, {"boundObjectRef": {"kind": "Node", "apiVersion": "v1", "name": "x"}}, {"boundObjectRef": {}},
    ):  # fmt: skip
        await s.ask("POST", path, {"spec": spec}, note=str(spec))
    await s.ask("POST", path, {"metadata": {"name": "other"}, "spec": {}})
    await s.ask("POST", path, {"metadata": {"namespace": "other"}, "spec": {}})
    await s.ask("POST", f"{path}?dryRun=All", {"spec": {}})
    await s.ask("POST", f"{s.core}/serviceaccounts/absent/token", {"spec": {}})
    await s.ask("POST", path, {})
    await s.ask("POST", root, {"spec": {"token": token}})
    await s.ask("POST", root, {"spec": {"token": token, "audiences": ["other"]}})
    s.user = token or "none"
    await s.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    await s.ask("GET", f"{s.core}/configmaps")
    s.user = "admin"
    await s.quiet("DELETE", f"{s.core}/serviceaccounts/sa")
    await s.ask("POST", root, {"spec": {"token": token}}, note="of an account that is gone")
