"""ServiceAccount (upstream: pkg/registry/core/serviceaccount)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.registry.declare import Rules, Tree

ENFORCE_MOUNTABLE_SECRETS = "kubernetes.io/enforce-mountable-secrets"
_DEPRECATED = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"


def _keep_names_only(obj: Tree) -> None:
    """References to secrets keep nothing but their names."""
    if secrets := obj.get("secrets"):
        obj["secrets"] = [{"name": secret["name"]} if secret.get("name") else {} for secret in secrets]


class ServiceAccountRules(Rules):
    def prepare_for_create(self, obj: Tree) -> None:
        _keep_names_only(obj)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        _keep_names_only(new)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        key = ENFORCE_MOUNTABLE_SECRETS
        if key not in meta.annotations(new) or (old is not None and key in meta.annotations(old)):
            return ()
        return (f"metadata.annotations[{key}]: {_DEPRECATED}",)
