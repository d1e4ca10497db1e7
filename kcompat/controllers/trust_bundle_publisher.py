"""Publishes the CA of the API servers' serving certificates as a ClusterTrustBundle, which pods can mount
(upstream: pkg/controller/certificates/clustertrustbundlepublisher). Without a CA in the settings it does nothing.
"""

from __future__ import annotations

from hashlib import sha256

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.controllers.controller import Context, controller, spec_of

CLUSTER_TRUST_BUNDLES = ResourceType("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle", namespaced=False)
SIGNER = "kubernetes.io/kube-apiserver-serving"


def bundle_name(signer: str, bundle: str) -> str:
    return f"{signer.replace('/', ':')}:{sha256(bundle.encode()).hexdigest()[:24]}"


@controller(
    "kube-apiserver-serving-clustertrustbundle-publisher-controller", account="kube-apiserver-serving-clustertrustbundle-publisher"
)
class TrustBundlePublisher:
    """Its one key is the name of the bundle."""

    def __init__(self, context: Context) -> None:
        self._queue = context.queue
        self._client = context.client.of(CLUSTER_TRUST_BUNDLES)
        self._bundle = context.settings.root_ca
        self._name = bundle_name(SIGNER, self._bundle)
        self._bundles = context.watch(CLUSTER_TRUST_BUNDLES, self._changed, field_selector=f"spec.signerName={SIGNER}")
        self._queue.add(self._name)

    def _changed(self, _old: Tree | None, _new: Tree | None) -> None:
        self._queue.add(self._name)

    async def reconcile(self, key: str) -> None:
        if not self._bundle:
            return
        present = self._bundles.get("", key)
        if present is None:
            await self._create(key)
        elif spec_of(present).get("trustBundle") != self._bundle:
            await self._client.update({**present, "spec": {**spec_of(present), "trustBundle": self._bundle}})
        for tree in list(self._bundles):
            if meta.name(tree) != key and spec_of(tree).get("signerName") == SIGNER:
                await self._delete(meta.name(tree))

    async def _create(self, name: str) -> None:
        try:
            await self._client.create({"metadata": {"name": name}, "spec": {"signerName": SIGNER, "trustBundle": self._bundle}})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise

    async def _delete(self, name: str) -> None:
        try:
            await self._client.delete(name)
        except StatusError as error:
            if error.code != 404:
                raise
