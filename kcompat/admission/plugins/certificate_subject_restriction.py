"""Nobody gets a certificate of system:masters from the API server's client signer.

Upstream: plugin/pkg/admission/certificates/subjectrestriction.
"""

from __future__ import annotations

import binascii
from base64 import b64decode

from cryptography import x509
from cryptography.x509.oid import NameOID

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, Attributes, ValidatingPlugin, on
from kcompat.apimachinery.user import MASTERS

SIGNER = "kubernetes.io/kube-apiserver-client"


class CertificateSubjectRestriction(ValidatingPlugin):
    name = "CertificateSubjectRestriction"
    handles = on(CREATE)
    resources = ("certificatesigningrequests.certificates.k8s.io",)

    async def validate(self, attributes: Attributes) -> None:
        spec = (attributes.object or {}).get("spec") or {}
        if spec.get("signerName") != SIGNER:
            return
        try:
            request = x509.load_pem_x509_csr(b64decode(spec.get("request") or ""))
        except (ValueError, binascii.Error):
            raise forbidden(attributes, "failed to parse CSR: PEM block type must be CERTIFICATE REQUEST") from None
        if any(name.value == MASTERS for name in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)):
            raise forbidden(attributes, f"use of {SIGNER} signer with {MASTERS} group is not allowed")
