"""What kubelets may write."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from memory_reader import MemoryReader, obj
from requests_for import Permissions, refused, writing

from kcompat.admission.interface import DELETE, Attributes, Services
from kcompat.admission.plugins.node_restriction import NodeRestriction
from kcompat.apimachinery.user import UserInfo

Tree = dict[str, Any]
N1 = UserInfo("system:node:n1", groups=("system:nodes", "system:authenticated"))
MIRROR = {"kubernetes.io/config.mirror": "x"}


def asks(what: str, tree: Tree | None = None, old: Tree | None = None, **more: Any) -> Attributes:
    return writing(what, tree, old, user=N1, **more)


@pytest.fixture
def plugin(services: Services, reader: MemoryReader) -> NodeRestriction:
    for name, node in (("mine", "n1"), ("theirs", "n2")):
        spec = {"nodeName": node, "serviceAccountName": "sa", "volumes": VOLUMES}
        reader.put("", "pods", obj(name, "ns", spec=spec))
    reader.put("", "nodes", obj("n1"))
    reader.put("", "serviceaccounts", obj("sa", "ns"))
    reader.put("storage.k8s.io", "csidrivers", obj("driver", spec={"tokenRequests": [{"audience": "csi"}]}))
    reader.put("", "persistentvolumeclaims", obj("claim", "ns", spec={"volumeName": "pv"}))
    reader.put("", "persistentvolumes", obj("pv", spec={"csi": {"driver": "driver"}}))
    return NodeRestriction(services)


VOLUMES: list[Tree] = [
    {"projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}, {"podCertificate": {"signerName": "a/x"}}]}},
    {"persistentVolumeClaim": {"claimName": "claim"}},
]


def mirror(spec: Tree | None = None, **metadata: Any) -> Tree:
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "uid-of-n1", "controller": True}
    return {
        "metadata": {"name": "p", "annotations": MIRROR, "ownerReferences": [owner], **metadata},
        "spec": {"nodeName": "n1", **(spec or {})},
    }


OWNER = mirror()["metadata"]["ownerReferences"][0]
ONLY = 'node "n1" can only create pods with'


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        (mirror(), ""),
        (mirror(annotations={}), 'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods'),
        (mirror({"nodeName": "n2"}), f"{ONLY} spec.nodeName set to itself"),
        (mirror(ownerReferences=[OWNER, OWNER]), f"{ONLY} a single owner reference set to itself"),
        (mirror(ownerReferences=[]), f"{ONLY} an owner reference set to itself"),
        (mirror(ownerReferences=[{**OWNER, "name": "n2"}]), f"{ONLY} an owner reference set to itself"),
        (mirror(ownerReferences=[{**OWNER, "controller": False}]), f"{ONLY} a controller owner reference set to itself"),
        (
            mirror(ownerReferences=[{**OWNER, "blockOwnerDeletion": True}]),
            'node "n1" must not set blockOwnerDeletion on an owner reference',
        ),
        (mirror(ownerReferences=[{**OWNER, "uid": "x"}]), "node n1 UID mismatch: expected x got uid-of-n1"),
        (mirror({"serviceAccountName": "sa"}), 'node "n1" can not create pods that reference serviceaccounts'),
        (mirror({"volumes": [{"secret": {"secretName": "x"}}]}), 'node "n1" can not create pods that reference secrets'),
        (
            mirror({"volumes": [{"persistentVolumeClaim": {"claimName": "x"}}]}),
            'node "n1" can not create pods that reference persistentvolumeclaims',
        ),
        (
            mirror({"volumes": [{"projected": {"sources": [{"serviceAccountToken": {}}]}}]}),
            'node "n1" can not create pods that reference serviceaccounts (via projected volumes)',
        ),
        (mirror({"volumes": [{"hostPath": {}}, {"projected": {"sources": [{"downwardAPI": {}}]}}]}), ""),
    ],
)
async def test_creating_mirror_pods(plugin: NodeRestriction, tree: Tree, problem: str) -> None:
    assert await refused(plugin, asks("pods", tree)) == (f'pods "p" is forbidden: {problem}' if problem else "")


def running(node: str = "n1", labels: Tree | None = None, **status: Any) -> Tree:
    tree = obj("p", "ns", spec={"nodeName": node}, status=status)
    tree["metadata"]["labels"] = labels or {}
    return tree


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        (asks("pods/status", running(phase="Running"), running()), ""),
        (
            asks("pods/status", running("n2"), running("n2")),
            'node "n1" can only update pod status for pods with spec.nodeName set to itself',
        ),
        (asks("pods/status", running(labels={"a": "b"}), running()), 'node "n1" cannot update labels through pod status'),
        (asks("pods/status", running(resourceClaimStatuses=[{"name": "x"}]), running()), 'node "n1" cannot update resource claim statues'),
        (asks("pods/binding", obj("p")), "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed"),
        (asks("pods", running(), running()), 'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods'),
        (asks("persistentvolumeclaims", obj("p"), obj("p")), "may only update PVC status"),
        (asks("persistentvolumeclaims/status", obj("p", status={"capacity": {"storage": "1"}}), obj("p")), ""),
        (
            asks("persistentvolumeclaims/status", obj("p", spec={"x": 1}), obj("p")),
            'node "n1" is not allowed to update fields other than status.quantity and status.conditions',
        ),
        (asks("configmaps", obj("p"), obj("p")), ""),
    ],
)
async def test_writing_pods_and_claims(plugin: NodeRestriction, attributes: Attributes, problem: str) -> None:
    assert await refused(plugin, attributes) == (f'{attributes.resource} "p" is forbidden: {problem}' if problem else "")


async def test_ending_pods(plugin: NodeRestriction) -> None:
    assert await refused(plugin, asks("pods", name="mine", operation=DELETE)) == ""
    assert await refused(plugin, asks("pods", name="gone", operation=DELETE)) == 'pod "gone" not found'
    problem = 'node "n1" can only delete pods with spec.nodeName set to itself'
    assert await refused(plugin, asks("pods", name="theirs", operation=DELETE)) == f'pods "theirs" is forbidden: {problem}'
    assert await refused(plugin, asks("pods/eviction", obj("mine"))) == ""
    assert "node n1 can only evict pods" in await refused(plugin, asks("pods/eviction", obj("theirs")))


def node(name: str = "n1", labels: Tree | None = None, **spec: Any) -> Tree:
    tree = obj(name, spec=spec)
    tree["metadata"]["labels"] = labels or {}
    return tree


STEERING = {"node-restriction.kubernetes.io/a": "1", "x.k8s.io/b": "1", "kubernetes.io/hostname": "n1", "mine/c": "1"}


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        (asks("nodes", node(labels={"kubernetes.io/os": "linux", "a.kubelet.kubernetes.io/x": "1", "own": "1"})), ""),
        (
            asks("nodes", node(labels=STEERING)),
            'node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/a, x.k8s.io/b',
        ),
        (asks("nodes", node(labels=STEERING), node(labels=STEERING), name="n1"), ""),
        (
            asks("nodes", node(), node(labels=STEERING), name="n1"),
            "is not allowed to modify labels: node-restriction.kubernetes.io/a, x.k8s.io/b",
        ),
        (asks("nodes", node(taints=[{"key": "x"}]), node(), name="n1"), 'node "n1" is not allowed to modify taints'),
        (
            asks("nodes/status", node(configSource={}), node(), name="n1"),
            'node "n1" is not allowed to update configSource to a new non-nil configSource',
        ),
    ],
)
async def test_its_own_node(plugin: NodeRestriction, attributes: Attributes, problem: str) -> None:
    assert await refused(plugin, attributes) == (f'nodes "n1" is forbidden: {problem}' if problem else "")


async def test_other_nodes_and_their_things(plugin: NodeRestriction) -> None:
    assert await refused(plugin, asks("nodes", node("n2"))) == 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"'
    leases = "coordination.k8s.io:leases"
    assert await refused(plugin, asks(leases, obj("n1"), namespace="kube-node-lease")) == ""
    assert "can only access node lease with the same name" in await refused(plugin, asks(leases, obj("n2"), namespace="kube-node-lease"))
    assert "can only access leases in the" in await refused(plugin, asks(leases, obj("n1")))
    assert "can only access CSINode with the same name" in await refused(plugin, asks("storage.k8s.io:csinodes", obj("n2")))
    slices = "resource.k8s.io:resourceslices"
    assert await refused(plugin, asks(slices, obj("s", spec={"nodeName": "n1"}))) == ""
    assert "can only create ResourceSlice" in await refused(plugin, asks(slices, obj("s")))
    theirs = obj("s", spec={"nodeName": "n2"})
    assert "can only delete ResourceSlice" in await refused(plugin, asks(slices, None, theirs, name="s", operation=DELETE))


def token(name: str = "mine", uid: str = "uid-of-mine", *audiences: str, **bound: Any) -> Attributes:
    reference = {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid, **bound}
    return asks("serviceaccounts/token", {"spec": {"boundObjectRef": reference, "audiences": list(audiences)}}, name="sa")


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        (token("mine", "uid-of-mine", "vault"), ""),
        (token("mine", "uid-of-mine", "csi"), ""),
        (token("mine", "uid-of-mine", "granted"), ""),
        (token("mine", "uid-of-mine"), 'system:node:n1 is not authorized to request tokens for audience ""'),
        (token("mine", "uid-of-mine", "other"), 'system:node:n1 is not authorized to request tokens for audience "other"'),
        (token("mine", "uid-of-mine", "vault", "csi"), "node may only request 0 or 1 audiences"),
        (token(kind="Secret"), "node requested token not bound to a pod"),
        (token(uid=""), "node requested token with a pod binding without a uid"),
        (
            token(uid="x"),
            "the UID in the bound object reference (x) does not match the UID in record. "
            "The object might have been deleted and then recreated",
        ),
        (token("theirs", "uid-of-theirs", "vault"), "node requested token bound to a pod scheduled on a different node"),
    ],
)
async def test_tokens(plugin: NodeRestriction, permissions: Permissions, attributes: Attributes, problem: str) -> None:
    permissions.grant("request-serviceaccounts-token-audience", "granted", "sa")
    assert await refused(plugin, attributes) == (f'serviceaccounts "sa" is forbidden: {problem}' if problem else "")


async def test_a_driver_that_is_absent_is_reported(plugin: NodeRestriction, reader: MemoryReader) -> None:
    reader.delete("storage.k8s.io", "csidrivers", "", "driver")
    message = await refused(plugin, token("mine", "uid-of-mine", "csi"))
    absent = 'error validating audience "csi": csidriver.storage.k8s.io "driver" not found'
    assert message == f'serviceaccounts "sa" is forbidden: {absent}'


CERTIFICATE = {
    "nodeName": "n1",
    "nodeUID": "uid-of-n1",
    "podName": "mine",
    "podUID": "uid-of-mine",
    "serviceAccountName": "sa",
    "serviceAccountUID": "uid-of-sa",
    "signerName": "a/x",
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"nodeName": "n2"}, 'PodCertificateRequest.Spec.NodeName="n2", which is not the requesting node "n1"'),
        ({"nodeUID": "x"}, 'PodCertificateRequest for pod "ns/mine" names node UID "x", inconsistent with the running node ("uid-of-n1")'),
        ({"podName": "gone"}, 'while retrieving pod "ns/gone" named in the PodCertificateRequest: pod "gone" not found'),
        ({"podUID": "x"}, 'PodCertificateRequest for pod "ns/mine" contains pod UID ("x") which differs from running pod "uid-of-mine"'),
        (
            {"podName": "theirs", "podUID": "uid-of-theirs"},
            'pod "ns/theirs" is not running on node "n1" named in the PodCertificateRequest',
        ),
        (
            {"serviceAccountName": "other"},
            'PodCertificateRequest for pod "ns/mine" contains serviceAccountName ("other") that differs from running pod ("sa")',
        ),
        ({"signerName": "b/y"}, 'pod "ns/mine" does not mount a podCertificate projected volume for signer "b/y"'),
        ({"signerName": "c/granted"}, ""),
    ],
)
async def test_pod_certificates(plugin: NodeRestriction, permissions: Permissions, change: Tree, problem: str) -> None:
    permissions.grant("request-serviceaccounts-podcertificate-signer", "c:granted", "sa")
    attributes = asks("certificates.k8s.io:podcertificaterequests", obj("r", "ns", spec={**CERTIFICATE, **change}))
    assert (await refused(plugin, attributes)).removeprefix('podcertificaterequests.certificates.k8s.io "r" is forbidden: ') == problem


def request_for(name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signed = x509.CertificateSigningRequestBuilder(subject).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return b64encode(signed.public_bytes(Encoding.PEM)).decode()


@pytest.mark.parametrize(
    ("signer", "content", "problem"),
    [
        ("kubernetes.io/kubelet-serving", request_for("system:node:n1"), ""),
        ("kubernetes.io/kubelet-serving", request_for("system:node:n2"), "can only create a node CSR with CN=system:node:n1"),
        ("kubernetes.io/kube-apiserver-client-kubelet", "bm8=", "unable to parse csr: PEM block type must be CERTIFICATE REQUEST"),
        ("example.com/x", request_for("anybody"), ""),
    ],
)
async def test_signing_requests(plugin: NodeRestriction, signer: str, content: str, problem: str) -> None:
    tree = obj("r", spec={"signerName": signer, "request": content})
    message = await refused(plugin, asks("certificates.k8s.io:certificatesigningrequests", tree, namespace=""))
    assert message == (f'certificatesigningrequests.certificates.k8s.io "r" is forbidden: {problem}' if problem else "")


async def test_whom_it_concerns(plugin: NodeRestriction) -> None:
    assert await refused(plugin, writing("nodes", node("n2"))) == ""
    nameless = UserInfo("system:node:", groups=("system:nodes",))
    problem = 'nodes "n2" is forbidden: could not determine node from user "system:node:"'
    assert await refused(plugin, writing("nodes", node("n2"), user=nameless)) == problem
