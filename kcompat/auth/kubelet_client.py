"""How the API server shows itself to kubelets. Called by `cluster.py`, when the first kubelet is spoken to."""

from __future__ import annotations

import ssl
from pathlib import Path

from kcompat.apimachinery.clock import Clock
from kcompat.auth import certificates
from kcompat.auth.certificates import Pki

NAME, GROUPS = "kube-apiserver-kubelet-client", ("system:masters",)
"""As kubeadm names it."""


def tls_context(directory: Path, pki: Pki, clock: Clock, certificate: str = "", key: str = "", authority: str = "") -> ssl.SSLContext:
    """The context of connections to kubelets. directory: where a certificate of the cluster's authority is kept, if none is given.

    authority: file of those that kubelets' certificates must be signed by; "" accepts any, as upstream does. Raises OSError, SSLError.
    """
    context = ssl.create_default_context(cafile=authority) if authority else unverified()
    if not certificate:
        pair = certificates.issue_client(pki.ca, clock.now(), NAME, GROUPS)
        file = directory / "apiserver-kubelet-client.pem"
        certificates.write_private(file, pair.key_pem + pair.certificate_pem)
        certificate, key = str(file), ""
    context.load_cert_chain(certificate, key or None)
    return context


def unverified() -> ssl.SSLContext:
    """For servers whose certificate is not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
