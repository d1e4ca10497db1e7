"""Cases for ServiceAccounts; see ../record.py."""

RESOURCE = ("", "v1", "serviceaccounts")
KIND = "ServiceAccount"
BASE = {"metadata": {"name": "base"}}
MOUNTABLE = "kubernetes.io~1enforce-mountable-secrets"
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "secrets": [{"name": "a", "namespace": "b", "kind": "Secret"}, {"namespace": "x"}],
        "imagePullSecrets": [{"name": "a"}, {}], "automountServiceAccountToken": False,
    }),
    ("deprecated annotation", "create", {f"metadata/annotations/{MOUNTABLE}": "true"}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("update", "update", {"secrets": [{"name": "a", "uid": "b"}]}),
    ("deprecated annotation kept", "update", {"metadata/labels": {"a": "b"}}, {f"metadata/annotations/{MOUNTABLE}": "true"}),
    ("deprecated annotation added", "update", {f"metadata/annotations/{MOUNTABLE}": "true"}),
    ("table", "table", {}),
]
