"""Cases for APIServices; see ../record.py."""

RESOURCE = ("apiregistration.k8s.io", "v1", "apiservices")
KIND = "APIService"
NAMESPACED = False
SETTLES = True
BASE = {
    "metadata": {"name": "v1.golden.example.com"},
    "spec": {
        "group": "golden.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
        "service": {"name": "s", "namespace": "n"},
    },
}
CONDITION = {"type": "Available", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
CASES = [
    ("minimal", "create", {}),
    ("local", "create", {"spec/service": None}),
    ("full", "create", {"spec/caBundle": "aGVsbG8=", "spec/service/port": 8443, "status/conditions": [CONDITION]}),
    ("bad name", "create", {"metadata/name": "v2.golden.example.com"}),
    ("worse name", "create", {"metadata/name": "a%b"}),
    ("empty", "create", {"spec": {}}),
    ("bad local", "create", {"spec/service": None, "spec/caBundle": "aGVsbG8=", "spec/insecureSkipTLSVerify": True}),
    ("bad", "create", {
        "metadata/name": "V_1.A_b", "spec/group": "A_b", "spec/version": "V_1", "spec/groupPriorityMinimum": 20001, "spec/versionPriority": 1001,
        "spec/service": {"port": 70000}, "spec/insecureSkipTLSVerify": True, "spec/caBundle": "aGVsbG8=",
    }),
    ("core", "create", {"metadata/name": "v1beta1.", "spec/group": "", "spec/version": "v1beta1"}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "spec/versionPriority": 11, "status/conditions": [CONDITION]}),
    ("bad update", "update", {"spec/versionPriority": 0, "spec/group": "other.example.com"}),
    ("status", "status", {"metadata/labels": {"a": "b"}, "spec/versionPriority": 11, "status/conditions": [CONDITION]}),
    ("bad status", "status", {"status/conditions": [CONDITION | {"status": "Maybe"}]}),
    ("table", "table", {}),
    ("table of a local one", "table", {}, {"spec/service": None}),
]
