"""Cases for MutatingWebhookConfigurations; see ../record.py."""

RESOURCE = ("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations")
KIND = "MutatingWebhookConfiguration"
NAMESPACED = False
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
SERVICE = {"service": {"name": "s", "namespace": "n"}}
HOOK = {"name": "a.example.com", "clientConfig": SERVICE, "rules": [RULE], "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore"}
HOOK |= {"namespaceSelector": {"matchLabels": {"golden": "never"}}}
BASE = {"metadata": {"name": "golden-base"}, "webhooks": [HOOK]}


def resources(*names):
    return {"rules": [RULE | {"resources": list(names)}]}


CASES = [
    ("none", "create", {"webhooks": None}),
    ("minimal", "create", {"webhooks": [{"name": "a.example.com", "clientConfig": SERVICE, "sideEffects": "NoneOnDryRun", "admissionReviewVersions": ["v1beta1", "v9"]}]}),
    ("full", "create", {"webhooks": [HOOK | {
        "clientConfig": {"url": "https://example.com/x", "caBundle": "aGVsbG8="}, "matchPolicy": "Exact", "reinvocationPolicy": "IfNeeded", "timeoutSeconds": 30,
        "objectSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
        "matchConditions": [{"name": "a", "expression": "true"}], "rules": [RULE | {"scope": "Namespaced", "resources": ["pods/*", "*/scale", "x"]}],
    }]}),
    ("empty hook", "create", {"webhooks": [{}]}),
    ("bad hook", "create", {"webhooks": [HOOK | {
        "name": "a.b", "clientConfig": {}, "rules": [{}], "failurePolicy": "x", "matchPolicy": "y", "reinvocationPolicy": "z", "timeoutSeconds": 31, "sideEffects": "Some",
        "namespaceSelector": {"matchLabels": {"a b": "c d"}}, "objectSelector": {"matchExpressions": [{"key": "a", "operator": "x"}]},
        "admissionReviewVersions": ["v9", "v9", "V"], "matchConditions": [{}, {"name": "a b", "expression": " "}],
    }]}),
    ("bad name", "create", {"webhooks": [HOOK | {"name": "A_b"}]}),
    ("same names", "create", {"webhooks": [HOOK, HOOK]}),
    ("same conditions", "create", {"webhooks": [HOOK | {"matchConditions": [{"name": "a", "expression": "true"}] * 2}]}),
    ("many conditions", "create", {"webhooks": [HOOK | {"matchConditions": [{"name": f"a{i}", "expression": "true"} for i in range(65)]}]}),
    ("bad rules", "create", {"webhooks": [HOOK | {"rules": [
        {"operations": ["*", "CREATE", "create"], "apiGroups": ["*", "a"], "apiVersions": ["*", ""], "resources": ["*", "", "a"], "scope": "x"},
    ]}]}),
    ("resources", "create", {"webhooks": [HOOK | resources("pods/*", "pods/log")]}),
    ("more resources", "create", {"webhooks": [HOOK | resources("*/scale", "x/scale", "*/*")]}),
    ("bad service", "create", {"webhooks": [HOOK | {"clientConfig": {"service": {"name": "", "namespace": "n", "path": "a", "port": 0}}}]}),
    ("bad url", "create", {"webhooks": [HOOK | {"clientConfig": {"url": "http://a"}}]}),
    ("reserved", "create", {"metadata/name": "x.static.k8s.io"}),
    ("unseen resources", "create", {"webhooks": [HOOK | {"rules": [
        RULE | {"apiGroups": ["authentication.k8s.io", "authorization.k8s.io"], "resources": ["tokenreviews", "subjectaccessreviews", "pods"]},
        RULE | {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews", "*"]},
    ]}]}),
    ("generation", "create", {"metadata/generation": 7}),
    ("update", "update", {"webhooks/0/timeoutSeconds": 3}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"webhooks/0/sideEffects": "Some", "webhooks/0/admissionReviewVersions": ["v9"]}),
    ("table", "table", {}),
]
