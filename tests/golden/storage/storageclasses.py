"""Cases for StorageClasses; see ../record.py."""

RESOURCE = ("storage.k8s.io", "v1", "storageclasses")
KIND = "StorageClass"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "provisioner": "example.com/p"}
TERM = {"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["a", "b"]}]}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "parameters": {"a": "b"}, "reclaimPolicy": "Retain", "mountOptions": ["x"], "allowVolumeExpansion": True, "volumeBindingMode": "WaitForFirstConsumer",
        "allowedTopologies": [TERM], "metadata/annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    }),
    ("no provisioner", "create", {"provisioner": None, "reclaimPolicy": "Other"}),
    ("bad", "create", {"provisioner": "not valid", "parameters": {"": "x"}, "reclaimPolicy": "Recycle", "volumeBindingMode": "Other"}),
    ("bad topologies", "create", {"allowedTopologies": [
        TERM, TERM, {}, {"matchLabelExpressions": [{"key": "not valid"}, {"key": "a", "values": ["x", "x"]}, {"key": "a", "values": ["y"]}]},
    ]}),
    ("old label", "create", {"allowedTopologies": [{"matchLabelExpressions": [{"key": "failure-domain.beta.kubernetes.io/zone", "values": ["x"]}]}]}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("update", "update", {"allowVolumeExpansion": True, "mountOptions": ["x"]}),
    ("immutable fields", "update", {"parameters": {"a": "b"}, "provisioner": "example.com/q", "reclaimPolicy": "Retain", "volumeBindingMode": "WaitForFirstConsumer"}),
    ("provisioner removed", "update", {"provisioner": None}),
    ("table", "table", {}),
    ("table of the default", "table", {}, {"metadata/annotations": {"storageclass.kubernetes.io/is-default-class": "true"}, "allowVolumeExpansion": True}),
]
