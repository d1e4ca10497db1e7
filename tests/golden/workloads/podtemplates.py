"""Cases for PodTemplates; see ../record_pods.py."""

RESOURCE = ("", "v1", "podtemplates")
KIND = "PodTemplate"
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "template": TEMPLATE}

CASES = [
    ("minimal", "create", {}),
    ("empty", "create", {"template": None}),
    ("bad", "create", {"template/spec/containers/0/name": "A_", "template/metadata/labels": {"a": "not valid"}}),
    ("warnings", "create", {"template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("bad name", "create", {"metadata/name": "A_"}),
    ("update", "update", {"template/spec/containers/0/image": "x"}),
    ("update labels", "update", {"metadata/labels": {"a": "b"}}),
    ("update bad", "update", {"template/spec/containers": []}),
    ("update warnings", "update", {"template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("table", "table", {}),
]
