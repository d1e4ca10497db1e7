"""Cases for PriorityClasses; see ../record.py."""

RESOURCE = ("scheduling.k8s.io", "v1", "priorityclasses")
KIND = "PriorityClass"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "value": 10}
CASES = [
    ("minimal", "create", {"value": None}),
    ("full", "create", {"globalDefault": True, "description": "x", "preemptionPolicy": "Never"}),
    ("too high", "create", {"value": 1000000001}),
    ("system class", "create", {"metadata/name": "system-mine"}),
    ("system class of another value", "create", {"metadata/name": "system-node-critical"}),
    ("system class by default", "create", {"metadata/name": "system-cluster-critical", "value": 2000000000, "globalDefault": True}),
    ("bad policy", "create", {"preemptionPolicy": "Other"}),
    ("empty policy", "create", {"preemptionPolicy": ""}),
    ("update", "update", {"description": "x", "globalDefault": True}),
    ("immutable fields", "update", {"value": 11, "preemptionPolicy": "Never"}),
    ("table", "table", {}),
]
