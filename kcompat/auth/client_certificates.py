"""Judges client certificates: who signed them, for what, and whom they name. Called by the x509 and request header authenticators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.certificates import UID_OID
from kcompat.auth.interface import InvalidCredentials
from kcompat.auth.service_accounts import CREDENTIAL_ID

_MOST_INTERMEDIATES = 8
_CLIENT = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


@dataclass(frozen=True, slots=True)
class Verified:
    """A client's certificate, and when it and all that stands between it and its authority are valid."""

    certificate: x509.Certificate
    start: datetime
    end: datetime

    def is_valid_at(self, now: datetime) -> bool:
        return self.start <= now <= self.end


def verified(der: bytes, authorities: Sequence[x509.Certificate], intermediates: Sequence[bytes] = ()) -> Verified:
    """The certificate, signed for use by a client by one of the authorities, or by one of the intermediates (DER) on the way to one.
    Its dates are not looked at. Raises InvalidCredentials."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        between = [x509.load_der_x509_certificate(each) for each in intermediates[:_MOST_INTERMEDIATES]]
        is_for_clients = _is_for_clients(certificate)
        chain = _chain(certificate, authorities, [each for each in between if _may_sign(each)])
    except ValueError as error:
        raise InvalidCredentials(f"unreadable client certificate: {error}") from None
    if chain is None:
        raise InvalidCredentials("the client certificate is signed by unknown authority")
    if not is_for_clients:
        raise InvalidCredentials("the client certificate specifies an incompatible key usage")
    dated = (certificate, *chain)
    return Verified(certificate, max(each.not_valid_before_utc for each in dated), min(each.not_valid_after_utc for each in dated))


def _chain(
    certificate: x509.Certificate, authorities: Sequence[x509.Certificate], between: Sequence[x509.Certificate], depth: int = 0
) -> list[x509.Certificate] | None:
    """The intermediates from the certificate up to an authority; None: there is no way."""
    if any(_signed_by(certificate, authority) for authority in authorities):
        return []
    for each in between:
        rest = [other for other in between if other is not each]
        if depth <= _path_length(each) and _signed_by(certificate, each):
            above = _chain(each, authorities, rest, depth + 1)
            if above is not None:
                return [each, *above]
    return None


def _may_sign(certificate: x509.Certificate) -> bool:
    """An authority for clients' certificates, not just any certificate."""
    extensions = certificate.extensions
    try:
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as missing:
        return missing.oid == ExtensionOID.KEY_USAGE and _is_for_clients(certificate)
    return usage.key_cert_sign and _is_for_clients(certificate)


def _path_length(certificate: x509.Certificate) -> int:
    """How many further authorities may stand below it."""
    allowed = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    return _MOST_INTERMEDIATES if allowed is None else allowed


def user_of(certificate: x509.Certificate) -> UserInfo | None:
    """Who the subject is; None without a CN (upstream: CommonNameUserConversion). Raises InvalidCredentials for several or empty uids."""
    names = common_names(certificate)
    if not names or not names[0]:
        return None
    uids = _values(certificate, UID_OID)
    if len(uids) > 1 or uids == [""]:
        raise InvalidCredentials("expected 1 UID, but found several or an empty one")
    fingerprint = sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    groups = tuple(_values(certificate, NameOID.ORGANIZATION_NAME))
    return UserInfo(names[0], "".join(uids), groups, {CREDENTIAL_ID: (f"X509SHA256={fingerprint}",)})


def common_names(certificate: x509.Certificate) -> list[str]:
    """The CN of the subject; the last one where there are several, as Go's parser has it; empty where there is none."""
    return _values(certificate, NameOID.COMMON_NAME)[-1:]


def _values(certificate: x509.Certificate, attribute: x509.ObjectIdentifier) -> list[str]:
    return [str(found.value) for found in certificate.subject.get_attributes_for_oid(attribute)]


def _is_for_clients(certificate: x509.Certificate) -> bool:
    try:
        return bool(_CLIENT & set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value))
    except x509.ExtensionNotFound:
        return True


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
