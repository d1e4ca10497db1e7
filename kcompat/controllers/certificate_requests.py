"""What the controllers of CertificateSigningRequests share: reading a request, and what the kubelets' requests must be like.

Pure (upstream: pkg/apis/certificates/helpers.go, pkg/controller/certificates/certificate_controller_utils.go).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.controllers.controller import spec_of, status_of

if TYPE_CHECKING:
    from cryptography import x509

CERTIFICATE_SIGNING_REQUESTS = ResourceType(
    "certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", namespaced=False
)
KUBELET_SERVING = "kubernetes.io/kubelet-serving"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
API_SERVER_CLIENT = "kubernetes.io/kube-apiserver-client"
LEGACY_UNKNOWN = "kubernetes.io/legacy-unknown"
ACCOUNT = "certificate-controller"

_SERVING_USAGES = {"digital signature", "key encipherment", "server auth"}
_CLIENT_USAGES = {"digital signature", "key encipherment", "client auth"}


@dataclass(frozen=True, slots=True)
class Names:
    """Whom a request is for: organizations and common name of the subject, and the alternative names by kind."""

    organizations: tuple[str, ...]
    common_name: str
    dns: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[Any, ...] = ()
    uris: tuple[str, ...] = ()


def conditions(request: Tree) -> Iterable[Tree]:
    return status_of(request).get("conditions") or ()


def has_true(request: Tree, kind: str) -> bool:
    return any(condition["type"] == kind and condition.get("status", "") in ("", "True") for condition in conditions(request))


def is_decided(request: Tree) -> bool:
    return any(condition["type"] in ("Approved", "Denied") for condition in conditions(request))


def parse(request: Tree) -> x509.CertificateSigningRequest:
    """The PKCS #10 request in an object. Raises ValueError."""
    from cryptography import x509  # rarely needed, and not cheap to import

    return x509.load_pem_x509_csr(b64decode(spec_of(request)["request"]))


def names(parsed: x509.CertificateSigningRequest) -> Names:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def subject(oid: x509.ObjectIdentifier) -> tuple[str, ...]:
        return tuple(str(attribute.value) for attribute in parsed.subject.get_attributes_for_oid(oid))

    try:
        alternative = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        alternative = x509.SubjectAlternativeName([])
    return Names(
        subject(NameOID.ORGANIZATION_NAME),
        (subject(NameOID.COMMON_NAME) or ("",))[-1],
        tuple(alternative.get_values_for_type(x509.DNSName)),
        tuple(alternative.get_values_for_type(x509.RFC822Name)),
        tuple(alternative.get_values_for_type(x509.IPAddress)),
        tuple(alternative.get_values_for_type(x509.UniformResourceIdentifier)),
    )


def kubelet_serving_problem(who: Names, usages: Iterable[str]) -> str:
    """"" for a kubelet's request for a serving certificate (upstream: ValidateKubeletServingCSR)."""
    if who.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    if not who.dns and not who.addresses:
        return "DNS or IP subjectAltName is required"
    if who.emails:
        return "Email subjectAltNames are not allowed"
    if who.uris:
        return "URI subjectAltNames are not allowed"
    return _usages_problem(usages, _SERVING_USAGES) or _name_problem(who)


def kubelet_client_problem(who: Names, usages: Iterable[str]) -> str:
    """"" for a kubelet's request for a client certificate (upstream: ValidateKubeletClientCSR)."""
    if who.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    for kind, found in (("DNS", who.dns), ("Email", who.emails), ("IP", who.addresses), ("URI", who.uris)):
        if found:
            return f"{kind} subjectAltNames are not allowed"
    return _name_problem(who) or _usages_problem(usages, _CLIENT_USAGES)


def api_server_client_problem(_who: Names, usages: Iterable[str]) -> str:
    """"" for a request for an ordinary client certificate (upstream: signer.go, validAPIServerClientUsages)."""
    for usage in usages:
        if usage not in _CLIENT_USAGES:
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"


def _usages_problem(usages: Iterable[str], wanted: set[str]) -> str:
    """Keys that are not RSA have no use for key encipherment."""
    given = set(usages)
    return "" if given in (wanted, wanted - {"key encipherment"}) else f"usages did not match [{' '.join(sorted(wanted))}]"


def _name_problem(who: Names) -> str:
    return "" if who.common_name.startswith("system:node:") else "subject common name does not begin with system:node:"
