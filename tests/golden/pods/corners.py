"""More cases for Pods: what is rarely used, and what only old or finished pods show; see ../record_pods.py."""

RESOURCE = ("", "v1", "pods")
KIND = "Pod"
BASE = {"metadata": {"name": "base"}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}

C = "spec/containers/0/"
INIT = {"spec/initContainers": [{"name": "i", "image": "busybox:1"}]}
SIDECAR = {"spec/initContainers": [
    {"name": "s", "image": "busybox:1", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}},
    {"name": "i", "image": "busybox:1", "resources": {"requests": {"cpu": "2"}}}]}
LABEL = {"spec/topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}]}
CLAIMS = {"spec/resourceClaims": [{"name": "r", "resourceClaimName": "x"}, {"name": "s", "resourceClaimName": "y"}]}
EXTENDED = {C + "resources": {"limits": {"example.com/gpu": "1"}}}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
GATED = {"spec/schedulingGates": [{"name": "a"}]}


def state(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "image": "a", "imageID": "", "ready": False, "restartCount": 0, **more}


def allocated(name: str, *devices: object) -> dict[str, object]:
    return {"status/containerStatuses": [state("c", allocatedResourcesStatus=[{"name": name, "resources": list(devices)}])]}


def volume(**source: object) -> dict[str, object]:
    return {"spec/volumes": [{"name": "v", **source}]}


CASES = [
    *((f"image {image}", "create", {C + "image": image}) for image in (
        "nginx", "nginx:latest", "docker.io/nginx", "index.docker.io/nginx", "localhost:5000/a", "host/a:v1", "a/b/c@sha256:" + "a" * 64,
        "UPPER", "a:b:c", "host:5000/a:latest", "a@sha256:short", ":latest", "a:", "docker.io/library/nginx:latest")),
    ("tolerations in annotation", "create", {"metadata/annotations": {"scheduler.alpha.kubernetes.io/tolerations": '[{"key":"a"}]'}}),
    ("tolerations in annotation bad", "create", {"metadata/annotations": {
        "scheduler.alpha.kubernetes.io/tolerations": '[{"key":"a","operator":"What"},{"operator":"Equal"}]'}}),
    ("grace period negative", "create", {"spec/terminationGracePeriodSeconds": -1}),
    ("probe mode", "create", {C + "livenessProbe": {"tcpSocket": {"port": 80}, "grpc": {"port": 80}}}),
    ("probe grpc", "create", {C + "livenessProbe": {"grpc": {"port": 0}}}),
    ("restart rules with many codes", "create", {
        C + "restartPolicy": "Never", C + "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": list(range(256))}}]}),
    ("sidecar", "create", {**SIDECAR, C + "resources": {"requests": {"cpu": "1"}}, "spec/resources": {"limits": {"cpu": "9"}}}),
    ("sidecar above pod", "create", {**SIDECAR, C + "resources": {"requests": {"cpu": "1"}}, "spec/resources": {"requests": {"cpu": "1"}}}),
    ("pod resource names", "create", {"spec/resources": {"requests": {"not valid": "1", "example.com/gpu": "1", "hugepages-2Mi": "2Mi", "cpu": "1"}}}),
    ("huge page name", "create", {C + "resources": {"limits": {"hugepages-x": "1", "cpu": "1"}}}),
    ("huge page of nothing", "create", {C + "resources": {"limits": {"hugepages-0": "1", "cpu": "1"}}}),
    ("claims twice by request", "create", {**CLAIMS, C + "resources": {"claims": [
        {"name": "r", "request": "a"}, {"name": "r", "request": "a"}, {"name": "r"}, {"name": "s"}, {"name": "s", "request": "b"}]}}),
    ("claims of mirror", "create", {**CLAIMS, "spec/nodeName": "n", "metadata/annotations": {"kubernetes.io/config.mirror": "x"}}),
    ("comparing tolerations", "create", {"spec/tolerations": [{"key": "a", "operator": "Lt", "value": "x"}, {"key": "a", "operator": "Gt", "value": "1"}]}),
    ("volume with nothing", "create", volume(hostPath=None)),
    ("claim template", "create", volume(ephemeral={"volumeClaimTemplate": {"spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        "dataSourceRef": {"kind": "Other", "apiGroup": "example.com", "name": "x", "namespace": "n"}}}})),
    ("claim template sources", "create", volume(ephemeral={"volumeClaimTemplate": {"spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        "dataSource": {"kind": "PersistentVolumeClaim", "name": "y"}, "dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "x"}}}})),
    ("windows host process without container options", "create", {
        "spec/os": {"name": "windows"}, "spec/hostNetwork": True, "spec/securityContext": {"windowsOptions": {"hostProcess": True}}}),
    ("windows host process of one", "create", {
        "spec/hostNetwork": True, C + "securityContext": {"windowsOptions": {"hostProcess": True}},
        "spec/containers/-": {"name": "d", "image": "d", "securityContext": {"windowsOptions": {"hostProcess": False}}}}),
    ("windows credentials", "create", {"spec/securityContext": {"windowsOptions": {"gmsaCredentialSpec": "x" * 65537}}}),
    ("apparmor profile long", "create", {"spec/securityContext": {"appArmorProfile": {"type": "Localhost", "localhostProfile": "a" * 4096}}}),
    ("hostname of long name", "create", {"metadata/name": "a" * 80 + ".b"}),
    ("owner", "create", {"metadata/ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u", "controller": True}]}),
    ("affinity of gated pod without terms", "update", {"spec/affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}}}, {**GATED, "spec/affinity": {"nodeAffinity": {
            REQUIRED: {"nodeSelectorTerms": [{}]}}}}),
    ("lifecycle of a signal", "create", {C + "lifecycle": {"stopSignal": "SIGTERM"}}),
    ("lifecycle of nothing", "create", {C + "lifecycle": {}}),
    ("lifecycle emptied", "update", {C + "lifecycle": {"stopSignal": "SIGTERM"}}, {C + "lifecycle": {}}),
    ("spread constraints stay", "update", {"metadata/labels": {"a": "b"}, C + "image": "nginx:2"}, LABEL),
    ("resize of init container", "resize", {"spec/initContainers/0/resources": {"requests": {"cpu": "2"}}}, {
        "spec/initContainers": [{"name": "i", "image": "busybox:1", "resources": {"requests": {"cpu": "1"}}}]}),
    ("resize of init container's disk", "resize", {"spec/initContainers/0/resources/requests/ephemeral-storage": "2Gi"}, {
        "spec/initContainers": [{"name": "i", "image": "busybox:1", "resources": {"requests": {"cpu": "1", "ephemeral-storage": "1Gi"}}}]}),
    ("resize of pod resources gone", "resize", {"spec/resources": None}, {"spec/resources": {"requests": {"cpu": "1"}}}),
    ("resize of pod resources", "resize", {"spec/resources/requests/cpu": "2"}, {"spec/resources": {"requests": {"cpu": "1"}}}),
    ("resize of pod huge pages", "resize", {"spec/resources": {"requests": {"cpu": "1"}, "limits": {"hugepages-2Mi": "4Mi", "cpu": "2"}}}, {
        "spec/resources": {"requests": {"cpu": "1"}, "limits": {"hugepages-2Mi": "2Mi", "cpu": "2"}}}),
    ("status addresses", "status", {"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.2"}]}}),
    ("status address without list", "status", {"status": {"podIP": "10.0.0.1"}}),
    ("status list without address", "status", {"status": {"podIPs": [{"ip": "10.0.0.2"}]}}),
    ("status claims", "status", {"status": {"resourceClaimStatuses": [
        {"name": "r", "resourceClaimName": "Not_Valid"}, {"name": "r"}, {"name": "other"}]}}, CLAIMS),
    ("status extended claims", "status", {"status": {"extendedResourceClaimStatus": {"resourceClaimName": "x", "requestMappings": [
        {"containerName": "c", "resourceName": "example.com/gpu", "requestName": "a"}]}}}, EXTENDED),
    ("status extended claims twice", "status", {"status": {"extendedResourceClaimStatus": {"resourceClaimName": "Not_Valid", "requestMappings": [
        {"containerName": "c", "resourceName": "example.com/gpu", "requestName": "a"},
        {"containerName": "c", "resourceName": "example.com/gpu", "requestName": "a"}]}}}, EXTENDED),
    ("status user of others", "status", {"status/containerStatuses": [state("c", user={})]}),
    ("status allocated claim", "status", allocated("claim:r", {"resourceID": "1", "health": "Healthy"}), {
        **CLAIMS, C + "resources": {"claims": [{"name": "r"}]}}),
    ("status allocated request", "status", allocated("claim:r/q", {"resourceID": "1", "health": "Healthy", "message": "fine"}), {
        **CLAIMS, C + "resources": {"claims": [{"name": "r", "request": "q"}]}}),
    ("status allocated long message", "status", allocated("example.com/gpu", {"resourceID": "1", "health": "Unhealthy", "message": "x" * 1025}), EXTENDED),
    ("status restarts of succeeded", "status", {"status/containerStatuses": [state("c", state={"running": {}}), state("gone", state={"running": {}})]}, {
        "spec/restartPolicy": "Never", "status/containerStatuses": [state("c", state={"terminated": {"exitCode": 0}}), state("gone", state={"running": {}})]}),
    ("status annotations", "status", {"status/phase": "Running", "metadata/annotations": {"kubernetes.io/config.mirror": "x"}}),
    ("table of sidecars", "table", {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "initContainerStatuses": [
        state("s", ready=True, started=True, restartCount=2, state={"running": {}}), state("i", state={"terminated": {"exitCode": 0}})],
        "containerStatuses": [state("c", ready=True, state={"running": {}})]}}, SIDECAR),
    ("table of completed with one running", "table", {"status": {"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [state("c", ready=True, state={"running": {}}), state("d", state={"terminated": {"exitCode": 0, "reason": "Completed"}})]}},
        {"spec/containers/-": {"name": "d", "image": "d"}}),
    ("table of one running with error", "table", {"status": {"phase": "Running", "containerStatuses": [
        state("c", ready=True, state={"running": {}}), state("d", state={"terminated": {"exitCode": 3, "reason": "Error"}})]}},
        {"spec/containers/-": {"name": "d", "image": "d"}}),
    ("table of signal", "table", {"status": {"phase": "Failed", "containerStatuses": [state("c", state={"terminated": {"exitCode": 0, "signal": 9}})]}}),
    ("table of exit code", "table", {"status": {"phase": "Failed", "containerStatuses": [state("c", state={"terminated": {"exitCode": 7}})]}}),
    ("table of evicted", "table", {"status": {"phase": "Failed", "reason": "Evicted"}}),
    ("table of init error", "table", {"status": {"phase": "Pending", "initContainerStatuses": [
        state("s", state={"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=3, lastState={"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:00:00Z"}})]}}, SIDECAR),
    ("table of init signal", "table", {"status": {"phase": "Pending", "initContainerStatuses": [
        state("s", state={"terminated": {"exitCode": 1, "signal": 9}})]}}, SIDECAR),
    ("table of init code", "table", {"status": {"phase": "Pending", "initContainerStatuses": [state("s", state={"terminated": {"exitCode": 4}})]}}, SIDECAR),
    ("table of gated", "table", {}, GATED),
    ("table of nominated", "table", {"status": {"nominatedNodeName": "n", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}},
     {"spec/readinessGates": [{"conditionType": "a"}, {"conditionType": "b"}]}),
]
