"""Cases for IPAddresses; see ../record.py."""

RESOURCE = ("networking.k8s.io", "v1", "ipaddresses")
KIND = "IPAddress"
NAMESPACED = False
BASE = {"metadata": {"name": "10.200.0.7"}, "spec": {"parentRef": {"resource": "services", "namespace": "a", "name": "b"}}}
CASES = [
    ("minimal", "create", {"spec/parentRef/namespace": None}),
    ("IPv6", "create", {"metadata/name": "fd00::7", "spec/parentRef/group": "example.com"}),
    ("no address", "create", {"metadata/name": "x"}),
    ("not canonical", "create", {"metadata/name": "fd00::0007"}),
    ("nothing", "create", {"spec": None}),
    ("bad parent", "create", {"spec/parentRef": {"group": "A_b", "resource": "a/b", "namespace": "a%b", "name": ""}}),
    ("empty parent", "create", {"spec/parentRef": {}}),
    ("update", "update", {"metadata/labels": {"a": "b"}}),
    ("other parent", "update", {"spec/parentRef/name": "c"}),
    ("table", "table", {}),
]
