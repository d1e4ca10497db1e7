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
    ("template containers gone", "create", {"template/spec/containers": None}),
    ("template two bad containers", "create", {"template/spec/containers": [{"name": "a", "image": "a"}, {"name": "a"}]}),
    ("template init container", "create", {"template/spec/initContainers": [{"name": "c", "image": "i", "livenessProbe": {"exec": {"command": ["x"]}}}]}),
    ("template mounts", "create", {"template/spec/containers/0/volumeMounts": [{"name": "none", "mountPath": "/a"}]}),
    ("template resources", "create", {"template/spec/containers/0/resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}),
    ("template affinity", "create", {"template/spec/affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}}),
    ("template tolerations", "create", {"template/spec/tolerations": [{"operator": "Equal"}]}),
    ("template annotations", "create", {"template/metadata/annotations": {"controller.kubernetes.io/pod-deletion-cost": "x"}}),
    ("template service account", "create", {"template/spec/serviceAccountName": "Not_Valid"}),
    ("update labels", "update", {"metadata/labels": {"a": "b"}}),
    ("update bad", "update", {"template/spec/containers": []}),
    ("update warnings", "update", {"template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("table", "table", {}),
]
