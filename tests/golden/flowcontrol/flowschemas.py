"""Cases for FlowSchemas; see ../record.py."""

RESOURCE = ("flowcontrol.apiserver.k8s.io", "v1", "flowschemas")
KIND = "FlowSchema"
NAMESPACED = False
SETTLES = True
BASE = {"metadata": {"name": "golden-base"}, "spec": {"priorityLevelConfiguration": {"name": "global-default"}}}
USER = {"kind": "User", "user": {"name": "*"}}
GROUP = {"kind": "Group", "group": {"name": "g"}}
ACCOUNT = {"kind": "ServiceAccount", "serviceAccount": {"name": "*", "namespace": "ns"}}
RULE = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["*"]}
ANY = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
CONDITION = {"type": "Dangling", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "Found", "message": "m"}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/matchingPrecedence": 500, "spec/distinguisherMethod": {"type": "ByNamespace"},
        "spec/rules": [
            {"subjects": [USER, GROUP, ACCOUNT], "resourceRules": [RULE, ANY], "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/a/*"]}]},
            {"subjects": [USER], "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]},
        ],
    }),
    ("empty", "create", {"spec": {}}),
    ("precedence", "create", {"spec/matchingPrecedence": -1}),
    ("great precedence", "create", {"spec/matchingPrecedence": 10001}),
    ("first precedence", "create", {"spec/matchingPrecedence": 1}),
    ("bad", "create", {"spec/distinguisherMethod": {"type": "x"}, "spec/priorityLevelConfiguration/name": "A_b", "spec/rules": [{}]}),
    ("bad subjects", "create", {"spec/rules": [{"resourceRules": [RULE], "subjects": [
        {"kind": "User"}, {"kind": "Group"}, {"kind": "ServiceAccount"}, {"kind": "x"}, {"kind": "User", "user": {}, "group": {}, "serviceAccount": {}},
        {"kind": "Group", "user": {}, "group": {}, "serviceAccount": {}}, {"kind": "ServiceAccount", "user": {}, "group": {}, "serviceAccount": {}},
        {"kind": "ServiceAccount", "serviceAccount": {"name": "A_b", "namespace": "A_b"}},
    ]}]}),
    ("bad rules", "create", {"spec/rules": [{"subjects": [USER], "resourceRules": [
        {}, {"clusterScope": True, "verbs": ["*", "get"], "apiGroups": ["*", "a"], "resources": ["*", "a"], "namespaces": ["*", "a"]},
        RULE | {"verbs": ["get", "gets"], "namespaces": ["a", "A_b"]},
    ]}]}),
    ("bad paths", "create", {"spec/rules": [{"subjects": [USER], "nonResourceRules": [
        {}, {"verbs": ["get"], "nonResourceURLs": ["*", "/"]}, {"verbs": ["x"], "nonResourceURLs": ["", "/", "a", "/a b", "/a//b", "/*/b", "/a*", "/a/*/*", "/*"]},
    ]}]}),
    ("status on create", "create", {"status/conditions": [CONDITION]}),
    ("generation", "create", {"metadata/generation": 7}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "status/conditions": [CONDITION]}),
    ("update of the spec", "update", {"spec/matchingPrecedence": 77}),
    ("status", "status", {"metadata/labels": {"a": "b"}, "spec/matchingPrecedence": 77, "status/conditions": [CONDITION]}),
    ("bad status", "status", {"status/conditions": [CONDITION, CONDITION | {"status": "x"}, CONDITION | {"type": ""}]}),
    ("table", "table", {}, {"spec/distinguisherMethod": {"type": "ByUser"}}),
    ("table without method", "table", {}),
]
