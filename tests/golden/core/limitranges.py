"""Cases for LimitRanges; see ../record.py."""

RESOURCE = ("", "v1", "limitranges")
KIND = "LimitRange"
BASE = {"metadata": {"name": "base"}, "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "100m"}}]}}


def limit(**members: object) -> dict[str, object]:
    return {"spec/limits": [{"type": "Container", **members}]}


CASES = [
    ("minimal", "create", {"spec": None}),
    ("container", "create", {}),
    ("defaults", "create", limit(max={"cpu": "2", "memory": "1Gi"}, min={"cpu": "100m", "memory": "1Mi"}, default={"cpu": "1"}, defaultRequest={"memory": "2Mi"})),
    ("minimum only", "create", limit(min={"cpu": "1"})),
    ("pod", "create", {"spec/limits": [{"type": "Pod", "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "2"}}]}),
    ("claim", "create", {"spec/limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}}]}),
    ("claim without storage", "create", {"spec/limits": [{"type": "PersistentVolumeClaim"}]}),
    ("own type", "create", {"spec/limits": [{"type": "example.com/x", "max": {"example.com/y": "1"}}]}),
    ("bad types", "create", {"spec/limits": [{"type": "Other"}, {"type": "not valid"}, {"type": "Pod"}, {"type": "Pod", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "1"}}]}),
    ("bad names", "create", limit(max={"other": "1"})),
    ("bad name for a container", "create", limit(max={"pods": "1"})),
    ("bad extended name", "create", limit(max={"requests.example.com/" + "x" * 60: "1"})),
    ("minimum above maximum", "create", limit(min={"cpu": "3"}, max={"cpu": "2"}, default={"cpu": "2500m"}, defaultRequest={"cpu": "2500m"})),
    ("default out of bounds", "create", limit(min={"cpu": "1"}, max={"cpu": "2"}, default={"cpu": "3"}, defaultRequest={"cpu": "500m"})),
    ("default below minimum", "create", limit(min={"cpu": "1"}, max={"cpu": "2"}, default={"cpu": "500m"}, defaultRequest={"cpu": "3"})),
    ("ratio too low", "create", limit(maxLimitRequestRatio={"cpu": "500m"})),
    ("ratio too high", "create", limit(min={"cpu": "1"}, max={"cpu": "2"}, maxLimitRequestRatio={"cpu": "3"})),
    ("no overcommitment", "create", limit(default={"example.com/x": "2"}, defaultRequest={"example.com/x": "1"})),
    ("update", "update", {"spec/limits/0/max/cpu": "3"}),
    ("bad update", "update", {"spec/limits/0/max/cpu": "50m"}),
    ("table", "table", {}),
]
