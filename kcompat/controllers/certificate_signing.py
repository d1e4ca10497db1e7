"""Signs approved CertificateSigningRequests of Kubernetes' own signers (upstream: pkg/controller/certificates/signer and authority).

The authorities' files come with the settings and are read for each certificate, so that replacing them is noticed; signers without files
are left to others. Keys are handled in a thread: an RSA signature takes longer than the event loop should stand still.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.client.interface import Tree
from kcompat.controllers import certificate_requests as requests
from kcompat.controllers.certificate_requests import ACCOUNT, CERTIFICATE_SIGNING_REQUESTS, Names
from kcompat.controllers.controller import Context, Requeue, controller, spec_of, status_of

if TYPE_CHECKING:
    from cryptography import x509

log = logging.getLogger(__name__)

BACKDATE = timedelta(minutes=5)
SHORT = timedelta(hours=8)
"""Certificates that live less long are not shortened by what they are backdated."""
MINIMUM_SECONDS = 600

_CHECKS: Mapping[str, Callable[[Names, Collection[str]], str]] = {
    requests.KUBELET_SERVING: requests.kubelet_serving_problem,
    requests.KUBELET_CLIENT: requests.kubelet_client_problem,
    requests.API_SERVER_CLIENT: requests.api_server_client_problem,
    requests.LEGACY_UNKNOWN: lambda _who, _usages: "",
}
_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_EXTENDED_USAGES = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5",
    "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}


def lifetime(asked: int | None, most: float) -> timedelta:
    """How long a certificate lives whose request asks for so many seconds (upstream: signer.duration)."""
    return timedelta(seconds=most if asked is None else min(most, max(MINIMUM_SECONDS, asked)))


def validity(now: datetime, life: timedelta, authority_ends: datetime) -> tuple[datetime, datetime]:
    """From when to when; not longer than the authority (upstream: PermissiveSigningPolicy). Raises ValueError when that has expired."""
    if now >= authority_ends:
        raise ValueError(f"refusing to sign a certificate that expired in the past: NotAfter={authority_ends}")
    end = now + life if life < SHORT else now + life - BACKDATE
    return now - BACKDATE, min(end, authority_ends)


def sign(request: x509.CertificateSigningRequest, usages: Collection[str], life: timedelta, files: tuple[str, str], now: datetime) -> bytes:
    """The certificate in PEM: subject, names and key of the request, its usages, nothing else. Raises ValueError, OSError."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    if not request.is_signature_valid:
        raise ValueError("unable to verify certificate request signature")
    authority = x509.load_pem_x509_certificate(Path(files[0]).read_bytes())
    key: Any = serialization.load_pem_private_key(Path(files[1]).read_bytes(), None)
    start, end = validity(now, life, authority.not_valid_after_utc)
    builder = x509.CertificateBuilder(authority.subject, request.subject, request.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start.replace(microsecond=0)).not_valid_after(end.replace(microsecond=0))
    for extension, critical in _extensions(request, usages, authority):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _extensions(
    request: x509.CertificateSigningRequest, usages: Collection[str], authority: x509.Certificate
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    from cryptography import x509

    if unknown := [usage for usage in usages if usage not in _KEY_USAGES and usage not in _EXTENDED_USAGES]:
        raise ValueError(f"unrecognized usage values: {unknown}")
    if plain := {_KEY_USAGES[usage] for usage in usages if usage in _KEY_USAGES}:
        yield x509.KeyUsage(**{name: name in plain for name in dict.fromkeys(_KEY_USAGES.values())}), True
    if extended := {_EXTENDED_USAGES[usage]: None for usage in _EXTENDED_USAGES if usage in usages}:
        yield x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in extended]), False
    yield x509.BasicConstraints(ca=False, path_length=None), True
    try:
        identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        yield x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False
    except x509.ExtensionNotFound:
        pass
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        yield names, not list(request.subject)
    except x509.ExtensionNotFound:
        pass


@controller("certificatesigningrequest-signing-controller", account=ACCOUNT, workers=5)
class CertificateSigningController:
    """Keys are names of requests."""

    def __init__(self, context: Context) -> None:
        self._clock, self._settings = context.clock, context.settings
        self._client = context.client.of(CERTIFICATE_SIGNING_REQUESTS)
        self._requests = context.watch(CERTIFICATE_SIGNING_REQUESTS, context.enqueue)

    async def reconcile(self, key: str) -> None:
        request = self._requests.by_key(key)
        if request is None or status_of(request).get("certificate"):
            return
        if not requests.has_true(request, "Approved") or requests.has_true(request, "Denied") or requests.has_true(request, "Failed"):
            return
        if files := self._settings.signing.get(spec_of(request)["signerName"]):
            await self._handle(request, files)

    async def _handle(self, request: Tree, files: tuple[str, str]) -> None:
        spec, now = spec_of(request), self._clock.now()
        usages = spec.get("usages") or ()
        try:
            parsed = requests.parse(request)
            problem = _CHECKS[spec["signerName"]](requests.names(parsed), usages)
            if not problem:
                life = lifetime(spec.get("expirationSeconds"), self._settings.signing_seconds)
                certificate = await asyncio.to_thread(sign, parsed, usages, life, files, now)
        except (ValueError, OSError) as error:
            log.warning("csr %s: error auto signing csr: %s", meta.name(request), error)
            raise Requeue from error
        if problem:
            await self._write(request, {"conditions": [*requests.conditions(request), _failed(problem, now)]})
        else:
            await self._write(request, {"certificate": b64encode(certificate).decode()})

    async def _write(self, request: Tree, change: Tree) -> None:
        await self._client.update_status({**request, "status": {**status_of(request), **change}})


def _failed(problem: str, now: datetime) -> Tree:
    stamp = rfc3339(now.astimezone(UTC))
    return {"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": problem, "lastUpdateTime": stamp}
