"""Cases for StorageVersionMigrations; see ../record.py."""

RESOURCE = ("storagemigration.k8s.io", "v1", "storageversionmigrations")
KIND = "StorageVersionMigration"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"resource": {"group": "apps", "resource": "deployments"}}}


def condition(kind, status="True"):
    return {"type": kind, "status": status, "reason": "Why", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"}


DONE, FAILED = condition("Succeeded"), condition("Failed")
CASES = [
    ("minimal", "create", {}),
    ("status on create", "create", {"status/resourceVersion": "12"}),
    ("empty", "create", {"spec": {}}),
    ("bad", "create", {"spec/resource": {"group": "A_b", "resource": "A.b"}}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "status/resourceVersion": "12"}),
    ("bad update", "update", {"spec/resource/group": "batch"}),
    ("status", "status", {"metadata/labels": {"a": "b"}, "spec/resource/group": "batch", "status/resourceVersion": "12", "status/conditions": [DONE]}),
    ("bad status", "status", {"status/resourceVersion": "x1", "status/conditions": [DONE, FAILED, condition("Running", "Maybe")]}),
    ("leading zero", "status", {"status/resourceVersion": "012"}),
    ("other version", "status", {"status/resourceVersion": "13"}, {"status/resourceVersion": "12"}),
    ("undone", "status", {"status/conditions": [condition("Succeeded", "False")]}, {"status/conditions": [DONE]}),
    ("no failure", "status", {"status/conditions": [condition("Failed", "False")]}, {"status/conditions": [FAILED]}),
    ("table", "table", {}),
]
