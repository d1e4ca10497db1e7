"""Cases for RoleBindings; see ../record.py."""

RESOURCE = ("rbac.authorization.k8s.io", "v1", "rolebindings")
KIND = "RoleBinding"
BASE = {"metadata": {"name": "base"}, "roleRef": {"kind": "Role", "name": "x"}, "subjects": [{"kind": "User", "name": "jane"}]}
ALL = [{"kind": "User", "name": "jane"}, {"kind": "Group", "name": "all"}, {"kind": "ServiceAccount", "name": "a", "namespace": "b"}, {"kind": "ServiceAccount", "name": "c"}]
CASES = [
    ("minimal", "create", {"subjects": None}),
    ("full", "create", {"subjects": ALL, "roleRef/kind": "ClusterRole"}),
    ("bad role", "create", {"roleRef": {"apiGroup": "x", "kind": "Other", "name": "a/b"}}),
    ("no role", "create", {"roleRef": None}),
    ("bad subjects", "create", {"subjects": [
        {"kind": "Other", "name": "x"}, {"kind": "User", "apiGroup": "x"}, {"kind": "ServiceAccount", "apiGroup": "x", "name": "A_b"}, {"kind": "Group"}, {},
    ]}),
    ("update", "update", {"subjects": ALL}),
    ("other role", "update", {"roleRef/name": "y"}),
    ("no role any more", "update", {"roleRef/name": None, "subjects/0/name": None}),
    ("table", "table", {}),
    ("table of all kinds", "table", {}, {"subjects": ALL}),
]
