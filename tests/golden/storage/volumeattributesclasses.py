"""Cases for VolumeAttributesClasses; see ../record.py."""

RESOURCE = ("storage.k8s.io", "v1", "volumeattributesclasses")
KIND = "VolumeAttributesClass"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "driverName": "example.com", "parameters": {"a": "b"}}
CASES = [
    ("minimal", "create", {}),
    ("nothing", "create", {"driverName": None, "parameters": None}),
    ("bad", "create", {"driverName": "not valid", "parameters": {"": "x"}}),
    ("update", "update", {"metadata/labels": {"a": "b"}}),
    ("immutable fields", "update", {"driverName": "example.org", "parameters": {"a": "c"}}),
    ("table", "table", {}),
]
