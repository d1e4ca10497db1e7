"""Cases for Nodes; see ../record.py."""

RESOURCE = ("", "v1", "nodes")
KIND = "Node"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}}
READY = {"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "a", "message": "b"}
INFO = {
    "machineID": "m", "systemUUID": "s", "bootID": "b", "kernelVersion": "6.1", "osImage": "Linux", "containerRuntimeVersion": "c://1", "kubeletVersion": "v1.37.1",
    "kubeProxyVersion": "v1.37.1", "operatingSystem": "linux", "architecture": "amd64",
}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "metadata/labels": {"node-role.kubernetes.io/worker": ""}, "spec/podCIDR": "10.0.0.0/24", "spec/providerID": "x://y", "spec/unschedulable": True,
        "spec/taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}],
        "spec/configSource": {"configMap": {"name": "a"}}, "spec/externalID": "old", "spec/podPreemptionPolicy": "Never",
        "status/capacity": {"cpu": "4", "memory": "8Gi", "pods": "110", "example.com/gpu": "2"}, "status/conditions": [READY], "status/nodeInfo": INFO,
        "status/addresses": [{"type": "InternalIP", "address": "1.2.3.4"}], "status/declaredFeatures": ["A", "B/c"], "status/phase": "Running",
        "status/images": [{"names": ["a"], "sizeBytes": 1}], "status/volumesInUse": ["a"], "status/volumesAttached": [{"name": "a", "devicePath": "b"}],
    }),
    ("two CIDRs", "create", {"spec/podCIDRs": ["10.0.0.0/24", "fd00::/64"]}),
    ("CIDRs that differ", "create", {"spec/podCIDR": "10.1.0.0/24", "spec/podCIDRs": ["10.0.0.0/24", "fd00::/64"]}),
    ("CIDRs of one family", "create", {"spec/podCIDRs": ["10.0.0.0/24", "10.1.0.0/24"]}),
    ("bad CIDRs", "create", {"spec/podCIDRs": ["x", "10.0.0.1/24", "fd00::/64"]}),
    ("odd CIDR", "create", {"spec/podCIDRs": ["FD00::/64"]}),
    ("bad taints", "create", {"spec/taints": [
        {"key": "a", "value": "not valid", "effect": "NoSchedule"}, {"key": "a", "effect": "NoSchedule"}, {"key": "not valid", "effect": "Other"}, {"key": "c"},
    ]}),
    ("bad resources", "create", {"status/capacity": {"cpu": "-1", "pods": "1500m"}, "status/allocatable": {"example.com/gpu": "500m", "memory": "-1Gi"}}),
    ("bad features", "create", {"status/declaredFeatures": ["b", "A", "A"]}),
    ("bad swap", "create", {"status/nodeInfo": {**INFO, "swap": {"capacity": 0}}}),
    ("old annotations", "create", {"metadata/annotations": {
        "scheduler.alpha.kubernetes.io/taints": '[{"key": "a"}]', "scheduler.alpha.kubernetes.io/preferAvoidPods": '{"preferAvoidPods": [{"podSignature": {}}]}',
    }}),
    ("bad name", "create", {"metadata/name": "A_b"}),
    ("update", "update", {"spec/unschedulable": True, "status/phase": "Running", "spec/podCIDR": "10.0.0.0/24", "spec/podCIDRs": ["10.0.0.0/24"], "spec/providerID": "x://y"}),
    ("update with a config source", "update", {"spec/configSource": {}}),
    ("CIDR changed", "update", {"spec/podCIDR": "10.1.0.0/24", "spec/podCIDRs": ["10.1.0.0/24"]}, {"spec/podCIDR": "10.0.0.0/24"}),
    ("CIDR removed", "update", {"spec/podCIDR": None, "spec/podCIDRs": None}, {"spec/podCIDR": "10.0.0.0/24"}),
    ("provider changed", "update", {"spec/providerID": "x://z"}, {"spec/providerID": "x://y"}),
    ("provider removed", "update", {"spec/providerID": None}, {"spec/providerID": "x://y"}),
    ("external ID changed", "update", {"spec/externalID": "x"}),
    ("taint twice", "update", {"spec/taints": [{"key": "a", "effect": "NoExecute"}] * 2}),
    ("status", "status", {
        "status/conditions": [READY], "status/capacity": {"cpu": "4"}, "spec/unschedulable": True, "status/config": {"error": "x"}, "status/nodeInfo": INFO,
        "metadata/labels": {"a": "b"}, "metadata/annotations": {"a": "b"}, "status/daemonEndpoints/kubeletEndpoint/Port": 10250,
        "status/features": {"supplementalGroupsPolicy": True}, "status/runtimeHandlers": [{"name": "a", "features": {"recursiveReadOnlyMounts": True}}],
    }),
    ("bad status", "status", {
        "status/addresses": [{"type": "InternalIP", "address": "1.2.3.4"}] * 2, "status/capacity": {"cpu": "-1"}, "status/declaredFeatures": ["b"],
    }),
    ("table", "table", {}),
    ("table of a ready node", "table", {
        "status/conditions": [READY], "status/nodeInfo": INFO, "status/addresses": [{"type": "ExternalIP", "address": "5.6.7.8"}, {"type": "InternalIP", "address": "1.2.3.4"}],
    }, {"metadata/labels": {"node-role.kubernetes.io/b": "", "node-role.kubernetes.io/a": "x", "kubernetes.io/role": "c"}}),
    ("table of a cordoned node", "table", {"status/conditions": [{**READY, "status": "Unknown"}]}, {"spec/unschedulable": True}),
]
