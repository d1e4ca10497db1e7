"""Cases for StatefulSets; see ../record_pods.py."""

RESOURCE = ("apps", "v1", "statefulsets")
KIND = "StatefulSet"
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
BASE = {"metadata": {"name": "base"}, "spec": {"serviceName": "web", "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}}
CLAIM = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
WITH_CLAIM = {"spec/volumeClaimTemplates": [CLAIM], "spec/template/spec/containers/0/volumeMounts": [{"name": "data", "mountPath": "/d"}]}


def strategy(**values: object) -> dict[str, object]:
    return {"spec/updateStrategy": values}


CASES = [
    ("minimal", "create", {}),
    ("with claims", "create", WITH_CLAIM),
    ("claim replaces volume", "create", WITH_CLAIM | {"spec/template/spec/volumes": [{"name": "data", "hostPath": {}}, {"name": "other"}]}),
    ("host names are ignored", "create", {"spec/template/spec/hostname": "A_", "spec/template/spec/subdomain": "B_"}),
    ("full", "create", {"spec/replicas": 3, "spec/minReadySeconds": 3, "spec/podManagementPolicy": "Parallel", "spec/ordinals": {"start": 5},
                        "spec/persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}} | strategy(type="OnDelete")),
    ("rolling update", "create", strategy(type="RollingUpdate")),
    ("rolling update with partition", "create", strategy(rollingUpdate={"partition": 3})),
    ("empty", "create", {"spec": None}),
    ("no selector", "create", {"spec/selector": None}),
    ("empty selector", "create", {"spec/selector": {}}),
    ("bad selector", "create", {"spec/selector": {"matchLabels": {"a": "not valid"}}}),
    ("other selector", "create", {"spec/selector": {"matchLabels": {"a": "b"}}}),
    ("negative numbers", "create", {"spec/replicas": -1, "spec/minReadySeconds": -2, "spec/ordinals": {"start": -1}}),
    ("negative history", "create", {"spec/revisionHistoryLimit": -1}),
    ("pod management", "create", {"spec/podManagementPolicy": "Wild"}),
    ("service name", "create", {"spec/serviceName": "A_"}),
    ("retention", "create", {"spec/persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Keep", "whenScaled": "Lose"}}),
    ("strategy", "create", strategy(type="Slowly")),
    ("strategy recreate", "create", strategy(type="Recreate")),
    ("on delete with values", "create", strategy(type="OnDelete", rollingUpdate={"partition": 1})),
    ("partition", "create", strategy(rollingUpdate={"partition": -1, "maxUnavailable": 0})),
    ("unavailable", "create", strategy(rollingUpdate={"maxUnavailable": "101%"})),
    ("unavailable bad", "create", strategy(rollingUpdate={"maxUnavailable": "x"})),
    ("claims bad", "create", {"spec/volumeClaimTemplates": [{"metadata": {"name": "A_"}, "spec": {"accessModes": ["Bad"]}}]}),
    ("claims fraction", "create", {"spec/volumeClaimTemplates": [CLAIM | {"spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1500m"}}}}]}),
    ("restart policy", "create", {"spec/template/spec/restartPolicy": "Never"}),
    ("deadline", "create", {"spec/template/spec/activeDeadlineSeconds": 9}),
    ("template", "create", {"spec/template/spec/containers": []}),
    ("template metadata", "create", {"spec/template/metadata/labels/not valid": "x", "spec/template/metadata/annotations": {"not valid": "x"}}),
    ("name with dots", "create", {"metadata/name": "a.b"}),
    ("update nothing", "update", {}, WITH_CLAIM),
    ("update replicas", "update", {"spec/replicas": 5}),
    ("update template", "update", {"spec/template/spec/containers/0/image": "x", "spec/template/spec/nodeSelector": {"beta.kubernetes.io/arch": "a"}}),
    ("update selector", "update", {"spec/selector/matchLabels": {"app": "api"}, "spec/template/metadata/labels": {"app": "api"}}),
    ("update service name", "update", {"spec/serviceName": "other"}),
    ("update pod management", "update", {"spec/podManagementPolicy": "Parallel"}),
    ("update claims", "update", {"spec/volumeClaimTemplates/0/spec/resources/requests/storage": "2Gi"}, WITH_CLAIM),
    ("update claims removed", "update", {"spec/volumeClaimTemplates": None, "spec/template/spec/containers/0/volumeMounts": None}, WITH_CLAIM),
    ("update bad", "update", {"spec/replicas": -1}),
    ("update history", "update", {"spec/revisionHistoryLimit": -1}),
    ("status", "status", {"status": {"replicas": 3, "readyReplicas": 2, "currentReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}}),
    ("status negative", "status", {"status": {
        "replicas": -1, "readyReplicas": -1, "currentReplicas": -1, "updatedReplicas": -1, "availableReplicas": -1, "observedGeneration": -1,
        "collisionCount": -1}}),
    ("status too many", "status", {"status": {"replicas": 1, "readyReplicas": 2, "currentReplicas": 2, "updatedReplicas": 2, "availableReplicas": 3}}),
    ("status collisions", "status", {"status/collisionCount": 1}, {"status/collisionCount": 2}),
    ("table", "table", {"status": {"replicas": 3, "readyReplicas": 2, "availableReplicas": 0}}, {"spec/replicas": 3}),
]
