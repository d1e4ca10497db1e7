"""Cases for ClusterRoles; see ../record.py."""

RESOURCE = ("rbac.authorization.k8s.io", "v1", "clusterroles")
KIND = "ClusterRole"
NAMESPACED = False
BASE = {"metadata": {"name": "golden:base"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, {"nonResourceURLs": ["/x"], "verbs": ["get"]}]}
CASES = [
    ("minimal", "create", {"rules": None}),
    ("full", "create", {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}),
    ("aggregation without selectors", "create", {"aggregationRule": {}}),
    ("bad selectors", "create", {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"not valid": "b"}}, {"matchExpressions": [{"key": "a", "operator": "In"}]}]}}),
    ("bad selector value", "create", {"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["not valid"]}]}]}}),
    ("empty rule", "create", {"rules/-": {}}),
    ("rule for both", "create", {"rules/0/nonResourceURLs": ["/x"]}),
    ("no verbs", "create", {"rules/1/verbs": None}),
    ("update", "update", {"rules/0/verbs": ["*"]}),
    ("bad update", "update", {"rules": [{}]}),
    ("table", "table", {}),
]
