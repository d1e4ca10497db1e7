"""What status lets through, kind by kind; and what nodes and the system's own users may do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from conformance.differential.kinds import Kind, all_kinds, merged
from conformance.differential.script import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Script, Session, Tree
from conformance.differential.topics.crud import clear, make

_REVIEWS = "/apis/authorization.k8s.io/v1"


def scripts() -> Iterator[Script]:
    for kind in all_kinds():
        if "status" in kind.facts and not kind.settles and kind.kind != "CustomResourceDefinition":
            yield Script("rights", f"status-{kind.title}", partial(_status, kind), brief=True)
    yield Script("rights", "node-authorizer", _node_authorizer)
    yield Script("rights", "system-users", _system_users)
    yield Script("rights", "reviews", _reviews)
    yield Script("rights", "impersonated", _impersonated, setup="alone")  # what a user was allowed last decides what is tried first


async def _status(kind: Kind, s: Session) -> None:
    path = await make(s, kind)
    current = (await s.quiet("GET", path)).tree
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x"}
    for number, change in enumerate((
        {"metadata": {"finalizers": ["example.com/f"]}}, {"metadata": {"ownerReferences": [owner]}}, {"metadata": {"uid": "wrong"}}, {"metadata": {"name": "other"}}, {"metadata": {"name": None}}, {"metadata": {"namespace": "other"}}, {"metadata": {"generateName": "g-"}}, {"metadata": {"deletionTimestamp": "2030-01-01T00:00:00Z", "deletionGracePeriodSeconds": 5}},
        {"metadata": {"managedFields": []}}, {"metadata": {"managedFields": [{}]}}, {"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}}, {"metadata": {"generation": 77}}, {"metadata": {"resourceVersion": None}}, {"metadata": {"resourceVersion": "1"}}, {"metadata": {"resourceVersion": "x"}}, {"metadata": {"labels": {"bad key!": "x"}}}, {"metadata": {"annotations": {"a": "b"}}},
        {"metadata": {"selfLink": "/x"}}, {"kind": "Wrong"}, {"apiVersion": "v7"}, {"status": None}, {"status": "text"}, {"status": []}, {"status": {"nonsense": 1}}, {"spec": None}, {},
    )):  # fmt: skip
        await s.ask("PUT", f"{path}/status?dryRun=All", merged(current, change), note=f"{number}")
    for directive in ("Strict", "Warn", "Ignore", "Wrong"):
        await s.ask("PUT", f"{path}/status?dryRun=All&fieldValidation={directive}", merged(current, {"status": {"nonsense": 1}, "nonsense": 2}))
    for number, (body, media_type) in enumerate((
        ({}, MERGE_PATCH), ({}, STRATEGIC_PATCH), ([], JSON_PATCH), ({"metadata": {"finalizers": ["example.com/f"], "ownerReferences": [owner]}}, MERGE_PATCH), ({"metadata": {"name": "other"}}, MERGE_PATCH), ({"metadata": {"uid": "wrong"}}, MERGE_PATCH), ({"metadata": {"resourceVersion": "1"}}, MERGE_PATCH), ({"status": None}, MERGE_PATCH), ({"status": {"nonsense": 1}}, STRATEGIC_PATCH),
        ({"status": "text"}, MERGE_PATCH), ({"kind": "Wrong"}, MERGE_PATCH), ([{"op": "test", "path": "/metadata/name", "value": "no"}], JSON_PATCH), (b"{", MERGE_PATCH), ({"status": kind.facts["status"]}, "text/plain"),
    )):  # fmt: skip
        await s.ask("PATCH", f"{path}/status?dryRun=All", body, Content_Type=media_type, note=str(number))
    named: dict[str, Any] = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": current["metadata"]["name"]}}
    for number, extra in enumerate(({"status": kind.facts["status"]}, {"status": kind.facts["status"], "metadata": {"labels": {"by": "apply"}}}, {"status": {"nonsense": 1}}, {"metadata": {"name": "other"}}, {"kind": "Wrong"}, {"metadata": {"resourceVersion": "1"}}, {})):
        await s.ask("PATCH", f"{path}/status?fieldManager=applier&force=true&dryRun=All", merged(named, extra), Content_Type=APPLY_PATCH, note=str(number))
    await s.ask("PUT", f"{path}-absent/status", merged(current, {"metadata": {"name": f"{current['metadata']['name']}-absent"}}))
    await s.ask("PATCH", f"{path}-absent/status", {}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}-absent/status?fieldManager=m", merged(named, {"metadata": {"name": f"{current['metadata']['name']}-absent"}}), Content_Type=APPLY_PATCH)
    await s.ask("POST", f"{path}/status", current)
    for accept in ("application/yaml", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "text/html"):
        await s.ask("GET", f"{path}/status", Accept=accept)
    await clear(s, kind)


def _as_node(name: str) -> dict[str, str]:
    return {"Impersonate_User": f"system:node:{name}", "Impersonate_Group": "system:nodes"}


async def _node_authorizer(s: Session) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}}, "volumeName": "diff-rights"}
    await s.quiet("POST", f"{s.core}/persistentvolumeclaims", {"metadata": {"name": "held"}, "spec": claim})
    await s.quiet("POST", "/api/v1/persistentvolumes", {"metadata": {"name": "diff-rights"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "claimRef": {"namespace": s.namespace, "name": "held"}, "csi": {"driver": "d", "volumeHandle": "h", "nodePublishSecretRef": {"name": "volume", "namespace": s.namespace}}}})
    for plural, names in (("secrets", ("held", "pull", "volume", "env", "free")), ("configmaps", ("held", "free")), ("serviceaccounts", ("held", "free"))):
        for name in names:
            await s.quiet("POST", f"{s.core}/{plural}", {"metadata": {"name": name}})
    volumes = [{"name": "s", "secret": {"secretName": "held"}}, {"name": "c", "configMap": {"name": "held"}}, {"name": "p", "persistentVolumeClaim": {"claimName": "held"}}]
    spec: Tree = {"nodeName": "diff-n1", "containers": [{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "env"}}]}], "volumes": volumes, "imagePullSecrets": [{"name": "pull"}], "serviceAccountName": "held", "automountServiceAccountToken": False}
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": "p"}, "spec": spec})
    await s.settle(f"{s.core}/pods/p")
    for node in ("diff-n1", "diff-n2"):
        me = _as_node(node)
        for path in (
            *(f"{s.core}/secrets/{name}" for name in ("held", "pull", "volume", "env", "free", "absent")), f"{s.core}/configmaps/held", f"{s.core}/configmaps/free", f"{s.core}/persistentvolumeclaims/held", "/api/v1/persistentvolumes/diff-rights", "/api/v1/persistentvolumes/absent", f"{s.core}/secrets", f"{s.core}/secrets?fieldSelector=metadata.name%3Dheld",
            f"{s.core}/configmaps?fieldSelector=metadata.name%3Dheld", f"{s.core}/serviceaccounts/held", f"{s.core}/serviceaccounts/free", f"{s.core}/pods", f"{s.core}/pods?fieldSelector=spec.nodeName%3Ddiff-n1", "/api/v1/pods", "/api/v1/pods?fieldSelector=spec.nodeName%3Ddiff-n2", f"{s.core}/pods/p", "/api/v1/nodes/diff-n1", "/api/v1/nodes",
            "/api/v1/nodes?fieldSelector=metadata.name%3Ddiff-n1", "/api/v1/services?fieldSelector=metadata.name%3Dkubernetes", f"{s.core}/endpoints", "/apis/storage.k8s.io/v1/csinodes/diff-n1", "/apis/storage.k8s.io/v1/csidrivers", "/apis/storage.k8s.io/v1/volumeattachments/x", "/apis/storage.k8s.io/v1/volumeattachments", "/apis/resource.k8s.io/v1/resourceslices",
            "/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName%3Ddiff-n1", f"/apis/resource.k8s.io/v1/namespaces/{s.namespace}/resourceclaims/x", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/diff-n1", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", f"/apis/coordination.k8s.io/v1/namespaces/{s.namespace}/leases/x",
            "/apis/certificates.k8s.io/v1/certificatesigningrequests", "/apis/node.k8s.io/v1/runtimeclasses", "/apis/apps/v1/deployments", f"{s.core}/secrets/held?watch=true&timeoutSeconds=1", "/metrics", "/api", "/apis/policy/v1/poddisruptionbudgets", f"{s.core}/pods/p/log", f"{s.core}/pods/p/status", "/api/v1/nodes/diff-n1/status", "/api/v1/nodes/diff-n1/proxy/",
        ):  # fmt: skip
            await s.ask("GET", path, **me)
        for method, path, body in (
            ("POST", f"{s.core}/serviceaccounts/held/token", {"spec": {}}), ("POST", f"{s.core}/serviceaccounts/free/token", {"spec": {}}), ("POST", f"{s.core}/events", {"metadata": {"name": f"e-{node}"}, "involvedObject": {"namespace": s.namespace}}), ("PATCH", f"{s.core}/pods/p/status", {}), ("PATCH", f"{s.core}/pods/p", {}), ("DELETE", f"{s.core}/secrets/held", None),
            ("POST", f"{s.core}/secrets", {"metadata": {"name": "new"}}), ("PATCH", f"{s.core}/configmaps/held", {}), ("PATCH", "/api/v1/nodes/diff-n1", {}), ("POST", f"{_REVIEWS}/subjectaccessreviews", {"spec": {"user": "x", "nonResourceAttributes": {"path": "/", "verb": "get"}}}), ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x"}}),
            ("POST", f"{_REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": s.namespace}}),
        ):  # fmt: skip
            await s.ask(method, path, body, **me)
    for user, name in (("system:node:diff-n1", "held"), ("system:node:diff-n2", "held"), ("system:node:", "held"), ("someone", "held")):
        attributes = {"namespace": s.namespace, "verb": "get", "resource": "secrets", "name": name}
        await s.ask("POST", f"{_REVIEWS}/subjectaccessreviews", {"spec": {"user": user, "groups": ["system:nodes"], "resourceAttributes": attributes}})
    await s.quiet("DELETE", f"{s.core}/pods/p", {"gracePeriodSeconds": 0})
    await s.gone(f"{s.core}/pods/p")
    await s.ask("GET", f"{s.core}/secrets/held", note="the pod is gone", **_as_node("diff-n1"))
    await s.quiet("PATCH", "/api/v1/persistentvolumes/diff-rights", {"metadata": {"finalizers": None}})
    await s.quiet("DELETE", "/api/v1/persistentvolumes/diff-rights")


async def _system_users(s: Session) -> None:
    """The rights of every user that a cluster has from the start."""
    everybody = "system:authenticated"
    for user, *groups in (
        ("system:kube-scheduler", everybody), ("system:kube-controller-manager", everybody), ("system:kube-proxy", everybody), ("system:anonymous", "system:unauthenticated"), ("someone", everybody), ("someone", "system:masters"), ("someone", "system:monitoring"), ("someone", "system:serviceaccounts"), ("system:apiserver", "system:masters"),
        ("system:serviceaccount:kube-system:deployment-controller", everybody), ("system:serviceaccount:kube-system:generic-garbage-collector", everybody), ("system:serviceaccount:kube-system:namespace-controller", everybody), ("system:serviceaccount:kube-system:node-controller", everybody), ("system:serviceaccount:kube-system:bootstrap-signer", everybody),
        ("system:serviceaccount:kube-system:horizontal-pod-autoscaler", everybody), ("system:serviceaccount:kube-system:token-cleaner", everybody), ("system:node:n", "system:nodes"), ("system:bootstrap:x", "system:bootstrappers"),
    ):  # fmt: skip
        spec = {"user": user, "groups": groups}
        for attributes in (
            {"verb": "get", "resource": "pods", "namespace": "default"}, {"verb": "list", "resource": "secrets"}, {"verb": "create", "resource": "pods", "subresource": "binding", "namespace": "x"}, {"verb": "*", "resource": "*", "group": "*"}, {"verb": "update", "resource": "deployments", "subresource": "status", "group": "apps", "namespace": "x"},
            {"verb": "delete", "resource": "configmaps", "namespace": "kube-system", "name": "extension-apiserver-authentication"}, {"verb": "get", "resource": "configmaps", "namespace": "kube-system", "name": "extension-apiserver-authentication"}, {"verb": "create", "resource": "selfsubjectaccessreviews", "group": "authorization.k8s.io"},
            {"verb": "impersonate", "resource": "users", "name": "x"}, {"verb": "approve", "resource": "signers", "group": "certificates.k8s.io", "name": "kubernetes.io/kube-apiserver-client"},
        ):  # fmt: skip
            await s.ask("POST", f"{_REVIEWS}/subjectaccessreviews", {"spec": {**spec, "resourceAttributes": attributes}}, note=f"{user} {groups}")
        for path in ("/metrics", "/api/v1", "/openapi/v2", "/logs/x"):  # but what two bindings allow: either may be named
            await s.ask("POST", f"{_REVIEWS}/subjectaccessreviews", {"spec": {**spec, "nonResourceAttributes": {"path": path, "verb": "get"}}}, note=f"{user} {groups}")


async def _reviews(s: Session) -> None:
    """What reviews refuse."""
    local = f"{_REVIEWS}/namespaces/{s.namespace}/localsubjectaccessreviews"
    attributes = {"verb": "get", "resource": "pods"}
    for number, spec in enumerate((
        {}, {"user": "x"}, {"user": "x", "resourceAttributes": attributes, "nonResourceAttributes": {"path": "/"}}, {"resourceAttributes": attributes}, {"groups": ["g"], "resourceAttributes": attributes}, {"user": "x", "nonResourceAttributes": {}}, {"user": "x", "resourceAttributes": {}}, {"user": "x", "uid": "u", "extra": {"A": ["b"]}, "resourceAttributes": attributes},
        {"user": "x", "resourceAttributes": {**attributes, "namespace": s.namespace}}, {"user": "x", "resourceAttributes": {**attributes, "namespace": "other"}}, {"user": "x", "resourceAttributes": {**attributes, "fieldSelector": {"rawSelector": "a=b", "requirements": []}}}, {"user": "x", "resourceAttributes": {**attributes, "fieldSelector": {"requirements": [{"key": "", "operator": "In"}]}}},
        {"user": "x", "resourceAttributes": {**attributes, "labelSelector": {"requirements": [{"key": "a b", "operator": "Wrong", "values": ["x"]}]}}}, {"user": "x", "resourceAttributes": {**attributes, "labelSelector": {"requirements": [{"key": "a", "operator": "Exists", "values": ["x"]}]}}}, {"user": "x", "resourceAttributes": {**attributes, "fieldSelector": {"rawSelector": "metadata.name"}}},
        {"user": "x", "resourceAttributes": {**attributes, "version": "v9", "group": "none", "name": "n", "subresource": "status"}}, {"user": "", "groups": []}, {"bogus": 1, "user": "x", "resourceAttributes": attributes},
    )):  # fmt: skip
        for path in (f"{_REVIEWS}/subjectaccessreviews", local, f"{_REVIEWS}/selfsubjectaccessreviews"):
            await s.ask("POST", path, {"spec": spec}, note=str(number))
    for number, body in enumerate(({"metadata": {"name": "x"}, "spec": {"user": "x", "resourceAttributes": attributes}}, {"metadata": {"namespace": "other"}, "spec": {"user": "x", "resourceAttributes": attributes}}, {"kind": "Pod", "apiVersion": "v1"}, {"status": {"allowed": True}, "spec": {"user": "x", "resourceAttributes": attributes}}, {"metadata": {"labels": {"a": "b"}, "generateName": "x-"}, "spec": {"user": "x", "resourceAttributes": attributes}})):
        for path in (f"{_REVIEWS}/subjectaccessreviews", local, f"{_REVIEWS}/selfsubjectaccessreviews", f"{_REVIEWS}/selfsubjectrulesreviews", "/apis/authentication.k8s.io/v1/tokenreviews", "/apis/authentication.k8s.io/v1/selfsubjectreviews"):
            await s.ask("POST", path, body, note=str(number))
            await s.ask("POST", f"{path}?dryRun=All&fieldManager=m", body, note=str(number))
    for path in (f"{_REVIEWS}/subjectaccessreviews", "/apis/authentication.k8s.io/v1/tokenreviews", "/apis/authentication.k8s.io/v1/selfsubjectreviews"):
        for method, target in (("GET", path), ("GET", f"{path}/x"), ("DELETE", path), ("PUT", f"{path}/x"), ("PATCH", path)):
            await s.ask(method, target, {} if method in ("PUT", "PATCH") else None)
        await s.ask("POST", path, "spec: {token: x, user: x, nonResourceAttributes: {path: /, verb: get}}\n", Content_Type="application/yaml", Accept="application/yaml")
        await s.ask("POST", f"{path}?fieldValidation=Strict", {"spec": {"bogus": 1}})
    for number, spec in enumerate(({"token": ""}, {"token": "admin-token"}, {"token": "user-token"}, {"token": "wrong"}, {"token": "admin-token", "audiences": ["x"]}, {"token": "admin-token", "audiences": ["https://kubernetes.default.svc.cluster.local"]}, {"token": "a.b.c"}, {"token": "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMuZGVmYXVsdC5zdmMuY2x1c3Rlci5sb2NhbCJ9."})):
        await s.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": spec}, note=str(number))


async def _impersonated(s: Session) -> None:
    for number, headers in enumerate((
        {"Impersonate_User": "x"}, {"Impersonate_User": "x", "Impersonate_Group": "g"}, {"Impersonate_Group": "g"}, {"Impersonate_User": "system:serviceaccount:ns:a"}, {"Impersonate_User": "system:anonymous"}, {"Impersonate_User": "x", "Impersonate_Uid": "u"}, {"Impersonate_Uid": "u"}, {"Impersonate_User": "x", "Impersonate_Extra_Scopes": "a"},
        {"Impersonate_User": "x", "Impersonate_Extra_example.com%2Fk": "v"}, {"Impersonate_Extra_a": "b"}, {"Impersonate_User": ""}, {"Impersonate_User": "system:node:n", "Impersonate_Group": "system:nodes"}, {"Impersonate_User": "x", "Impersonate_Group": "system:authenticated"}, {"Impersonate_User": "x", "Impersonate_Group": "system:unauthenticated"}, {"Impersonate_User": "system:serviceaccount:bad"},
    )):  # fmt: skip
        for user in ("admin", "bob"):
            s.user = user
            await s.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, note=f"{user} {number}", **headers)
    s.user = "admin"
