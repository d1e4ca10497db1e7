"""Cases for IngressClasses; see ../record.py."""

RESOURCE = ("networking.k8s.io", "v1", "ingressclasses")
KIND = "IngressClass"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"controller": "example.com/c"}}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec/parameters": {"apiGroup": "example.com", "kind": "X", "name": "x"}}),
    ("in a namespace", "create", {"spec/parameters": {"kind": "X", "name": "x", "scope": "Namespace", "namespace": "n"}}),
    ("no controller", "create", {"spec": None}),
    ("bad controller", "create", {"spec/controller": "x"}),
    ("bad controller path", "create", {"spec/controller": "A_b/ü?"}),
    ("long controller", "create", {"spec/controller": "example.com/" + "x" * 250}),
    ("bad parameters", "create", {"spec/parameters": {"apiGroup": "A_b", "kind": "a/b", "name": "", "scope": "Other"}}),
    ("no namespace", "create", {"spec/parameters": {"kind": "", "name": "x", "scope": "Namespace"}}),
    ("bad namespace", "create", {"spec/parameters": {"kind": "X", "name": "a%b", "scope": "Namespace", "namespace": "A_b"}}),
    ("unused namespace", "create", {"spec/parameters": {"kind": "X", "name": "x", "namespace": "n"}}),
    ("update", "update", {"spec/parameters": {"kind": "X", "name": "x"}}),
    ("other controller", "update", {"spec/controller": "example.com/d"}),
    ("table", "table", {}),
    ("table of the default", "table", {}, {"metadata/annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}, "spec/parameters": {"apiGroup": "example.com", "kind": "X", "name": "x"}}),
    ("table without a group", "table", {}, {"spec/parameters": {"kind": "X", "name": "x"}}),
]
