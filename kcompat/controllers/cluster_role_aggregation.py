"""Fills the rules of ClusterRoles that have an aggregationRule from the roles it selects (upstream: pkg/controller/clusterroleaggregation)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.selectors import from_label_selector
from kcompat.client.client import APPLY_PATCH, Client
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.controllers.controller import Context, controller

CLUSTER_ROLES = ResourceType("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
NAME = "clusterrole-aggregation-controller"


def aggregated(role: Tree, roles: Iterable[Tree]) -> list[Any]:
    """The rules of all roles that a role's selectors choose, by selector and then by name, each once. Pure."""
    others = sorted((other for other in roles if meta.name(other) != meta.name(role)), key=meta.name)
    rules: list[Any] = []
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
        chosen = from_label_selector(selector)
        for other in others:
            if chosen.matches(meta.labels(other)):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules


@controller(NAME, workers=5)
class ClusterRoleAggregationController:
    """Keys are names of roles that aggregate. There are few, and who depends on whom is not known: a change of any role queues them all."""

    def __init__(self, context: Context) -> None:
        self._queue = context.queue
        self._client = Client(context.client.transport, NAME).of(CLUSTER_ROLES)
        self._roles = context.watch(CLUSTER_ROLES, self._changed)

    def _changed(self, _old: Tree | None, _new: Tree | None) -> None:
        for role in self._roles:
            if role.get("aggregationRule"):
                self._queue.add(meta.key(role))

    async def reconcile(self, key: str) -> None:
        role = self._roles.by_key(key)
        if role is None or not role.get("aggregationRule"):
            return
        rules = aggregated(role, self._roles)
        if rules != (role.get("rules") or []):
            metadata = {"name": meta.name(role)}
            wanted = {"apiVersion": CLUSTER_ROLES.api_version, "kind": CLUSTER_ROLES.kind, "metadata": metadata, "rules": rules}
            await self._client.patch(key, wanted, content_type=APPLY_PATCH, force=True)
