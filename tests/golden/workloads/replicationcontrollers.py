"""Cases for ReplicationControllers; see ../record_pods.py."""

RESOURCE = ("", "v1", "replicationcontrollers")
KIND = "ReplicationController"
TEMPLATE = {"metadata": {"labels": {"app": "web", "tier": "a"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "spec": {"template": TEMPLATE}}

CASES = [
    ("minimal", "create", {}),
    ("own labels", "create", {"metadata/labels": {"a": "b"}, "spec/selector": {"app": "web"}, "spec/replicas": 0}),
    ("empty", "create", {"spec": None}),
    ("no template", "create", {"spec/template": None, "spec/selector": {"a": "b"}}),
    ("no labels", "create", {"spec/template/metadata": None}),
    ("other selector", "create", {"spec/selector": {"app": "api"}}),
    ("negative numbers", "create", {"spec/replicas": -1, "spec/minReadySeconds": -2}),
    ("negative numbers and more", "create", {"spec/replicas": -1, "spec/template/spec/containers": []}),
    ("restart policy", "create", {"spec/template/spec/restartPolicy": "Never"}),
    ("deadline", "create", {"spec/template/spec/activeDeadlineSeconds": 9}),
    ("template", "create", {"spec/template/spec/containers/0/name": "A"}),
    ("name with dots", "create", {"metadata/name": "a.b"}),
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
    ("update selector", "update", {"spec/selector": {"tier": "a"}}),
    ("update bad", "update", {"spec/replicas": -1, "spec/selector": {"x": "y"}}),
    ("update template", "update", {"spec/template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("update deprecated template", "update", {"spec/replicas": 2}, {"spec/template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("status", "status", {"status": {"replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 2, "availableReplicas": 1, "observedGeneration": 1}}),
    ("status negative", "status", {"status": {
        "replicas": -1, "fullyLabeledReplicas": -1, "readyReplicas": -1, "availableReplicas": -1, "observedGeneration": -1}}),
    ("status too many", "status", {"status": {"replicas": 1, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 3}}),
    ("table", "table", {"status": {"replicas": 3, "readyReplicas": 2}}),
]
