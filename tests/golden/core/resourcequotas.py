"""Cases for ResourceQuotas; see ../record.py."""

RESOURCE = ("", "v1", "resourcequotas")
KIND = "ResourceQuota"
BASE = {"metadata": {"name": "base"}, "spec": {"hard": {"cpu": "1", "pods": "10"}}}


def selector(scope: str, operator: str, *values: str) -> dict[str, object]:
    return {"spec/scopeSelector": {"matchExpressions": [{"scopeName": scope, "operator": operator, "values": list(values)}]}}


CASES = [
    ("minimal", "create", {"spec": None}),
    ("full", "create", {"spec/hard": {"requests.cpu": "1", "limits.memory": "2Gi", "requests.example.com/x": "3", "count/pods": "1", "services.nodeports": "2"}, "status/hard": {"cpu": "1"}}),
    ("scopes", "create", {"spec/scopes": ["NotTerminating", "NotBestEffort"]}),
    ("selector", "create", selector("PriorityClass", "In", "a")),
    ("bad amounts", "create", {"spec/hard": {"cpu": "-1", "pods": "1500m", "other": "1", "storage": "1", "not valid": "1", "count/x": "0.5"}}),
    ("bad scopes", "create", {"spec/scopes": ["Other", "BestEffort", "NotBestEffort"]}),
    ("scope for something else", "create", {"spec/scopes": ["Terminating"], "spec/hard": {"services": "1", "secrets": "1"}}),
    ("volume scope", "create", {"spec/scopes": ["VolumeAttributesClass"], "spec/hard": {"persistentvolumeclaims": "1"}}),
    ("bad selector", "create", {"spec/scopeSelector": {"matchExpressions": [
        {"scopeName": "Other", "operator": "Other"}, {"scopeName": "BestEffort", "operator": "In"}, {"scopeName": "NotBestEffort", "operator": "Exists", "values": ["x"]},
    ]}}),
    ("low limits", "create", {"spec/hard": {"requests.cpu": "2", "limits.cpu": "1", "memory": "2", "limits.memory": "1", "requests.ephemeral-storage": "2", "limits.ephemeral-storage": "1"}}),
    ("update", "update", {"spec/hard/cpu": "2", "status/hard": {"cpu": "1"}}),
    ("other scopes", "update", {"spec/scopes": ["NotTerminating"]}),
    ("status", "status", {"status/hard": {"cpu": "1"}, "status/used": {"cpu": "100m"}, "spec/hard/cpu": "2"}),
    ("bad status", "status", {"status/hard": {"x": "1"}, "status/used": {"cpu": "-1"}}),
    ("table", "table", {}),
    ("table of used", "table", {"status/hard": {"cpu": "1", "limits.cpu": "2", "pods": "10"}, "status/used": {"cpu": "100m"}}),
]
