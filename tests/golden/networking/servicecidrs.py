"""Cases for ServiceCIDRs; see ../record.py."""

RESOURCE = ("networking.k8s.io", "v1", "servicecidrs")
KIND = "ServiceCIDR"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"cidrs": ["10.200.0.0/24"]}}
CASES = [
    ("minimal", "create", {}),
    ("dual", "create", {"spec/cidrs": ["10.200.0.0/24", "fd00:1::/64"],
     "status/conditions": [{"type": "x", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}),
    ("nothing", "create", {"spec": None}),
    ("too many", "create", {"spec/cidrs": ["10.200.0.0/24", "fd00:1::/64", "fd00:2::/64"]}),
    ("one family", "create", {"spec/cidrs": ["10.200.0.0/24", "10.201.0.0/24"]}),
    ("bad", "create", {"spec/cidrs": ["x", "10.200.0.1/24"]}),
    ("not canonical", "create", {"spec/cidrs": ["FD00::/64"]}),
    ("family added", "update", {"spec/cidrs/-": "fd00:1::/64"}),
    ("bad family added", "update", {"spec/cidrs": ["10.201.0.0/24", "10.200.0.0/24"]}),
    ("changed", "update", {"spec/cidrs": ["10.201.0.0/24"]}),
    ("removed", "update", {"spec/cidrs": None}),
    ("status", "status", {"status/conditions": [{"type": "x", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}], "metadata/labels": {"a": "b"}}),
    ("table", "table", {}),
]
