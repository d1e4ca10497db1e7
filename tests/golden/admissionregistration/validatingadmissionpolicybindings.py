"""Cases for ValidatingAdmissionPolicyBindings; see ../record.py."""

RESOURCE = ("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings")
KIND = "ValidatingAdmissionPolicyBinding"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"policyName": "golden-none", "validationActions": ["Deny"]}}
REF = {"name": "p", "namespace": "n", "parameterNotFoundAction": "Deny"}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec/paramRef": REF, "spec/matchResources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}, "spec/validationActions": ["Warn", "Audit"]}),
    ("with a selector", "create", {"spec/paramRef": {"selector": {"matchLabels": {"a": "b"}}, "parameterNotFoundAction": "Allow"}}),
    ("empty", "create", {"spec": {}}),
    ("bad", "create", {
        "spec/policyName": "A_b", "spec/paramRef": {"name": "a%b", "selector": {"matchLabels": {"a b": "x"}}, "parameterNotFoundAction": "x"},
        "spec/matchResources": {"matchPolicy": "x", "resourceRules": [{}]}, "spec/validationActions": ["Deny", "Deny", "Warn", "x"],
    }),
    ("empty reference", "create", {"spec/paramRef": {}}),
    ("reserved", "create", {"metadata/name": "x.static.k8s.io"}),
    ("update", "update", {"metadata/labels": {"a": "b"}, "spec/validationActions": ["Audit"]}),
    ("bad update", "update", {"spec/validationActions": []}),
    ("table", "table", {}),
    ("table with parameters", "table", {}, {"spec/paramRef": REF}),
    ("table with a selector", "table", {}, {"spec/paramRef": {"selector": {"matchLabels": {"a": "b"}}, "namespace": "n", "parameterNotFoundAction": "Allow"}}),
]
