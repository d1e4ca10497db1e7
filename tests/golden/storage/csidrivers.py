"""Cases for CSIDrivers; see ../record.py."""

RESOURCE = ("storage.k8s.io", "v1", "csidrivers")
KIND = "CSIDriver"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec": {
        "attachRequired": False, "podInfoOnMount": True, "volumeLifecycleModes": ["Persistent", "Ephemeral"], "storageCapacity": True, "fsGroupPolicy": "File",
        "tokenRequests": [{"audience": "a", "expirationSeconds": 3600}], "requiresRepublish": True, "seLinuxMount": True, "nodeAllocatableUpdatePeriodSeconds": 10,
        "serviceAccountTokenInSecrets": True, "preventPodSchedulingIfMissing": True,
    }}),
    ("tokens", "create", {"spec/tokenRequests": [{"audience": ""}]}),
    ("bad", "create", {"spec": {
        "volumeLifecycleModes": ["Other"], "fsGroupPolicy": "Other", "nodeAllocatableUpdatePeriodSeconds": 9,
        "tokenRequests": [{"audience": "a", "expirationSeconds": 599}, {"audience": "a"}, {"audience": "b", "expirationSeconds": 5000000000}],
    }}),
    ("tokens in secrets without tokens", "create", {"spec/serviceAccountTokenInSecrets": False}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("update", "update", {"spec/podInfoOnMount": True, "spec/tokenRequests": [{"audience": "a"}]}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("immutable fields", "update", {"spec/attachRequired": False, "spec/volumeLifecycleModes": ["Ephemeral"]}),
    ("table", "table", {}),
    ("table of more", "table", {}, {"spec": {"tokenRequests": [{"audience": "a"}, {"audience": "b"}], "volumeLifecycleModes": ["Persistent", "Ephemeral"]}}),
]
