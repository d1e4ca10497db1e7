"""Cases for ValidatingAdmissionPolicies; see ../record.py."""

RESOURCE = ("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies")
KIND = "ValidatingAdmissionPolicy"
NAMESPACED = False
RULE = {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
BASE = {
    "metadata": {"name": "golden-base"},
    "spec": {"matchConstraints": {"resourceRules": [RULE]}, "validations": [{"expression": "object.spec.replicas < 5"}]},
}
NOTE = {"key": "k", "valueExpression": "'x'"}
CONDITION = {"type": "Ready", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/paramKind": {"apiVersion": "example.com/v1", "kind": "Param"}, "spec/failurePolicy": "Ignore",
        "spec/matchConstraints": {
            "matchPolicy": "Exact", "namespaceSelector": {"matchLabels": {"a": "b"}}, "objectSelector": {"matchLabels": {"a": "b"}},
            "resourceRules": [RULE | {"resourceNames": ["x"], "scope": "Cluster"}], "excludeResourceRules": [RULE],
        },
        "spec/matchConditions": [{"name": "a", "expression": "true"}], "spec/variables": [{"name": "v", "expression": "1"}],
        "spec/validations": [{"expression": "variables.v == 1", "message": "m", "messageExpression": "'m'", "reason": "Invalid"}],
        "spec/auditAnnotations": [NOTE],
    }),
    ("empty", "create", {"spec": {}}),
    ("no rules", "create", {"spec/matchConstraints": {}}),
    ("bad", "create", {
        "spec/failurePolicy": "x", "spec/paramKind": {"apiVersion": "A_b/V", "kind": "1"}, "spec/matchConditions": [{}, {"name": "a b", "expression": " "}],
        "spec/matchConstraints": {
            "matchPolicy": "x", "namespaceSelector": {"matchLabels": {"a b": "c d"}}, "objectSelector": {"matchLabels": {"a b": "c d"}},
            "resourceRules": [{"resourceNames": ["a%b", "x", "x"], "operations": ["x"]}], "excludeResourceRules": [{}],
        },
        "spec/variables": [{}, {"name": "in", "expression": "1"}, {"name": "a-b", "expression": "1"}],
        "spec/validations": [
            {"expression": " "}, {"expression": "true", "message": " ", "messageExpression": " ", "reason": "x"}, {"expression": "true", "message": "a\nb"},
        ],
        "spec/auditAnnotations": [{}, NOTE, NOTE, NOTE | {"key": "a b"}, NOTE | {"key": "l", "valueExpression": "'" + "x" * 6000 + "'"}],
    }),
    ("no version of parameters", "create", {"spec/paramKind": {}}),
    ("other versions of parameters", "create", {"spec/paramKind": {"apiVersion": "a/b/c", "kind": "X"}}),
    ("empty version of parameters", "create", {"spec/paramKind": {"apiVersion": "a/", "kind": "X"}}),
    ("many annotations", "create", {"spec/auditAnnotations": [NOTE | {"key": f"k{i}"} for i in range(21)]}),
    ("reserved", "create", {"metadata/name": "x.static.k8s.io"}),
    ("status on create", "create", {"status/conditions": [CONDITION]}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "spec/failurePolicy": "Ignore", "status/conditions": [CONDITION]}),
    ("bad update", "update", {"spec/validations": []}),
    ("status", "status", {"metadata/labels": {"a": "b"}, "spec/failurePolicy": "Ignore", "status": {
        "observedGeneration": 1, "conditions": [CONDITION], "typeChecking": {"expressionWarnings": [{"fieldRef": "spec.validations[0].expression", "warning": "w"}]}}}),
    ("bad status", "status", {"status": {"conditions": [{"type": "x"}], "typeChecking": {"expressionWarnings": [{"fieldRef": " ", "warning": ""}]}}}),
    ("table", "table", {}),
    ("table with parameters", "table", {}, {"spec/paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}),
]
