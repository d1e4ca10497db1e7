"""Cases for HorizontalPodAutoscalers of autoscaling/v1; see ../record.py."""

import json

RESOURCE = ("autoscaling", "v1", "horizontalpodautoscalers")
KIND = "HorizontalPodAutoscaler"
BASE = {"metadata": {"name": "base"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}, "maxReplicas": 3}}
METRICS = [
    {"type": "Object", "object": {"target": {"kind": "Service", "name": "s", "apiVersion": "v1"}, "metricName": "m", "targetValue": "10", "selector": {"matchLabels": {"a": "b"}}}},
    {"type": "Pods", "pods": {"metricName": "m", "targetAverageValue": "10"}},
    {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}},
    {"type": "External", "external": {"metricName": "m", "targetAverageValue": "10"}},
]
BEHAVIOR = {"ScaleUp": {"StabilizationWindowSeconds": 10, "SelectPolicy": "Min", "Policies": [{"Type": "Pods", "Value": 1, "PeriodSeconds": 5}]}, "ScaleDown": None}
PREFIX = "metadata/annotations/autoscaling.alpha.kubernetes.io~1"
HELD = {PREFIX + "metrics": json.dumps(METRICS), PREFIX + "behavior": json.dumps(BEHAVIOR), "metadata/annotations/mine": "x"}
CASES = [
    ("minimal", "create", {}),
    ("percentage", "create", {"spec/targetCPUUtilizationPercentage": 50, "spec/minReplicas": 2}),
    ("held in annotations", "create", HELD),
    ("held with a percentage", "create", HELD | {"spec/targetCPUUtilizationPercentage": 50}),
    ("no JSON in annotations", "create", {PREFIX + "metrics": "x", PREFIX + "behavior": "x"}),
    ("bad", "create", {"spec/targetCPUUtilizationPercentage": 0, "spec/maxReplicas": 0, "spec/scaleTargetRef": None}),
    ("update", "update", {"spec/targetCPUUtilizationPercentage": 60}),
    ("annotations kept", "update", {"spec/maxReplicas": 4}, HELD),
    ("status", "status", {"status/currentReplicas": 2, "status/desiredReplicas": 3, "status/currentCPUUtilizationPercentage": 44}),
    ("table", "table", {}),
    ("table of a percentage", "table", {"status/currentCPUUtilizationPercentage": 44}, {"spec/targetCPUUtilizationPercentage": 50}),
]
