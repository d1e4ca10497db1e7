"""Permissions on certificate signers (upstream: pkg/certauthorization). Called by the certificate plugins."""

from __future__ import annotations

from kcompat.admission.interface import Access, Authorize
from kcompat.apimachinery.user import UserInfo


async def may_for_signer(authorize: Authorize, user: UserInfo, verb: str, signer: str) -> bool:
    """For the signer itself, or for all of its domain: `kubernetes.io/*`."""
    for name in (signer, f"{signer.split('/')[0]}/*"):
        allowed, _ = await authorize(Access(user, verb, "certificates.k8s.io", "signers", name=name))
        if allowed:
            return True
    return False
