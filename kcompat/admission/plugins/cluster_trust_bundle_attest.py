"""Who may publish trust anchors of a signer (upstream: plugin/pkg/admission/certificates/ctbattest)."""

from __future__ import annotations

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, UPDATE, Attributes, ValidatingPlugin, on
from kcompat.admission.signers import may_for_signer
from kcompat.apimachinery import meta
from kcompat.apimachinery.quote import quote

_COLLECTED = ("ownerReferences", "finalizers", "managedFields")


class ClusterTrustBundleAttest(ValidatingPlugin):
    name = "ClusterTrustBundleAttest"
    handles = on(CREATE, UPDATE)
    resources = ("clustertrustbundles.certificates.k8s.io",)

    async def validate(self, attributes: Attributes) -> None:
        new = attributes.object or {}
        signer = (new.get("spec") or {}).get("signerName", "")
        if not signer or (attributes.old_object is not None and _essence(new) == _essence(attributes.old_object)):
            return
        if not await may_for_signer(self.services.authorize, attributes.user, "attest", signer):
            raise forbidden(attributes, f"user not permitted to attest for signerName {quote(signer)}")


def _essence(bundle: dict[str, object]) -> dict[str, object]:
    return {**bundle, "metadata": {name: value for name, value in meta.metadata(bundle).items() if name not in _COLLECTED}}
