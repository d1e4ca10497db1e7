"""Cases for MutatingAdmissionPolicies; see ../record.py."""

RESOURCE = ("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies")
KIND = "MutatingAdmissionPolicy"
NAMESPACED = False
RULE = {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
PATCHES = '[JSONPatch{op: "add", path: "/spec/x", value: 1}]'
PATCH = {"patchType": "JSONPatch", "jsonPatch": {"expression": PATCHES}}
BASE = {
    "metadata": {"name": "golden-base"},
    "spec": {"matchConstraints": {"resourceRules": [RULE]}, "reinvocationPolicy": "Never", "mutations": [PATCH]},
}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/paramKind": {"apiVersion": "example.com/v1", "kind": "Param"}, "spec/failurePolicy": "Ignore", "spec/reinvocationPolicy": "IfNeeded",
        "spec/matchConditions": [{"name": "a", "expression": "true"}], "spec/variables": [{"name": "v", "expression": "1"}],
        "spec/mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}, PATCH],
    }),
    ("empty", "create", {"spec": {}}),
    ("deletions", "create", {"spec/matchConstraints/resourceRules": [RULE | {"operations": ["DELETE", "CREATE"]}]}),
    ("bad", "create", {
        "spec/failurePolicy": "x", "spec/reinvocationPolicy": "y", "spec/variables": [{}], "spec/matchConditions": [{}],
        "spec/mutations": [
            {}, {"patchType": "x"}, {"patchType": "JSONPatch"}, {"patchType": "ApplyConfiguration"}, {"patchType": "JSONPatch", "jsonPatch": {"expression": " "}},
            PATCH | {"applyConfiguration": {"expression": "Object{}"}}, {"patchType": "ApplyConfiguration", "jsonPatch": {"expression": PATCHES}, "applyConfiguration": {"expression": ""}},
        ],
    }),
    ("update", "update", {"metadata/labels": {"a": "b"}, "spec/failurePolicy": "Ignore"}),
    ("bad update", "update", {"spec/mutations": []}),
    ("table", "table", {}),
    ("table with parameters", "table", {}, {"spec/paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}),
]
