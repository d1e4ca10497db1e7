"""Claims grow only where their storage class lets them (upstream: plugin/pkg/admission/storage/persistentvolume/resize)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import UPDATE, Attributes, ValidatingPlugin, on
from kcompat.apimachinery import meta
from kcompat.apimachinery.quantity import Quantity, from_json

_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


class PersistentVolumeClaimResize(ValidatingPlugin):
    name = "PersistentVolumeClaimResize"
    handles = on(UPDATE)
    resources = ("persistentvolumeclaims",)

    async def validate(self, attributes: Attributes) -> None:
        new, old = attributes.object or {}, attributes.old_object or {}
        if _size(new) <= _size(old):
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            raise forbidden(attributes, "Only bound persistent volume claims can be expanded")
        if not await self._may_grow(_class(new), _class(old)):
            problem = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
            raise forbidden(attributes, problem)

    async def _may_grow(self, name: str, old_name: str) -> bool:
        if not name or name != old_name:
            return False
        storage_class = await self.reader.get("storage.k8s.io", "storageclasses", "", name)
        return bool(storage_class and storage_class.get("allowVolumeExpansion"))


def _size(claim: Mapping[str, Any]) -> Quantity:
    return from_json(meta.get(claim, ("spec", "resources", "requests", "storage")))


def _class(claim: Mapping[str, Any]) -> str:
    annotated = meta.annotations(claim).get(_BETA_CLASS)
    return annotated if annotated is not None else (claim.get("spec") or {}).get("storageClassName") or ""
