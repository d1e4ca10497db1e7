"""Cases for what stands in the spec of Pods beside containers and volumes; see ../record_pods.py."""

RESOURCE = ("", "v1", "pods")
KIND = "Pod"
BASE = {"metadata": {"name": "base", "labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}

C = "spec/containers/0/"
REQUIRED, PREFERRED = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
ANNOTATIONS = "metadata/annotations"
APPARMOR, SECCOMP = "container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/"


def node_affinity(*terms: object, preferred: object = ()) -> dict[str, object]:
    required = {REQUIRED: {"nodeSelectorTerms": list(terms)}} if terms else {}
    return {"spec/affinity": {"nodeAffinity": {**required, **({PREFERRED: preferred} if preferred else {})}}}


def expression(key: str, operator: str, *values: str) -> dict[str, object]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def pod_affinity(*terms: object, kind: str = "podAffinity") -> dict[str, object]:
    return {"spec/affinity": {kind: {REQUIRED: list(terms)}}}


def term(**more: object) -> dict[str, object]:
    return {"topologyKey": "zone", "labelSelector": {"matchLabels": {"a": "b"}}, **more}


def spread(**more: object) -> dict[str, object]:
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b"}}}
    return {"spec/topologySpreadConstraints": [{**constraint, **more}]}


def tolerations(*items: object) -> dict[str, object]:
    return {"spec/tolerations": list(items)}


def context(**more: object) -> dict[str, object]:
    return {"spec/securityContext": more}


def own_context(**more: object) -> dict[str, object]:
    return {C + "securityContext": more}


def dns(**config: object) -> dict[str, object]:
    return {"spec/dnsConfig": config}


CASES = [
    ("bad pod name", "create", {"metadata/name": "Not_Valid"}),
    ("pod name with dots", "create", {"metadata/name": "a.b"}),
    ("generation and status are ours", "create", {"metadata/generation": 7, "status": {"phase": "Running", "podIP": "1.2.3.4"}}),
    ("scalars", "create", {"spec/restartPolicy": "Sometimes", "spec/dnsPolicy": "Guess", "spec/preemptionPolicy": "Maybe"}),
    ("names", "create", {"spec/serviceAccountName": "A_", "spec/nodeName": "B_", "spec/hostname": "a.b", "spec/subdomain": "c.d",
                         "spec/priorityClassName": "E_", "spec/runtimeClassName": "F_", "spec/schedulerName": "anything goes"}),
    ("accounts", "create", {"spec/serviceAccount": "old"}),
    ("two accounts", "create", {"spec/serviceAccountName": "new", "spec/serviceAccount": "old"}),
    ("deadline", "create", {"spec/activeDeadlineSeconds": 0}),
    ("deadline too far", "create", {"spec/activeDeadlineSeconds": 2**31}),
    ("grace period", "create", {"spec/terminationGracePeriodSeconds": 0}),
    ("negative grace period", "create", {"spec/terminationGracePeriodSeconds": -5}),
    ("host network", "create", {"spec/hostNetwork": True, C + "ports": [{"containerPort": 80}, {"containerPort": 81, "hostPort": 82}]}),
    ("host network of init containers", "create", {"spec/hostNetwork": True, "spec/initContainers": [
        {"name": "i", "image": "a", "ports": [{"containerPort": 80}]}]}),
    ("host users", "create", {"spec/hostUsers": False, "spec/hostNetwork": True, "spec/hostPID": True, "spec/hostIPC": True}),
    ("host users with devices", "create", {
        "spec/hostUsers": False, "spec/volumes": [{"name": "p", "persistentVolumeClaim": {"claimName": "p"}}],
        C + "volumeDevices": [{"name": "p", "devicePath": "/d"}]}),
    ("process namespace", "create", {"spec/shareProcessNamespace": True, "spec/hostPID": True}),
    ("hostname override", "create", {"spec/hostnameOverride": "Not_Valid", "spec/setHostnameAsFQDN": True, "spec/hostNetwork": True}),
    ("hostname override long", "create", {"spec/hostnameOverride": "a" * 65}),
    ("hostname override good", "create", {"spec/hostnameOverride": "my.host"}),
    ("node selector", "create", {"spec/nodeSelector": {"not valid": "also not", "beta.kubernetes.io/os": "linux"}}),
    ("node selector deprecated", "create", {"spec/nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
    ("image pull secrets", "create", {"spec/imagePullSecrets": [{"name": "a"}, {"name": "a"}, {}]}),
    ("host aliases", "create", {"spec/hostAliases": [{"ip": "x", "hostnames": ["A_"]}, {"ip": "1.2.3.04"}]}),
    ("host aliases twice", "create", {"spec/hostAliases": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.4", "hostnames": ["a"]}]}),
    ("host aliases unusual", "create", {"spec/hostAliases": [{"ip": "2001:db8:0::1", "hostnames": ["a"]}]}),
    ("dns none", "create", {"spec/dnsPolicy": "None"}),
    ("dns none without servers", "create", {"spec/dnsPolicy": "None"} | dns(searches=["a"])),
    ("dns", "create", dns(nameservers=["1.1.1.1", "x", "::1", "1.2.3.4"], searches=["A b", ".", "ok_1.example."], options=[{}, {"name": "ndots", "value": "2"}])),
    ("dns many searches", "create", dns(searches=["a" * 63 + ".b"] * 33)),
    ("readiness gates", "create", {"spec/readinessGates": [{"conditionType": "not valid"}, {"conditionType": "a.b/c"}]}),
    ("scheduling gates", "create", {"spec/schedulingGates": [{"name": "a"}, {"name": "a"}, {"name": "not valid"}]}),
    ("scheduling gate", "create", {"spec/schedulingGates": [{"name": "a"}]}),
    ("scheduling gate with node", "create", {"spec/schedulingGates": [{"name": "a"}], "spec/nodeName": "n"}),
    ("overhead", "create", {"spec/overhead": {"cpu": "-1", "memory": "1500m", "x": "1"}}),
    ("disabled fields", "create", {"spec/schedulingGroup": {"podGroupName": "g"}, "spec/evictionResponders": [{"name": "a.b/c", "priority": 1}]}),
    ("node affinity good", "create", node_affinity({"matchExpressions": [expression("a", "Gt", "5"), expression("b", "Exists")]}, preferred=[
        {"weight": 1, "preference": {"matchExpressions": [expression("c", "In", "d")]}}])),
    ("node affinity", "create", node_affinity({"matchExpressions": [
        expression("a", "In"), expression("a", "Exists", "b"), expression("a", "Lt"), expression("not valid", "Is"), expression("a", "In", "not valid")]})),
    ("node affinity fields", "create", node_affinity({"matchFields": [
        expression("metadata.name", "In", "a", "b"), expression("metadata.name", "Exists"), expression("spec.x", "In", "a"), expression("metadata.name", "In", "A_")]})),
    ("node affinity empty", "create", {"spec/affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}}}),
    ("node affinity preferred", "create", node_affinity(preferred=[
        {"weight": 0, "preference": {}}, {"weight": 101, "preference": {"matchExpressions": [expression("a", "In", "not valid")]}}])),
    ("node affinity warnings", "create", node_affinity({"matchExpressions": [expression("beta.kubernetes.io/arch", "Exists")]}, preferred=[
        {"weight": 1, "preference": {"matchExpressions": [expression("a", "In", "not valid")]}}])),
    ("pod affinity", "create", pod_affinity(
        {}, term(topologyKey="not valid", namespaces=["A_"]), term(labelSelector={"matchExpressions": [expression("a", "In"), expression("a", "Is")]}),
        term(namespaceSelector={"matchLabels": {"a": "not valid"}}))),
    ("pod affinity keys", "create", pod_affinity(
        term(matchLabelKeys=["app", "not valid"], mismatchLabelKeys=["app"]), {"topologyKey": "zone", "matchLabelKeys": ["a"]})),
    ("pod affinity keys merged", "create", pod_affinity(term(matchLabelKeys=["app", "absent"], mismatchLabelKeys=["other"]))),
    ("pod affinity keys in selector", "create", pod_affinity(term(matchLabelKeys=["app"], labelSelector={"matchLabels": {"app": "x"}}))),
    ("pod anti affinity", "create", {"spec/affinity": {"podAntiAffinity": {PREFERRED: [
        {"weight": 101, "podAffinityTerm": {"topologyKey": "a"}}, {"weight": 1, "podAffinityTerm": term(mismatchLabelKeys=["app"])}]}}}),
    ("pod affinity without selector", "create", pod_affinity({"topologyKey": "a"}, kind="podAntiAffinity")),
    ("tolerations", "create", tolerations(
        {}, {"key": "not valid", "operator": "Exists", "value": "x"}, {"key": "a", "value": "not valid"}, {"key": "a", "operator": "Gt", "value": "1"},
        {"key": "a", "operator": "Is"}, {"key": "a", "effect": "Soon"}, {"key": "a", "tolerationSeconds": 5})),
    ("tolerations good", "create", tolerations(
        {"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 5})),
    ("spread", "create", spread(maxSkew=0, topologyKey="", whenUnsatisfiable="Never", minDomains=0, nodeAffinityPolicy="A", nodeTaintsPolicy="B")),
    ("spread twice", "create", {"spec/topologySpreadConstraints": [spread()["spec/topologySpreadConstraints"][0]] * 2}),
    ("spread selector", "create", spread(labelSelector={"matchExpressions": [expression("a", "Is")]})),
    ("spread without selector", "create", spread(labelSelector=None, topologyKey="failure-domain.beta.kubernetes.io/zone")),
    ("spread keys", "create", spread(matchLabelKeys=["app", "absent"])),
    ("spread keys without selector", "create", spread(matchLabelKeys=["app"], labelSelector=None)),
    ("spread keys twice", "create", spread(matchLabelKeys=["app"], labelSelector={"matchExpressions": [expression("app", "Exists")]})),
    ("context ids", "create", context(runAsUser=-1, runAsGroup=2**31, fsGroup=-2, supplementalGroups=[1, -3])),
    ("context policies", "create", context(fsGroupChangePolicy="A", supplementalGroupsPolicy="B", seLinuxChangePolicy="C")),
    ("sysctls", "create", context(sysctls=[{"value": "1"}, {"name": "A!", "value": "1"}, {"name": "net.x", "value": "1"}, {"name": "net.x", "value": "2"}])),
    ("sysctls of the host", "create", context(sysctls=[
        {"name": "net.x", "value": "1"}, {"name": "kernel/shm_rmid_forced", "value": "1"}, {"name": "fs.mqueue.x", "value": "1"}]) | {
            "spec/hostNetwork": True, "spec/hostIPC": True}),
    ("seccomp", "create", context(seccompProfile={"type": "Localhost"}) | own_context(seccompProfile={"type": "Unknown"})),
    ("seccomp localhost", "create", context(seccompProfile={"type": "Localhost", "localhostProfile": "/a/.."}) | own_context(
        seccompProfile={"type": "RuntimeDefault", "localhostProfile": "a"})),
    ("seccomp without type", "create", context(seccompProfile={})),
    ("apparmor", "create", context(appArmorProfile={"type": "Localhost", "localhostProfile": " x"}) | own_context(appArmorProfile={"type": "X"})),
    ("apparmor localhost", "create", context(appArmorProfile={"type": "Localhost"}) | own_context(appArmorProfile={
        "type": "RuntimeDefault", "localhostProfile": "a"})),
    ("apparmor empty", "create", context(appArmorProfile={}) | own_context(appArmorProfile={"type": "Localhost", "localhostProfile": ""})),
    ("apparmor annotation", "create", {ANNOTATIONS: {APPARMOR + "c": "runtime/default"}}),
    ("apparmor annotation and field", "create", {ANNOTATIONS: {APPARMOR + "c": "runtime/default"}} | own_context(appArmorProfile={"type": "RuntimeDefault"})),
    ("apparmor annotation like the pod", "create", {ANNOTATIONS: {APPARMOR + "c": "localhost/x"}} | context(
        appArmorProfile={"type": "Localhost", "localhostProfile": "x"})),
    ("apparmor annotations", "create", {ANNOTATIONS: {APPARMOR + "d": "unconfined"}}),
    ("apparmor annotation unknown", "create", {ANNOTATIONS: {APPARMOR + "c": "what"}}),
    ("apparmor annotation empty", "create", {ANNOTATIONS: {APPARMOR + "c": ""}}),
    ("apparmor annotation mismatch", "create", {ANNOTATIONS: {APPARMOR + "c": "localhost/x"}} | own_context(
        appArmorProfile={"type": "Localhost", "localhostProfile": "y"})),
    ("apparmor annotation mismatched type", "create", {ANNOTATIONS: {APPARMOR + "c": "unconfined"}} | own_context(appArmorProfile={"type": "RuntimeDefault"})),
    ("seccomp annotation", "create", {ANNOTATIONS: {SECCOMP + "c": "localhost/a/../b"}}),
    ("seccomp annotation of a pod", "create", {ANNOTATIONS: {"seccomp.security.alpha.kubernetes.io/pod": "what"}}),
    ("seccomp annotation good", "create", {ANNOTATIONS: {"seccomp.security.alpha.kubernetes.io/pod": "docker/default"}}),
    ("seccomp annotation container", "create", {ANNOTATIONS: {SECCOMP + "c": "runtime/default"}}),
    ("seccomp mismatch", "create", {ANNOTATIONS: {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}} | context(
        seccompProfile={"type": "RuntimeDefault"})),
    ("seccomp container mismatch", "create", {ANNOTATIONS: {SECCOMP + "c": "localhost/a"}} | own_context(
        seccompProfile={"type": "Localhost", "localhostProfile": "b"})),
    ("mirror annotation", "create", {ANNOTATIONS: {"kubernetes.io/config.mirror": "x"}}),
    ("deletion cost", "create", {ANNOTATIONS: {"controller.kubernetes.io/pod-deletion-cost": "+1"}}),
    ("deletion cost too much", "create", {ANNOTATIONS: {"controller.kubernetes.io/pod-deletion-cost": "2147483648"}}),
    ("old annotations", "create", {ANNOTATIONS: {"scheduler.alpha.kubernetes.io/critical-pod": "", "pod.beta.kubernetes.io/init-containers": "[]"}}),
    ("toleration annotation", "create", {ANNOTATIONS: {"scheduler.alpha.kubernetes.io/tolerations": '[{"key":"not valid"}]'}}),
    ("capabilities", "create", own_context(allowPrivilegeEscalation=False, privileged=True, capabilities={"add": ["CAP_SYS_ADMIN"]})),
    ("own ids", "create", own_context(runAsUser=-1, runAsGroup=-1, procMount="Some")),
    ("proc mount", "create", own_context(procMount="Unmasked")),
    ("proc mount with own users", "create", own_context(procMount="Unmasked") | {"spec/hostUsers": False}),
    ("windows options", "create", own_context(windowsOptions={"gmsaCredentialSpecName": "A_", "gmsaCredentialSpec": "", "runAsUserName": "a\\b\\c"})),
    ("windows users", "create", {"spec/containers": [
        {"name": f"c{i}", "image": "a", "securityContext": {"windowsOptions": {"runAsUserName": name}}}
        for i, name in enumerate(("", "a\tb", "..", "dom ain?\\u", "d\\", "d\\" + "u" * 105, "a/b", "ok\\user", "." * 3 + "\\x"))]}),
    ("windows host process", "create", context(windowsOptions={"hostProcess": True}) | own_context(windowsOptions={"hostProcess": False}) | {
        "spec/containers/-": {"name": "d", "image": "d"}}),
    ("os", "create", {"spec/os": {"name": "beos"}}),
    ("os without name", "create", {"spec/os": {}}),
    ("os linux", "create", {"spec/os": {"name": "linux"}} | context(windowsOptions={}) | own_context(windowsOptions={"runAsUserName": "a"})),
    ("os windows", "create", {
        "spec/os": {"name": "windows"}, "spec/hostPID": True, "spec/hostIPC": True, "spec/shareProcessNamespace": False, "spec/hostUsers": True,
        "spec/resources": {"limits": {"cpu": "1"}}} | context(runAsUser=1, fsGroup=1, seLinuxOptions={"level": "s0"}, sysctls=[{"name": "a", "value": "1"}])
        | own_context(privileged=False, capabilities={}, readOnlyRootFilesystem=True)),
    ("table", "table", {}),
    ("table of a running pod", "table", {
        "status/phase": "Running", "status/podIP": "10.0.0.7", "status/podIPs": [{"ip": "10.0.0.7"}], "status/nominatedNodeName": "",
        "status/conditions": [{"type": "Ready", "status": "True"}, {"type": "x.y/z", "status": "True"}],
        "status/containerStatuses": [{
            "name": "c", "image": "a", "imageID": "", "ready": True, "restartCount": 3, "state": {"running": {"startedAt": "2020-01-01T00:00:00Z"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2020-02-01T00:00:00Z", "startedAt": "2020-01-01T00:00:00Z"}}}]},
        {"spec/nodeName": "node-1", "spec/readinessGates": [{"conditionType": "x.y/z"}, {"conditionType": "x.y/w"}]}),
    ("table of a waiting pod", "table", {
        "status/phase": "Pending", "status/containerStatuses": [{
            "name": "c", "image": "a", "imageID": "", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}),
    ("table of an ended pod", "table", {
        "status/phase": "Failed", "status/reason": "Evicted", "status/containerStatuses": [{
            "name": "c", "image": "a", "imageID": "", "ready": False, "restartCount": 1, "state": {"terminated": {"exitCode": 7}}}]}),
    ("table of a killed pod", "table", {"status/phase": "Failed", "status/containerStatuses": [{
        "name": "c", "image": "a", "imageID": "", "ready": False, "restartCount": 0, "state": {"terminated": {"exitCode": 137, "signal": 9}}}]}),
    ("table of a completed pod", "table", {"status/phase": "Succeeded", "status/containerStatuses": [{
        "name": "c", "image": "a", "imageID": "", "ready": False, "restartCount": 0, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]}),
    ("table of a pod that goes on", "table", {"status/phase": "Running", "status/containerStatuses": [
        {"name": "c", "image": "a", "imageID": "", "ready": False, "restartCount": 0, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
        {"name": "d", "image": "a", "imageID": "", "ready": True, "restartCount": 0, "state": {"running": {}}}]},
        {"spec/containers/-": {"name": "d", "image": "d"}}),
    ("table of an initializing pod", "table", {"status/phase": "Pending", "status/initContainerStatuses": [
        {"name": "a", "image": "a", "imageID": "", "ready": True, "restartCount": 1, "state": {"terminated": {"exitCode": 0}}},
        {"name": "b", "image": "a", "imageID": "", "ready": False, "restartCount": 2, "started": True, "state": {"running": {}}},
        {"name": "c2", "image": "a", "imageID": "", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}]},
        {"spec/initContainers": [
            {"name": "a", "image": "a"}, {"name": "b", "image": "b", "restartPolicy": "Always"}, {"name": "c2", "image": "c"}]}),
    ("table of a pod with failing init", "table", {"status/phase": "Pending", "status/initContainerStatuses": [
        {"name": "a", "image": "a", "imageID": "", "ready": False, "restartCount": 4, "state": {"terminated": {"exitCode": 3}}}]},
        {"spec/initContainers": [{"name": "a", "image": "a"}]}),
    ("table of a pod with crashing init", "table", {"status/phase": "Pending", "status/initContainerStatuses": [
        {"name": "a", "image": "a", "imageID": "", "ready": False, "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]},
        {"spec/initContainers": [{"name": "a", "image": "a"}]}),
    ("table of a pod with a sidecar", "table", {"status/phase": "Running", "status/conditions": [{"type": "Initialized", "status": "True"}],
        "status/initContainerStatuses": [
            {"name": "a", "image": "a", "imageID": "", "ready": True, "started": True, "restartCount": 4, "state": {"running": {}}}],
        "status/containerStatuses": [{"name": "c", "image": "a", "imageID": "", "ready": True, "restartCount": 1, "state": {"running": {}}}]},
        {"spec/initContainers": [{"name": "a", "image": "a", "restartPolicy": "Always"}]}),
    ("table of a gated pod", "table", {}, {"spec/schedulingGates": [{"name": "a"}]}),
]
