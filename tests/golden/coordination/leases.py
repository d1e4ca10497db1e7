"""Cases for Leases; see ../record.py."""

RESOURCE = ("coordination.k8s.io", "v1", "leases")
KIND = "Lease"
BASE = {"metadata": {"name": "base"}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 40, "renewTime": "2026-01-01T00:00:00.000000Z"}}
CASES = [
    ("minimal", "create", {"spec": None}),
    ("full", "create", {"spec/acquireTime": "2026-01-01T00:00:00.123456Z", "spec/leaseTransitions": 3, "spec/strategy": "OldestEmulationVersion", "spec/preferredHolder": "x"}),
    ("bad numbers", "create", {"spec/leaseDurationSeconds": 0, "spec/leaseTransitions": -1}),
    ("empty holder", "create", {"spec/holderIdentity": ""}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("update", "update", {"spec/holderIdentity": "you", "spec/strategy": "x"}),
    ("bad update", "update", {"spec/leaseDurationSeconds": -1}),
    ("table", "table", {}),
    ("table of nobody's lease", "table", {}, {"spec": None}),
]
