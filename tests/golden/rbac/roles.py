"""Cases for Roles; see ../record.py."""

RESOURCE = ("rbac.authorization.k8s.io", "v1", "roles")
KIND = "Role"
BASE = {"metadata": {"name": "base:with:colons"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
CASES = [
    ("minimal", "create", {"rules": None}),
    ("full", "create", {"rules/0/resourceNames": ["a"]}),
    ("empty rule", "create", {"rules/-": {}}),
    ("rule for URLs", "create", {"rules/-": {"verbs": ["get"], "nonResourceURLs": ["/x"]}}),
    ("rule for both", "create", {"rules/0/nonResourceURLs": ["/x", "/y"]}),
    ("no verbs", "create", {"rules/0/verbs": None, "rules/-": {"verbs": ["get"]}}),
    ("bad name", "create", {"metadata/name": "a/b%c"}),
    ("update", "update", {"rules/0/verbs": ["*"]}),
    ("bad update", "update", {"rules": [{}]}),
    ("table", "table", {}),
]
