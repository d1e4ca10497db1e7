"""Writes the objects every cluster starts with, if they are missing or out of date. Called by `cluster.py` at start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from kcompat.apimachinery import errors, meta
from kcompat.auth import bootstrap as policy
from kcompat.client.client import Client, ResourceClient
from kcompat.registry.catalog import Catalog
from kcompat.registry.stores import Stores

Tree = dict[str, Any]
Changed = Callable[[Mapping[str, Any] | None, Tree], Tree | None]
_RBAC = "rbac.authorization.k8s.io"
_KINDS = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings", "Role": "roles", "RoleBinding": "rolebindings"}


async def ensure_objects(client: Client, catalog: Catalog, objects: Iterable[Tree], changed: Changed) -> None:
    """Brings each object to what `changed` makes of it. Objects of one kind are written together, kinds in the order given."""
    for (api_version, kind), group in groupby(objects, key=lambda tree: (tree["apiVersion"], tree["kind"])):
        api_group, _, version = api_version.rpartition("/")
        resource = catalog.by_kind(api_group, version, kind)
        assert resource is not None
        resources = client.resource(api_group, version, resource.name)
        await asyncio.gather(*(_ensure(resources, tree, changed) for tree in group))


async def _ensure(resources: ResourceClient, expected: Tree, changed: Changed) -> None:
    namespace, name = meta.namespace(expected), meta.name(expected)
    try:
        existing: Tree | None = await resources.get(name, namespace)
    except errors.StatusError as error:
        if error.code != 404:
            raise
        existing = None
    wanted = changed(existing, expected)
    if wanted is None:
        return
    try:
        await (resources.create(wanted, namespace) if existing is None else resources.update(wanted))
    except errors.StatusError as error:
        if error.reason not in ("AlreadyExists", "Conflict"):  # another server on the same store was first
            raise


async def ensure_policy(client: Client, stores: Stores) -> None:
    """Roles and bindings, roles first."""
    existing = [tree for plural in _KINDS.values() for tree in await _all(stores, plural)]
    for kind, changes in groupby(policy.missing(existing), key=lambda change: change[1]["kind"]):
        resources = client.resource(_RBAC, "v1", _KINDS[kind])
        await asyncio.gather(*(_write(resources, operation, tree) for operation, tree in changes))


async def _all(stores: Stores, plural: str) -> list[Tree]:
    store = stores.named(_RBAC, plural)
    return [{**entry.peek()} for entry in (await store.fresh()).scan(store.prefix)]


async def _write(resources: ResourceClient, operation: str, tree: Tree) -> None:
    namespace = meta.namespace(tree)
    try:
        if operation == "recreate":
            await resources.delete(meta.name(tree), namespace)
        if operation == "update":
            await resources.update(tree)
        else:
            await resources.create(tree, namespace)
    except errors.StatusError as error:
        if error.reason not in ("AlreadyExists", "Conflict"):
            raise
