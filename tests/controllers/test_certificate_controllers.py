"""Certificate requests: approved for kubelets, signed by the cluster's authority, cleaned away."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kcompat.controllers.certificate_cleaner import is_outdated
from kcompat.controllers.certificate_requests import (
    CERTIFICATE_SIGNING_REQUESTS,
    Names,
    api_server_client_problem,
    kubelet_client_problem,
    kubelet_serving_problem,
)
from kcompat.controllers.certificate_signing import lifetime, validity

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CLIENT, SERVING = ("digital signature", "client auth"), ("digital signature", "key encipherment", "server auth")
NODE = Names(("system:nodes",), "system:node:a")


def pem(common_name, *organizations, names=()):
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organizations]
    builder = x509.CertificateSigningRequestBuilder(x509.Name([*subject, x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()


def request(name, content, signer, usages, **spec):
    wanted = {"request": content, "signerName": f"kubernetes.io/{signer}", "usages": list(usages), **spec}
    return {"metadata": {"name": name}, "spec": wanted}


@pytest.mark.parametrize(
    ("who", "usages", "problem"),
    [
        (NODE, CLIENT, ""),
        (NODE, (*CLIENT, "key encipherment"), ""),
        (Names(("other",), "system:node:a"), CLIENT, "subject organization is not system:nodes"),
        (Names(("system:nodes",), "a"), CLIENT, "subject common name does not begin with system:node:"),
        (Names(("system:nodes",), "system:node:a", dns=("x",)), CLIENT, "DNS subjectAltNames are not allowed"),
        (NODE, SERVING, "usages did not match [client auth digital signature key encipherment]"),
    ],
)
def test_kubelets_client_certificates(who, usages, problem):
    assert kubelet_client_problem(who, usages) == problem


def test_other_checks():
    assert kubelet_serving_problem(NODE, SERVING) == "DNS or IP subjectAltName is required"
    named = Names(("system:nodes",), "system:node:a", dns=("x",))
    assert kubelet_serving_problem(named, SERVING) == ""
    assert kubelet_serving_problem(named, CLIENT) == "usages did not match [digital signature key encipherment server auth]"
    assert api_server_client_problem(NODE, CLIENT) == ""
    assert api_server_client_problem(NODE, ("server auth",)) == "invalid usage for client certificate: server auth"
    assert api_server_client_problem(NODE, ("digital signature",)) == "missing required usage for client certificate: client auth"


def test_lifetimes():
    assert [lifetime(asked, 86400.0).total_seconds() for asked in (None, 1, 3600, 10**6)] == [86400, 600, 3600, 86400]
    ends = NOW + timedelta(days=1)
    assert validity(NOW, timedelta(hours=1), ends) == (NOW - timedelta(minutes=5), NOW + timedelta(hours=1))
    assert validity(NOW, timedelta(hours=9), ends)[1] == NOW + timedelta(hours=8, minutes=55)
    assert validity(NOW, timedelta(days=9), ends)[1] == ends
    with pytest.raises(ValueError, match="refusing to sign"):
        validity(ends, timedelta(days=9), ends)


async def approve(admin, name, kind="Approved"):
    current = await admin.get(CERTIFICATE_SIGNING_REQUESTS, name)
    status = {"conditions": [{"type": kind, "status": "True", "reason": "Test"}]}
    await admin.client.of(CERTIFICATE_SIGNING_REQUESTS).put(name, "approval", {**current, "status": status})


async def test_an_approved_request_is_signed(plane, admin):
    names = [x509.DNSName("a.example"), x509.IPAddress(ip_address("10.0.0.1"))]
    usages = [*CLIENT, "key encipherment"]
    await admin.create(CERTIFICATE_SIGNING_REQUESTS, request("me", pem("me", "team", names=names), "kube-apiserver-client", usages))
    await approve(admin, "me")
    signed = await admin.becomes(CERTIFICATE_SIGNING_REQUESTS, "me", lambda tree: tree.get("status", {}).get("certificate"))
    certificate = x509.load_pem_x509_certificate(b64decode(signed["status"]["certificate"]))
    certificate.verify_directly_issued_by(plane.pki.ca.certificate)
    assert certificate.subject.rfc4514_string() == "CN=me,O=team"
    extension = certificate.extensions.get_extension_for_class
    assert list(extension(x509.SubjectAlternativeName).value) == names
    assert list(extension(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert extension(x509.KeyUsage).value.key_encipherment and not extension(x509.BasicConstraints).value.ca
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=365)


async def test_what_a_signer_does_not_sign_fails(plane, admin):
    wrong = request("wrong", pem("me"), "kube-apiserver-client", ["server auth"])
    other = request("other", pem("me"), "x", ["client auth"])
    other["spec"]["signerName"] = "example.com/own"
    denied = request("denied", pem("me"), "kube-apiserver-client", CLIENT)
    for tree, verdict in ((denied, "Denied"), (other, "Approved"), (wrong, "Approved")):
        await admin.create(CERTIFICATE_SIGNING_REQUESTS, tree)
        await approve(admin, tree["metadata"]["name"], verdict)
    failed = await admin.becomes(CERTIFICATE_SIGNING_REQUESTS, "wrong", lambda tree: len(tree["status"]["conditions"]) == 2)
    condition = failed["status"]["conditions"][1]
    assert (condition["type"], condition["reason"]) == ("Failed", "SignerValidationFailure")
    assert condition["message"] == "invalid usage for client certificate: server auth"
    for name in ("denied", "other"):
        assert "certificate" not in (await admin.get(CERTIFICATE_SIGNING_REQUESTS, name))["status"]


async def test_kubelets_are_approved_when_they_may_be(plane, admin):
    mine = request("mine", pem("system:node:a", "system:nodes"), "kube-apiserver-client-kubelet", CLIENT)
    node = plane.client_for("system:node:a", ("system:nodes",)).of(CERTIFICATE_SIGNING_REQUESTS)
    await node.create(mine)
    await admin.create(CERTIFICATE_SIGNING_REQUESTS, request("theirs", mine["spec"]["request"], "kube-apiserver-client-kubelet", CLIENT))
    approved = await admin.becomes(CERTIFICATE_SIGNING_REQUESTS, "theirs", lambda tree: tree.get("status", {}).get("certificate"))
    (condition,) = approved["status"]["conditions"]
    assert condition["message"] == "Auto approving kubelet client certificate after SubjectAccessReview."  # an administrator may do all
    assert not (await admin.get(CERTIFICATE_SIGNING_REQUESTS, "mine"))["status"]  # nobody bound nodes to the role selfnodeclient
    binding = {
        "metadata": {"name": "renewal"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        },
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}],
    }
    await admin.client.resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding").create(binding)
    approved = await admin.becomes(CERTIFICATE_SIGNING_REQUESTS, "mine", lambda tree: tree.get("status", {}).get("certificate"))
    (condition,) = approved["status"]["conditions"]
    assert (condition["reason"], condition["message"]) == (
        "AutoApproved",
        "Auto approving self kubelet client certificate after SubjectAccessReview.",
    )


@pytest.mark.parametrize(
    ("hours", "kind", "certificate", "outdated"),
    [(25, "", "", True), (23, "", "", False), (2, "Denied", "", True), (2, "Failed", "", True), (2, "Approved", "", False),
     (25, "Approved", "", True), (2, "Approved", "eA==", True), (0.5, "Approved", "eA==", False)],
)  # fmt: skip
def test_outdated(hours, kind, certificate, outdated):
    stamp = (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [{"type": kind, "status": "True", "lastUpdateTime": stamp}] if kind else []
    tree = {"metadata": {"creationTimestamp": stamp}, "status": {"conditions": conditions, "certificate": certificate}}
    assert is_outdated(tree, NOW) is outdated
