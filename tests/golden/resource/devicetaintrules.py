"""Cases for DeviceTaintRules; see ../record.py."""

RESOURCE = ("resource.k8s.io", "v1", "devicetaintrules")
KIND = "DeviceTaintRule"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"taint": {"key": "k", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}}}
CONDITION = {"type": "x", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
CASES = [
    ("minimal", "create", {"spec/taint/timeAdded": None}),
    ("full", "create", {"spec/deviceSelector": {"driver": "x", "pool": "a/b", "device": "d"}, "spec/taint/value": "v"}),
    ("bad selector", "create", {"spec/deviceSelector": {"driver": "A_b", "pool": "", "device": "A"}}),
    ("bad taint", "create", {"spec/taint/key": "a b", "spec/taint/value": "c d"}),
    ("no effect", "create", {"spec/taint/effect": ""}),
    ("other effect", "create", {"spec/taint/effect": "Some"}),
    ("empty", "create", {"spec": {}}),
    ("update", "update", {"spec/taint/effect": "NoSchedule"}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("status", "status", {"status/conditions": [CONDITION], "spec/taint/effect": "NoSchedule", "metadata/labels": {"a": "b"}}),
    ("bad status", "status", {"status/conditions": [CONDITION | {"type": f"x{i}"} for i in range(9)]}),
    ("table", "table", {}),
]
