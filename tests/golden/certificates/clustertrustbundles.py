"""Cases for ClusterTrustBundles; see ../record.py."""

RESOURCE = ("certificates.k8s.io", "v1", "clustertrustbundles")
KIND = "ClusterTrustBundle"
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
BASE = {"metadata": {"name": "golden-base"}, "spec": {"trustBundle": CA}}
CASES = [
    ("minimal", "create", {}),
    ("with a signer", "create", {"metadata/name": "example.com:signer:x", "spec/signerName": "example.com/signer"}),
    ("signer without its prefix", "create", {"spec/signerName": "example.com/signer"}),
    ("prefix without a signer", "create", {"metadata/name": "example.com:signer:x"}),
    ("bad signer", "create", {"spec/signerName": "x"}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("no anchors", "create", {"spec/trustBundle": "hello"}),
    ("bad anchors", "create", {"spec/trustBundle": CSR + LEAF}),
    ("twice", "create", {"spec/trustBundle": CA + CA}),
    ("update", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"spec/trustBundle": LEAF}),
    ("table", "table", {}),
]
