"""Cases for MutatingAdmissionPolicyBindings; see ../record.py."""

RESOURCE = ("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings")
KIND = "MutatingAdmissionPolicyBinding"
NAMESPACED = False
BASE = {"metadata": {"name": "golden-base"}, "spec": {"policyName": "golden-none"}}
REF = {"name": "p", "namespace": "n", "parameterNotFoundAction": "Deny"}
RULE = {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec/paramRef": REF, "spec/matchResources": {"resourceRules": [RULE]}}),
    ("empty", "create", {"spec": {}}),
    ("bad", "create", {
        "spec/policyName": "A_b", "spec/paramRef": {"parameterNotFoundAction": "x"},
        "spec/matchResources": {"matchPolicy": "x", "resourceRules": [RULE | {"operations": ["DELETE"]}]},
    }),
    ("update", "update", {"metadata/labels": {"a": "b"}, "spec/policyName": "other"}),
    ("bad update", "update", {"spec/policyName": None}),
    ("table", "table", {}),
    ("table with parameters", "table", {}, {"spec/paramRef": REF}),
]
