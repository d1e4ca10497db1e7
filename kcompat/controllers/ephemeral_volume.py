"""Makes the claims that pods' ephemeral volumes ask for; the pod owns them (upstream: pkg/controller/volume/ephemeral)."""

from __future__ import annotations

from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PODS
from kcompat.controllers.controller import Context, controller, spec_of, split_key

CLAIMS = "ephemeral claims"
"""Index of pods by namespace/name of the claims that are to be made for them."""


def claim_name(pod: Tree, volume: Any) -> str:
    return f"{meta.name(pod)}-{volume['name']}"


def ephemeral_volumes(pod: Tree) -> list[Any]:
    return [volume for volume in spec_of(pod).get("volumes") or () if volume.get("ephemeral")]


def claim_keys(pod: Tree) -> list[str]:
    return [f"{meta.namespace(pod)}/{claim_name(pod, volume)}" for volume in ephemeral_volumes(pod)]


def new_claim(pod: Tree, volume: Any) -> Tree:
    """Pure."""
    template = volume["ephemeral"]["volumeClaimTemplate"]
    asked = template.get("metadata") or {}
    kept = {key: asked[key] for key in ("labels", "annotations") if asked.get(key)}
    owner = meta.controller_reference(pod, PODS.api_version, PODS.kind)
    metadata = {"name": claim_name(pod, volume), "namespace": meta.namespace(pod), "ownerReferences": [owner], **kept}
    return {"metadata": metadata, "spec": template["spec"]}


@controller("ephemeral-volume-controller", component="ephemeral_volume", workers=5)
class EphemeralVolumeController:
    """Keys are namespace/name of pods. Their volumes never change, and claims go with their pod by garbage collection."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(PERSISTENT_VOLUME_CLAIMS)
        self._pods = context.watch(PODS, self._pod_changed, {CLAIMS: claim_keys})
        self._claims = context.watch(PERSISTENT_VOLUME_CLAIMS, self._claim_changed)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        if old is None and new is not None:
            self._enqueue(new)

    def _claim_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None and old is not None:
            for pod in self._pods.by_index(CLAIMS, meta.key(old)):
                self._enqueue(pod)

    def _enqueue(self, pod: Tree) -> None:
        if not meta.is_being_deleted(pod) and ephemeral_volumes(pod):
            self._context.queue.add(meta.key(pod))

    async def reconcile(self, key: str) -> None:
        pod = self._pods.get(*split_key(key))
        if pod is None or meta.is_being_deleted(pod):
            return
        for volume in ephemeral_volumes(pod):
            try:
                await self._ensure(pod, volume)
            except StatusError as error:
                told = f"ephemeral volume {volume['name']}: {error}"
                self._context.recorder.event(pod, "Warning", "FailedBinding", told, resource=PODS)
                raise

    async def _ensure(self, pod: Tree, volume: Any) -> None:
        name, namespace = claim_name(pod, volume), meta.namespace(pod)
        claim = self._claims.get(namespace, name)
        if claim is None:
            await self._create(new_claim(pod, volume))
        elif not meta.is_controlled_by(claim, pod):
            raise StatusError(409, "", f"PVC {namespace}/{name} was not created for pod {meta.key(pod)} (pod is not owner)")

    async def _create(self, claim: Tree) -> None:
        try:
            await self._client.create(claim)
        except StatusError as error:
            raise StatusError(error.code, error.reason, f"create PVC {meta.name(claim)}: {error}", error.details) from error
