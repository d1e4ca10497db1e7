"""Judges client certificates: who signed them, for what, and whom they name. Called by the x509 and request header authenticators."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.certificates import UID_OID
from kcompat.auth.interface import InvalidCredentials
from kcompat.auth.service_accounts import CREDENTIAL_ID


def verified(der: bytes, authorities: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate, signed by one of the authorities for use by a client. Its dates are not looked at. Raises InvalidCredentials."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        purposes = _purposes(certificate)
    except ValueError as error:
        raise InvalidCredentials(f"unreadable client certificate: {error}") from None
    if not any(_signed_by(certificate, authority) for authority in authorities):
        raise InvalidCredentials("the client certificate is signed by unknown authority")
    if purposes and not purposes & {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}:
        raise InvalidCredentials("the client certificate specifies an incompatible key usage")
    return certificate


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


def _purposes(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return set()


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
