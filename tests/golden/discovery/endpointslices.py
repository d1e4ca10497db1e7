"""Cases for EndpointSlices; see ../record.py."""

RESOURCE = ("discovery.k8s.io", "v1", "endpointslices")
KIND = "EndpointSlice"
BASE = {"metadata": {"name": "base"}, "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]}
CASES = [
    ("minimal", "create", {"endpoints": None, "ports": None}),
    ("full", "create", {"endpoints/0": {
        "addresses": ["10.0.0.1", "10.0.0.2"], "conditions": {"ready": True, "serving": False}, "hostname": "a", "nodeName": "n", "zone": "z",
        "hints": {"forZones": [{"name": "z"}], "forNodes": [{"name": "n"}]}, "targetRef": {"kind": "Pod"}, "deprecatedTopology": {"kubernetes.io/hostname": "n2"},
    }, "ports": [{"name": "a", "port": 80, "protocol": "UDP", "appProtocol": "http"}, {"name": "b"}]}),
    ("names", "create", {"addressType": "FQDN", "endpoints": [{"addresses": ["a.example.com", "x", "A_b", "a.example.com.", ""]}]}),
    ("deprecated names", "create", {"addressType": "FQDN", "endpoints": [{"addresses": ["a.example.com"]}]}),
    ("bad addresses", "create", {"endpoints": [{"addresses": ["x", "127.0.0.1", "fd00::1"]}, {}, {"addresses": [f"10.0.1.{index}" for index in range(101)]}]}),
    ("IPv6", "create", {"addressType": "IPv6", "endpoints": [{"addresses": ["fd00::1", "FD00::1", "10.0.0.1", "x"]}]}),
    ("no type", "create", {"addressType": None}),
    ("bad type", "create", {"addressType": "Other"}),
    ("bad endpoint", "create", {"endpoints/0": {
        "addresses": ["10.0.0.1"], "hostname": "A_b", "nodeName": "A_b",
        "hints": {"forZones": [{"name": "not valid"}, {"name": "z"}, {"name": "z"}], "forNodes": [{"name": "A_b"}, {"name": "n"}, {"name": "n"}]},
    }}),
    ("too many hints", "create", {"endpoints/0/hints": {"forZones": [{"name": f"z{index}"} for index in range(9)]}}),
    ("bad ports", "create", {"ports": [{"name": "A_b", "port": 80, "protocol": "x", "appProtocol": "not valid"}, {"name": "a", "port": 1}, {"name": "a"}, {}, {}]}),
    ("update", "update", {"endpoints/0/addresses/0": "10.0.0.2"}),
    ("no change", "update", {"metadata/annotations": {"a": "b"}}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("other type", "update", {"addressType": "IPv6"}),
    ("no type any more", "update", {"addressType": None}),
    ("table", "table", {}),
    ("table of nothing", "table", {}, {"endpoints": None, "ports": None}),
    ("table of many", "table", {}, {"endpoints": [{"addresses": [f"10.0.0.{index}"]} for index in range(1, 6)], "ports": [{"name": "a"}, {"name": "b", "port": 1}, {"name": "c"}, {"name": "d"}]}),
]
