"""Cases for ResourceClaims; see ../record.py."""

RESOURCE = ("resource.k8s.io", "v1", "resourceclaims")
KIND = "ResourceClaim"
EXACTLY = {"deviceClassName": "gpu.example.com"}
REQUEST = {"name": "r", "exactly": EXACTLY}
BASE = {"metadata": {"name": "golden-base"}, "spec": {"devices": {"requests": [REQUEST]}}}
OPAQUE = {"opaque": {"driver": "gpu.example.com", "parameters": {"a": 1}}}
RESULT = {"request": "r", "driver": "gpu.example.com", "pool": "p", "device": "d"}
POD = {"resource": "pods", "name": "x", "uid": "u"}
ALLOCATION = {"devices": {"results": [RESULT]}}
DEVICE = {"driver": "gpu.example.com", "pool": "p", "device": "d"}
CONDITION = {"type": "x", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def exactly(**members):
    return {"spec/devices/requests": [{"name": "r", "exactly": EXACTLY | members}]}


def devices(**members):
    return {"spec/devices/" + name: value for name, value in members.items()}


CASES = [
    ("minimal", "create", {}),
    ("empty", "create", {"spec": {}}),
    ("full", "create", devices(
        requests=[
            {"name": "a", "exactly": EXACTLY | {
                "allocationMode": "All", "adminAccess": False, "selectors": [{"cel": {"expression": "device.driver == 'x'"}}],
                "tolerations": [{"key": "k", "effect": "NoSchedule"}, {"operator": "Exists"}], "capacity": {"requests": {"memory": "1Gi"}},
            }},
            {"name": "b", "firstAvailable": [{"name": "one", "deviceClassName": "x"}, {"name": "two", "deviceClassName": "y", "count": 2, "allocationMode": "ExactCount"}]},
        ],
        constraints=[{"requests": ["a", "b/one"], "matchAttribute": "gpu.example.com/model"}, {"distinctAttribute": "gpu.example.com/id"}],
        config=[{"requests": ["b"]} | OPAQUE],
    )),
    ("derived attributes", "create", exactly(derivedAttributes=[{"name": "gpu.example.com/x", "expression": "'a'"}])),
    ("no kind of request", "create", devices(requests=[{"name": "r"}])),
    ("both kinds of requests", "create", devices(requests=[REQUEST | {"firstAvailable": [{"name": "one", "deviceClassName": "x"}]}])),
    ("bad request name", "create", devices(requests=[{"name": "A_b", "exactly": EXACTLY}])),
    ("same requests", "create", devices(requests=[REQUEST, REQUEST])),
    ("no class", "create", exactly(deviceClassName="")),
    ("bad class", "create", exactly(deviceClassName="A_b")),
    ("no class of an alternative", "create", devices(requests=[{"name": "r", "firstAvailable": [{"name": "one"}]}])),
    ("same alternatives", "create", devices(requests=[{"name": "r", "firstAvailable": [{"name": "one", "deviceClassName": "x"}] * 2}])),
    ("count of all", "create", exactly(allocationMode="All", count=1)),
    ("negative count", "create", exactly(count=-1)),
    ("other mode", "create", exactly(allocationMode="Some")),
    ("no expression", "create", exactly(selectors=[{}])),
    ("many selectors", "create", exactly(selectors=[{"cel": {"expression": "true"}}] * 33)),
    ("value of any", "create", exactly(tolerations=[{"key": "k", "operator": "Exists", "value": "v"}])),
    ("bad toleration", "create", exactly(tolerations=[{"key": "k", "operator": "Equal", "value": "a b"}])),
    ("other operator", "create", exactly(tolerations=[{"key": "k", "operator": "Some"}])),
    ("other effect", "create", exactly(tolerations=[{"key": "k", "operator": "Exists", "effect": "Some"}])),
    ("bad key", "create", exactly(tolerations=[{"key": "a b", "operator": "Exists"}])),
    ("no attribute", "create", devices(constraints=[{}])),
    ("bad attribute", "create", devices(constraints=[{"matchAttribute": "x"}])),
    ("bad distinct attribute", "create", devices(constraints=[{"distinctAttribute": "a_b/1x"}])),
    ("bad references", "create", devices(constraints=[{"matchAttribute": "a.b/c", "requests": ["x", "r/y", "r/y/z", "A_b"]}])),
    ("no configuration", "create", devices(config=[{}])),
    ("no driver", "create", devices(config=[{"opaque": {"parameters": {}}}])),
    ("bad driver", "create", devices(config=[{"opaque": {"driver": "A_b", "parameters": {"a": 1}}}])),
    ("no parameters", "create", devices(config=[{"opaque": {"driver": "x"}}])),
    ("long parameters", "create", devices(config=[{"opaque": {"driver": "x", "parameters": {"a": "x" * 11000}}}])),
    ("status on create", "create", {"status/allocation": ALLOCATION}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "status/allocation": ALLOCATION}),
    ("bad update", "update", exactly(count=2)),
    ("allocate", "status", {"metadata/labels": {"a": "b"}, "spec": {}, "status/allocation": ALLOCATION, "status/reservedFor": [POD]}),
    ("reserve", "status", {"status/reservedFor": [POD]}),
    ("bad consumer", "status", {"status/allocation": ALLOCATION, "status/reservedFor": [{}]}),
    ("same consumers", "status", {"status/allocation": ALLOCATION, "status/reservedFor": [POD, POD | {"name": "y"}]}),
    ("bad result", "status", {"status/allocation": {"devices": {"results": [{"request": "x", "driver": "", "pool": "", "device": "A"}]}}}),
    ("bad pool", "status", {"status/allocation": {"devices": {"results": [RESULT | {"pool": "a//B"}]}}}),
    ("bad share", "status", {"status/allocation": {"devices": {"results": [RESULT | {"shareID": "x"}]}}}),
    ("bindings", "status", {"status/allocation": {"devices": {"results": [RESULT | {"bindingConditions": ["a", "a"], "bindingFailureConditions": ["a"]}]}}}),
    ("one binding", "status", {"status/allocation": {"devices": {"results": [RESULT | {"bindingConditions": ["a"]}]}}}),
    ("configured", "status", {"status/allocation": {"devices": {"results": [RESULT], "config": [{"source": "FromClass"} | OPAQUE]}}}),
    ("badly configured", "status", {"status/allocation": {"devices": {"results": [RESULT], "config": [{"source": "Other"} | OPAQUE]}}}),
    ("where", "status", {"status/allocation": ALLOCATION | {"nodeSelector": {"nodeSelectorTerms": [{"matchFields": [{"key": "x", "operator": "In", "values": ["a"]}]}]}}}),
    ("reallocate", "status", {"status/allocation/devices/results/0/device": "e"}, {"status/allocation": ALLOCATION}),
    ("known device", "status", {"status/allocation": ALLOCATION, "status/devices": [DEVICE | {
        "conditions": [CONDITION], "data": {"x": 1}, "networkData": {"interfaceName": "eth0", "ips": ["10.0.0.1/24"], "hardwareAddress": "x"}}]}),
    ("unknown device", "status", {"status/allocation": ALLOCATION, "status/devices": [DEVICE | {"device": "other"}]}),
    ("bad device", "status", {"status/allocation": ALLOCATION, "status/devices": [DEVICE | {"conditions": [{"type": "x"}], "networkData": {"ips": ["x"]}}]}),
    ("long network names", "status", {"status/allocation": ALLOCATION, "status/devices": [DEVICE | {"networkData": {"interfaceName": "x" * 257, "hardwareAddress": "y" * 129}}]}),
    ("given back", "status", {"status/allocation": None}, {"status/allocation": ALLOCATION, "status/devices": [DEVICE]}),
    ("table", "table", {}),
    ("table of an allocated one", "table", {"status/allocation": ALLOCATION, "status/reservedFor": [POD]}),
]
