"""The cluster's certificate authorities, keys and certificates: made on the first start, read again later, renewed near expiry.

`cluster.py` calls open_pki and hands the parts out: the serving pair to the listener, the authorities to the x509 authenticator, the
signing key to auth/tokens. File names in the directory are kubeadm's, so that its PKI can be put in place of ours. Every key made
here is ECDSA P-256; authorities and service account keys brought along may be RSA too.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from kcompat.apimachinery.clock import Clock

AUTHORITY_LIFETIME = timedelta(days=3650)
LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
BACKDATE = timedelta(minutes=5)
"""Clients whose clock is a little behind accept a new certificate (upstream: the CSR signer's default backdate)."""

UID_OID = ObjectIdentifier("1.3.6.1.4.1.57683.2")
"""Subject attribute that carries a user's uid (upstream: apis/asn1, X509UID)."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
T = TypeVar("T")

_SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
_CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return private_key_pem(self.key)


@dataclass(frozen=True, slots=True)
class Pki:
    """Everything that was opened. Its files: ca, front-proxy-ca, front-proxy-client, apiserver (.crt and .key each), sa.key, sa.pub."""

    directory: Path
    clock: Clock
    ca: KeyPair
    front_proxy_ca: KeyPair
    front_proxy_client: KeyPair
    server: KeyPair
    service_account_key: PrivateKey

    def client(self, name: str, groups: Sequence[str] = (), uid: str = "") -> KeyPair:
        """A new client certificate: CN is the user, each O a group. It is not written anywhere."""
        return issue_client(self.ca, self.clock.now(), name, groups, uid)

    def admin(self) -> KeyPair:
        """The identity of the administrator's kubeconfig (kubeadm's super-admin: it works whatever the bindings say)."""
        return self.client("kubernetes-admin", ("system:masters",))

    def node(self, name: str) -> KeyPair:
        return self.client(f"system:node:{name}", ("system:nodes",))


def open_pki(directory: Path, clock: Clock, hosts: Iterable[str]) -> Pki:
    """Reads the directory, making what is missing, too old, or (the serving certificate) without one of `hosts`, names or addresses.

    Raises ValueError where a file cannot be read as what its name says, or an authority's key is needed and absent.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.now()
    ca = _authority(directory, "ca", "kubernetes", now)
    front_proxy_ca = _authority(directory, "front-proxy-ca", "front-proxy-ca", now)
    proxy = _leaf(directory, "front-proxy-client", front_proxy_ca, now)
    if proxy is None:
        proxy = _store(directory, "front-proxy-client", issue_client(front_proxy_ca, now, "front-proxy-client"))
    wanted = list(dict.fromkeys(hosts))
    server = _leaf(directory, "apiserver", ca, now)
    if server is None or not _covers(server.certificate, wanted):
        server = _store(directory, "apiserver", issue_server(ca, now, "kube-apiserver", wanted))
    return Pki(directory, clock, ca, front_proxy_ca, proxy, server, _service_account_key(directory))


def serving_hosts(*more: str, hostname: str, service_ip: str, cluster_domain: str = "cluster.local") -> tuple[str, ...]:
    """The names and addresses that clients of an API server use: loopback, its own, and those of the kubernetes Service."""
    service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{cluster_domain}")
    return tuple(dict.fromkeys(h for h in ("localhost", "127.0.0.1", "::1", hostname, *service, service_ip, *more) if h))


def new_authority(name: str, now: datetime, key: PrivateKey | None = None) -> KeyPair:
    """A self-signed authority; given a key, the same authority with a new lifetime, so what it signed stays valid."""
    key = key or new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = _usage(digital_signature=True, key_encipherment=True, key_cert_sign=True)
    builder = _builder(subject, subject, key, now, AUTHORITY_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).add_extension(usage, critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    return KeyPair(builder.add_extension(names, critical=False).sign(key, hashes.SHA256()), key)


def issue_client(authority: KeyPair, now: datetime, name: str, groups: Sequence[str] = (), uid: str = "") -> KeyPair:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    uids = [x509.NameAttribute(UID_OID, uid)] if uid else []
    return _issue(authority, now, x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, name), *uids]), _CLIENT)


def issue_server(authority: KeyPair, now: datetime, name: str, hosts: Iterable[str]) -> KeyPair:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return _issue(authority, now, subject, _SERVER, x509.SubjectAlternativeName(map(_general_name, hosts)))


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def private_key_pem(key: PrivateKey) -> bytes:
    """SEC 1 or PKCS #1, as upstream writes them."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())


def load_private_key(pem: bytes) -> PrivateKey:
    """Raises ValueError for anything but an unencrypted EC or RSA key."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except TypeError:
        raise ValueError("the private key is encrypted") from None
    if not isinstance(key, PrivateKey):
        raise ValueError("the private key is neither ECDSA nor RSA")
    return key


def load_public_keys(pem: bytes) -> list[PublicKey]:
    """All keys of a --service-account-key-file: public keys, private keys or certificates (upstream: client-go keyutil.ParsePublicKeysPEM).

    Raises ValueError if there is none.
    """
    marker = b"-----BEGIN "
    blocks = [marker + block for block in pem.split(marker)[1:]]
    keys = [key for block in blocks if isinstance(key := _public_key(block), PublicKey)]
    if not keys:
        raise ValueError("data does not contain any valid RSA or ECDSA public keys")
    return keys


def _public_key(block: bytes) -> object:
    try:
        if b"CERTIFICATE" in block[:32]:
            return x509.load_pem_x509_certificate(block).public_key()
        if b"PRIVATE KEY" in block[:40]:
            return load_private_key(block).public_key()
        return serialization.load_pem_public_key(block)
    except ValueError:
        return None


def write_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replaces the file at once and durably: readers see the old content or the new one. The mode holds from the first byte."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _authority(directory: Path, stem: str, name: str, now: datetime) -> KeyPair:
    key, certificate = _read(directory, stem)
    if key is None and certificate is not None:
        raise ValueError(f"{directory / stem}.key, the key of {stem}.crt, is missing")
    if key is not None and certificate is not None and not _expires_soon(certificate, now):
        if certificate.public_key() != key.public_key():
            raise ValueError(f"{directory / stem}.key is not the key of {stem}.crt")
        return KeyPair(certificate, key)
    return _store(directory, stem, new_authority(name, now, key))


def _leaf(directory: Path, stem: str, authority: KeyPair, now: datetime) -> KeyPair | None:
    """None where a new one must be issued. A crash between writing key and certificate leaves two that differ: that is no error."""
    key, certificate = _read(directory, stem)
    if key is None or certificate is None or certificate.public_key() != key.public_key():
        return None
    return KeyPair(certificate, key) if _issued_by(certificate, authority) and not _expires_soon(certificate, now) else None


def _read(directory: Path, stem: str) -> tuple[PrivateKey | None, x509.Certificate | None]:
    key, certificate = directory / f"{stem}.key", directory / f"{stem}.crt"
    return _parsed(key, load_private_key), _parsed(certificate, x509.load_pem_x509_certificate)


def _parsed(path: Path, parse: Callable[[bytes], T]) -> T | None:
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"cannot use {path}: {error}") from error


def _store(directory: Path, stem: str, pair: KeyPair) -> KeyPair:
    write_private(directory / f"{stem}.key", pair.key_pem)
    write_private(directory / f"{stem}.crt", pair.certificate_pem)
    return pair


def _service_account_key(directory: Path) -> PrivateKey:
    key = _parsed(directory / "sa.key", load_private_key)
    if key is None:
        key = new_key()
        write_private(directory / "sa.key", private_key_pem(key))
    if not (directory / "sa.pub").exists():
        public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        write_private(directory / "sa.pub", public)
    return key


def _issued_by(certificate: x509.Certificate, authority: KeyPair) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _expires_soon(certificate: x509.Certificate, now: datetime) -> bool:
    return not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE


def _covers(certificate: x509.Certificate, hosts: Iterable[str]) -> bool:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(map(_general_name, hosts)) <= set(names)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _issue(
    authority: KeyPair, now: datetime, subject: x509.Name, purpose: x509.ExtendedKeyUsage, names: x509.SubjectAlternativeName | None = None
) -> KeyPair:
    key = new_key()
    builder = _builder(subject, authority.certificate.subject, key, now, LIFETIME, authority)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(digital_signature=True), critical=True).add_extension(purpose, critical=False)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return KeyPair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime, lifetime: timedelta, authority: KeyPair | None = None
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), now - BACKDATE, now + lifetime)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key((authority.key if authority else key).public_key())
    return builder.add_extension(own, critical=False).add_extension(signer, critical=False)


def _usage(*, digital_signature: bool, key_encipherment: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_encipherment=key_encipherment,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
