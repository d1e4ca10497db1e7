"""Cases for the containers of Pods; see ../record_pods.py."""

RESOURCE = ("", "v1", "pods")
KIND = "Pod"
BASE = {"metadata": {"name": "base"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}

C, INIT = "spec/containers/0/", "spec/initContainers/0/"
HTTP = {"httpGet": {"port": 80}}
WITH_INIT = {"spec/initContainers": [{"name": "i", "image": "busybox:1"}]}
VOLUME = {"spec/volumes": [{"name": "v", "emptyDir": {}}, {"name": "p", "persistentVolumeClaim": {"claimName": "p"}}]}


def env(**source: object) -> dict[str, object]:
    return {C + "env": [{"name": "E", "valueFrom": source}]}


def mount(**options: object) -> dict[str, object]:
    return VOLUME | {C + "volumeMounts": [{"name": "v", "mountPath": "/v", **options}]}


def device(**options: object) -> dict[str, object]:
    return VOLUME | {C + "volumeDevices": [{"name": "p", "devicePath": "/dev/p", **options}]}


def resources(requests: object = None, limits: object = None, **more: object) -> dict[str, object]:
    return {C + "resources": {"requests": requests or {}, "limits": limits or {}, **more}}


def restart(*rules: object, policy: object = "Never") -> dict[str, object]:
    return {C + "restartPolicy": policy, C + "restartPolicyRules": list(rules)}


FULL = {
    C + "image": "registry.example.com:5000/app/web:1.2@sha256:" + "a" * 64,
    C + "command": ["run"], C + "args": ["--fast"], C + "workingDir": "/srv",
    C + "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 53, "protocol": "UDP", "hostPort": 53, "hostIP": "10.0.0.1"}],
    C + "env": [
        {"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k", "optional": True}}},
        {"name": "F", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "f", "key": "K"}}},
    ],
    C + "envFrom": [{"prefix": "X_", "configMapRef": {"name": "m"}}, {"secretRef": {"name": "s"}}],
    C + "resources": {"limits": {"cpu": "0.5", "memory": "1Gi", "example.com/gpu": "2"}, "requests": {"cpu": "100m"}},
    C + "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
    C + "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a/b", "readOnly": True, "recursiveReadOnly": "IfPossible"}],
    C + "livenessProbe": {"exec": {"command": ["true"]}, "initialDelaySeconds": 5, "terminationGracePeriodSeconds": 7},
    C + "readinessProbe": {"httpGet": {"port": "http", "httpHeaders": [{"name": "X-A", "value": "b"}]}, "periodSeconds": 3},
    C + "startupProbe": {"grpc": {"port": 5000}},
    C + "lifecycle": {"postStart": {"httpGet": {"port": 80}}, "preStop": {"sleep": {"seconds": 5}}},
    C + "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": False},
    C + "stdin": True, C + "tty": True, C + "terminationMessagePolicy": "FallbackToLogsOnError",
    "spec/volumes": [{"name": "v"}],
}

CASES = [
    ("minimal", "create", {}),
    ("full", "create", FULL),
    ("no spec", "create", {"spec": None}),
    ("no containers", "create", {"spec/containers": []}),
    ("empty container", "create", {"spec/containers/0": {}}),
    ("bad name", "create", {C + "name": "Not_Valid"}),
    ("name with dots", "create", {C + "name": "a.b"}),
    ("long name", "create", {C + "name": "a" * 64}),
    ("same name", "create", {"spec/containers/-": {"name": "c", "image": "b"}}),
    ("same name as init", "create", WITH_INIT | {INIT + "name": "c"}),
    ("image with spaces", "create", {C + "image": " nginx "}),
    ("image that is none", "create", {C + "image": "NOT//valid"}),
    ("image with latest", "create", {C + "image": "nginx:latest"}),
    ("image with tag", "create", {C + "image": "localhost/nginx:1"}),
    ("image with digest", "create", {C + "image": "nginx@sha256:" + "b" * 64}),
    ("image with latest and bad digest", "create", {C + "image": "nginx:latest@sha256:" + "b" * 40}),
    ("pull policy", "create", {C + "imagePullPolicy": "Sometimes"}),
    ("termination message policy", "create", {C + "terminationMessagePolicy": "Nowhere"}),
    ("port without number", "create", {C + "ports": [{"name": "http"}]}),
    ("port out of range", "create", {C + "ports": [{"containerPort": 65536, "hostPort": 70000}]}),
    ("negative port", "create", {C + "ports": [{"containerPort": -1, "hostPort": -2}]}),
    ("port names", "create", {C + "ports": [
        {"containerPort": 1, "name": "UPPER"}, {"containerPort": 2, "name": "a" * 16}, {"containerPort": 3, "name": "a--b"},
        {"containerPort": 4, "name": "1"}, {"containerPort": 5, "name": "-a"}]}),
    ("duplicate port name", "create", {C + "ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]}),
    ("protocol", "create", {C + "ports": [{"containerPort": 1, "protocol": "ICMP"}]}),
    ("host port conflict", "create", {C + "ports": [{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]}),
    ("ports with warnings", "create", {C + "ports": [
        {"containerPort": 1, "hostIP": "1.2.3.4"}, {"containerPort": 2}, {"containerPort": 2}, {"containerPort": 3, "hostPort": 8},
        {"containerPort": 3}, {"containerPort": 4, "hostPort": 4}, {"containerPort": 4, "hostPort": 4, "hostIP": "1.1.1.1"}]}),
    ("port names of two containers", "create", {
        C + "ports": [{"containerPort": 1, "name": "a"}], "spec/containers/-": {"name": "d", "image": "d", "ports": [{"containerPort": 2, "name": "a"}]}}),
    ("env without name", "create", {C + "env": [{"value": "x"}]}),
    ("env name", "create", {C + "env": [{"name": "a=b"}, {"name": "ä"}, {"name": "1 ok?"}]}),
    ("env hides", "create", {C + "env": [
        {"name": "A", "value": "1"}, {"name": "A", "value": "2"}, {"name": "A", "value": "$(A)3"}, {"name": "A", "value": "$(A)"}]}),
    ("env from nowhere", "create", env()),
    ("env value and source", "create", {C + "env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
    ("env two sources", "create", env(fieldRef={"fieldPath": "metadata.name"}, configMapKeyRef={"name": "a", "key": "b"})),
    ("env field path missing", "create", env(fieldRef={})),
    ("env field path unknown", "create", env(fieldRef={"fieldPath": "spec.nonsense"})),
    ("env field path not allowed", "create", env(fieldRef={"fieldPath": "metadata.labels"})),
    ("env field path known but not here", "create", env(fieldRef={"fieldPath": "status.phase"})),
    ("env field subscript", "create", env(fieldRef={"fieldPath": "spec.nodeName['a']"})),
    ("env label key", "create", env(fieldRef={"fieldPath": "metadata.labels['not valid']"})),
    ("env annotation key", "create", env(fieldRef={"fieldPath": "metadata.annotations['Example.com/UPPER']"})),
    ("env field version", "create", env(fieldRef={"fieldPath": "metadata.name", "apiVersion": "v2"})),
    ("env resource missing", "create", env(resourceFieldRef={})),
    ("env resource unknown", "create", env(resourceFieldRef={"resource": "limits.gpu"})),
    ("env resource huge pages", "create", env(resourceFieldRef={"resource": "limits.hugepages-2Mi", "divisor": "3"})),
    ("env divisors", "create", {C + "env": [
        {"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "2"}}},
        {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory", "divisor": "1m"}}},
        {"name": "D", "valueFrom": {"resourceFieldRef": {"resource": "requests.ephemeral-storage", "divisor": "2Mi"}}}]}),
    ("env config map key", "create", env(configMapKeyRef={"name": "Bad", "key": "not valid"})),
    ("env config map empty", "create", env(configMapKeyRef={})),
    ("env secret key", "create", env(secretKeyRef={"name": "ok", "key": ".."})),
    ("env file key empty", "create", env(fileKeyRef={})),
    ("env file key", "create", VOLUME | env(fileKeyRef={"key": "a=b", "volumeName": "V", "path": "../x"})),
    ("env file key volume", "create", VOLUME | env(fileKeyRef={"key": "a", "volumeName": "p", "path": "x"})),
    ("env file key no volume", "create", env(fileKeyRef={"key": "a", "volumeName": "nope", "path": "x"})),
    ("env from empty", "create", {C + "envFrom": [{}]}),
    ("env from both", "create", {C + "envFrom": [{"configMapRef": {"name": "A_"}, "secretRef": {}, "prefix": "="}]}),
    ("mount of nothing", "create", {C + "volumeMounts": [{"name": "nope", "mountPath": "/x"}]}),
    ("mount empty", "create", {C + "volumeMounts": [{}]}),
    ("mount twice", "create", VOLUME | {C + "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "p", "mountPath": "/v"}]}),
    ("mount sub path", "create", mount(subPath="/abs/../x")),
    ("mount sub path expression", "create", mount(subPath="a", subPathExpr="../b")),
    ("mount propagation", "create", mount(mountPropagation="Sideways")),
    ("mount bidirectional", "create", mount(mountPropagation="Bidirectional")),
    ("mount bidirectional privileged", "create", mount(mountPropagation="Bidirectional") | {C + "securityContext": {"privileged": True}}),
    ("mount recursive", "create", mount(recursiveReadOnly="Enabled", mountPropagation="HostToContainer")),
    ("mount recursive unknown", "create", mount(recursiveReadOnly="Maybe")),
    ("mount options dropped", "create", mount(bindMountOptions=["noexec"])),
    ("device", "create", device()),
    ("device empty", "create", VOLUME | {C + "volumeDevices": [{}]}),
    ("device of empty dir", "create", device(name="v")),
    ("device backsteps", "create", device(devicePath="/dev/../x")),
    ("device twice", "create", VOLUME | {C + "volumeDevices": [{"name": "p", "devicePath": "/d"}, {"name": "p", "devicePath": "/d"}]}),
    ("device and mount", "create", device() | {C + "volumeMounts": [{"name": "p", "mountPath": "/dev/p"}]}),
    ("resources empty", "create", resources()),
    ("resources limits only", "create", resources(limits={"cpu": "1", "memory": "1.5Gi", "ephemeral-storage": "1Gi"})),
    ("resources finer than milli", "create", resources({"cpu": "100u", "memory": "1n"})),
    ("resources negative", "create", resources({"cpu": "-1"}, {"memory": "-1"})),
    ("resources request above limit", "create", resources({"cpu": "2"}, {"cpu": "1"})),
    ("resources unknown", "create", resources({"nonsense": "1"})),
    ("resources bad name", "create", resources({"not valid!": "1"})),
    ("resources pods", "create", resources({"pods": "1"})),
    ("resources extended", "create", resources({"example.com/a": "1"}, {"example.com/a": "2"})),
    ("resources extended fraction", "create", resources({}, {"example.com/a": "1500m"})),
    ("resources extended request only", "create", resources({"example.com/a": "1"})),
    ("resources kubernetes domain", "create", resources({"kubernetes.io/x": "1"})),
    ("resources requests domain", "create", resources({}, {"requests.example.com/x": "1"})),
    ("resources huge pages", "create", resources({"cpu": "1"}, {"hugepages-2Mi": "4Mi"})),
    ("resources huge pages indivisible", "create", resources({"cpu": "1"}, {"hugepages-2Mi": "3Mi"})),
    ("resources huge pages alone", "create", resources({}, {"hugepages-2Mi": "2Mi"})),
    ("resources huge pages bad size", "create", resources({"cpu": "1"}, {"hugepages-x": "2Mi"})),
    ("resources huge pages request", "create", resources({"cpu": "1", "hugepages-2Mi": "2Mi"})),
    ("resources fractional bytes", "create", resources({"memory": "1500m"})),
    ("resources guaranteed", "create", resources({"cpu": "1000m", "memory": "1Gi"}, {"cpu": "1", "memory": "1024Mi"})),
    ("resource claims", "create", resources(claims=[{"name": "a"}, {}, {"name": "b", "request": "R"}, {"name": "a"}]) | {
        "spec/resourceClaims": [{"name": "a", "resourceClaimName": "x"}]}),
    ("resource claims without any", "create", resources(claims=[{"name": "a"}])),
    ("resource claims of a pod", "create", {"spec/resourceClaims": [
        {}, {"name": "A", "resourceClaimName": "x"}, {"name": "b", "resourceClaimName": "x", "resourceClaimTemplateName": "y"},
        {"name": "d", "resourceClaimName": "X"}, {"name": "d", "resourceClaimTemplateName": "y"}]}),
    ("pod resources", "create", {"spec/resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}),
    ("pod resources below", "create", resources({"cpu": "2"}, {"memory": "2Gi"}) | {"spec/resources": {
        "requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}}),
    ("pod resources names", "create", {"spec/resources": {"requests": {"example.com/a": "1", "ephemeral-storage": "1"}}}),
    ("pod resources claims", "create", {"spec/resources": {"requests": {"cpu": "1"}, "claims": [{"name": "a"}]}}),
    ("pod resources from containers", "create", resources({"cpu": "2"}, {"cpu": "3"}) | WITH_INIT | {
        INIT + "resources": {"limits": {"cpu": "5"}}, "spec/resources": {"requests": {"memory": "1Gi"}}}),
    ("resize policy", "create", {C + "resizePolicy": [
        {"resourceName": "cpu", "restartPolicy": "Never"}, {"resourceName": "gpu"}, {"resourceName": "cpu", "restartPolicy": "NotRequired"}]}),
    ("resize policy of one-off pods", "create", {"spec/restartPolicy": "Never", C + "resizePolicy": [
        {"resourceName": "cpu", "restartPolicy": "RestartContainer"}]}),
    ("probe without handler", "create", {C + "livenessProbe": {}}),
    ("probe with two", "create", {C + "livenessProbe": HTTP | {"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}}),
    ("probe numbers", "create", {C + "livenessProbe": HTTP | {
        "initialDelaySeconds": -1, "timeoutSeconds": -1, "periodSeconds": -1, "successThreshold": -1, "failureThreshold": -1,
        "terminationGracePeriodSeconds": -1}}),
    ("probe success threshold", "create", {C + "livenessProbe": HTTP | {"successThreshold": 2}, C + "startupProbe": HTTP | {"successThreshold": 3}}),
    ("readiness grace period", "create", {C + "readinessProbe": HTTP | {"terminationGracePeriodSeconds": 5, "successThreshold": 3}}),
    ("probe exec", "create", {C + "livenessProbe": {"exec": {}}}),
    ("probe http", "create", {C + "livenessProbe": {"httpGet": {"port": 0, "scheme": "FTP", "httpHeaders": [{"name": "not valid"}]}}}),
    ("probe http port name", "create", {C + "livenessProbe": {"httpGet": {"port": "Not_Valid"}}}),
    ("probe tcp", "create", {C + "livenessProbe": {"tcpSocket": {"port": 70000}}}),
    ("probe grpc", "create", {C + "livenessProbe": {"grpc": {"port": 0, "mode": "TLS"}}}),
    ("probe http protocol dropped", "create", {C + "livenessProbe": {"httpGet": {"port": 1, "protocol": "HTTP2"}}}),
    ("lifecycle", "create", {C + "lifecycle": {"postStart": {}, "preStop": {"sleep": {"seconds": 31}}}}),
    ("lifecycle two", "create", {C + "lifecycle": {"preStop": {"sleep": {"seconds": 0}, "exec": {"command": ["a"]}}}}),
    ("stop signal dropped", "create", {C + "lifecycle": {"stopSignal": "SIGTERM"}}),
    ("stop signal dropped beside a hook", "create", {C + "lifecycle": {"stopSignal": "SIGTERM", "preStop": {"exec": {"command": ["a"]}}}}),
    ("restart rules", "create", restart({"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}})),
    ("restart rules bad", "create", restart({"action": "Reboot", "exitCodes": {"operator": "Is"}}, {"action": "Restart"}, policy="Often")),
    ("restart rules without policy", "create", restart({"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}, policy=None)),
    ("restart rules too many", "create", restart(*[{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}] * 21)),
    ("init container", "create", WITH_INIT),
    ("init container probes", "create", WITH_INIT | {INIT + "livenessProbe": HTTP, INIT + "readinessProbe": HTTP, INIT + "startupProbe": HTTP, INIT + "lifecycle": {
        "preStop": {"exec": {"command": ["a"]}}}}),
    ("sidecar", "create", WITH_INIT | {INIT + "restartPolicy": "Always", INIT + "readinessProbe": HTTP}),
    ("sidecar bad probe", "create", WITH_INIT | {INIT + "restartPolicy": "Always", INIT + "livenessProbe": {}, INIT + "lifecycle": {"preStop": {}}}),
    ("init restart policy", "create", WITH_INIT | {INIT + "restartPolicy": "Sometimes"}),
    ("init rules without policy", "create", WITH_INIT | {INIT + "restartPolicyRules": [{"action": "Restart"}]}),
    ("init resize policy", "create", WITH_INIT | {INIT + "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]}),
    ("two init containers", "create", {"spec/initContainers": [{"name": "i", "image": "a"}, {"name": "i", "image": "b"}, {}]}),
    ("init host ports", "create", {"spec/initContainers": [
        {"name": "i", "image": "a", "ports": [{"containerPort": 1, "hostPort": 1}, {"containerPort": 2, "hostPort": 1}]}]}),
    ("ephemeral container", "create", {"spec/ephemeralContainers": [{"name": "e", "image": "busybox"}]}),
]
