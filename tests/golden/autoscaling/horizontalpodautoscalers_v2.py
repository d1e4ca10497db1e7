"""Cases for HorizontalPodAutoscalers of autoscaling/v2; see ../record.py."""

RESOURCE = ("autoscaling", "v2", "horizontalpodautoscalers")
KIND = "HorizontalPodAutoscaler"
BASE = {"metadata": {"name": "base"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}, "maxReplicas": 3}}
METRIC = {"name": "m", "selector": {"matchLabels": {"a": "b"}}}
OBJECT = {"type": "Object", "object": {"describedObject": {"kind": "Service", "name": "s", "apiVersion": "v1"}, "metric": METRIC, "target": {"type": "Value", "value": "10"}}}
PODS = {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "10"}}}
RESOURCE_METRIC = {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}}
CONTAINER = {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c", "target": {"type": "Utilization", "averageUtilization": 50}}}
EXTERNAL = {"type": "External", "external": {"metric": METRIC, "target": {"type": "AverageValue", "averageValue": "10"}}}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
ALL = [OBJECT, PODS, RESOURCE_METRIC, CONTAINER, EXTERNAL, CPU]
CURRENT = [
    {"type": "Object", "object": {"describedObject": OBJECT["object"]["describedObject"], "metric": METRIC, "current": {"value": "5"}}},
    {"type": "Pods", "pods": {"metric": {"name": "m"}, "current": {"averageValue": "5"}}},
    {"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "5"}}},
    {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "c", "current": {"averageUtilization": 5, "averageValue": "7"}}},
    {"type": "External", "external": {"metric": METRIC, "current": {"averageValue": "5"}}},
    {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 33, "averageValue": "9"}}},
]
STATUS = {
    "status/currentReplicas": 2, "status/desiredReplicas": 3, "status/currentMetrics": CURRENT, "status/observedGeneration": 1, "status/lastScaleTime": "2026-01-01T00:00:00Z",
    "status/conditions": [{"type": "AbleToScale", "status": "True", "reason": "r", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec/minReplicas": 2, "spec/metrics": ALL, "spec/behavior": {
        "scaleUp": {"stabilizationWindowSeconds": 10, "selectPolicy": "Min", "policies": [{"type": "Pods", "value": 1, "periodSeconds": 5}], "tolerance": "100m"}, "scaleDown": {},
    }} | STATUS),
    ("behavior", "create", {"spec/behavior": {}}),
    ("nothing", "create", {"spec": None}),
    ("bad replicas", "create", {"spec/minReplicas": -1, "spec/maxReplicas": -2}),
    ("more than most", "create", {"spec/minReplicas": 5}),
    ("to zero", "create", {"spec/minReplicas": 0}),
    ("to zero by an object", "create", {"spec/minReplicas": 0, "spec/metrics": [OBJECT]}),
    ("bad target", "create", {"spec/scaleTargetRef": {"apiVersion": "a/b/c", "kind": "a/b", "name": ""}}),
    ("no group", "create", {"spec/scaleTargetRef/apiVersion": "v1"}),
    ("replication controller", "create", {"spec/scaleTargetRef": {"kind": "ReplicationController", "name": "x"}}),
    ("bad types", "create", {"spec/metrics": [{"type": "Other"}, {"type": "Pods"}, {"type": "Object", "pods": PODS["pods"], "object": OBJECT["object"]}, {"type": ""}]}),
    ("empty sources", "create", {"spec/metrics": [
        {"type": "Object", "object": {"describedObject": {"kind": "", "name": ""}, "metric": {"name": ""}, "target": {"type": ""}}},
        {"type": "Pods", "pods": {"metric": {"name": "a/b"}, "target": {"type": "Other"}}}, {"type": "Resource", "resource": {"name": "", "target": {"type": "Value"}}},
        {"type": "ContainerResource", "containerResource": {"name": "", "container": "", "target": {"type": "Value"}}},
        {"type": "External", "external": {"metric": {"name": "x"}, "target": {"type": "Value"}}},
    ]}),
    ("bad sources", "create", {"spec/metrics": [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Value", "averageValue": "0", "averageUtilization": 0}}},
        {"type": "ContainerResource", "containerResource": {"name": "x", "container": "A_b", "target": {"type": "Value", "averageValue": "1", "averageUtilization": 1}}},
        {"type": "External", "external": {"metric": {"name": "x"}, "target": {"type": "Value", "value": "-1", "averageValue": "1"}}},
    ]}),
    ("bad behavior", "create", {"spec/behavior": {
        "scaleUp": {"stabilizationWindowSeconds": -1, "selectPolicy": "Other", "policies": [{"type": "Other", "value": 0, "periodSeconds": 0}], "tolerance": "-1"},
        "scaleDown": {"stabilizationWindowSeconds": 3601, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 1801}]},
    }}),
    ("update", "update", {"spec/maxReplicas": 4} | STATUS),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"spec/maxReplicas": 0}),
    ("status", "status", STATUS | {"spec/maxReplicas": 7}),
    ("bad status", "status", {"status/currentReplicas": -1, "status/desiredReplicas": -1}),
    ("table", "table", {}),
    ("table of all kinds", "table", STATUS, {"spec/metrics": ALL}),
    ("table of an object", "table", {"status/currentMetrics": CURRENT[:1], "status/desiredReplicas": 1}, {"spec/metrics": [OBJECT, CPU], "spec/minReplicas": 2}),
    ("table of containers", "table", {"status/currentMetrics": CURRENT[3:5], "status/desiredReplicas": 1}, {"spec/metrics": [CONTAINER, EXTERNAL]}),
    ("table without values", "table", {}, {"spec/metrics": [PODS, EXTERNAL]}),
]
