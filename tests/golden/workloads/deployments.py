"""Cases for Deployments; see ../record_pods.py."""

RESOURCE = ("apps", "v1", "deployments")
KIND = "Deployment"
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}}

POD, C = "spec/template/spec/", "spec/template/spec/containers/0/"


def rolling(unavailable: object, surge: object) -> dict[str, object]:
    return {"spec/strategy": {"rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}}}


CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/replicas": 0, "spec/minReadySeconds": 5, "spec/paused": True, "spec/revisionHistoryLimit": 0, "spec/progressDeadlineSeconds": 60,
        "spec/strategy": {"type": "Recreate"}, C + "resources": {"limits": {"cpu": "1"}}, POD + "hostNetwork": True, C + "ports": [{"containerPort": 80}],
        C + "livenessProbe": {"httpGet": {"port": 80}}, POD + "volumes": [{"name": "s", "secret": {"secretName": "s"}}, {"name": "e"}],
        POD + "terminationGracePeriodSeconds": 5}),
    ("status is not for creators", "create", {"status": {"replicas": 7}, "metadata/generation": 9}),
    ("empty", "create", {"spec": None}),
    ("no selector", "create", {"spec/selector": None}),
    ("empty selector", "create", {"spec/selector": {}}),
    ("bad selector", "create", {"spec/selector": {"matchLabels": {"not valid": "not valid"}}}),
    ("bad expression", "create", {"spec/selector": {"matchExpressions": [{"key": "app", "operator": "Is"}]}}),
    ("expression without values", "create", {"spec/selector": {"matchExpressions": [{"key": "app", "operator": "In"}]}}),
    ("expression", "create", {"spec/selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}}),
    ("other selector", "create", {"spec/selector/matchLabels/app": "api", "spec/selector/matchLabels/a": "b"}),
    ("no labels", "create", {"spec/template/metadata": None}),
    ("negative numbers", "create", {
        "spec/replicas": -1, "spec/minReadySeconds": -1, "spec/revisionHistoryLimit": -1, "spec/progressDeadlineSeconds": -1}),
    ("deadline", "create", {"spec/minReadySeconds": 600}),
    ("strategy", "create", {"spec/strategy": {"type": "Slowly"}}),
    ("strategy with values", "create", {"spec/strategy": {"type": "Slowly", "rollingUpdate": {"maxSurge": 1}}}),
    ("recreate with values", "create", {"spec/strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}),
    ("rolling nothing", "create", rolling(0, "0%")),
    ("rolling negative", "create", rolling(-1, -2)),
    ("rolling not a percentage", "create", rolling("x", "1.5%")),
    ("rolling too much", "create", rolling("101%", "150%")),
    ("rolling one", "create", rolling(1, 0)),
    ("restart policy", "create", {POD + "restartPolicy": "Never"}),
    ("restart policy unknown", "create", {POD + "restartPolicy": "Sometimes"}),
    ("deadline of pods", "create", {POD + "activeDeadlineSeconds": 5}),
    ("template", "create", {C + "name": "Not_Valid", C + "image": "", POD + "volumes": [{"name": "v", "hostPath": {}}]}),
    ("template labels", "create", {"spec/template/metadata/labels/not valid": "x", "spec/template/metadata/annotations": {"not valid": "x"}}),
    ("template ephemeral", "create", {POD + "ephemeralContainers": [{"name": "e", "image": "e"}]}),
    ("template image with space", "create", {C + "image": " nginx"}),
    ("template negative grace period", "create", {POD + "terminationGracePeriodSeconds": -1}),
    ("template host ports", "create", {POD + "hostNetwork": True, C + "ports": [{"containerPort": 80, "hostPort": 81}]}),
    ("template apparmor", "create", {"spec/template/metadata/annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}),
    ("template disabled fields", "create", {C + "lifecycle": {"stopSignal": "SIGTERM"}, POD + "schedulingGroup": {"podGroupName": "g"}}),
    ("template warnings", "create", {POD + "nodeSelector": {"beta.kubernetes.io/os": "linux"}, C + "env": [{"name": "A", "value": "1"}, {"name": "A"}]}),
    ("name with dots", "create", {"metadata/name": "a.b"}),
    ("bad name", "create", {"metadata/name": "A_"}),
    ("update nothing", "update", {}),
    ("update replicas", "update", {"spec/replicas": 3}),
    ("update annotations", "update", {"metadata/annotations": {"a": "b"}}),
    ("update labels", "update", {"metadata/labels": {"a": "b"}}),
    ("update template", "update", {C + "image": "nginx:2"}),
    ("update template warnings", "update", {POD + "nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
    ("update selector", "update", {"spec/selector/matchLabels": {"app": "api"}, "spec/template/metadata/labels": {"app": "api"}}),
    ("update bad", "update", {"spec/replicas": -1, C + "name": ""}),
    ("update same amount", "update", {C + "resources/limits/memory": "1073741824"}, {C + "resources": {"limits": {"memory": "1Gi"}}}),
    ("status", "status", {
        "status": {"replicas": 3, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 1, "unavailableReplicas": 2, "observedGeneration": 1,
                   "terminatingReplicas": 0}, "spec/replicas": 9, "metadata/labels": {"a": "b"}, "metadata/annotations": {"c": "d"}}),
    ("status negative", "status", {"status": {
        "replicas": -1, "updatedReplicas": -1, "readyReplicas": -1, "availableReplicas": -1, "unavailableReplicas": -1, "observedGeneration": -1,
        "terminatingReplicas": -1, "collisionCount": -1}}),
    ("status too many", "status", {"status": {"replicas": 1, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 3}}),
    ("status collisions", "status", {"status/collisionCount": 1}, {"status/collisionCount": 2}),
    ("status collisions gone", "status", {"status/collisionCount": None}, {"status/collisionCount": 2}),
    ("table", "table", {"status": {"replicas": 3, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 1}}, {"spec/replicas": 4}),
    ("table of expressions", "table", {}, {
        "spec/selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}, {"key": "x", "operator": "DoesNotExist"}]},
        "spec/template/spec/containers/-": {"name": "d", "image": "e"}}),
]
