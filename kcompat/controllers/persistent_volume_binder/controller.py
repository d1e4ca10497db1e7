"""Watches claims, volumes and storage classes, lets match.py decide, and acts.

Volumes are bound and released; making and deleting them is left to provisioners outside, which are told. Of hostPath volumes below /tmp
the object is deleted, not the directory, and nothing is recycled.
Upstream: volume/persistentvolume/pv_controller.go syncClaim, syncVolume.
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.volumes import BIND_COMPLETED, NO_PROVISIONER, SELECTED_NODE, bound_volume, class_of, find, is_for, same_mode
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES, ResourceType
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, split_key, status_of
from kcompat.controllers.persistent_volume_binder.match import (
    BETA_PROVISIONER,
    PROVISIONED_BY,
    PROVISIONER,
    bound_claim,
    cannot_delete,
    claim_status,
    default_class,
    mismatch,
    unbound_volume,
)

RESYNC_SECONDS = 15.0
"""How often what is not bound is looked at again (upstream: --pvclaimbinder-sync-period)."""
_VOLUME = "volume:"
"""Marks keys of volumes, which share the queue with claims so that one worker keeps their order."""


@controller("persistentvolume-binder-controller", account="persistent-volume-binder", component="persistentvolume-controller")
class PersistentVolumeBinder:
    """Keys are namespace/name of claims, and, marked, names of volumes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._claims_client = context.client.of(PERSISTENT_VOLUME_CLAIMS)
        self._volumes_client = context.client.of(PERSISTENT_VOLUMES)
        self._written = Written()
        self._claims = context.watch(PERSISTENT_VOLUME_CLAIMS, self._claim_changed)
        self._volumes = context.watch(PERSISTENT_VOLUMES, self._volume_changed)
        self._classes = context.watch(STORAGE_CLASSES, self._class_changed)

    # -- what happened

    def _claim_changed(self, old: Tree | None, new: Tree | None) -> None:
        claim = new or old or {}
        if new is None:
            self._written.forget(claim)
        self._context.queue.add(meta.key(claim))
        if name := spec_of(claim).get("volumeName"):
            self._context.queue.add(_VOLUME + name)

    def _volume_changed(self, old: Tree | None, new: Tree | None) -> None:
        volume = new or old or {}
        if new is None:
            self._written.forget(volume)
        self._context.queue.add(_VOLUME + meta.name(volume))
        reference = spec_of(volume).get("claimRef")
        if reference:
            self._context.queue.add(f"{reference['namespace']}/{reference['name']}")
        elif status_of(volume).get("phase") == "Available":
            self._wake_claims(class_of(volume))

    def _class_changed(self, _old: Tree | None, new: Tree | None) -> None:
        if new is not None:
            self._wake_claims(meta.name(new), "")

    def _wake_claims(self, *classes: str) -> None:
        for claim in self._claims:
            if BIND_COMPLETED not in meta.annotations(claim) and class_of(claim) in classes:
                self._context.queue.add(meta.key(claim))

    # -- what to do

    async def reconcile(self, key: str) -> float | None:
        if key.startswith(_VOLUME):
            volume = self._volumes.get("", key.removeprefix(_VOLUME))
            return await self._sync_volume(self._fresh(volume)) if volume is not None else None
        claim = self._claims.get(*split_key(key))
        if claim is None:
            return None
        claim = self._fresh(claim)
        if BIND_COMPLETED in meta.annotations(claim):
            await self._sync_bound(claim)
            return None
        return await self._sync_unbound(claim)

    def _fresh(self, tree: Tree) -> Tree:
        if self._written.is_stale(tree):
            raise Requeue
        return tree

    async def _sync_unbound(self, claim: Tree) -> float | None:
        name = spec_of(claim).get("volumeName")
        if name:
            return await self._sync_chosen(claim, self._volumes.get("", name))
        delayed = self._is_delayed(claim)
        if any(self._written.is_stale(volume) for volume in self._volumes):
            raise Requeue
        volume = find(claim, self._volumes, delayed=delayed)
        if volume is not None:
            await self._bind(volume, claim)
            return None
        if await self._assign_default_class(claim):
            return None
        if delayed:
            text = "waiting for first consumer to be created before binding"
            self._tell(claim, NORMAL, "WaitForFirstConsumer", text)
        elif class_of(claim):
            claim = await self._provision(claim)
        else:
            text = "no persistent volumes available for this claim and no storage class is set"
            self._tell(claim, NORMAL, "FailedBinding", text)
        await self._set_claim(claim, "Pending")
        return RESYNC_SECONDS

    async def _sync_chosen(self, claim: Tree, volume: Tree | None) -> float | None:
        """The user named the volume."""
        if volume is not None:
            volume = self._fresh(volume)
            if is_for(volume, claim):
                await self._bind(volume, claim)
                return None
            if not spec_of(volume).get("claimRef"):
                reason = mismatch(volume, claim)
                if reason is None:
                    await self._bind(volume, claim)
                    return None
                text = f'Cannot bind to requested volume "{meta.name(volume)}": {reason}'
                self._tell(claim, WARNING, "VolumeMismatch", text)
            else:
                text = f'volume "{meta.name(volume)}" already bound to a different claim.'
                self._tell(claim, WARNING, "FailedBinding", text)
        await self._set_claim(claim, "Pending")
        return RESYNC_SECONDS

    async def _sync_bound(self, claim: Tree) -> None:
        name = spec_of(claim).get("volumeName")
        volume = self._volumes.get("", name) if name else None
        if not name:
            await self._lose(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
        elif volume is None:
            await self._lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
        elif not spec_of(volume).get("claimRef") or spec_of(volume)["claimRef"].get("uid") == meta.uid(claim):
            await self._bind(self._fresh(volume), claim)
        else:
            await self._lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")

    async def _sync_volume(self, volume: Tree) -> float | None:
        reference = spec_of(volume).get("claimRef")
        if not reference or not reference.get("uid"):
            await self._set_volume(volume, "Available")
            return None
        claim = await self._claim_of(reference)
        if claim is None:
            if status_of(volume).get("phase") not in ("Released", "Failed"):
                volume = await self._set_volume(volume, "Released")
            await self._reclaim(volume)
        elif not spec_of(claim).get("volumeName"):
            if not same_mode(volume, claim):
                text = (
                    f'Cannot bind PersistentVolume to requested PersistentVolumeClaim "{meta.name(claim)}" due to incompatible volumeMode.'
                )
                self._tell(volume, WARNING, "VolumeMismatch", text)
            self._context.queue.add(meta.key(claim))
        elif spec_of(claim)["volumeName"] == meta.name(volume):
            await self._set_volume(volume, "Bound")
        elif PROVISIONED_BY in meta.annotations(volume) and spec_of(volume).get("persistentVolumeReclaimPolicy") == "Delete":
            await self._reclaim(await self._set_volume(volume, "Released"))
        else:
            volume = await self._update(PERSISTENT_VOLUMES, unbound_volume(volume))
            await self._set_volume(volume, "Available")
        return None

    async def _claim_of(self, reference: Tree) -> Tree | None:
        """The very claim that a volume is bound to; the server is asked before it counts as gone."""
        claim = self._claims.get(reference["namespace"], reference["name"])
        if claim is None or meta.uid(claim) != reference["uid"]:
            try:
                claim = await self._claims_client.get(reference["name"], reference["namespace"])
            except StatusError as error:
                if error.code != 404:
                    raise
                return None
        return claim if meta.uid(claim) == reference["uid"] else None

    # -- binding

    async def _bind(self, volume: Tree, claim: Tree) -> None:
        changed = bound_volume(volume, claim)
        if changed is not volume:
            volume = await self._update(PERSISTENT_VOLUMES, changed)
        volume = await self._set_volume(volume, "Bound")
        changed = bound_claim(claim, volume)
        if changed is not claim:
            claim = await self._update(PERSISTENT_VOLUME_CLAIMS, changed)
        await self._set_claim(claim, "Bound", volume)

    async def _reclaim(self, volume: Tree) -> None:
        """What happens to a volume whose claim is gone (upstream: reclaimVolume)."""
        policy, name = spec_of(volume).get("persistentVolumeReclaimPolicy"), meta.name(volume)
        if policy == "Retain" or meta.is_being_deleted(volume):
            return
        if policy == "Recycle":
            await self._fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
        elif policy == "Delete" and (failure := cannot_delete(volume)):
            await self._fail(volume, "VolumeFailedDelete", failure)
        elif policy == "Delete" and "hostPath" in spec_of(volume):
            await self._volumes_client.delete(name)

    async def _fail(self, volume: Tree, reason: str, message: str) -> None:
        if status_of(volume).get("phase") != "Failed":
            self._tell(await self._set_volume(volume, "Failed", message), WARNING, reason, message)

    # -- storage classes

    def _is_delayed(self, claim: Tree) -> bool:
        """Bound when a pod that uses it is scheduled."""
        found = self._classes.get("", class_of(claim))
        waits = found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"
        return waits and SELECTED_NODE not in meta.annotations(claim)

    async def _assign_default_class(self, claim: Tree) -> bool:
        """A claim made before there was a default class gets it (upstream: assignDefaultStorageClass)."""
        name = default_class(self._classes)
        if class_of(claim) or spec_of(claim).get("storageClassName") is not None or name is None:
            return False
        await self._update(PERSISTENT_VOLUME_CLAIMS, {**claim, "spec": {**spec_of(claim), "storageClassName": name}})
        return True

    async def _provision(self, claim: Tree) -> Tree:
        """Tells the provisioner of the class that a volume is wanted (upstream: provisionClaimOperationExternal)."""
        found = self._classes.get("", class_of(claim))
        if found is None:
            self._tell(claim, WARNING, "ProvisioningFailed", f'storageclass.storage.k8s.io "{class_of(claim)}" not found')
            return claim
        provisioner = found["provisioner"]
        if provisioner == NO_PROVISIONER:
            return claim
        if meta.annotations(claim).get(PROVISIONER) != provisioner:
            marks = {PROVISIONER: provisioner, BETA_PROVISIONER: provisioner}
            claim = await self._update(PERSISTENT_VOLUME_CLAIMS, meta.with_annotations(claim, marks))
        text = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
            "system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
        )
        self._tell(claim, NORMAL, "ExternalProvisioning", text)
        return claim

    # -- writing

    async def _lose(self, claim: Tree, reason: str, message: str) -> None:
        if status_of(claim).get("phase") != "Lost":
            await self._set_claim(claim, "Lost")
            self._tell(claim, WARNING, reason, message)

    async def _set_claim(self, claim: Tree, phase: str, volume: Tree | None = None) -> None:
        status = claim_status(claim, phase, volume)
        if status != status_of(claim):
            self._written.wrote(await self._claims_client.update_status({**claim, "status": status}))

    async def _set_volume(self, volume: Tree, phase: str, message: str = "") -> Tree:
        before = status_of(volume)
        if before.get("phase") == phase:
            return volume
        status = {key: value for key, value in before.items() if key != "message"} | {"phase": phase}
        status["lastPhaseTransitionTime"] = rfc3339(self._context.clock.now())
        if message:
            status["message"] = message
        volume = await self._volumes_client.update_status({**volume, "status": status})
        self._written.wrote(volume)
        return volume

    async def _update(self, resource: ResourceType, tree: Tree) -> Tree:
        written = await self._context.client.of(resource).update(tree)
        self._written.wrote(written)
        return written

    def _tell(self, about: Tree, kind: str, reason: str, message: str) -> None:
        resource = PERSISTENT_VOLUME_CLAIMS if meta.namespace(about) else PERSISTENT_VOLUMES
        self._context.recorder.event(about, kind, reason, message, resource=resource)
