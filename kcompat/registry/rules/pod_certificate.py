"""Keys that pods ask certificates for, and the certificates they get (pkg/apis/certificates/validation).

Called by rules/pod_certificate_request.py. Pure: the time is an argument.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kcompat.apimachinery import duration
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.field import OMITTED, FieldError, Path, invalid, required, too_long
from kcompat.registry.declare import Tree
from kcompat.registry.rules.certificates import blocks, certificate

_CHAIN = Path("status", "certificateChain")
_NOT_BEFORE, _NOT_AFTER, _REFRESH = (Path("status", name) for name in ("notBefore", "notAfter", "beginRefreshAt"))
_MAX_CHAIN = 100 * 1024
_CURVES, _MODULI = ("secp256r1", "secp384r1", "secp521r1"), (3072, 4096)
_CURVE = "elliptic public keys must use curve P256, P384, or P521"
_SIZE = "RSA keys must have modulus size 3072 or 4096"
_UNKNOWN = "unknown public key type; supported types are Ed25519, ECDSA, and RSA"
_ONLY = "issued certificate chain must consist entirely of {} PEM blocks"
_OTHER_KEY = "leaf certificate was not issued to the requested public key"
_MARGIN, _SKEW, _HOUR = timedelta(minutes=10), timedelta(minutes=5), timedelta(hours=1)
_GO_CURVES = {"secp224r1": "P-224"}
_BROKEN = (ValueError, UnsupportedAlgorithm)


def request_errors(request: bytes, path: Path) -> list[FieldError]:
    """A stub request: a good key that signed it."""
    try:
        parsed = x509.load_der_x509_csr(request)
        key = parsed.public_key()
    except _BROKEN:
        return [invalid(path, OMITTED, "must be a valid PKCS#10 CSR")]
    errors = _key_errors(key, path)
    return errors or ([] if parsed.is_signature_valid else [invalid(path, OMITTED, "invalid signature")])


def _key_errors(key: Any, path: Path) -> list[FieldError]:
    if isinstance(key, rsa.RSAPublicKey):
        return [] if key.key_size in _MODULI else [invalid(path, f"{key.key_size}-bit modulus", _SIZE)]
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = key.curve.name
        return [] if name in _CURVES else [invalid(path, f"curve {_GO_CURVES.get(name, name)}", _CURVE)]
    return [] if isinstance(key, ed25519.Ed25519PublicKey) else [invalid(path, OMITTED, _UNKNOWN)]


def chain_errors(status: Tree, spec: Tree, now: datetime) -> list[FieldError]:
    """A leaf for the requested key, valid from about now, and its issuers."""
    chain = status.get("certificateChain", "")
    if len(chain.encode()) > _MAX_CHAIN:
        return [too_long(_CHAIN, _MAX_CHAIN)]
    found = list(blocks(chain.encode()))
    if not found:
        return [invalid(_CHAIN, chain, "issued certificate chain must contain at least one certificate")]
    leaf, *issuers = found
    if leaf.kind != "CERTIFICATE":
        return [invalid(_CHAIN, chain, _ONLY.format("CERTIFICATE"))]
    issued = certificate(leaf)
    if issued is None:
        return [invalid(_CHAIN, chain, "leaf certificate does not parse as valid X.509")]
    errors = _names(issued)
    if issued.public_key() != x509.load_der_x509_csr(b64decode(spec["stubPKCS10Request"])).public_key():
        return [*errors, invalid(_CHAIN, chain, _OTHER_KEY)]
    if timing := _times(status, spec, issued, now):
        return errors + timing
    for block in issuers:
        if block.kind != "CERTIFICATE":
            return [*errors, invalid(_CHAIN, chain, _ONLY.format("CERTFICATE"))]
        if certificate(block) is None:
            return [*errors, invalid(_CHAIN, chain, "intermediate certificate does not parse as valid X.509")]
    return errors


def _names(issued: x509.Certificate) -> list[FieldError]:
    try:
        names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    errors: list[FieldError] = []
    for name in names.get_values_for_type(x509.DNSName):
        errors += [] if name else [invalid(_CHAIN, name, "leaf certificate should not contain empty DNSName")]
        errors += [invalid(_CHAIN, name, "leaf certificate's DNSName should not contain '..'")] if ".." in name else []
        if name[:1] == "." or name[-1:] == ".":
            errors.append(invalid(_CHAIN, name, "leaf certificate's DNSName should not start or end with '.'"))
    return errors


def _times(status: Tree, spec: Tree, issued: x509.Certificate, now: datetime) -> list[FieldError]:
    paths = (_NOT_BEFORE, _NOT_AFTER, _REFRESH)
    written = [status.get(name) for name in ("notBefore", "notAfter", "beginRefreshAt")]
    consistent = "must be present and consistent with the issued certificate"
    details = (consistent, consistent, "must be present and in the range [notbefore+10min, notafter-10min]")
    missing = [required(path, detail) for path, text, detail in zip(paths, written, details, strict=True) if not text]
    if missing:
        return missing
    before, after, refresh = (parse_rfc3339(str(text)) for text in written)
    start, end = issued.not_valid_before_utc, issued.not_valid_after_utc
    longest, lifetime = spec["maxExpirationSeconds"], end - start
    checks = (
        (before == start, _NOT_BEFORE, written[0], "must be set to the NotBefore time encoded in the leaf certificate"),
        (abs(before - now) < _SKEW, _NOT_BEFORE, written[0], "must be set to within 5 minutes of kube-apiserver's current time"),
        (after == end, _NOT_AFTER, written[1], "must be set to the NotAfter time encoded in the leaf certificate"),
        (lifetime >= _HOUR, _CHAIN, None, "leaf certificate lifetime must be >= 1 hour"),
        (lifetime.total_seconds() <= longest, _CHAIN, None, f"leaf certificate lifetime must be <= spec.maxExpirationSeconds ({longest})"),
        (refresh - before >= _MARGIN, _REFRESH, written[2], "must be at least 10 minutes after status.notBefore"),
        (after - refresh >= _MARGIN, _REFRESH, written[2], "must be at least 10 minutes before status.notAfter"),
    )
    length = duration.text(int(lifetime.total_seconds()) * 10**9)
    broken = ((path, value or length, detail) for good, path, value, detail in checks if not good)
    return [invalid(path, value, detail) for path, value, detail in broken][:1]
