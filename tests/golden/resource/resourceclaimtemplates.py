"""Cases for ResourceClaimTemplates; see ../record.py."""

RESOURCE = ("resource.k8s.io", "v1", "resourceclaimtemplates")
KIND = "ResourceClaimTemplate"
REQUEST = {"name": "r", "exactly": {"deviceClassName": "gpu.example.com"}}
BASE = {"metadata": {"name": "golden-base"}, "spec": {"spec": {"devices": {"requests": [REQUEST]}}}}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec/metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec/spec/devices/config": [{"opaque": {"driver": "x", "parameters": {"a": 1}}}]}),
    ("empty", "create", {"spec": {}}),
    ("bad labels", "create", {"spec/metadata": {"labels": {"a b": "c d"}, "annotations": {"e f": ""}}}),
    ("bad", "create", {"spec/spec/devices/requests/0/exactly": {}}),
    ("update", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"spec/spec/devices/requests": None}),
    ("table", "table", {}),
]
