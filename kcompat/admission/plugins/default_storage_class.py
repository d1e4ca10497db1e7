"""Claims that name no storage class get the default one (upstream: plugin/pkg/admission/storage/storageclass/setdefault)."""

from __future__ import annotations

from kcompat.admission.defaults import default_class
from kcompat.admission.interface import CREATE, Attributes, MutatingPlugin, on
from kcompat.apimachinery import meta

_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_IS_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


class DefaultStorageClass(MutatingPlugin):
    name = "DefaultStorageClass"
    handles = on(CREATE)
    resources = ("persistentvolumeclaims",)

    async def admit(self, attributes: Attributes) -> None:
        claim = attributes.object
        if claim is None or _BETA_CLASS in meta.annotations(claim):
            return
        spec = claim.setdefault("spec", {})
        if spec.get("storageClassName") is not None:  # empty is a choice: no class
            return
        default = default_class(await self.reader.list("storage.k8s.io", "storageclasses"), _IS_DEFAULT)
        if default:
            spec["storageClassName"] = meta.name(default)
