"""Whether a certificate and a private key belong together, in the words of Go's crypto/tls: X509KeyPair. Called by rules/secret.py."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

_BLOCK = re.compile(rb"-----BEGIN ([^\n-]*)-----\r?\n.*?-----END \1-----", re.DOTALL)
_SKIPPED = "after skipping PEM blocks of the following types"
_SWITCHED = "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"


def key_pair_error(certificate: bytes, key: bytes) -> str:
    """"" if certificate (PEM) and key (PEM) are a pair, else Go's message."""
    kinds = [match.group(1).decode(errors="replace") for match in _BLOCK.finditer(certificate)]
    if "CERTIFICATE" not in kinds:
        return _no_block("certificate input", kinds) if kinds else "tls: failed to find any PEM data in certificate input"
    key_kinds = [match.group(1).decode(errors="replace") for match in _BLOCK.finditer(key)]
    if not any(kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY") for kind in key_kinds):
        return _no_key(key_kinds)
    return _mismatch(certificate, key)


def _no_block(where: str, kinds: list[str]) -> str:
    if len(kinds) == 1 and kinds[0].endswith("PRIVATE KEY"):
        return _SWITCHED
    return f'tls: failed to find "CERTIFICATE" PEM block in {where} {_SKIPPED}: [{" ".join(kinds)}]'


def _no_key(kinds: list[str]) -> str:
    if not kinds:
        return "tls: failed to find any PEM data in key input"
    if kinds == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    return f'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input {_SKIPPED}: [{" ".join(kinds)}]'


def _mismatch(certificate: bytes, key: bytes) -> str:
    try:
        public = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        return "x509: malformed certificate"
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError):
        return "tls: failed to parse private key"
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        return "tls: unknown public key algorithm"
    own = private.public_key()
    if type(own) is not type(public):
        return "tls: private key type does not match public key type"
    return "" if own == public else "tls: private key does not match public key"
