"""Cases for PodDisruptionBudgets; see ../record.py."""

RESOURCE = ("policy", "v1", "poddisruptionbudgets")
KIND = "PodDisruptionBudget"
BASE = {"metadata": {"name": "base"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
CONDITION = {"type": "DisruptionAllowed", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
CASES = [
    ("minimal", "create", {"spec": None}),
    ("full", "create", {"spec/minAvailable": None, "spec/maxUnavailable": "50%", "spec/unhealthyPodEvictionPolicy": "AlwaysAllow", "status/disruptionsAllowed": 3}),
    ("both", "create", {"spec/maxUnavailable": 1}),
    ("both and more", "create", {"spec/maxUnavailable": "1%", "spec/unhealthyPodEvictionPolicy": "AlwaysAllow", "spec/selector": None}),
    ("bad", "create", {"spec/minAvailable": "101%", "spec/selector/matchLabels": {"not valid": "x"}, "spec/unhealthyPodEvictionPolicy": "Other"}),
    ("negative", "create", {"spec/minAvailable": -1}),
    ("no percentage", "create", {"spec/minAvailable": "x"}),
    ("old mark", "create", {"spec/selector/matchExpressions": [{"key": "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match", "operator": "Exists"}]}),
    ("old mark alone", "create", {"spec/selector": {"matchExpressions": [{"key": "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match", "operator": "Exists"}]}}),
    ("update", "update", {"spec/minAvailable": 2, "status/disruptionsAllowed": 3}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("status", "status", {"status": {"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2, "conditions": [CONDITION], "observedGeneration": 1}}),
    ("bad status", "status", {"status": {"disruptionsAllowed": -1, "currentHealthy": -1, "desiredHealthy": -1, "expectedPods": -1, "conditions": [{"type": "x"}]}}),
    ("table", "table", {}),
    ("table of a maximum", "table", {"status/disruptionsAllowed": 1}, {"spec/minAvailable": None, "spec/maxUnavailable": "50%"}),
]
