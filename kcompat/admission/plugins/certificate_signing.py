"""Who may put a certificate into a request for a signer (upstream: plugin/pkg/admission/certificates/signing)."""

from __future__ import annotations

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import UPDATE, Attributes, ValidatingPlugin, on
from kcompat.admission.signers import may_for_signer
from kcompat.apimachinery.quote import quote


class CertificateSigning(ValidatingPlugin):
    name = "CertificateSigning"
    handles = on(UPDATE)
    resources = ("certificatesigningrequests.certificates.k8s.io/status",)

    async def validate(self, attributes: Attributes) -> None:
        old, new = attributes.old_object or {}, attributes.object or {}
        before, after = old.get("status") or {}, new.get("status") or {}
        if all((before.get(field) or None) == (after.get(field) or None) for field in ("certificate", "conditions")):
            return
        signer = (old.get("spec") or {}).get("signerName", "")
        if not await may_for_signer(self.services.authorize, attributes.user, "sign", signer):
            raise forbidden(attributes, f"user not permitted to sign requests with signerName {quote(signer)}")
