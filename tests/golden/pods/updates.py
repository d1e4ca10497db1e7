"""Cases for changes of Pods, through all their subresources; see ../record_pods.py."""

RESOURCE = ("", "v1", "pods")
KIND = "Pod"
BASE = {"metadata": {"name": "base", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}

C = "spec/containers/0/"
INIT = {"spec/initContainers": [{"name": "i", "image": "busybox:1"}]}
GATED = {"spec/schedulingGates": [{"name": "a"}, {"name": "b"}]}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
APPARMOR = "container.apparmor.security.beta.kubernetes.io~1c"
MIRROR = "kubernetes.io~1config.mirror"
QUANTITIES = {C + "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"}}}
NODE = {"spec/nodeName": "n"}


def terms(*items: object) -> dict[str, object]:
    return {"spec/affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(items)}}}}


def expressions(*keys: str) -> dict[str, object]:
    return {"matchExpressions": [{"key": key, "operator": "Exists"} for key in keys]}


def state(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "image": "a", "imageID": "", "ready": False, "restartCount": 0, **more}


ENDED = {"status/containerStatuses": [state("c", state={"terminated": {"exitCode": 1}}), state("x", state={"terminated": {"exitCode": 0}})]}
RUNNING = {"status/containerStatuses": [state("c", state={"running": {}}), state("x", state={"running": {}})]}
RUNNING_WITH_RESOURCES = {"status/containerStatuses": [state("c", state={"running": {}}, resources={"requests": {"cpu": "1"}})]}
EPHEMERAL = {"name": "e", "image": "busybox:1"}

CASES = [
    ("nothing", "update", {}),
    ("labels and annotations", "update", {"metadata/labels": {"b": "c"}, "metadata/annotations": {"d": "e"}}),
    ("image", "update", {C + "image": "nginx:2"}),
    ("image of init container", "update", {"spec/initContainers/0/image": "busybox:2"}, INIT),
    ("image gone", "update", {C + "image": ""}),
    ("image with space", "update", {C + "image": " nginx:2"}),
    ("container added", "update", {"spec/containers/-": {"name": "d", "image": "d"}}),
    ("init container removed", "update", {"spec/initContainers": None}, INIT),
    ("deadline set", "update", {"spec/activeDeadlineSeconds": 10}),
    ("deadline lowered", "update", {"spec/activeDeadlineSeconds": 5}, {"spec/activeDeadlineSeconds": 10}),
    ("deadline raised", "update", {"spec/activeDeadlineSeconds": 15}, {"spec/activeDeadlineSeconds": 10}),
    ("deadline removed", "update", {"spec/activeDeadlineSeconds": None}, {"spec/activeDeadlineSeconds": 10}),
    ("deadline negative", "update", {"spec/activeDeadlineSeconds": -1}),
    ("toleration added", "update", {"spec/tolerations": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]},
     {"spec/tolerations": [{"key": "a", "operator": "Exists"}]}),
    ("toleration changed", "update", {"spec/tolerations": [{"key": "b", "operator": "Exists"}]}, {"spec/tolerations": [{"key": "a", "operator": "Exists"}]}),
    ("toleration seconds", "update", {"spec/tolerations/0/tolerationSeconds": 9}, {"spec/tolerations": [
        {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]}),
    ("toleration bad", "update", {"spec/tolerations": [{"key": "a"}, {"key": "b", "operator": "What"}]}),
    ("gate removed", "update", {"spec/schedulingGates": [{"name": "b"}]}, GATED),
    ("gate added", "update", {"spec/schedulingGates/-": {"name": "new"}}, GATED),
    ("gates added where none were", "update", {"spec/schedulingGates": [{"name": "new"}]}),
    ("node selector of gated", "update", {"spec/nodeSelector": {"a": "b"}}, GATED),
    ("node selector of gated changed", "update", {"spec/nodeSelector": {"a": "c"}}, GATED | {"spec/nodeSelector": {"a": "b"}}),
    ("node selector of gated removed", "update", {"spec/nodeSelector": None}, GATED | {"spec/nodeSelector": {"a": "b"}}),
    ("node selector", "update", {"spec/nodeSelector": {"a": "b"}}),
    ("node affinity of gated", "update", terms(expressions("a")), GATED),
    ("node affinity of gated narrowed", "update", terms(expressions("a", "b")), GATED | terms(expressions("a"))),
    ("node affinity of gated changed", "update", terms(expressions("b")), GATED | terms(expressions("a"))),
    ("node affinity of gated term added", "update", terms(expressions("a"), expressions("b")), GATED | terms(expressions("a"))),
    ("node affinity of gated removed", "update", {"spec/affinity": None}, GATED | terms(expressions("a"))),
    ("pod affinity of gated", "update", {"spec/affinity": {"podAffinity": {}, "nodeAffinity": {}}}, GATED),
    ("env changed", "update", {C + "env": [{"name": "A", "value": "b"}]}),
    ("node name changed", "update", {"spec/nodeName": "other"}, NODE),
    ("several things changed", "update", {"spec/hostNetwork": True, C + "command": ["x"], "spec/restartPolicy": "Never"}),
    ("grace period changed", "update", {"spec/terminationGracePeriodSeconds": 1}),
    ("resources changed", "update", {C + "resources/requests/cpu": "2"}, QUANTITIES),
    ("resources the same amount", "update", {C + "resources/requests/memory": "1073741824"}, QUANTITIES),
    ("volume changed", "update", {"spec/volumes/0/emptyDir/medium": "Memory"}, {"spec/volumes": [{"name": "v", "emptyDir": {}}]}),
    ("status is not for updates", "update", {"status/phase": "Running"}),
    ("apparmor annotation added", "update", {"metadata/annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}),
    ("apparmor annotation removed", "update", {"metadata/annotations/" + APPARMOR: None}, {
        "metadata/annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}),
    ("mirror annotation added", "update", {"metadata/annotations": {"kubernetes.io/config.mirror": "x"}}, NODE),
    ("mirror annotation changed", "update", {"metadata/annotations/" + MIRROR: "y"}, NODE | {"metadata/annotations": {"kubernetes.io/config.mirror": "x"}}),
    ("pod level resources dropped", "update", {"spec/resources": None}, {"spec/resources": {"requests": {"cpu": "1"}}}),

    ("status running", "status", {"status/phase": "Running"} | RUNNING),
    ("status drops spec", "status", {"spec/nodeName": "x", "metadata/labels": {"x": "y"}, "status/message": "m"}),
    ("status quality", "status", {"status/qosClass": "Guaranteed"}),
    ("status quality gone", "status", {"status/qosClass": None}),
    ("status conditions", "status", {"status/conditions": [
        {"type": "Ready", "status": "True"}, {"type": "not valid", "status": "True"}, {"type": "a.b/c", "status": "False", "observedGeneration": -1}]}),
    ("status observed", "status", {"status/observedGeneration": -1}),
    ("status observed kept", "status", {"status/observedGeneration": None, "status/conditions": [{"type": "Ready", "status": "False"}]}, {
        "status/observedGeneration": 5, "status/conditions": [{"type": "Ready", "status": "True", "observedGeneration": 4}]}),
    ("status nomination", "status", {"status/nominatedNodeName": "A_"}),
    ("status nomination of bound", "status", {"status/nominatedNodeName": "a"}, NODE),
    ("status addresses", "status", {"status/podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "status/podIP": "10.0.0.1"}),
    ("status addresses of three", "status", {"status/podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}, {"ip": "fd00::2"}]}),
    ("status bad addresses", "status", {"status/podIPs": [{"ip": "x"}, {"ip": "fd00::1"}]}),
    ("status other address", "status", {"status/podIP": "10.0.0.9", "status/podIPs": [{"ip": "10.0.0.1"}]}),
    ("status host addresses", "status", {"status/hostIP": "10.0.0.9", "status/hostIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}),
    ("status unusual addresses", "status", {"status/podIPs": [{"ip": "2001:db8:0::1"}], "status/hostIP": "10.0.0.1", "status/hostIPs": [{"ip": "10.0.0.1"}]}),
    ("status old address kept", "status", {"status/message": "x"}, {"status/podIP": "10.0.0.1"}),
    ("status restarted", "status", RUNNING, {"spec/restartPolicy": "Never"} | ENDED),
    ("status restarted on failure", "status", RUNNING, {
        "spec/restartPolicy": "OnFailure", "spec/containers/-": {"name": "x", "image": "x"}} | ENDED),
    ("status restarted always", "status", RUNNING, {"spec/containers/-": {"name": "x", "image": "x"}} | ENDED),
    ("status restarted by rule", "status", RUNNING, {
        C + "restartPolicy": "Never", C + "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]} | ENDED),
    ("status init restarted", "status", {"status/initContainerStatuses": [state("i", state={"running": {}})]}, INIT | {
        "spec/restartPolicy": "Never", "status/initContainerStatuses": [state("i", state={"terminated": {"exitCode": 1}})]}),
    ("status claims", "status", {"status/resourceClaimStatuses": [
        {"name": "a", "resourceClaimName": "B_"}, {"name": "a"}, {"name": "other"}]}, {"spec/resourceClaims": [{"name": "a", "resourceClaimTemplateName": "t"}]}),
    ("status extended claim", "status", {"status/extendedResourceClaimStatus": {"resourceClaimName": "", "requestMappings": [
        {"containerName": "c", "resourceName": "example.com/x", "requestName": "R"}, {"containerName": "z", "resourceName": "y", "requestName": "r"}]}}),
    ("status users", "status", {"status/containerStatuses": [state("c", user={"linux": {"uid": -1, "gid": 2**31, "supplementalGroups": [1, -1]}})]}),
    ("status users of windows", "status", {"status/containerStatuses": [state("c", user={"linux": {"uid": 1, "gid": 1}})]}, {"spec/os": {"name": "windows"}}),
    ("status allocated", "status", {"status/containerStatuses": [state("c", allocatedResourcesStatus=[
        {"name": "claim:a/b", "resources": [{"resourceID": "x", "health": "Fine"}, {"resourceID": "x", "health": "Healthy", "message": ""}]},
        {"name": "example.com/x"}])], "status/ephemeralContainerStatuses": [state("e", allocatedResourcesStatus=[{"name": "cpu"}])]}),
    ("status volume status dropped", "status", {"status/containerStatuses": [state("c", volumeMounts=[
        {"name": "v", "mountPath": "/v", "volumeStatus": {"image": {"imageRef": ""}}}])]}),

    ("ephemeral added", "ephemeralcontainers", {"spec/ephemeralContainers": [EPHEMERAL]}),
    ("ephemeral and more", "ephemeralcontainers", {"spec/ephemeralContainers": [EPHEMERAL], C + "image": "other", "metadata/labels": {"x": "y"}}),
    ("ephemeral changed", "ephemeralcontainers", {"spec/ephemeralContainers/0/image": "busybox:2"}, {"spec/ephemeralContainers": [EPHEMERAL]}),
    ("ephemeral removed", "ephemeralcontainers", {"spec/ephemeralContainers": []}, {"spec/ephemeralContainers": [EPHEMERAL]}),
    ("ephemeral same name", "ephemeralcontainers", {"spec/ephemeralContainers": [{"name": "c", "image": "x"}, {"name": "d", "image": " "}]}),
    ("ephemeral target", "ephemeralcontainers", {"spec/ephemeralContainers": [EPHEMERAL | {"targetContainerName": "z"}]}),
    ("ephemeral target good", "ephemeralcontainers", {"spec/ephemeralContainers": [EPHEMERAL | {"targetContainerName": "c", "stdin": True}]}),
    ("ephemeral forbidden", "ephemeralcontainers", {"spec/ephemeralContainers": [EPHEMERAL | {
        "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1"}}, "livenessProbe": {"exec": {"command": ["a"]}},
        "readinessProbe": {"exec": {"command": ["a"]}}, "startupProbe": {"exec": {"command": ["a"]}}, "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
        "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}], "restartPolicy": "Always",
        "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a"}]}]}, {"spec/volumes": [{"name": "v"}]}),
    ("ephemeral of mirror", "ephemeralcontainers", {"spec/ephemeralContainers": [EPHEMERAL]}, NODE | {
        "metadata/annotations": {"kubernetes.io/config.mirror": "x"}}),
    ("ephemeral update by others", "update", {"spec/ephemeralContainers": None}, {"spec/ephemeralContainers": [EPHEMERAL]}),

    ("resize", "resize", {C + "resources/requests/cpu": "1500m", C + "resources/limits/cpu": "3"}, QUANTITIES),
    ("resize drops the rest", "resize", {C + "resources/requests/cpu": "1500m", C + "image": "other", "metadata/labels": {"x": "y"}}, QUANTITIES),
    ("resize quality", "resize", {C + "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}}, QUANTITIES),
    ("resize removes", "resize", {C + "resources/requests/memory": None, C + "resources/limits": None}, QUANTITIES),
    ("resize other resources", "resize", {C + "resources/requests/ephemeral-storage": "1Gi"}, QUANTITIES),
    ("resize policy", "resize", {C + "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]}, QUANTITIES),
    ("resize above limit", "resize", {C + "resources/requests/cpu": "5"}, QUANTITIES),
    ("resize another container", "resize", {C + "name": "other"}, QUANTITIES),
    ("resize with more containers", "resize", {"spec/containers/-": {"name": "d", "image": "d"}}, QUANTITIES),
    ("resize of mirror", "resize", {C + "resources/requests/cpu": "1500m"}, QUANTITIES | NODE | {"metadata/annotations": {"kubernetes.io/config.mirror": "x"}}),
    ("resize of windows", "resize", {C + "resources/requests/cpu": "1500m"}, QUANTITIES | {"spec/os": {"name": "windows"}}),
    ("resize on an old node", "resize", {C + "resources/requests/cpu": "1500m"}, QUANTITIES | RUNNING),
    ("resize on a node", "resize", {C + "resources/requests/cpu": "1500m"}, QUANTITIES | RUNNING_WITH_RESOURCES),
    ("resize of pod", "resize", {"spec/resources/requests/cpu": "3"}, QUANTITIES | {"spec/resources": {"requests": {"cpu": "2"}}}),
    ("resize of pod removed", "resize", {"spec/resources/requests": {"memory": "2Gi"}}, QUANTITIES | {"spec/resources": {"requests": {"cpu": "2"}}}),
    ("resize of pod set", "resize", {"spec/resources": {"requests": {"cpu": "2"}}}, QUANTITIES),
    ("resize of init container", "resize", {"spec/initContainers/0/resources": {"requests": {"cpu": "1"}}}, INIT | QUANTITIES),
    ("resize of sidecar", "resize", {"spec/initContainers/0/resources": {"requests": {"cpu": "2"}}}, QUANTITIES | {"spec/initContainers": [
        {"name": "i", "image": "i", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}]}),
]
