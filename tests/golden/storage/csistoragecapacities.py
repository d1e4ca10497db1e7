"""Cases for CSIStorageCapacities; see ../record.py."""

RESOURCE = ("storage.k8s.io", "v1", "csistoragecapacities")
KIND = "CSIStorageCapacity"
BASE = {"metadata": {"name": "base"}, "storageClassName": "s", "capacity": "1Gi"}
CASES = [
    ("minimal", "create", {"capacity": None}),
    ("full", "create", {"nodeTopology": {"matchLabels": {"a": "b"}}, "maximumVolumeSize": "1024Mi"}),
    ("bad", "create", {"nodeTopology": {"matchLabels": {"not valid": "b"}}, "capacity": "-1", "storageClassName": "A_b"}),
    ("no class", "create", {"storageClassName": None}),
    ("old label", "create", {"nodeTopology": {"matchLabels": {"beta.kubernetes.io/os": "linux"}, "matchExpressions": [{"key": "beta.kubernetes.io/arch", "operator": "Exists"}]}}),
    ("update", "update", {"capacity": "2Gi"}),
    ("immutable fields", "update", {"nodeTopology": {"matchLabels": {"a": "b"}}, "storageClassName": "t"}),
    ("table", "table", {}),
    ("table of nothing", "table", {}, {"capacity": None}),
]
