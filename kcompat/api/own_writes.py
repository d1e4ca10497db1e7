"""Writes of the server itself, which upstream makes through its loopback client: no admission, and managed by the server. Called for
admission and authentication, which know no stores; joined by `cluster.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from kcompat.api import field_managers
from kcompat.api.scope import Scope, Services
from kcompat.apimachinery import errors, meta
from kcompat.registry.declare import Resource
from kcompat.registry.store import Preconditions

Tree = dict[str, Any]
log = logging.getLogger(__name__)


class OwnWrites:
    """`services` gives what is not built yet when those who write are."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    async def update_status(self, group: str, resource: str, namespace: str, name: str, transform: Callable[[Tree], Tree]) -> None:
        """admission.interface.UpdateStatus: quotas are raised through it."""
        scope = self._scope(group, resource, "status", namespace, name)

        async def changed(current: Tree | None) -> Tree:
            assert current is not None
            return field_managers.track_own(scope, current, transform(current))

        await scope.store.update(namespace, name, changed, status=True, retry=True)

    async def label_secret(self, secret: Mapping[str, Any], label: str, value: str) -> None:
        """authenticators.legacy_service_account.Label. What cannot be written is only logged (upstream: patchSecretWithLastUsedDate)."""
        scope = self._scope("", "secrets", "", meta.namespace(secret), meta.name(secret))

        async def labelled(current: Tree | None) -> Tree:
            assert current is not None
            return field_managers.track_own(scope, current, meta.with_labels(current, {label: value}))

        try:
            await scope.store.update(scope.namespace, scope.name, labelled, preconditions=Preconditions(meta.uid(secret)), retry=True)
        except errors.StatusError as error:
            log.warning("last use of token %s/%s: %s", scope.namespace, scope.name, error)

    def _scope(self, group: str, plural: str, subresource: str, namespace: str, name: str) -> Scope:
        services = self._services()
        resource: Resource | None = services.catalog.get(group, "v1", plural)
        assert resource is not None
        return Scope(services, resource, services.stores(resource), resource.subresource(subresource) if subresource else None, namespace, name)
