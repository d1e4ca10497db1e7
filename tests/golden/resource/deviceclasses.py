"""Cases for DeviceClasses; see ../record.py."""

RESOURCE = ("resource.k8s.io", "v1", "deviceclasses")
KIND = "DeviceClass"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {}}
SELECTOR = {"cel": {"expression": "device.driver == 'x'"}}
CONFIG = {"opaque": {"driver": "gpu.example.com", "parameters": {"a": 1}}}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec": {"selectors": [SELECTOR], "config": [CONFIG], "extendedResourceName": "example.com/gpu"}}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("bad", "create", {"spec": {"selectors": [{}], "config": [{}]}}),
    ("many", "create", {"spec": {"selectors": [SELECTOR] * 33}}),
    ("plain resource", "create", {"spec": {"extendedResourceName": "cpu"}}),
    ("own resource", "create", {"spec": {"extendedResourceName": "kubernetes.io/gpu"}}),
    ("requested resource", "create", {"spec": {"extendedResourceName": "requests.example.com/gpu"}}),
    ("update", "update", {"spec": {"config": [CONFIG]}}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"spec": {"config": [{"opaque": {"driver": "x", "parameters": "text"}}]}}),
    ("table", "table", {}),
]
