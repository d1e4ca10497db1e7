"""What a kubelet may do: its own node, lease and pods, and what those pods refer to (upstream: plugin/pkg/auth/authorizer/node).

Upstream keeps a graph of all pods, volumes and attachments. Here an index of what pods refer to is enough: everything behind a claim or
an attachment is looked up when asked for. The index starts with the first question that needs it, so that a cluster of simulated nodes,
which ask none, pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kcompat.apimachinery.pod_references import secrets_of_volume
from kcompat.apimachinery.reader import Reader
from kcompat.apimachinery.selectors import SelectorError, parse_field_selector
from kcompat.apimachinery.user import UserInfo
from kcompat.auth.bootstrap import node_rules
from kcompat.auth.interface import AuthorizationAttributes, Decision, Rules, Verdict
from kcompat.auth.pod_index import PodIndex
from kcompat.auth.policy_rules import allows, matches_path

Tree = Mapping[str, Any]
Check = Callable[[str, AuthorizationAttributes], Awaitable[Verdict]]

NODES_GROUP = "system:nodes"
USER_PREFIX = "system:node:"
LEASE_NAMESPACE = "kube-node-lease"

_ALLOWED, _NO_OPINION = Verdict(Decision.ALLOW), Verdict(Decision.NO_OPINION)


def node_name(user: UserInfo) -> str | None:
    """The node whose kubelet the user is; None for others (upstream: nodeidentifier.NodeIdentity)."""
    is_node = user.name.startswith(USER_PREFIX) and NODES_GROUP in user.groups
    return user.name.removeprefix(USER_PREFIX) if is_node else None


class NodeAuthorizer:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._pods = PodIndex(reader)
        self._rules = node_rules()
        self._checks: Mapping[tuple[str, str], Check] = {
            ("", "secrets"): self._namespaced_read,
            ("", "configmaps"): self._namespaced_read,
            ("", "persistentvolumeclaims"): self._claim,
            ("", "persistentvolumes"): self._get,
            ("resource.k8s.io", "resourceclaims"): self._get,
            ("storage.k8s.io", "volumeattachments"): self._get,
            ("", "serviceaccounts"): self._service_account,
            ("coordination.k8s.io", "leases"): self._lease,
            ("storage.k8s.io", "csinodes"): self._csi_node,
            ("resource.k8s.io", "resourceslices"): self._resource_slice,
            ("", "nodes"): self._node,
            ("", "pods"): self._pod,
            ("certificates.k8s.io", "podcertificaterequests"): self._pod_certificate_request,
        }

    async def authorize(self, attributes: AuthorizationAttributes) -> Verdict:
        node = node_name(attributes.user)
        if node is None:
            return _NO_OPINION
        if not node:
            return _refused(f'unknown node for user "{attributes.user.name}"')
        a = attributes
        if not a.resource_request:
            return _ALLOWED if any(matches_path(rule, a.verb, a.path) for rule in self._rules) else _NO_OPINION
        if check := self._checks.get((a.group, a.resource)):
            return await check(node, a)
        allowed = any(allows(rule, a.verb, a.group, a.resource, a.subresource, a.name) for rule in self._rules)
        return _ALLOWED if allowed else _NO_OPINION

    async def rules_for(self, user: UserInfo, namespace: str) -> Rules:
        if node_name(user) is None:
            return [], [], False, ""
        return [], [], True, "node authorizer does not support user rule resolution"

    async def _namespaced_read(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.verb not in ("get", "list", "watch"):
            return _refused("can only read resources of this type")
        if a.subresource:
            return _refused("cannot read subresource")
        if not a.namespace:
            return _refused("can only read namespaced object of this type")
        return await self._related(node, a)

    async def _claim(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.subresource != "status":
            return await self._get(node, a)
        if a.verb not in ("update", "patch"):
            return _refused("can only get/update/patch this type")
        return await self._related(node, a)

    async def _get(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.verb != "get":
            return _refused("can only get individual resources of this type")
        if a.subresource:
            return _refused("cannot get subresource")
        return await self._related(node, a)

    async def _service_account(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.verb == "get" and not a.subresource:
            return await self._namespaced_read(node, a)
        if a.verb != "create" or not a.name:
            return _refused("can only create tokens for individual service accounts")
        if a.subresource != "token":
            return _refused("can only create token subresource of serviceaccount")
        return await self._related(node, a)

    async def _lease(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.verb not in ("get", "create", "update", "patch", "delete"):
            return _refused("can only get, create, update, patch, or delete a node lease")
        if a.namespace != LEASE_NAMESPACE:
            return _refused(f'can only access leases in the "{LEASE_NAMESPACE}" system namespace')
        if a.verb != "create" and a.name != node:  # a create is checked by NodeRestriction, which sees the name
            return _refused("can only access node lease with the same name as the requesting node")
        return _ALLOWED

    async def _csi_node(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.subresource == "status":
            return _refused("CSINode status access requires CSIVolumeHealth feature")
        if a.subresource:
            return _refused("cannot authorize CSINode subresources")
        if a.verb not in ("get", "create", "update", "patch", "delete"):
            return _refused("can only get, create, update, patch, or delete a CSINode")
        if a.verb != "create" and a.name != node:
            return _refused("can only access CSINode with the same name as the requesting node")
        return _ALLOWED

    async def _resource_slice(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.subresource:
            return _refused("cannot authorize ResourceSlice subresources")
        if a.verb == "create":
            return _ALLOWED
        if a.verb in ("get", "update", "patch", "delete"):
            return await self._related(node, a)
        if a.verb in ("watch", "list", "deletecollection"):
            if _selects(a, "spec.nodeName", node):
                return _ALLOWED
            return _refused("can only list/watch/deletecollection resourceslices with nodeName field selector")
        return _refused(
            "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection"
        )

    async def _node(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.subresource == "status" and a.verb in ("update", "patch"):
            return _ALLOWED
        if a.subresource:
            return _NO_OPINION
        if a.verb in ("create", "update", "patch"):
            return _ALLOWED
        if a.verb not in ("get", "list", "watch"):
            return _NO_OPINION
        if a.name == node:
            return _ALLOWED
        what = f"'{a.name}'" if a.name else "all nodes"
        return _refused(f"node '{node}' cannot read {what}, only its own Node object")

    async def _pod(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if (a.subresource, a.verb) in _POD_WRITES:
            return _ALLOWED
        if a.subresource:
            return _NO_OPINION
        if a.verb == "get":
            return await self._related(node, a)
        if a.verb in ("list", "watch"):
            if _selects(a, "spec.nodeName", node):
                return _ALLOWED
            if a.name:
                return await self._related(node, a)
            return _refused("can only list/watch pods with spec.nodeName field selector")
        return _NO_OPINION

    async def _pod_certificate_request(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if a.subresource:
            return _refused("nodes may not access the status subresource of PodCertificateRequests")
        if a.verb == "create":
            return _ALLOWED
        if a.verb == "get":
            return await self._related(node, a)
        if a.verb in ("list", "watch"):
            if _selects(a, "spec.nodeName", node):
                return _ALLOWED
            return _refused("can only list/watch podcertificaterequests with nodeName field selector")
        return _refused(f"nodes may not {a.verb} podcertificaterequests")

    async def _related(self, node: str, a: AuthorizationAttributes) -> Verdict:
        if not a.name:
            return _refused("No Object name found")
        if await self._is_related(node, a):
            return _ALLOWED
        return _refused(f"no relationship found between node '{node}' and this object")

    async def _is_related(self, node: str, a: AuthorizationAttributes) -> bool:
        if a.resource in _NAMES_NODE:
            tree = await self._reader.get(a.group, a.resource, a.namespace, a.name)
            return tree is not None and (tree.get("spec") or {}).get("nodeName") == node
        await self._pods.load()
        if a.resource == "persistentvolumes":
            volume = await self._reader.get("", "persistentvolumes", "", a.name)
            return volume is not None and self._mounts(node, volume)
        if self._pods.refers(node, a.resource, a.namespace, a.name):
            return True
        return a.resource == "secrets" and await self._secret_of_a_volume(node, a.namespace, a.name)

    def _mounts(self, node: str, volume: Tree) -> bool:
        claim = (volume.get("spec") or {}).get("claimRef") or {}
        return self._pods.refers(node, "persistentvolumeclaims", claim.get("namespace", ""), claim.get("name", ""))

    async def _secret_of_a_volume(self, node: str, namespace: str, name: str) -> bool:
        volumes = await self._reader.list("", "persistentvolumes")
        return any((namespace, name) in secrets_of_volume(volume) and self._mounts(node, volume) for volume in volumes)


_POD_WRITES = frozenset((("", "create"), ("", "delete"), ("status", "update"), ("status", "patch"), ("eviction", "create")))
_NAMES_NODE = frozenset(("pods", "volumeattachments", "resourceslices", "podcertificaterequests"))
"""Resources that name their node themselves, in spec.nodeName."""


def _selects(attributes: AuthorizationAttributes, field: str, value: str) -> bool:
    try:
        return parse_field_selector(attributes.field_selector).requires_exact_match(field) == value
    except SelectorError:
        return False


def _refused(reason: str) -> Verdict:
    return Verdict(Decision.NO_OPINION, reason)
