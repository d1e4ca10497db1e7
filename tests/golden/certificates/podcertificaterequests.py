"""Cases for PodCertificateRequests; see ../record.py."""

RESOURCE = ("certificates.k8s.io", "v1", "podcertificaterequests")
KIND = "PodCertificateRequest"
NAMESPACED = True
REQUEST = (
    "MIG6MGICAQAwADBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNKemf04f+O/0eRwakWmdscWIdyhm0b5IR2KEFSzXIDRWlDFPwyUOGhHGNRhvM"
    "Mtj2VUSk57Pwrmr0p9qITfolagADAKBggqhkjOPQQDAgNIADBFAiEA5OGIOLOiOUYd+dMf+j2Cz16cBq9kFNPuRXreqWLiKBkCIFO+MXFX+FB1"
    "BZeGTDUEBspMTLgHHXnCZ2plevnNXGGH"
)
UNSIGNED = (
    "MIG6MGICAQAwADBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNKemf04f+O/0eRwakWmdscWIdyhm0b5IR2KEFSzXIDRWlDFPwyUOGhHGNRhvM"
    "Mtj2VUSk57Pwrmr0p9qITfolagADAKBggqhkjOPQQDAgNIADBFAiEA5OGIOLOiOUYd+dMf+j2Cz16cBq9kFNPuRXreqWLiKBkCIFO+MXFX+FB1"
    "BZeGTDUEBspMTLgHHXnCZ2plevnNXGGG"
)
ED_REQUEST = (
    "MH8wMwIBADAAMCowBQYDK2VwAyEAG57znTD723YTBnokClw3rGdBDHbsTYxy1zxxi1U+x7OgADAFBgMrZXADQQDNskdsvBJqUqjEWTtdHlXAOf"
    "JlAzgb8xzJzdAB8PfGq1RW70g4AKlQGxiHGowh/K5cyaCTE2/h/hYzHPy5H8cE"
)
P224_REQUEST = (
    "MIGnMFcCAQAwADBOMBAGByqGSM49AgEGBSuBBAAhAzoABCzNXcWWtOJsLSToy2nlAAffwHqxPKYdZW/eioRvEvTvmJrQkQtO2cNydu2JYwLRoc"
    "s1Td+aJ5/woAAwCgYIKoZIzj0EAwIDQAAwPQIcaoS28HtY/muEVNTLTDyQVhXxb+Xmm7EXwA7YwgIdAPvoWXHM2z/Gks6UuLtFxhMDo39ta8qy"
    "pvRnzlk="
)
SMALL_REQUEST = (
    "MIICRTCCAS0CAQAwADCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALCRb8RX1WRRw4YiG2QB9PvWTrqwDh6TyiGx1PFhxMljSxjyCY"
    "RbIsz+RYxnp5MrkuIxI1B0gC2//SzJxQoWP1ONei3KgBrjHElMvGL4vGCrYdkJx6EATODJdIcGlCuGihYLsl45exHt4JVyWOyCI0TWvnt3ejVf"
    "7hMd1ZIerL4wTSjY2AIFOqfNAKGCHQGrYzcXWgFrhxbah7F7cQbLfe63Axzaw44qCJE0LZlF34A+TpkfkkCwSLMxiMtSQWWxbDgW4ETf0hXxOk"
    "lxIfRil1ZYUQIL8XokXvigL0tzFg2ci9BXNKuie1+OK/pZpOwAhpDCDNKJv0GNsQG68F8MOKECAwEAAaAAMA0GCSqGSIb3DQEBCwUAA4IBAQBv"
    "tom4ahQlFoQJhzCHMUPZ3LQtRZQiw9xs/ZfeLYewTqyt9r1+aFSCb/aes1+hgzIa9nM1L2B7v8WDFQnBPp2qY68VHGopZDpzDnxv1RmIFfNVL4"
    "62uR4f6M3fL5QRJL+ZAehsanbXFkEI9acLxhSJB6+dRAk3IWQ4EPvaN2PGJ+8Oq2NHB55mAKeEVDNZK9WLltq4U80gFf2y1DqMIxf4uOA7BcKI"
    "D7ZM257lQzUSAwnqFMqnywbv0LXIWlj1Q7thWXmUvps4ffS92no7fyIk8mV00JK56Suzw0NbERu9voN0spIBk+6CUYqFIDBXv6VhaC4s+HKAW7"
    "iKDjPg/Dvp"
)
LEAF = """-----BEGIN CERTIFICATE-----
MIHsMIGToAMCAQICAQcwCgYIKoZIzj0EAwIwADAeFw0yNjAyMDEwMDAwMDBaFw0y
NjAyMDIwMDAwMDBaMAAwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATSnpn9OH/j
v9HkcGpFpnbHFiHcoZtG+SEdihBUs1yA0VpQxT8MlDhoRxjUYbzDLY9lVEpOez8K
5q9KfaiE36JWMAoGCCqGSM49BAMCA0gAMEUCIDSm4uAtmXjDrJza2nfwzFrasaqG
XFK2ecwjdXWZFy23AiEAnLJ+DQDnv0h/aUOg4EmH9CW579roNVT3XF/xfNE66GU=
-----END CERTIFICATE-----
"""
ODD_LEAF = """-----BEGIN CERTIFICATE-----
MIIBBTCBraADAgECAgEHMAoGCCqGSM49BAMCMAAwHhcNMjYwMjAxMDAwMDAwWhcN
MjYwMjAyMDAwMDAwWjAAMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0p6Z/Th/
47/R5HBqRaZ2xxYh3KGbRvkhHYoQVLNcgNFaUMU/DJQ4aEcY1GG8wy2PZVRKTns/
CuavSn2ohN+iVqMYMBYwFAYDVR0RBA0wC4IFLmEuLmKCAm9rMAoGCCqGSM49BAMC
A0cAMEQCICdojDZ9koRoAMWRe/mapbFZKnbWYNFHcfeR/tyMyfLBAiASkoy6H85m
tYTOw/JsTPPehb6g0Alt+04a1Pg8LBvZyw==
-----END CERTIFICATE-----
"""
OTHER_LEAF = """-----BEGIN CERTIFICATE-----
MIG8MGSgAwIBAgIBBzAKBggqhkjOPQQDAjAAMB4XDTI2MDIwMTAwMDAwMFoXDTI2
MDIwMjAwMDAwMFowADAqMAUGAytlcAMhABue850w+9t2EwZ6JApcN6xnQQx27E2M
ctc8cYtVPsezMAoGCCqGSM49BAMCA0gAMEUCIEDow7Q315KsOAhJMrZLHEcw0EUd
jFqgkpRacnYGHxEaAiEA41QDB0ospK3OWQvs6ZDZmeQkjukqKwTQ8x2d5Duwg8E=
-----END CERTIFICATE-----
"""
BASE = {
    "metadata": {"name": "golden-base"},
    "spec": {
        "signerName": "example.com/signer", "podName": "pod", "podUID": "pod-uid", "serviceAccountName": "default",
        "serviceAccountUID": "sa-uid", "nodeName": "node", "nodeUID": "node-uid", "maxExpirationSeconds": 86400,
        "stubPKCS10Request": REQUEST,
    },
}
TIMES = {"status/notBefore": "2026-02-01T00:00:00Z", "status/notAfter": "2026-02-02T00:00:00Z", "status/beginRefreshAt": "2026-02-01T12:00:00Z"}


def condition(kind, status="True"):
    return {"type": kind, "status": status, "reason": "Why", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"}


ISSUED, DENIED = {"status/conditions": [condition("Issued")]}, {"status/conditions": [condition("Denied")]}
CASES = [
    ("minimal", "create", {}),
    ("no key", "create", {"spec/stubPKCS10Request": None}),
    ("ed25519", "create", {"spec/stubPKCS10Request": ED_REQUEST, "spec/unverifiedUserAnnotations": {"example.com/a": "b"}}),
    ("odd curve", "create", {"spec/stubPKCS10Request": P224_REQUEST}),
    ("small key", "create", {"spec/stubPKCS10Request": SMALL_REQUEST}),
    ("bad signature", "create", {"spec/stubPKCS10Request": UNSIGNED}),
    ("no request", "create", {"spec/stubPKCS10Request": "aGVsbG8="}),
    ("long request", "create", {"spec/stubPKCS10Request": "aaaa" * 3000}),
    ("empty", "create", {"spec": {}}),
    ("bad", "create", {
        "spec/signerName": "x", "spec/podName": "A_b", "spec/podUID": "x" * 129, "spec/nodeName": "-", "spec/nodeUID": "",
        "spec/serviceAccountName": "", "spec/maxExpirationSeconds": 1, "spec/unverifiedUserAnnotations": {"plain": "x"},
    }),
    ("kubernetes signer", "create", {"spec/signerName": "kubernetes.io/kube-apiserver-client-pod", "spec/maxExpirationSeconds": 86401}),
    ("status on create", "create", DENIED),
    ("update", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"spec/nodeName": "other", "spec/unverifiedUserAnnotations": {"example.com/a": "b"}}),
    ("deny", "status", DENIED | {"metadata/labels": {"a": "b"}, "spec/nodeName": "other"}),
    ("deny and more", "status", DENIED | TIMES),
    ("bad conditions", "status", {"status/conditions": [condition("Odd"), condition("Issued", "False"), condition("Denied")]}),
    ("bad fields", "status", {"status/conditions": [condition("Failed") | {"reason": "", "lastTransitionTime": None}]}),
    ("only times", "status", TIMES),
    ("no chain", "status", ISSUED),
    ("key as chain", "status", ISSUED | {"status/certificateChain": LEAF.replace("CERTIFICATE", "KEY")}),
    ("broken chain", "status", ISSUED | {"status/certificateChain": "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"}),
    ("odd names", "status", ISSUED | {"status/certificateChain": ODD_LEAF}),
    ("other key", "status", ISSUED | {"status/certificateChain": OTHER_LEAF}),
    ("no times", "status", ISSUED | {"status/certificateChain": LEAF}),
    ("not its times", "status", ISSUED | TIMES | {"status/certificateChain": LEAF, "status/notBefore": "2026-02-01T00:00:01Z"}),
    ("stale", "status", ISSUED | TIMES | {"status/certificateChain": LEAF}),
    ("table", "table", {}),
]
