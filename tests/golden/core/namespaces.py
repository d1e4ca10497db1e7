"""Cases for Namespaces; see ../record.py."""

RESOURCE = ("", "v1", "namespaces")
KIND = "Namespace"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "metadata/labels": {"a": "b", "kubernetes.io/metadata.name": "other"},
        "spec/finalizers": ["example.com/mine"], "status/phase": "Terminating",
    }),
    ("bad finalizers", "create", {"spec/finalizers": ["mine", "not valid/x", "orphan", ""]}),
    ("name with dots", "create", {"metadata/name": "a.b"}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("name too long", "create", {"metadata/name": "a" * 64}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "spec/finalizers": ["example.com/new"], "status/phase": "Terminating"}),
    ("update of the label", "update", {"metadata/labels": None}),
    ("status", "status", {
        "spec/finalizers": [],
        "status/conditions": [{"type": "Mine", "status": "True", "lastTransitionTime": None, "reason": "Because"}],
    }),
    ("bad status", "status", {"status/phase": "Terminating"}),
    ("no status", "status", {"status": None}),
    ("finalize", "finalize", {"spec/finalizers": ["kubernetes", "example.com/new"], "status/phase": "x"}),
    ("bad finalize", "finalize", {"spec/finalizers": ["kubernetes", "new"]}),
    ("table", "table", {}),
]
