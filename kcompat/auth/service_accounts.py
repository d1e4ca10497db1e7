"""Service accounts as users: their names, groups and extra (upstream: apiserver pkg/authentication/serviceaccount/util.go).

Called by the service account authenticators, the token issuer and everything that needs the identity of a service account.
"""

from __future__ import annotations

from collections.abc import Mapping

from kcompat.apimachinery.names import is_dns1123_label, is_dns1123_subdomain
from kcompat.apimachinery.user import UserInfo

USERNAME_PREFIX = "system:serviceaccount:"
ALL_GROUP = "system:serviceaccounts"

CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
POD_NAME = "authentication.kubernetes.io/pod-name"
POD_UID = "authentication.kubernetes.io/pod-uid"
NODE_NAME = "authentication.kubernetes.io/node-name"
NODE_UID = "authentication.kubernetes.io/node-uid"


def username(namespace: str, name: str) -> str:
    return f"{USERNAME_PREFIX}{namespace}:{name}"


def split_username(user: str) -> tuple[str, str] | None:
    """Namespace and name of the service account, None if it is the name of no valid one."""
    namespace, separator, name = user.removeprefix(USERNAME_PREFIX).partition(":")
    if not user.startswith(USERNAME_PREFIX) or not separator or is_dns1123_label(namespace) or is_dns1123_subdomain(name):
        return None
    return namespace, name


def groups(namespace: str) -> tuple[str, ...]:
    return ALL_GROUP, f"{ALL_GROUP}:{namespace}"


def user_info(namespace: str, name: str, uid: str, extra: Mapping[str, tuple[str, ...]] | None = None) -> UserInfo:
    return UserInfo(username(namespace, name), uid, groups(namespace), extra or {})


def is_token_of(secret: Mapping[str, object], account: Mapping[str, object]) -> bool:
    """Is the secret an API token for this very service account (upstream: IsServiceAccountToken)?"""
    if secret.get("type") != "kubernetes.io/service-account-token":
        return False
    annotations = _metadata(secret).get("annotations") or {}
    owner = _metadata(account)
    if not isinstance(annotations, Mapping) or annotations.get("kubernetes.io/service-account.name", "") != owner.get("name", ""):
        return False
    uid = annotations.get("kubernetes.io/service-account.uid")
    return not uid or uid == owner.get("uid")


def _metadata(tree: Mapping[str, object]) -> Mapping[str, object]:
    metadata = tree.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}
