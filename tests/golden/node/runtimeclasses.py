"""Cases for RuntimeClasses; see ../record.py."""

RESOURCE = ("node.k8s.io", "v1", "runtimeclasses")
KIND = "RuntimeClass"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "handler": "runc"}
SAME = {"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute"}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "overhead/podFixed": {"cpu": "0.5", "memory": "1024Mi", "example.com/x": 1},
        "scheduling/nodeSelector": {"beta.kubernetes.io/os": "linux"}, "scheduling/tolerations": [SAME | {"tolerationSeconds": 4}],
    }),
    ("no handler", "create", {"handler": None}),
    ("bad handler", "create", {"handler": "A_b"}),
    ("bad", "create", {
        "overhead/podFixed": {"cpu": "-1", "x": "1", "hugepages-2Mi": "1Mi"}, "scheduling/nodeSelector": {"a b": "c d"},
        "scheduling/tolerations": [SAME | {"tolerationSeconds": 4}, SAME, {"operator": "Equal"}, {"key": "x", "operator": "Gt", "value": "1"}],
    }),
    ("update", "update", {"metadata/labels": {"a": "b"}, "overhead/podFixed": {"cpu": "1"}}),
    ("bad update", "update", {"handler": "other"}),
    ("no handler any more", "update", {"handler": None}),
    ("table", "table", {}),
]
