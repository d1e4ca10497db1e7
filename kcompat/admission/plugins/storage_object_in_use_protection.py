"""Finalizers that keep claims and volumes while they are in use (upstream: plugin/pkg/admission/storage/storageobjectinuseprotection)."""

from __future__ import annotations

from kcompat.admission.interface import CREATE, Attributes, MutatingPlugin, on

_FINALIZERS = {
    "persistentvolumes": "kubernetes.io/pv-protection",
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "volumeattributesclasses": "kubernetes.io/vac-protection",
}


class StorageObjectInUseProtection(MutatingPlugin):
    name = "StorageObjectInUseProtection"
    handles = on(CREATE)
    resources = ("persistentvolumes", "persistentvolumeclaims", "volumeattributesclasses.storage.k8s.io")

    async def admit(self, attributes: Attributes) -> None:
        if attributes.object is None:
            return
        finalizer = _FINALIZERS[attributes.resource]
        metadata = attributes.object.setdefault("metadata", {})
        present = metadata.get("finalizers") or []
        if finalizer not in present:
            metadata["finalizers"] = [*present, finalizer]
