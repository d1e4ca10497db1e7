"""What controllers and scheduler have to bring about, as scripts for stock kubectl. Called by `__main__.py`, each in a namespace of its own.

A scenario is a function of a `Kubectl`; it raises `Failed` with the first thing that did not come true. All are found by `SCENARIOS`.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable

from conformance.swap.kubectl import Failed, Kubectl

Scenario = Callable[[Kubectl], None]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__.replace("_", " ")] = function
    return function


def _pods(controller: str, replicas: int, **extra: object) -> dict[str, object]:
    """The spec that Deployment, ReplicaSet, StatefulSet and DaemonSet share."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx:1"}]}}
    spec: dict[str, object] = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": controller,
        "metadata": {"name": "web"},
        "spec": spec | ({} if controller == "DaemonSet" else {"replicas": replicas}) | extra,
    }


@scenario
def deployment_rollout(k: Kubectl) -> None:
    k("create", "deployment", "web", "--image=nginx:1", "--replicas=3")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k("set", "image", "deployment/web", "nginx=nginx:2")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k.becomes("deployment/web", "{.status.updatedReplicas}/{.status.readyReplicas}/{.status.replicas}", "3/3/3")
    k.becomes("replicasets", "{.items[*].status.replicas}", "0 3", ordered=False)
    k("rollout", "undo", "deployment/web")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k.becomes("pods", "{.items[*].spec.containers[0].image}", "nginx:1 nginx:1 nginx:1")
    k("scale", "deployment/web", "--replicas=1")
    k.becomes("pods", "{.items[*].status.phase}", "Running")
    k.becomes("deployment/web", "{.metadata.annotations.deployment\\.kubernetes\\.io/revision}", "3")


@scenario
def deployment_recreate_and_pause(k: Kubectl) -> None:
    k.apply(_pods("Deployment", 2, strategy={"type": "Recreate"}))
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k("rollout", "pause", "deployment/web")
    k("set", "image", "deployment/web", "web=nginx:2")
    k.becomes("deployment/web", "{.status.observedGeneration}", k.get("deployment/web", "{.metadata.generation}"))
    k.becomes("pods", "{.items[*].spec.containers[0].image}", "nginx:1 nginx:1")
    k("rollout", "resume", "deployment/web")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k.becomes("pods", "{.items[*].spec.containers[0].image}", "nginx:2 nginx:2")


@scenario
def service_endpoints(k: Kubectl) -> None:
    k("create", "deployment", "web", "--image=nginx:1", "--replicas=3", "--port=80")
    k("expose", "deployment", "web", "--port=8080", "--target-port=80")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    slices = "{.items[0].endpoints[*].conditions.ready}"
    k.becomes("endpointslices -l kubernetes.io/service-name=web", slices, "true true true")
    k.becomes("endpointslices -l kubernetes.io/service-name=web", "{.items[0].ports[0].port}", "80")
    k("scale", "deployment/web", "--replicas=1")
    k.becomes("endpointslices -l kubernetes.io/service-name=web", slices, "true")
    k.becomes("endpoints/web", "{.subsets[0].addresses[*].ip}", k.get("pods", "{.items[*].status.podIP}"))
    k("delete", "service", "web")
    k.becomes("endpointslices", "{.items[*].metadata.name}", "")


@scenario
def namespace_deletion(k: Kubectl) -> None:
    k("create", "configmap", "a")
    k("create", "deployment", "web", "--image=nginx:1", "--replicas=2")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k("delete", "namespace", k.namespace, "--wait=false")
    k("wait", "--for=delete", f"namespace/{k.namespace}", "--timeout=60s")
    k.becomes("pods", "{.items[*].metadata.name}", "")


@scenario
def service_account_and_root_certificate(k: Kubectl) -> None:
    k.becomes("serviceaccounts", "{.items[*].metadata.name}", "default")
    k("delete", "serviceaccount", "default")
    k.becomes("serviceaccounts", "{.items[*].metadata.name}", "default")
    k.holds("configmap/kube-root-ca.crt", "{.data.ca\\.crt}", "BEGIN CERTIFICATE")
    k("delete", "configmap", "kube-root-ca.crt")
    k.holds("configmap/kube-root-ca.crt", "{.data.ca\\.crt}", "BEGIN CERTIFICATE")


@scenario
def service_account_token_secret(k: Kubectl) -> None:
    metadata = {"name": "token", "annotations": {"kubernetes.io/service-account.name": "default"}}
    k.becomes("serviceaccounts", "{.items[*].metadata.name}", "default")
    k.apply({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": metadata})
    k.holds("secret/token", "{.data.token}", "ZXlK")


@scenario
def job(k: Kubectl) -> None:
    container = {"name": "work", "image": "busybox", "command": ["true"]}
    spec = {"completions": 3, "parallelism": 2, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    k.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": spec})
    k("wait", "--for=condition=Complete", "job/work", "--timeout=60s")
    k.becomes("job/work", "{.status.succeeded}", "3")
    k.becomes("pods", "{.items[*].status.phase}", "Succeeded Succeeded Succeeded")
    k("delete", "job", "work")
    k.becomes("pods", "{.items[*].metadata.name}", "")


@scenario
def job_that_fails(k: Kubectl) -> None:
    template = {
        "metadata": {"annotations": {"kcompat.io/exit-code": "1"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "work", "image": "busybox"}]},
    }
    k.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": {"backoffLimit": 0, "template": template}})
    k("wait", "--for=condition=Failed", "job/work", "--timeout=60s")
    k.becomes("job/work", '{.status.conditions[?(@.type=="Failed")].reason}', "BackoffLimitExceeded")


@scenario
def stateful_set(k: Kubectl) -> None:
    k("create", "service", "clusterip", "web", "--clusterip=None")
    k.apply(_pods("StatefulSet", 3, serviceName="web"))
    k("rollout", "status", "statefulset/web", "--timeout=60s")
    k.becomes("pods", "{.items[*].metadata.name}", "web-0 web-1 web-2")
    uid = k.get("pod/web-1", "{.metadata.uid}")
    k("delete", "pod", "web-1")
    k.differs("pod/web-1", "{.metadata.uid}", uid)
    k("set", "image", "statefulset/web", "web=nginx:2")
    k("rollout", "status", "statefulset/web", "--timeout=90s")
    k.becomes("pods", "{.items[*].spec.containers[0].image}", "nginx:2 nginx:2 nginx:2")
    k("scale", "statefulset/web", "--replicas=1")
    k.becomes("pods", "{.items[*].metadata.name}", "web-0")


@scenario
def daemon_set(k: Kubectl) -> None:
    k.apply(_pods("DaemonSet", 0))
    k("rollout", "status", "daemonset/web", "--timeout=60s")
    k.becomes("daemonset/web", "{.status.desiredNumberScheduled}/{.status.numberReady}", "2/2")
    k("set", "image", "daemonset/web", "web=nginx:2")
    k("rollout", "status", "daemonset/web", "--timeout=90s")
    k.becomes("pods", "{.items[*].spec.containers[0].image}", "nginx:2 nginx:2")


@scenario
def garbage_collection(k: Kubectl) -> None:
    for propagation in ("background", "foreground", "orphan"):
        k("create", "deployment", propagation, "--image=nginx:1", "--replicas=2")
        k("rollout", "status", f"deployment/{propagation}", "--timeout=60s")
    for propagation in ("background", "foreground", "orphan"):
        k("delete", "deployment", propagation, f"--cascade={propagation}", "--timeout=60s")
    for propagation in ("background", "foreground"):
        k.becomes(f"replicasets,pods -l app={propagation}", "{.items[*].metadata.name}", "")
    k.becomes("replicasets -l app=orphan", "{.items[*].metadata.ownerReferences}", "")
    k.becomes("pods -l app=orphan", "{.items[*].status.phase}", "Running Running")


@scenario
def cron_job(k: Kubectl) -> None:
    k("create", "cronjob", "tick", "--image=busybox", "--schedule=* * * * *", "--", "true")
    k.holds("jobs", "{.items[*].metadata.name}", "tick-", seconds=100)
    k.holds("jobs", "{.items[*].status.succeeded}", "1")
    k.holds("cronjob/tick", "{.status.lastSuccessfulTime}", "Z")


@scenario
def disruption_budget(k: Kubectl) -> None:
    k("create", "deployment", "web", "--image=nginx:1", "--replicas=2")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k("create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=1")
    status = "{.status.currentHealthy}/{.status.desiredHealthy}/{.status.disruptionsAllowed}/{.status.expectedPods}"
    k.becomes("poddisruptionbudget/web", status, "2/1/1/2")
    k("patch", "poddisruptionbudget", "web", "--type=merge", "-p", '{"spec":{"minAvailable":2}}')
    k.becomes("poddisruptionbudget/web", status, "2/2/0/2")
    pod = k.get("pods", "{.items[0].metadata.name}")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    k.create_raw(
        f"/api/v1/namespaces/{k.namespace}/pods/{pod}/eviction",
        eviction,
        fails="Cannot evict pod as it would violate the pod's disruption budget",
    )
    k("patch", "poddisruptionbudget", "web", "--type=merge", "-p", '{"spec":{"minAvailable":1}}')
    k.becomes("poddisruptionbudget/web", status, "2/1/1/2")
    k.create_raw(f"/api/v1/namespaces/{k.namespace}/pods/{pod}/eviction", eviction)
    k.becomes("poddisruptionbudget/web", status, "2/1/1/2")


@scenario
def resource_quota(k: Kubectl) -> None:
    k("create", "configmap", "a")
    k("create", "quota", "few", "--hard=pods=2,count/configmaps=3")
    k.becomes("quota/few", "{.status.used.pods}/{.status.used.count/configmaps}", "0/2")
    k("create", "configmap", "b")
    k.becomes("quota/few", "{.status.used.count/configmaps}", "3")
    k("create", "configmap", "c", fails="exceeded quota: few")
    k("delete", "configmap", "b")
    k.becomes("quota/few", "{.status.used.count/configmaps}", "2")
    k("create", "deployment", "web", "--image=nginx:1", "--replicas=3")
    k.becomes("deployment/web", '{.status.readyReplicas}/{.status.conditions[?(@.type=="ReplicaFailure")].status}', "2/True")
    k.becomes("quota/few", "{.status.used.pods}", "2")


@scenario
def scheduling_constraints(k: Kubectl) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "picky"}}
    k.becomes("serviceaccounts", "{.items[*].metadata.name}", "default")
    k.apply(pod | {"spec": {"nodeSelector": {"picky": k.namespace}, "containers": [{"name": "a", "image": "nginx"}]}})
    k.becomes("pod/picky", '{.status.conditions[?(@.type=="PodScheduled")].reason}', "Unschedulable")
    k.holds("events", "{.items[*].reason}", "FailedScheduling")
    node = k.get("nodes", "{.items[0].metadata.name}")
    k("label", "node", node, f"picky={k.namespace}", "--overwrite")
    k.becomes("pod/picky", "{.spec.nodeName}/{.status.phase}", f"{node}/Running")
    k("label", "node", node, "picky-")
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    deployment = _pods("Deployment", 4)
    spec: dict[str, dict[str, dict[str, object]]] = deployment["spec"]  # type: ignore[assignment]
    spec["template"]["spec"]["topologySpreadConstraints"] = [spread]
    k.apply(deployment)
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k.becomes("pods -l app=web", "{.items[*].spec.nodeName}", "node-0 node-0 node-1 node-1", ordered=False)


@scenario
def preemption(k: Kubectl) -> None:
    k.becomes("serviceaccounts", "{.items[*].metadata.name}", "default")
    k("create", "priorityclass", k.namespace, "--value=1000")
    resources = {"requests": {"memory": "200Gi"}}
    pods = _pods("Deployment", 2)
    spec: dict[str, dict[str, dict[str, object]]] = pods["spec"]  # type: ignore[assignment]
    spec["template"]["spec"]["containers"] = [{"name": "web", "image": "nginx:1", "resources": resources}]
    k.apply(pods)
    k("rollout", "status", "deployment/web", "--timeout=60s")
    container = {"name": "a", "image": "nginx", "resources": resources}
    important = {"priorityClassName": k.namespace, "containers": [container]}
    k.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "important"}, "spec": important})
    k.becomes("pod/important", "{.status.phase}", "Running")
    k.becomes("deployment/web", "{.status.readyReplicas}", "1")
    k("delete", "pod", "important")
    k("delete", "priorityclass", k.namespace)
    k.becomes("deployment/web", "{.status.readyReplicas}", "2")


@scenario
def volume_binding(k: Kubectl) -> None:
    modes = {"accessModes": ["ReadWriteOnce"], "storageClassName": k.namespace}
    volume = modes | {"capacity": {"storage": "1Gi"}, "hostPath": {"path": "/nowhere"}}
    claim = modes | {"resources": {"requests": {"storage": "1Gi"}}}
    k.becomes("serviceaccounts", "{.items[*].metadata.name}", "default")
    k.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": k.namespace}, "spec": volume})
    k.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim"}, "spec": claim})
    k.becomes("pvc/claim", "{.status.phase}/{.spec.volumeName}", f"Bound/{k.namespace}")
    k.becomes(f"pv/{k.namespace}", "{.status.phase}", "Bound")
    container = {"name": "a", "image": "nginx", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    spec = {"containers": [container], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}]}
    k.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user"}, "spec": spec})
    k.becomes("pod/user", "{.status.phase}", "Running")
    k("delete", "pod", "user")
    k("delete", "pvc", "claim", "--timeout=30s")
    k.becomes(f"pv/{k.namespace}", "{.status.phase}", "Released")
    k("delete", "pv", k.namespace, "--timeout=30s")


@scenario
def certificate_signing(k: Kubectl) -> None:
    key = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout
    command = ["openssl", "req", "-new", "-key", "/dev/stdin", "-subj", "/CN=someone"]
    request = subprocess.run(command, input=key, capture_output=True, check=True).stdout
    spec = {"request": base64.b64encode(request).decode(), "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}
    k.apply({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": k.namespace}, "spec": spec})
    k("certificate", "approve", k.namespace)
    k.holds(f"csr/{k.namespace}", "{.status.certificate}", "LS0t")
    k("delete", "csr", k.namespace)


@scenario
def autoscaler_and_ttl(k: Kubectl) -> None:
    spec = {
        "ttlSecondsAfterFinished": 1,
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "w", "image": "busybox"}]}},
    }
    k.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "brief"}, "spec": spec})
    k.holds("jobs", "{.items[*].metadata.name}", "brief")
    k.becomes("jobs", "{.items[*].metadata.name}", "", seconds=60)
    k("create", "deployment", "web", "--image=nginx:1", "--replicas=1")
    k("autoscale", "deployment", "web", "--min=2", "--max=4", "--cpu=50%")
    k.becomes("deployment/web", "{.status.readyReplicas}", "2", seconds=60)


@scenario
def aggregated_roles(k: Kubectl) -> None:
    rule = {"apiGroups": [""], "resources": [k.namespace], "verbs": ["get"]}
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": k.namespace, "labels": labels},
        "rules": [rule],
    }
    k.apply(role)
    k.holds("clusterrole/view", "{.rules[*].resources}", k.namespace)
    k("delete", "clusterrole", k.namespace)
    k.lacks("clusterrole/view", "{.rules[*].resources}", k.namespace)


@scenario
def drained_node(k: Kubectl) -> None:
    """Nodes are shared: this one runs alone, last."""
    k("create", "deployment", "web", "--image=nginx:1", "--replicas=4")
    k("rollout", "status", "deployment/web", "--timeout=60s")
    k("drain", "node-1", "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s")
    k.becomes("pods", "{.items[*].spec.nodeName}", "node-0 node-0 node-0 node-0")
    k("uncordon", "node-1")
    k("taint", "node", "node-0", "gone=true:NoExecute")
    k.becomes("pods", "{.items[*].spec.nodeName}", "node-1 node-1 node-1 node-1", seconds=60)
    k("taint", "node", "node-0", "gone-")


ALONE = ("drained node", "preemption")

__all__ = ["ALONE", "SCENARIOS", "Failed"]
