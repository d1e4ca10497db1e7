"""Who may approve certificate requests for a signer (upstream: plugin/pkg/admission/certificates/approval)."""

from __future__ import annotations

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import UPDATE, Attributes, ValidatingPlugin, on
from kcompat.admission.signers import may_for_signer
from kcompat.apimachinery.quote import quote


class CertificateApproval(ValidatingPlugin):
    name = "CertificateApproval"
    handles = on(UPDATE)
    resources = ("certificatesigningrequests.certificates.k8s.io/approval",)

    async def validate(self, attributes: Attributes) -> None:
        # The old object counts: the new one could name another signer.
        signer = ((attributes.old_object or {}).get("spec") or {}).get("signerName", "")
        if not await may_for_signer(self.services.authorize, attributes.user, "approve", signer):
            raise forbidden(attributes, f"user not permitted to approve requests with signerName {quote(signer)}")
