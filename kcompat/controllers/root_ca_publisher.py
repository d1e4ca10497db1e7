"""Gives every namespace the cluster's CA as ConfigMap `kube-root-ca.crt`, which pods mount with their tokens
(upstream: pkg/controller/certificates/rootcacertpublisher). Without a CA in the settings it does nothing.
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import CONFIG_MAPS, NAMESPACES
from kcompat.controllers.controller import Context, controller, status_of
from kcompat.controllers.pod_control import is_namespace_terminating

NAME = "kube-root-ca.crt"
ANNOTATION = "kubernetes.io/description"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or "
    "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)


@controller("root-ca-certificate-publisher-controller", account="root-ca-cert-publisher")
class RootCAPublisher:
    """Keys are names of namespaces."""

    def __init__(self, context: Context) -> None:
        self._queue = context.queue
        self._client = context.client.of(CONFIG_MAPS)
        self._data = {"ca.crt": context.settings.root_ca}
        self._config_maps = context.watch(CONFIG_MAPS, self._config_map_changed)
        context.watch(NAMESPACES, self._namespace_changed)

    def _namespace_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is not None and (old is None or status_of(new).get("phase") == "Active"):
            self._queue.add(meta.name(new))

    def _config_map_changed(self, old: Tree | None, new: Tree | None) -> None:
        if old is not None and meta.name(old) == NAME:
            self._queue.add(meta.namespace(old))

    async def reconcile(self, key: str) -> None:
        if not self._data["ca.crt"]:
            return
        present = self._config_maps.get(key, NAME)
        if present is None:
            await self._create(key)
        elif present.get("data") != self._data or not meta.annotations(present).get(ANNOTATION):
            await self._client.update({**meta.with_annotations(present, {ANNOTATION: DESCRIPTION}), "data": self._data})

    async def _create(self, namespace: str) -> None:
        metadata = {"name": NAME, "namespace": namespace, "annotations": {ANNOTATION: DESCRIPTION}}
        try:
            await self._client.create({"metadata": metadata, "data": self._data})
        except StatusError as error:
            if error.code != 404 and not is_namespace_terminating(error):
                raise
