"""Cases for ClusterRoleBindings; see ../record.py."""

RESOURCE = ("rbac.authorization.k8s.io", "v1", "clusterrolebindings")
KIND = "ClusterRoleBinding"
NAMESPACED = False
BASE = {"metadata": {"name": "golden:base"}, "roleRef": {"kind": "ClusterRole", "name": "x"}, "subjects": [{"kind": "User", "name": "jane"}]}
CASES = [
    ("minimal", "create", {"subjects": None}),
    ("account without a namespace", "create", {"subjects": [{"kind": "ServiceAccount", "name": "c"}]}),
    ("bad role", "create", {"roleRef": {"kind": "Role", "name": "."}}),
    ("update", "update", {"subjects/-": {"kind": "Group", "name": "g"}}),
    ("other role", "update", {"roleRef/name": "y"}),
    ("table", "table", {}),
]
