"""Gives every active namespace its `default` service account (upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go)."""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import NAMESPACES, SERVICE_ACCOUNTS
from kcompat.controllers.controller import Context, controller, status_of
from kcompat.controllers.pod_control import is_namespace_terminating

NAME = "default"


@controller("serviceaccount-controller", account="service-account-controller")
class ServiceAccountController:
    """Keys are names of namespaces."""

    def __init__(self, context: Context) -> None:
        self._queue = context.queue
        self._client = context.client.of(SERVICE_ACCOUNTS)
        self._namespaces = context.watch(NAMESPACES, self._namespace_changed)
        self._accounts = context.watch(SERVICE_ACCOUNTS, self._account_changed)

    def _namespace_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is not None:
            self._queue.add(meta.name(new))

    def _account_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None and old is not None:
            self._queue.add(meta.namespace(old))

    async def reconcile(self, key: str) -> None:
        namespace = self._namespaces.get("", key)
        if namespace is None or status_of(namespace).get("phase") != "Active" or self._accounts.get(key, NAME) is not None:
            return
        try:
            await self._client.create({"metadata": {"name": NAME, "namespace": key}})
        except StatusError as error:
            if error.reason != "AlreadyExists" and not is_namespace_terminating(error):
                raise
