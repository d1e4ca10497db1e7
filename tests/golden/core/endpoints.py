"""Cases for Endpoints; see ../record.py."""

RESOURCE = ("", "v1", "endpoints")
KIND = "Endpoints"
BASE = {"metadata": {"name": "base"}, "subsets": [{"addresses": [{"ip": "10.0.0.1"}],
         "ports": [{"port": 80}]}]}
MANY = [{"ip": f"10.0.0.{index}"} for index in range(1, 6)]
CASES = [
    ("minimal", "create", {"subsets": None}),
    ("full", "create", {"subsets": [
        {"addresses": [{"ip": "10.0.0.2", "hostname": "a", "nodeName": "n", "targetRef": {"kind": "Pod", "name": "x"}}, {"ip": "10.0.0.1"}],
         "ports": [{"name": "b", "port": 81, "appProtocol": "http"}, {"name": "a", "port": 80, "protocol": "UDP"}]},
        {"notReadyAddresses": [{"ip": "fd00::1"}]},
    ]}),
    ("bad addresses", "create", {"subsets/0/addresses": [{"ip": "x"}, {"ip": "127.0.0.1"}, {"ip": "01.2.3.4", "hostname": "A_b", "nodeName": "A_b"}, {}]}),
    ("no addresses", "create", {"subsets/0/addresses": None}),
    ("bad ports", "create", {"subsets/0/ports": [{"port": 0}, {"name": "A_b", "port": 70000, "protocol": "x", "appProtocol": "not valid"}]}),
    ("odd address", "create", {"subsets/0/notReadyAddresses": [{"ip": "FD00::1"}]}),
    ("odd address of the controller", "create", {"subsets/0/notReadyAddresses": [{"ip": "FD00::1"}], "metadata/labels": {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}}),
    ("update", "update", {"subsets/0/addresses/0/ip": "10.0.0.2"}),
    ("bad update", "update", {"subsets/0/addresses/0/ip": "x"}),
    ("table", "table", {}),
    ("table of nothing", "table", {}, {"subsets": None}),
    ("table of many", "table", {}, {"subsets": [{"addresses": MANY[:2], "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}, {"addresses": [{"ip": "fd00::1"}]}]}),
    ("table of IPv6", "table", {}, {"subsets/0/addresses/0/ip": "fd00::1"}),
]
