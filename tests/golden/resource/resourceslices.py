"""Cases for ResourceSlices; see ../record.py."""

RESOURCE = ("resource.k8s.io", "v1", "resourceslices")
KIND = "ResourceSlice"
NAMESPACED = False
BASE = {
    "metadata": {"name": "golden-base"},
    "spec": {"driver": "gpu.example.com", "pool": {"name": "p", "resourceSliceCount": 1}, "nodeName": "n", "devices": [{"name": "d"}]},
}
TAINT = {"key": "k", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}
TERM = {"matchExpressions": [{"key": "a", "operator": "Exists"}]}


def device(**members):
    return {"spec/devices": [{"name": "d"} | members]}


def policy(value="10", **members):
    return device(allowMultipleAllocations=True, capacity={"m": {"value": value, "requestPolicy": members}})


CASES = [
    ("minimal", "create", {}),
    ("full", "create", device(
        attributes={"a": {"int": 1}, "b": {"bool": True}, "gpu.example.com/c": {"string": "x"}, "d": {"version": "1.2.3-a+b"}},
        capacity={"memory": {"value": "1Gi"}}, taints=[{"key": "j", "value": "v", "effect": "None"}, TAINT],
        bindingConditions=["a"], bindingFailureConditions=["b"], bindsToNode=True,
    )),
    ("counters", "create", {"spec/devices": None, "spec/sharedCounters": [{"name": "c", "counters": {"a": {"value": "1"}}}]}),
    ("what is off", "create", {"spec/skipNodeOperations": ["All"]} | device(attributes={"a": {"int": 1, "strings": ["x"]}}, nodeAllocatableResources={"cpu": {}})),
    ("everywhere", "create", {"spec/nodeName": None, "spec/allNodes": True}),
    ("selected nodes", "create", {"spec/nodeName": None, "spec/nodeSelector": {"nodeSelectorTerms": [TERM]}}),
    ("nodes of devices", "create", {"spec/nodeName": None, "spec/perDeviceNodeSelection": True, "spec/devices/0/nodeName": "x"}),
    ("upper case driver", "create", {"spec/driver": "GPU.example.com"}),
    ("empty", "create", {"spec": {}}),
    ("bad pool", "create", {"spec/driver": "A_b", "spec/pool": {"name": "a//B", "resourceSliceCount": 0, "generation": -1}}),
    ("many places", "create", {"spec/allNodes": True, "spec/nodeSelector": {"nodeSelectorTerms": [TERM, TERM]}}),
    ("no places", "create", {"spec/nodeName": "", "spec/allNodes": False, "spec/perDeviceNodeSelection": False}),
    ("counters and devices", "create", {"spec/sharedCounters": [{"name": "c", "counters": {"a": {"value": "1"}}}]}),
    ("no counters", "create", {"spec/devices": None, "spec/sharedCounters": [{"name": "", "counters": {}}]}),
    ("same devices", "create", {"spec/devices": [{"name": "d"}, {"name": "d"}]}),
    ("bad name", "create", device(name="A")),
    ("many devices", "create", {"spec/devices": [{"name": f"d{i}"} for i in range(129)]}),
    ("many tainted devices", "create", {"spec/devices": [{"name": f"d{i}", "taints": [TAINT]} for i in range(65)]}),
    ("many attributes", "create", device(attributes={f"a{i}": {"int": 1} for i in range(33)})),
    ("bad attribute name", "create", device(attributes={"1x": {"int": 1}})),
    ("no domain", "create", device(attributes={"/x": {"int": 1}})),
    ("no attribute", "create", device(attributes={"a": {}})),
    ("two values", "create", device(attributes={"a": {"int": 1, "bool": True}})),
    ("bad version", "create", device(attributes={"a": {"version": "1.2"}})),
    ("long text", "create", device(attributes={"a": {"string": "x" * 65}})),
    ("bad taint", "create", device(taints=[{"key": "a b", "value": "c d", "effect": "None"}])),
    ("no effect", "create", device(taints=[{"key": "a", "timeAdded": "2026-01-01T00:00:00Z"}])),
    ("node of a device", "create", device(nodeName="x")),
    ("no node of a device", "create", {"spec/nodeName": None, "spec/perDeviceNodeSelection": True}),
    ("places of a device", "create", {"spec/nodeName": None, "spec/perDeviceNodeSelection": True} | device(nodeName="x", allNodes=True)),
    ("consumption", "create", device(consumesCounters=[{"counterSet": "c", "counters": {"a": {"value": "1"}}}])),
    ("no consumption", "create", device(consumesCounters=[{"counterSet": "", "counters": {}}])),
    ("same consumption", "create", device(consumesCounters=[{"counterSet": "c", "counters": {"a": {"value": "1"}}}] * 2)),
    ("policy of a single one", "create", device(capacity={"m": {"value": "1", "requestPolicy": {"default": "1", "validValues": ["1"]}}})),
    ("values", "create", policy(default="2", validValues=["1", "2", "10"])),
    ("bad values", "create", policy(default="3", validValues=["2", "1", "11"])),
    ("no default", "create", policy(validValues=["1"])),
    ("both policies", "create", policy(default="1", validValues=["1"], validRange={"min": "1"})),
    ("range", "create", policy(default="2", validRange={"min": "1", "max": "9", "step": "1"})),
    ("bad range", "create", policy(default="20", validRange={"min": "11", "max": "12", "step": "3"})),
    ("no minimum", "create", policy(default="1", validRange={})),
    ("no step", "create", policy(default="1", validRange={"min": "1", "step": "0"})),
    ("odd step", "create", policy(default="2", validRange={"min": "1", "max": "9", "step": "3"})),
    ("fractions", "create", policy(default="1500m", validRange={"min": "500m", "step": "500m"})),
    ("small fractions", "create", policy(default="1", validRange={"min": "1u", "step": "500m"})),
    ("bindings", "create", device(bindingConditions=["a"])),
    ("generation", "create", {"metadata/generation": 7}),
    ("update", "update", {"spec/pool/generation": 2}),
    ("bad update", "update", {"spec/driver": "other", "spec/pool/name": "q", "spec/nodeName": "m"}),
    ("table", "table", {}),
    ("table everywhere", "table", {}, {"spec/nodeName": None, "spec/allNodes": True}),
]
