"""Keeps bound volumes (upstream: pkg/controller/volume/pvprotection)."""

from __future__ import annotations

from kcompat.client.interface import Tree
from kcompat.client.resources import PERSISTENT_VOLUMES
from kcompat.controllers.controller import Context, controller, status_of
from kcompat.controllers.protection import Protection

FINALIZER = "kubernetes.io/pv-protection"


@controller("persistentvolume-protection-controller", account="pv-protection-controller")
class PersistentVolumeProtection:
    """Keys are names of volumes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._protection = Protection(context.client, PERSISTENT_VOLUMES, FINALIZER)
        self._volumes = context.watch(PERSISTENT_VOLUMES, self._volume_changed)

    def _volume_changed(self, old: Tree | None, new: Tree | None) -> None:
        if self._protection.concerns(new):
            self._context.enqueue(old, new)

    async def reconcile(self, key: str) -> None:
        volume = self._volumes.get("", key)
        if volume is not None:
            await self._protection.settle(volume, used=status_of(volume).get("phase") == "Bound")
