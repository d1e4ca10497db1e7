"""What PEM data must be, in the words of upstream's checks. Called by the rules of certificates.k8s.io."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

_BLOCK = re.compile(rb"-----BEGIN ([^\n-]*)-----\r?\n(.*?)-----END \1-----(?:\r?\n|$)", re.DOTALL)
_HEADER = re.compile(rb"^[^:\n]+:[^\n]*\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A PEM block: its type, whether it has headers, and its DER."""

    kind: str
    headers: bool
    content: bytes


def blocks(pem: bytes) -> Iterable[Block]:
    """The well-formed blocks of PEM text; what is between them is skipped, as Go does."""
    for match in _BLOCK.finditer(pem):
        headers = bool(_HEADER.match(match[2]))
        body = match[2].split(b"\n\n", 1)[-1] if headers else match[2]
        try:
            yield Block(match[1].decode(errors="replace"), headers, b64decode(b"".join(body.split()), validate=True))
        except ValueError:
            continue


def request_problem(pem: bytes) -> str:
    """"" for one well-signed certificate request (certificates.ParseCSR, CheckSignature)."""
    first = next(iter(blocks(pem)), None)
    if first is None or first.kind != "CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    if problem := _der_problem(first.content):
        return f"asn1: syntax error: {problem}"
    try:
        request = x509.load_der_x509_csr(first.content)
        return "" if request.is_signature_valid else "x509: signature verification failed"
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        return "asn1: structure error: malformed certificate request"


def _der_problem(content: bytes) -> str:
    """Whether DER's outermost length is the content's (encoding/asn1: parseTagAndLength)."""
    size, header = content[1] if len(content) > 1 else 0, 2
    if size > 0x80:
        header += size - 0x80
        size = int.from_bytes(content[2:header], "big")
    if len(content) < max(header, 2):
        return "truncated tag or length"
    return "data truncated" if len(content) < header + size else "trailing data" if len(content) > header + size else ""


def certificate_problem(pem: bytes) -> str:
    """"" for nothing, or a list of certificates and nothing else (validateCertificate)."""
    found = list(blocks(pem))
    for block in found:
        if block.kind != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{block.kind}"'
        if block.headers:
            return "no PEM block headers are permitted"
        if certificate(block) is None:
            return "x509: malformed certificate"
    return "must contain at least one CERTIFICATE PEM block" if pem and not found else ""


def certificate(block: Block) -> x509.Certificate | None:
    """The block's certificate, None if it is none."""
    try:
        return x509.load_der_x509_certificate(block.content)
    except (ValueError, UnsupportedAlgorithm):
        return None


def anchor_problems(pem: bytes) -> list[str]:
    """What is wrong with a bundle of trust anchors, one text an entry (validateTrustBundle)."""
    problems, seen = [], dict[bytes, list[int]]()
    for index, block in enumerate(blocks(pem)):
        if problem := _anchor_problem(block):
            problems.append(f"entry {index} {problem}")
        else:
            seen.setdefault(block.content, []).append(index)
    if problems:
        return problems
    if not seen:
        return ["at least one trust anchor must be provided"]
    return [f"duplicate trust anchor (indices [{' '.join(map(str, twice))}])" for twice in seen.values() if len(twice) > 1]


def _anchor_problem(block: Block) -> str:
    if block.kind != "CERTIFICATE":
        return f"has bad block type: {block.kind}"
    if block.headers:
        return "has PEM block headers"
    anchor = certificate(block)
    if anchor is None:
        return "does not parse as X.509"
    try:
        constraints = anchor.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return "does not have the CA bit set"
    return "" if constraints.ca else "does not have the CA bit set"
