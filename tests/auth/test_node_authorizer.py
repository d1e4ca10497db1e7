"""What kubelets may do: their own things and what their pods need."""

from __future__ import annotations

from typing import Any

import pytest
from memory_reader import MemoryReader, obj

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.authorizers.node import NodeAuthorizer
from kcompat.auth.interface import AuthorizationAttributes, Decision

N1 = UserInfo("system:node:n1", groups=("system:nodes", "system:authenticated"))

SPEC: dict[str, Any] = {
    "nodeName": "n1",
    "serviceAccountName": "account",
    "imagePullSecrets": [{"name": "pull"}],
    "containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "key"}}}], "envFrom": [{"configMapRef": {"name": "env"}}]}],
    "initContainers": [{"envFrom": [{"secretRef": {"name": "init"}}]}],
    "volumes": [
        {"secret": {"secretName": "volume"}},
        {"projected": {"sources": [{"configMap": {"name": "projected"}}, {"secret": {"name": "part"}}]}},
        {"persistentVolumeClaim": {"claimName": "claim"}},
        {"name": "scratch", "ephemeral": {}},
        {"csi": {"nodePublishSecretRef": {"name": "csi"}}},
    ],
    "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "t"}, {"name": "nic", "resourceClaimName": "nic-claim"}],
}
STATUS = {"resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "gpu-claim"}]}
VOLUME = obj(
    "pv", spec={"claimRef": {"namespace": "ns", "name": "claim"}, "csi": {"nodeStageSecretRef": {"name": "stage", "namespace": "drivers"}}}
)


@pytest.fixture
def reader() -> MemoryReader:
    return MemoryReader(
        ("", "pods", obj("pod", "ns", spec=SPEC, status=STATUS)),
        ("", "pods", obj("far", "ns", spec={**SPEC, "nodeName": "n2", "imagePullSecrets": [{"name": "others"}]})),
        ("", "persistentvolumes", VOLUME),
        ("storage.k8s.io", "volumeattachments", obj("mine", spec={"nodeName": "n1"})),
        ("storage.k8s.io", "volumeattachments", obj("theirs", spec={"nodeName": "n2"})),
    )


def asks(verb: str, what: str, name: str = "", namespace: str = "", fields: str = "") -> AuthorizationAttributes:
    group, _, rest = what.rpartition(":")
    resource, _, subresource = rest.partition("/")
    return AuthorizationAttributes(N1, verb, group, "v1", resource, subresource, namespace, name, field_selector=fields)


ALLOWED = [
    *(asks("get", "secrets", name, "ns") for name in ("pull", "key", "init", "volume", "part", "csi")),
    *(asks(verb, "configmaps", name, "ns") for name in ("env", "projected") for verb in ("get", "list", "watch")),
    *(asks("get", "persistentvolumeclaims", name, "ns") for name in ("claim", "pod-scratch")),
    *(asks("get", "resource.k8s.io:resourceclaims", name, "ns") for name in ("gpu-claim", "nic-claim")),
    asks("patch", "persistentvolumeclaims/status", "claim", "ns"),
    asks("get", "persistentvolumes", "pv"),
    asks("get", "secrets", "stage", "drivers"),
    asks("get", "serviceaccounts", "account", "ns"),
    asks("create", "serviceaccounts/token", "account", "ns"),
    asks("get", "storage.k8s.io:volumeattachments", "mine"),
    asks("get", "pods", "pod", "ns"),
    asks("list", "pods", fields="spec.nodeName=n1"),
    asks("watch", "pods", fields="metadata.name=x,spec.nodeName==n1"),
    asks("patch", "pods/status", "any", "ns"),
    asks("create", "pods", "", "ns"),
    asks("create", "pods/eviction", "pod", "ns"),
    asks("get", "nodes", "n1"),
    asks("create", "nodes"),
    asks("patch", "nodes/status", "n1"),
    asks("update", "coordination.k8s.io:leases", "n1", "kube-node-lease"),
    asks("create", "coordination.k8s.io:leases", "", "kube-node-lease"),
    asks("update", "storage.k8s.io:csinodes", "n1"),
    asks("list", "resource.k8s.io:resourceslices", fields="spec.nodeName=n1"),
    asks("list", "services"),
    asks("create", "events", "", "ns"),
    asks("create", "certificates.k8s.io:podcertificaterequests", "", "ns"),
]
REFUSED = [
    (asks("get", "secrets", "others", "ns"), "no relationship found between node 'n1' and this object"),
    (asks("get", "secrets", "pull", "other"), "no relationship found between node 'n1' and this object"),
    (asks("get", "secrets", "stage", "ns"), "no relationship found between node 'n1' and this object"),
    (asks("list", "secrets", "", "ns"), "No Object name found"),
    (asks("list", "secrets"), "can only read namespaced object of this type"),
    (asks("update", "secrets", "pull", "ns"), "can only read resources of this type"),
    (asks("list", "persistentvolumes"), "can only get individual resources of this type"),
    (asks("get", "storage.k8s.io:volumeattachments", "theirs"), "no relationship found between node 'n1' and this object"),
    (asks("get", "pods", "far", "ns"), "no relationship found between node 'n1' and this object"),
    (asks("list", "pods"), "can only list/watch pods with spec.nodeName field selector"),
    (asks("list", "pods", fields="spec.nodeName=n2"), "can only list/watch pods with spec.nodeName field selector"),
    (asks("list", "pods", fields="spec.nodeName!=n1"), "can only list/watch pods with spec.nodeName field selector"),
    (asks("list", "pods", fields="nonsense"), "can only list/watch pods with spec.nodeName field selector"),
    (asks("create", "serviceaccounts/token", "else", "ns"), "no relationship found between node 'n1' and this object"),
    (asks("delete", "serviceaccounts", "account", "ns"), "can only create tokens for individual service accounts"),
    (asks("get", "nodes", "n2"), "node 'n1' cannot read 'n2', only its own Node object"),
    (asks("list", "nodes"), "node 'n1' cannot read all nodes, only its own Node object"),
    (asks("delete", "nodes", "n1"), ""),
    (
        asks("update", "coordination.k8s.io:leases", "n2", "kube-node-lease"),
        "can only access node lease with the same name as the requesting node",
    ),
    (asks("get", "coordination.k8s.io:leases", "n1", "ns"), 'can only access leases in the "kube-node-lease" system namespace'),
    (asks("list", "storage.k8s.io:csinodes"), "can only get, create, update, patch, or delete a CSINode"),
    (asks("delete", "services", "x", "ns"), ""),
]


@pytest.mark.parametrize("question", ALLOWED, ids=str)
async def test_allowed(reader: MemoryReader, question: AuthorizationAttributes) -> None:
    assert (await NodeAuthorizer(reader).authorize(question)).decision is Decision.ALLOW


@pytest.mark.parametrize(("question", "reason"), REFUSED, ids=str)
async def test_refused(reader: MemoryReader, question: AuthorizationAttributes, reason: str) -> None:
    verdict = await NodeAuthorizer(reader).authorize(question)
    assert (verdict.decision, verdict.reason) == (Decision.NO_OPINION, reason)


async def test_it_speaks_for_nodes_only(reader: MemoryReader) -> None:
    for user in (UserInfo("system:node:n1"), UserInfo("n1", groups=("system:nodes",))):
        verdict = await NodeAuthorizer(reader).authorize(AuthorizationAttributes(user, "get", "", "v1", "nodes", "", "", "n1"))
        assert (verdict.decision, verdict.reason) == (Decision.NO_OPINION, "")


async def test_rights_come_and_go_with_pods(reader: MemoryReader) -> None:
    authorizer, question = NodeAuthorizer(reader), asks("get", "secrets", "new", "ns")

    async def may() -> bool:
        return (await authorizer.authorize(question)).decision is Decision.ALLOW

    pod = {"imagePullSecrets": [{"name": "new"}]}
    assert not await may()
    reader.put("", "pods", obj("a", "ns", spec=pod))
    assert not await may()
    reader.put("", "pods", obj("a", "ns", spec={**pod, "nodeName": "n1"}))
    reader.put("", "pods", obj("b", "ns", spec={**pod, "nodeName": "n1"}))
    assert await may()
    reader.delete("", "pods", "ns", "a")
    assert await may()
    reader.delete("", "pods", "ns", "b")
    assert not await may()


async def test_a_mirror_pod_gives_its_node_nothing(reader: MemoryReader) -> None:
    mirror = obj("mirror", "ns", spec={"nodeName": "n1", "imagePullSecrets": [{"name": "stolen"}]})
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    reader.put("", "pods", mirror)
    assert (await NodeAuthorizer(reader).authorize(asks("get", "secrets", "stolen", "ns"))).decision is Decision.NO_OPINION
