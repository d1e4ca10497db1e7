"""Keeps kubelets to their own node and its pods, where the Node authorizer cannot: in what they write.

Upstream: plugin/pkg/admission/noderestriction/admission.go.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, DELETE, UPDATE, Attributes, MutatingPlugin, Services, on
from kcompat.admission.node_credentials import check_pod_certificate, check_token
from kcompat.apimachinery import errors, meta
from kcompat.apimachinery.pod_references import MIRROR, is_mirror, references
from kcompat.apimachinery.quote import quote

Tree = Mapping[str, Any]

USER_PREFIX, GROUP = "system:node:", "system:nodes"
_SIGNERS = ("kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client-kubelet")
_OWN_LABELS = frozenset(
    (
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
    )
)
"""Labels in Kubernetes' own domains that a kubelet may set on its node (upstream: kubelet/pkg/apis/well_known_labels.go)."""


class NodeRestriction(MutatingPlugin):
    name = "NodeRestriction"
    handles = on(CREATE, UPDATE, DELETE)
    enabled_by_default = False

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._checks: Mapping[tuple[str, str], Callable[[str, Attributes], Awaitable[None]]] = {
            ("", "pods"): self._pods,
            ("", "nodes"): self._node,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "serviceaccounts"): self._service_account,
            ("certificates.k8s.io", "podcertificaterequests"): self._pod_certificate_request,
            ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._csi_node,
            ("resource.k8s.io", "resourceslices"): self._resource_slice,
            ("certificates.k8s.io", "certificatesigningrequests"): self._signing_request,
        }

    async def admit(self, attributes: Attributes) -> None:
        user = attributes.user
        if not user.name.startswith(USER_PREFIX) or GROUP not in user.groups:
            return
        node = user.name.removeprefix(USER_PREFIX)
        if not node:
            raise forbidden(attributes, f"could not determine node from user {quote(user.name)}")
        if check := self._checks.get((attributes.group, attributes.resource)):
            await check(node, attributes)

    async def _pods(self, node: str, a: Attributes) -> None:
        if a.subresource == "status":
            _check_pod_status(node, a)
        elif a.subresource == "eviction":
            await self._eviction(node, a)
        elif a.subresource:
            raise forbidden(a, f"unexpected pod subresource {quote(a.subresource)}, only 'status' and 'eviction' are allowed")
        elif a.operation == CREATE:
            await self._mirror_pod(node, a, a.object or {})
        elif a.operation == DELETE:
            if _node_of(await self._pod(a.namespace, a.name)) != node:
                raise forbidden(a, f"node {quote(node)} can only delete pods with spec.nodeName set to itself")
        else:
            raise forbidden(a, f"unexpected operation {quote(a.operation)}, node {quote(node)} can only create and delete mirror pods")

    async def _pod(self, namespace: str, name: str) -> Tree:
        pod = await self.reader.get("", "pods", namespace, name)
        if pod is None:
            raise errors.not_found("", "pod", name)  # as a lister words it
        return pod

    async def _eviction(self, node: str, a: Attributes) -> None:
        if a.operation != CREATE:
            raise forbidden(a, f"unexpected operation {a.operation}")
        name = a.name or meta.name(a.object or {})
        if not name:
            raise forbidden(a, "could not determine pod from request data")
        if _node_of(await self._pod(a.namespace, name)) != node:
            raise forbidden(a, f"node {node} can only evict pods with spec.nodeName set to itself")

    async def _mirror_pod(self, node: str, a: Attributes, pod: Tree) -> None:
        """A kubelet creates nothing but an image of a static pod, owned by its node and referring to nothing."""
        who = f"node {quote(node)}"
        if not is_mirror(pod):
            raise forbidden(a, f"pod does not have {quote(MIRROR)} annotation, {who} can only create mirror pods")
        if _node_of(pod) != node:
            raise forbidden(a, f"{who} can only create pods with spec.nodeName set to itself")
        owners = meta.owner_references(pod)
        if len(owners) > 1:
            raise forbidden(a, f"{who} can only create pods with a single owner reference set to itself")
        owner = owners[0] if owners else {}
        if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
            raise forbidden(a, f"{who} can only create pods with an owner reference set to itself")
        if not owner.get("controller"):
            raise forbidden(a, f"{who} can only create pods with a controller owner reference set to itself")
        if owner.get("blockOwnerDeletion"):
            raise forbidden(a, f"{who} must not set blockOwnerDeletion on an owner reference")
        own = await self.reader.get("", "nodes", "", node)
        if own is None:
            raise errors.not_found("", "node", node)
        if owner.get("uid") != meta.uid(own):
            raise forbidden(a, f"node {node} UID mismatch: expected {owner.get('uid', '')} got {meta.uid(own)}")
        if referenced := _referenced(pod):
            raise forbidden(a, f"{who} can not create pods that reference {referenced}")

    async def _node(self, node: str, a: Attributes) -> None:
        name = a.name or meta.name(a.object or {})
        if name != node:
            raise forbidden(a, f"node {quote(node)} is not allowed to modify node {quote(name)}")
        if a.operation == CREATE:
            if ((a.object or {}).get("spec") or {}).get("configSource") is not None:
                raise forbidden(a, f"node {quote(node)} is not allowed to create pods with a non-nil configSource")
            if labels := _forbidden_labels(a.object or {}, {}):
                raise forbidden(a, f"node {quote(node)} is not allowed to set the following labels: {labels}")
        elif a.operation == UPDATE:
            _check_node_update(node, a, a.object or {}, a.old_object or {})

    async def _claim(self, node: str, a: Attributes) -> None:
        if a.subresource != "status":
            raise forbidden(a, "may only update PVC status")
        if a.operation != UPDATE:
            raise forbidden(a, f"unexpected operation {quote(a.operation)}")
        if _claim_essence(a.object or {}) != _claim_essence(a.old_object or {}):
            raise forbidden(a, f"node {quote(node)} is not allowed to update fields other than status.quantity and status.conditions")

    async def _service_account(self, node: str, a: Attributes) -> None:
        if a.operation == CREATE and a.subresource == "token":
            await check_token(self.services, node, a)

    async def _pod_certificate_request(self, node: str, a: Attributes) -> None:
        if a.operation != CREATE:
            raise forbidden(a, f"unexpected operation {a.operation}")
        if a.subresource:
            raise forbidden(a, f"unexpected subresource {a.subresource}")
        await check_pod_certificate(self.services, node, a)

    async def _lease(self, node: str, a: Attributes) -> None:
        if a.namespace != "kube-node-lease":
            raise forbidden(a, 'can only access leases in the "kube-node-lease" system namespace')
        if _written_name(a) != node:
            raise forbidden(a, "can only access node lease with the same name as the requesting node")

    async def _csi_node(self, node: str, a: Attributes) -> None:
        if _written_name(a) != node:
            raise forbidden(a, "can only access CSINode with the same name as the requesting node")
        if a.subresource == "status":
            raise forbidden(a, "CSIVolumeHealth feature gate is disabled")

    async def _resource_slice(self, node: str, a: Attributes) -> None:
        for operation, tree, verb in ((CREATE, a.object, "create"), (DELETE, a.old_object, "delete")):
            if a.operation == operation and _node_of(tree or {}) != node:
                raise forbidden(a, f"can only {verb} ResourceSlice with the same NodeName as the requesting node")

    async def _signing_request(self, node: str, a: Attributes) -> None:
        spec = (a.object or {}).get("spec") or {}
        if a.operation != CREATE or spec.get("signerName") not in _SIGNERS:
            return
        try:
            subject = x509.load_pem_x509_csr(b64decode(spec.get("request") or "")).subject
        except (ValueError, binascii.Error):
            raise forbidden(a, "unable to parse csr: PEM block type must be CERTIFICATE REQUEST") from None
        if [name.value for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)][-1:] != [f"{USER_PREFIX}{node}"]:
            raise forbidden(a, f"can only create a node CSR with CN={USER_PREFIX}{node}")


def _node_of(tree: Tree) -> str:
    return (tree.get("spec") or {}).get("nodeName") or ""


def _written_name(a: Attributes) -> str:
    """Of a create the name stands in the object."""
    return meta.name(a.object or {}) if a.operation == CREATE else a.name


def _check_pod_status(node: str, a: Attributes) -> None:
    if a.operation != UPDATE:
        raise forbidden(a, f"unexpected operation {quote(a.operation)}")
    new, old = a.object or {}, a.old_object or {}
    if _node_of(old) != node:
        raise forbidden(a, f"node {quote(node)} can only update pod status for pods with spec.nodeName set to itself")
    if meta.labels(new) != meta.labels(old):
        raise forbidden(a, f"node {quote(node)} cannot update labels through pod status")
    new_status, old_status = new.get("status") or {}, old.get("status") or {}
    for field, what in _CLAIM_STATUSES:
        if (new_status.get(field) or None) != (old_status.get(field) or None):
            raise forbidden(a, f"node {quote(node)} cannot update {what}")


_CLAIM_STATUSES = (
    ("resourceClaimStatuses", "resource claim statues"),
    ("extendedResourceClaimStatus", "extended resource claim status"),
    ("nodeAllocatableResourceClaimStatuses", "node allocatable resource claim statuses"),
)


def _check_node_update(node: str, a: Attributes, new: Tree, old: Tree) -> None:
    new_spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    if new_spec.get("configSource") not in (None, old_spec.get("configSource")):
        raise forbidden(a, f"node {quote(node)} is not allowed to update configSource to a new non-nil configSource")
    if (new_spec.get("taints") or []) != (old_spec.get("taints") or []):
        raise forbidden(a, f"node {quote(node)} is not allowed to modify taints")
    if list(meta.owner_references(new)) != list(meta.owner_references(old)):
        raise forbidden(a, f"node {quote(node)} is not allowed to modify ownerReferences")
    if labels := _forbidden_labels(new, old):
        raise forbidden(a, f"is not allowed to modify labels: {labels}")


def _forbidden_labels(new: Tree, old: Tree) -> str:
    """Labels that changed and steer workloads, which kubelets must not do; sorted and joined."""
    after, before = meta.labels(new), meta.labels(old)
    changed = {key for key in (*after, *before) if after.get(key) != before.get(key)}
    return ", ".join(sorted(filter(_is_forbidden, changed)))


def _is_forbidden(label: str) -> bool:
    domain = label.partition("/")[0] if "/" in label else ""

    def within(*domains: str) -> bool:
        return any(domain == each or domain.endswith(f".{each}") for each in domains)

    if within("node-restriction.kubernetes.io"):
        return True
    own = label in _OWN_LABELS or within("kubelet.kubernetes.io", "node.kubernetes.io")
    return within("kubernetes.io", "k8s.io") and not own


def _claim_essence(claim: Tree) -> dict[str, Any]:
    """A claim without what a kubelet reports about its size."""
    metadata = {name: value for name, value in meta.metadata(claim).items() if name not in ("resourceVersion", "managedFields")}
    reported = ("capacity", "conditions", "allocatedResources", "allocatedResourceStatuses")
    status = {name: value for name, value in (claim.get("status") or {}).items() if name not in reported}
    return {**claim, "metadata": metadata, "status": status}


def _referenced(pod: Tree) -> str:
    """The first kind of API object the pod refers to, as the refusal names it (upstream: HasAPIObjectReference)."""
    spec = pod.get("spec") or {}
    if spec.get("serviceAccountName"):
        return "serviceaccounts"
    found = {resource for resource, _ in references(pod)}
    for resource in ("secrets", "configmaps"):
        if resource in found:
            return resource
    if spec.get("resourceClaims"):
        return "resourceclaims"
    named = (name for volume in spec.get("volumes") or () for name in _volume_kinds(volume))
    return next(filter(None, named), "")


def _volume_kinds(volume: Tree) -> list[str]:
    sources = [source for part in (volume.get("projected") or {}).get("sources") or () for source in part]
    kinds = [name for field, name in _API_VOLUMES.items() if volume.get(field) is not None]
    return kinds + [_API_SOURCES[source] for source in sources if source in _API_SOURCES]


_API_VOLUMES = {
    "configMap": "configmaps (via configmap volumes)",
    "secret": "secrets (via secret volumes)",
    "csi": "csidrivers (via CSI volumes)",
    "glusterfs": "endpoints (via glusterFS volumes)",
    "persistentVolumeClaim": "persistentvolumeclaims",
    "ephemeral": "persistentvolumeclaims (via ephemeral volumes)",
    "azureFile": "secrets (via azureFile volumes)",
}
_API_SOURCES = {
    "configMap": "configmaps (via projected volumes)",
    "secret": "secrets (via projected volumes)",
    "serviceAccountToken": "serviceaccounts (via projected volumes)",
    "clusterTrustBundle": "clustertrustbundles",
    "podCertificate": "podcertificates",
}
