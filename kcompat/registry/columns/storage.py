"""Table columns of storage.k8s.io. Called by `registry/groups/storage.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from kcompat.apimachinery import meta
from kcompat.registry.columns.cells import AGE, NAME, NONE, UNSET, path
from kcompat.registry.declare import Cell, Column, Tree

STORAGE_CLASS: Final = (
    NAME, Column("Provisioner", path("provisioner")), Column("ReclaimPolicy", path("reclaimPolicy", "Delete")),
    Column("VolumeBindingMode", path("volumeBindingMode", "Immediate")),
    Column("AllowVolumeExpansion", path("allowVolumeExpansion", False)), AGE,
)
VOLUME_ATTRIBUTES_CLASS: Final = (NAME, Column("DriverName", path("driverName")), AGE)
VOLUME_ATTACHMENT: Final = (
    NAME, Column("Attacher", path(".spec.attacher"), format="name"), Column("PV", path(".spec.source.persistentVolumeName")),
    Column("Node", path(".spec.nodeName")), Column("Attached", path(".status.attached", False), type="boolean"), AGE,
)


def _drivers(obj: Tree, now: datetime) -> Cell:
    return len(obj["spec"].get("drivers") or ())


CSI_NODE: Final = (NAME, Column("Drivers", _drivers, type="integer"), AGE)


def _token_requests(obj: Tree, now: datetime) -> Cell:
    requests = meta.get(obj, ("spec", "tokenRequests"))
    return UNSET if requests is None else ",".join(request.get("audience", "") for request in requests)


def _lifecycle_modes(obj: Tree, now: datetime) -> Cell:
    return ",".join(obj["spec"].get("volumeLifecycleModes") or ()) or NONE


CSI_DRIVER: Final = (
    NAME, Column("AttachRequired", path(".spec.attachRequired", True), type="boolean"),
    Column("PodInfoOnMount", path(".spec.podInfoOnMount", False), type="boolean"),
    Column("StorageCapacity", path(".spec.storageCapacity", False), type="boolean"), Column("TokenRequests", _token_requests),
    Column("RequiresRepublish", path(".spec.requiresRepublish", False), type="boolean"), Column("Modes", _lifecycle_modes), AGE,
)
