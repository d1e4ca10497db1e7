"""Ingresses that name no class get the default one (upstream: plugin/pkg/admission/network/defaultingressclass)."""

from __future__ import annotations

from kcompat.admission.defaults import default_class
from kcompat.admission.interface import CREATE, Attributes, MutatingPlugin, on
from kcompat.apimachinery import meta

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_IS_DEFAULT = ("ingressclass.kubernetes.io/is-default-class",)


class DefaultIngressClass(MutatingPlugin):
    name = "DefaultIngressClass"
    handles = on(CREATE)
    resources = ("ingresses.networking.k8s.io",)

    async def admit(self, attributes: Attributes) -> None:
        ingress = attributes.object
        if ingress is None or _CLASS_ANNOTATION in meta.annotations(ingress):
            return
        spec = ingress.setdefault("spec", {})
        if spec.get("ingressClassName") is not None:
            return
        if default := default_class(await self.reader.list("networking.k8s.io", "ingressclasses"), _IS_DEFAULT):
            spec["ingressClassName"] = meta.name(default)
