"""Cases for CSINodes; see ../record.py."""

RESOURCE = ("storage.k8s.io", "v1", "csinodes")
KIND = "CSINode"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"drivers": [{"name": "example.com", "nodeID": "n", "topologyKeys": ["a"], "allocatable": {"count": 3}}]}}
CASES = [
    ("minimal", "create", {"spec": None}),
    ("full", "create", {"status": {"storageHealth": [{"name": "x", "healthConditions": []}]}}),
    ("bad", "create", {"spec/drivers": [
        {"name": "", "nodeID": ""}, {"name": "A_b", "nodeID": "x" * 257, "allocatable": {"count": -1}, "topologyKeys": ["", "not valid", "a", "a"]}, {"name": "A_b", "nodeID": "x"},
    ]}),
    ("update", "update", {"spec/drivers/0/allocatable/count": 4, "spec/drivers/-": {"name": "example.org", "nodeID": "n"}}),
    ("driver changed", "update", {"spec/drivers/0/nodeID": "m"}),
    ("driver removed", "update", {"spec/drivers": []}),
    ("status", "status", {"status": {"storageHealth": [{"name": "x", "healthConditions": []}]}, "metadata/labels": {"a": "b"}, "spec/drivers": []}),
    ("table", "table", {}),
]
