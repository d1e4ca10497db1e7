"""Cases for ReplicaSets; see ../record_pods.py."""

RESOURCE = ("apps", "v1", "replicasets")
KIND = "ReplicaSet"
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}}

CASES = [
    ("minimal", "create", {}),
    ("full", "create", {"spec/replicas": 2, "spec/minReadySeconds": 3}),
    ("empty", "create", {"spec": None}),
    ("no selector", "create", {"spec/selector": None}),
    ("empty selector", "create", {"spec/selector": {}}),
    ("bad selector", "create", {"spec/selector": {"matchLabels": {"a": "not valid"}}}),
    ("other selector", "create", {"spec/selector": {"matchLabels": {"a": "b"}}}),
    ("negative numbers", "create", {"spec/replicas": -1, "spec/minReadySeconds": -2}),
    ("no template", "create", {"spec/template": None}),
    ("restart policy", "create", {"spec/template/spec/restartPolicy": "OnFailure"}),
    ("deadline", "create", {"spec/template/spec/activeDeadlineSeconds": 9}),
    ("template", "create", {"spec/template/spec/containers": []}),
    ("name with dots", "create", {"metadata/name": "a.b"}),
    ("bad name", "create", {"metadata/name": "-"}),
    ("status is not for creators", "create", {"status": {"replicas": 7}}),
    ("template containers gone", "create", {"spec/template/spec/containers": None}),
    ("template two bad containers", "create", {"spec/template/spec/containers": [{"name": "a", "image": "a"}, {"name": "a"}]}),
    ("template init container", "create", {"spec/template/spec/initContainers": [{"name": "c", "image": "i", "livenessProbe": {"exec": {"command": ["x"]}}}]}),
    ("template mounts", "create", {"spec/template/spec/containers/0/volumeMounts": [{"name": "none", "mountPath": "/a"}]}),
    ("template resources", "create", {"spec/template/spec/containers/0/resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}),
    ("template affinity", "create", {"spec/template/spec/affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}}),
    ("template tolerations", "create", {"spec/template/spec/tolerations": [{"operator": "Equal"}]}),
    ("template annotations", "create", {"spec/template/metadata/annotations": {"controller.kubernetes.io/pod-deletion-cost": "x"}}),
    ("template service account", "create", {"spec/template/spec/serviceAccountName": "Not_Valid"}),
    ("update nothing", "update", {}),
    ("update replicas", "update", {"spec/replicas": 5}),
    ("update annotations", "update", {"metadata/annotations": {"a": "b"}}),
    ("update selector", "update", {"spec/selector/matchLabels/a": "b", "spec/template/metadata/labels/a": "b"}),
    ("update bad", "update", {"spec/replicas": -1}),
    ("update template", "update", {"spec/template/spec/containers/0/image": "x", "spec/template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("status", "status", {"status": {"replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 2, "availableReplicas": 1, "observedGeneration": 1}}),
    ("status labels", "status", {"metadata/labels": {"a": "b"}, "spec/replicas": 7}),
    ("status negative", "status", {"status": {
        "replicas": -1, "fullyLabeledReplicas": -1, "readyReplicas": -1, "availableReplicas": -1, "observedGeneration": -1, "terminatingReplicas": -1}}),
    ("status too many", "status", {"status": {"replicas": 1, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 3}}),
    ("table", "table", {"status": {"replicas": 3, "readyReplicas": 2}}),
]
