"""Plugins that ask the authorizer: certificates and owner references."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from memory_reader import MemoryReader, obj
from requests_for import Permissions, pod, refused, writing

from kcompat.admission.interface import Services
from kcompat.admission.plugins.certificate_approval import CertificateApproval
from kcompat.admission.plugins.certificate_signing import CertificateSigning
from kcompat.admission.plugins.certificate_subject_restriction import CertificateSubjectRestriction
from kcompat.admission.plugins.cluster_trust_bundle_attest import ClusterTrustBundleAttest
from kcompat.admission.plugins.owner_references_permission_enforcement import OwnerReferencesPermissionEnforcement

Tree = dict[str, Any]
CSR = "certificates.k8s.io:certificatesigningrequests"
FORBIDDEN = 'certificatesigningrequests.certificates.k8s.io "r" is forbidden'


def csr(signer: str, **status: Any) -> Tree:
    return obj("r", spec={"signerName": signer}, status=status)


async def test_approving_needs_a_right_on_the_old_signer(services: Services, permissions: Permissions) -> None:
    plugin, update = CertificateApproval(services), writing(f"{CSR}/approval", csr("b/x"), csr("a/x"), namespace="")
    problem = f'{FORBIDDEN}: user not permitted to approve requests with signerName "a/x"'
    permissions.grant("approve", "signers", "b/x")
    assert await refused(plugin, update) == problem
    permissions.grant("approve", "signers", "a/*")
    assert await refused(plugin, update) == ""
    assert {(access.group, access.resource, access.namespace) for access in permissions.asked} == {("certificates.k8s.io", "signers", "")}


async def test_signing_needs_a_right_where_something_is_signed(services: Services, permissions: Permissions) -> None:
    plugin = CertificateSigning(services)
    update = writing(f"{CSR}/status", csr("a/x", certificate="abc"), csr("a/x"), namespace="")
    problem = f'{FORBIDDEN}: user not permitted to sign requests with signerName "a/x"'
    assert await refused(plugin, update) == problem
    assert await refused(plugin, writing(f"{CSR}/status", csr("a/x", conditions=[]), csr("a/x"), namespace="")) == ""
    permissions.grant("sign", "signers", "a/x")
    assert await refused(plugin, update) == ""


async def test_attesting_needs_a_right(services: Services, permissions: Permissions) -> None:
    plugin, what = ClusterTrustBundleAttest(services), "certificates.k8s.io:clustertrustbundles"
    problem = 'clustertrustbundles.certificates.k8s.io "r" is forbidden: user not permitted to attest for signerName "a/x"'
    assert await refused(plugin, writing(what, csr("a/x"), namespace="")) == problem
    assert await refused(plugin, writing(what, csr(""), namespace="")) == ""
    collected = csr("a/x")
    collected["metadata"] = {**collected["metadata"], "finalizers": ["x"]}
    assert await refused(plugin, writing(what, collected, csr("a/x"), namespace="")) == ""
    permissions.grant("attest", "signers", "a/x")
    assert await refused(plugin, writing(what, csr("a/x"), namespace="")) == ""


def request(*organizations: str) -> str:
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization) for organization in organizations]
    builder = x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane"), *names]))
    return b64encode(builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)).decode()


@pytest.mark.parametrize(
    ("signer", "content", "problem"),
    [
        ("kubernetes.io/kube-apiserver-client", request("dev"), ""),
        (
            "kubernetes.io/kube-apiserver-client",
            request("dev", "system:masters"),
            "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
        ("example.com/other", request("system:masters"), ""),
        ("kubernetes.io/kube-apiserver-client", "bm8=", "failed to parse CSR: PEM block type must be CERTIFICATE REQUEST"),
    ],
)
async def test_no_certificates_for_masters(services: Services, signer: str, content: str, problem: str) -> None:
    tree = obj("r", spec={"signerName": signer, "request": content})
    message = await refused(CertificateSubjectRestriction(services), writing(CSR, tree, namespace=""))
    assert message == (f'certificatesigningrequests.certificates.k8s.io "r" is forbidden: {problem}' if problem else "")


@pytest.fixture
def owners(reader: MemoryReader, services: Services, permissions: Permissions) -> OwnerReferencesPermissionEnforcement:
    def resources(version: str, kind: str) -> list[tuple[str, str, bool]]:
        return [("apps", "replicasets", True)] if (version, kind) == ("apps/v1", "ReplicaSet") else []

    return OwnerReferencesPermissionEnforcement(
        Services(reader, services.clock, services.identity, permissions.authorize, resources_of_kind=resources)
    )


def owned(blocking: bool = False, kind: str = "ReplicaSet") -> Tree:
    return pod(ownerReferences=[{"apiVersion": "apps/v1", "kind": kind, "name": "web", "uid": "1", "blockOwnerDeletion": blocking}])


async def test_changing_owners_needs_the_right_to_delete(
    owners: OwnerReferencesPermissionEnforcement, permissions: Permissions
) -> None:
    update = writing("pods", owned(), pod(), name="p")
    assert await refused(owners, writing("pods", owned())) == ""
    assert await refused(owners, writing("pods", owned(), owned())) == ""
    problem = "cannot set an ownerRef on a resource you can't delete: rbac: no, <nil>"
    assert await refused(owners, update) == f'pods "p" is forbidden: {problem}'
    permissions.grant("delete", "pods", "p")
    assert await refused(owners, update) == ""


async def test_blocking_an_owner_needs_a_right_on_its_finalizers(
    owners: OwnerReferencesPermissionEnforcement, permissions: Permissions
) -> None:
    problem = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: rbac: no, <nil>"
    assert await refused(owners, writing("pods", owned(True))) == f'pods "p" is forbidden: {problem}'
    assert "cannot find RESTMapping for APIVersion apps/v1 Kind Widget" in await refused(owners, writing("pods", owned(True, "Widget")))
    permissions.grant("update", "replicasets/finalizers", "web")
    assert await refused(owners, writing("pods", owned(True))) == ""
    assert permissions.asked[-1].namespace == "ns"
