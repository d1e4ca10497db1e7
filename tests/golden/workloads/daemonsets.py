"""Cases for DaemonSets; see ../record_pods.py."""

RESOURCE = ("apps", "v1", "daemonsets")
KIND = "DaemonSet"
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}}


def rolling(**values: object) -> dict[str, object]:
    return {"spec/updateStrategy": {"rollingUpdate": values}}


CASES = [
    ("minimal", "create", {}),
    ("template generation", "create", {"metadata/annotations": {"deprecated.daemonset.template.generation": "7"}}),
    ("on delete", "create", {"spec/updateStrategy": {"type": "OnDelete"}, "spec/minReadySeconds": 3, "spec/revisionHistoryLimit": 0}),
    ("empty", "create", {"spec": None}),
    ("no selector", "create", {"spec/selector": None}),
    ("empty selector", "create", {"spec/selector": {}}),
    ("bad selector", "create", {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["not valid"]}]}}),
    ("other selector", "create", {"spec/selector": {"matchLabels": {"a": "b"}}}),
    ("negative numbers", "create", {"spec/minReadySeconds": -2, "spec/revisionHistoryLimit": -1}),
    ("strategy", "create", {"spec/updateStrategy": {"type": "Slowly"}}),
    ("strategy with values", "create", {"spec/updateStrategy": {"type": "Slowly", "rollingUpdate": {"maxSurge": 1}}}),
    ("rolling both", "create", rolling(maxUnavailable=1, maxSurge="10%")),
    ("rolling none", "create", rolling(maxUnavailable="0%", maxSurge=0)),
    ("rolling surge", "create", rolling(maxUnavailable=0, maxSurge=1)),
    ("rolling too much", "create", rolling(maxUnavailable="101%")),
    ("rolling bad", "create", rolling(maxUnavailable="x", maxSurge=-1)),
    ("restart policy", "create", {"spec/template/spec/restartPolicy": "Never"}),
    ("deadline", "create", {"spec/template/spec/activeDeadlineSeconds": 9}),
    ("template", "create", {"spec/template/spec/containers": []}),
    ("name with dots", "create", {"metadata/name": "a.b"}),
    ("warnings", "create", {"spec/template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
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
    ("update template", "update", {"spec/template/spec/containers/0/image": "x", "spec/template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("update strategy", "update", {"spec/minReadySeconds": 5}),
    ("update template generation", "update", {"metadata/annotations/deprecated.daemonset.template.generation": "9"}),
    ("update selector", "update", {"spec/selector/matchLabels": {"app": "api"}}),
    ("update bad", "update", {"spec/minReadySeconds": -1}),
    ("status", "status", {"status": {"currentNumberScheduled": 1, "numberMisscheduled": 0, "desiredNumberScheduled": 2, "numberReady": 1, "numberAvailable": 1}}),
    ("status negative", "status", {"status": {
        "currentNumberScheduled": -1, "numberMisscheduled": -1, "desiredNumberScheduled": -1, "numberReady": -1, "observedGeneration": -1,
        "updatedNumberScheduled": -1, "numberAvailable": -1, "numberUnavailable": -1, "collisionCount": -1}}),
    ("status collisions", "status", {"status/collisionCount": 1}, {"status/collisionCount": 2}),
    ("table", "table", {"status": {"currentNumberScheduled": 1, "numberMisscheduled": 0, "desiredNumberScheduled": 2, "numberReady": 1,
                                   "updatedNumberScheduled": 1, "numberAvailable": 1}}, {"spec/template/spec/nodeSelector": {"b": "c", "a": "b"}}),
]
