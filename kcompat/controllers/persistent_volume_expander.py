"""Says of claims that are to grow that a resizer outside will see to it (upstream: pkg/controller/volume/expand).

No kind of volume that is left in Kubernetes is expanded by its own controllers: CSI drivers bring a resizer.
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.apimachinery.quantity import Quantity, from_json
from kcompat.apimachinery.volumes import requested
from kcompat.client.events import NORMAL
from kcompat.client.interface import Tree
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, split_key, status_of

PRE_RESIZE = "volume.alpha.kubernetes.io/pre-resize-capacity"
_MESSAGE = "waiting for an external controller to expand this PVC"


def has(claim: Tree) -> Quantity:
    """The size its volume has."""
    return from_json(meta.get(status_of(claim), ("capacity", "storage"), "0"))


@controller("persistentvolume-expander-controller", account="expand-controller", component="volume_expand", workers=10)
class PersistentVolumeExpander:
    """Keys are namespace/name of claims."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._claims = context.watch(PERSISTENT_VOLUME_CLAIMS, self._changed)
        self._volumes = context.watch(PERSISTENT_VOLUMES)

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None or status_of(new).get("phase") != "Bound":
            return
        if old is None or requested(new) > requested(old) or has(new) > has(old):
            self._context.queue.add(meta.key(new))

    async def reconcile(self, key: str) -> None:
        claim = self._claims.get(*split_key(key))
        if claim is None:
            return
        volume = self._volumes.get("", spec_of(claim).get("volumeName", ""))
        if volume is None or (spec_of(volume).get("claimRef") or {}).get("uid") != meta.uid(claim):
            raise Requeue
        if requested(claim) > has(claim) or PRE_RESIZE in meta.annotations(volume):
            self._context.recorder.event(claim, NORMAL, "ExternalExpanding", _MESSAGE, resource=PERSISTENT_VOLUME_CLAIMS)
