"""Cases for CertificateSigningRequests; see ../record.py."""

from base64 import b64encode

RESOURCE = ("certificates.k8s.io", "v1", "certificatesigningrequests")
KIND = "CertificateSigningRequest"
NAMESPACED = False
CSR = """-----BEGIN CERTIFICATE REQUEST-----
MIHLMHMCAQAwETEPMA0GA1UEAwwGZ29sZGVuMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEyZ80NpwxO1q2TWWdNVSjKnyJ4HpOnxNCZb/SfKk8OEFfBfIGC/sr+U+v
bUTSGAPvs7/+oUi6VzcVJTEh6Ex6/6AAMAoGCCqGSM49BAMCA0gAMEUCIDIiDxkO
qbp8Rj/4U6wKR5SZs/Q1t5AnVoswkvehYIz3AiEAwA++WpbzJKs+glOtBmQmX6kN
y5yqKJTUvtEaftEkDVQ=
-----END CERTIFICATE REQUEST-----
"""
CA = """-----BEGIN CERTIFICATE-----
MIIBIzCByqADAgECAgEHMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBmdvbGRlbjAe
Fw0yNjAxMDEwMDAwMDBaFw00NjAxMDEwMDAwMDBaMBExDzANBgNVBAMMBmdvbGRl
bjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMmfNDacMTtatk1lnTVUoyp8ieB6
Tp8TQmW/0nypPDhBXwXyBgv7K/lPr21E0hgD77O//qFIulc3FSUxIehMev+jEzAR
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAL4g54yMjzWr61Lh
MdyCBhhOvisQAU1LqFXGuTYjWlV/AiADK5KyQw9ZQW+crZ1lmD/rmLNgAphIh8I7
pHx1ObHBeg==
-----END CERTIFICATE-----
"""
LEAF = """-----BEGIN CERTIFICATE-----
MIIBHzCBx6ADAgECAgEHMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBmdvbGRlbjAe
Fw0yNjAxMDEwMDAwMDBaFw00NjAxMDEwMDAwMDBaMBExDzANBgNVBAMMBmdvbGRl
bjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMmfNDacMTtatk1lnTVUoyp8ieB6
Tp8TQmW/0nypPDhBXwXyBgv7K/lPr21E0hgD77O//qFIulc3FSUxIehMev+jEDAO
MAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDRwAwRAIgQ0sJaISu4FtNcsxfXBkS
glE4twcb3bM7RSyKrUxuMR0CICFNLSToEim1DMf5Qq3J9mAFsqK2vYdkMVgQKMlv
WG5K
-----END CERTIFICATE-----
"""


def text(value: str) -> str:
    return b64encode(value.encode()).decode()


BASE = {"metadata": {"name": "golden-base"}, "spec": {"request": text(CSR), "signerName": "example.com/signer", "usages": ["client auth"]}}
APPROVED = {"type": "Approved", "status": "True", "reason": "r", "message": "m"}
DENIED = {"type": "Denied", "status": "True"}
FAILED = {"type": "Failed", "status": "True"}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec/expirationSeconds": 600, "spec/username": "forged", "spec/uid": "x", "spec/groups": ["y"], "spec/extra": {"a": ["b"]}, "status/conditions": [APPROVED]}),
    ("any name", "create", {"metadata/name": "golden:Any_Name"}),
    ("no request", "create", {"spec/request": text("hello")}),
    ("certificate for request", "create", {"spec/request": text(CA)}),
    ("bad", "create", {"spec/signerName": "x", "spec/usages": ["Other", "client auth", "client auth"], "spec/expirationSeconds": 599}),
    ("no usages and signer", "create", {"spec/signerName": "", "spec/usages": []}),
    ("legacy signer", "create", {"spec/signerName": "kubernetes.io/legacy-unknown"}),
    ("bad signer domain", "create", {"spec/signerName": "A_b/A_b"}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "spec/usages": ["server auth"], "status/conditions": [APPROVED]}),
    ("approval", "approval", {"status/conditions": [APPROVED], "metadata/labels": {"a": "b"}, "status/certificate": text(LEAF)}),
    ("denial of what is approved too", "approval", {"status/conditions": [APPROVED, DENIED]}),
    ("bad approval", "approval", {"status/conditions": [{"type": "Approved", "status": "False"}, {"type": "", "status": ""}, {"type": "Approved", "status": "True"}, {"type": "X", "status": "x"}]}),
    ("status", "status", {"status/certificate": text(LEAF), "status/conditions": [FAILED]}),
    ("approval by status", "status", {"status/conditions": [APPROVED]}),
    ("bad certificate", "status", {"status/certificate": text("hello")}),
    ("request for certificate", "status", {"status/certificate": text(CSR)}),
    ("table", "table", {}),
    ("table of an issued one", "table", {"status/certificate": text(LEAF), "status/conditions": [FAILED]}, {"spec/expirationSeconds": 86400}),
]
