"""Subresources with behaviour: binding, eviction, ephemeral containers, resize, finalize, approval; Service allocation; namespaces' life; quotas and limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.differential.kinds import all_kinds, merged
from conformance.differential.script import MERGE_PATCH, STRATEGIC_PATCH, Script, Session, Tree

_SPEC: Tree = {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}}}], "automountServiceAccountToken": False}


def scripts() -> Iterator[Script]:
    yield Script("actions", "binding", _binding)
    yield Script("actions", "eviction", _eviction)
    yield Script("actions", "ephemeral-containers", _ephemeral_containers)
    yield Script("actions", "resize", _resize)
    yield Script("actions", "pod-deletion", _pod_deletion)
    yield Script("actions", "approval", _approval)
    yield Script("actions", "component-statuses", _component_statuses)
    yield Script("namespaces", "life", _namespace_life)
    yield Script("namespaces", "built-in", _built_in)
    yield Script("services", "allocation", _services)
    yield Script("services", "updates", _service_updates)
    yield Script("admission", "limit-ranges", _limit_ranges)
    yield Script("admission", "quotas", _quotas)
    yield Script("admission", "priorities", _priorities)
    yield Script("admission", "pods", _pods)
    yield Script("admission", "claims", _claims)


async def _pod(s: Session, name: str = "p", **spec: Any) -> str:
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": name, "labels": {"app": "a"}}, "spec": {**_SPEC, **spec}})
    return f"{s.core}/pods/{name}"


async def _binding(s: Session) -> None:
    path = await _pod(s)
    for number, body in enumerate((
        {}, {"target": {}}, {"target": {"name": ""}}, {"target": {"kind": "Pod", "name": "n"}}, {"metadata": {"name": "other"}, "target": {"name": "n"}}, {"metadata": {"uid": "wrong"}, "target": {"name": "n"}},
        {"metadata": {"namespace": "other"}, "target": {"name": "n"}}, {"metadata": {"resourceVersion": "999999999"}, "target": {"name": "n"}},
    )):  # fmt: skip
        await s.ask("POST", f"{path}/binding", body, note=str(number))
    await s.ask("POST", f"{path}/binding?dryRun=All", {"target": {"kind": "Node", "name": "n"}})
    await s.ask("GET", path)
    await s.ask("POST", f"{path}/binding", {"metadata": {"name": "p", "annotations": {"a": "b"}, "labels": {"l": "m"}}, "target": {"kind": "Node", "name": "n"}})
    await s.ask("GET", path)
    await s.ask("POST", f"{path}/binding", {"target": {"name": "m"}}, note="again")
    await s.ask("POST", f"{s.core}/pods/absent/binding", {"target": {"name": "n"}})
    await _pod(s, "q")
    await s.ask("POST", f"{s.core}/bindings", {"metadata": {"name": "q"}, "target": {"kind": "Node", "name": "n"}})
    await s.ask("POST", f"{s.core}/bindings", {"target": {"kind": "Node", "name": "n"}}, note="no name")
    await s.ask("POST", f"{s.core}/bindings", {"metadata": {"name": "absent"}, "target": {"kind": "Node", "name": "n"}})
    gated = await _pod(s, "gated", schedulingGates=[{"name": "example.com/g"}])
    await s.ask("POST", f"{gated}/binding", {"target": {"name": "n"}}, note="gated")
    await s.ask("PATCH", path, {"spec": {"nodeName": "other"}}, Content_Type=MERGE_PATCH)


async def _eviction(s: Session) -> None:
    policy = f"/apis/policy/v1/namespaces/{s.namespace}/poddisruptionbudgets"
    for name in ("p", "q", "r"):
        path = await _pod(s, name, nodeName="n")
        await s.quiet("PATCH", f"{path}/status", {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
    await s.ask("POST", f"{s.core}/pods/absent/eviction", {"metadata": {"name": "absent"}})
    await s.ask("POST", f"{s.core}/pods/p/eviction", {"metadata": {"name": "other"}})
    await s.ask("POST", f"{s.core}/pods/p/eviction?dryRun=All", {"metadata": {"name": "p"}})
    await s.ask("POST", f"{s.core}/pods/p/eviction", {"metadata": {"name": "p"}, "deleteOptions": {"preconditions": {"uid": "wrong"}}})
    await s.ask("POST", f"{s.core}/pods/p/eviction", {"metadata": {"name": "p"}, "deleteOptions": {"dryRun": ["All"]}})
    await s.quiet("POST", policy, {"metadata": {"name": "b"}, "spec": {"minAvailable": 3, "selector": {"matchLabels": {"app": "a"}}}})
    await s.ask("POST", f"{s.core}/pods/p/eviction", {"metadata": {"name": "p"}}, note="budget not processed")
    status = {"disruptionsAllowed": 0, "currentHealthy": 3, "desiredHealthy": 3, "expectedPods": 3, "observedGeneration": 1}
    await s.quiet("PATCH", f"{policy}/b/status", {"status": status})
    await s.ask("POST", f"{s.core}/pods/p/eviction", {"metadata": {"name": "p"}}, note="none allowed")
    await s.quiet("PATCH", f"{policy}/b/status", {"status": {**status, "disruptionsAllowed": 1}})
    await s.ask("POST", f"{s.core}/pods/p/eviction", {"metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": 0}}, note="one allowed")
    await s.ask("GET", f"{policy}/b")
    await s.ask("GET", f"{s.core}/pods/p")
    await s.quiet("POST", policy, {"metadata": {"name": "b2"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}})
    await s.ask("POST", f"{s.core}/pods/q/eviction", {"metadata": {"name": "q"}}, note="two budgets")
    await s.ask("POST", f"{s.core}/pods/q/eviction", {"kind": "Eviction", "apiVersion": "policy/v1beta1", "metadata": {"name": "q"}})
    await s.ask("POST", f"{s.core}/pods/q/eviction", {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "q"}})
    await s.ask("POST", f"{s.core}/pods/q/eviction", {}, note="empty")


async def _ephemeral_containers(s: Session) -> None:
    path = await _pod(s, nodeName="n")
    await s.ask("GET", f"{path}/ephemeralcontainers")
    debug = {"name": "debug", "image": "d"}
    await s.ask("PATCH", f"{path}/ephemeralcontainers", {"spec": {"ephemeralContainers": [debug]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{path}/ephemeralcontainers", {"spec": {"ephemeralContainers": [{**debug, "image": "e"}]}}, Content_Type=STRATEGIC_PATCH, note="changed")
    await s.ask("PATCH", f"{path}/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "bad", "image": "d", "ports": [{"containerPort": 1}]}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{path}/ephemeralcontainers", {"spec": {"ephemeralContainers": []}}, Content_Type=MERGE_PATCH, note="removed")
    await s.ask("PATCH", f"{path}/ephemeralcontainers", {"spec": {"containers": [{"name": "c", "image": "other"}]}}, Content_Type=STRATEGIC_PATCH, note="other fields")
    current = (await s.quiet("GET", path)).tree
    await s.ask("PUT", f"{path}/ephemeralcontainers", merged(current, {"spec": {"ephemeralContainers": [{**debug, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "Always"}]}}))
    await s.ask("PATCH", path, {"spec": {"ephemeralContainers": [{"name": "two", "image": "d"}]}}, Content_Type=STRATEGIC_PATCH, note="not through the subresource")


async def _resize(s: Session) -> None:
    path = await _pod(s, nodeName="n")

    def wanted(**resources: Any) -> Tree:
        return {"spec": {"containers": [{"name": "c", "resources": resources}]}}

    await s.ask("GET", f"{path}/resize")
    await s.ask("PATCH", f"{path}/resize", wanted(requests={"cpu": "600m"}), Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{path}/resize", wanted(limits={"cpu": "2", "memory": "2Gi"}), Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{path}/resize", wanted(limits={"cpu": "100m"}), Content_Type=STRATEGIC_PATCH, note="below the request")
    await s.ask("PATCH", f"{path}/resize", wanted(limits={"memory": None}), Content_Type=STRATEGIC_PATCH, note="removed")
    await s.ask("PATCH", f"{path}/resize", {"spec": {"containers": [{"name": "c", "image": "other"}]}}, Content_Type=STRATEGIC_PATCH, note="image")
    await s.ask("PATCH", f"{path}/resize", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH, note="labels")
    await s.ask("PATCH", path, wanted(requests={"cpu": "700m"}), Content_Type=STRATEGIC_PATCH, note="not through the subresource")
    await s.ask("PATCH", f"{s.core}/pods/absent/resize", wanted(), Content_Type=STRATEGIC_PATCH)


async def _pod_deletion(s: Session) -> None:
    """Grace: of pods with and without a node."""
    for name, spec in (("unassigned", {}), ("assigned", {"nodeName": "n"}), ("quick", {"nodeName": "n", "terminationGracePeriodSeconds": 0}), ("slow", {"nodeName": "n", "terminationGracePeriodSeconds": 600})):
        path = await _pod(s, name, **spec)
        await s.ask("DELETE", f"{path}?dryRun=All")
        await s.ask("DELETE", path)
        await s.ask("GET", path)
        await s.ask("DELETE", path, {"gracePeriodSeconds": 900}, note="longer")
        await s.ask("DELETE", path, {"gracePeriodSeconds": 10}, note="shorter")
        await s.ask("DELETE", path, {"gracePeriodSeconds": -5}, note="negative")
        await s.ask("DELETE", path, {"gracePeriodSeconds": 0})
        await s.ask("GET", path)
    path = await _pod(s, "done", nodeName="n")
    await s.quiet("PATCH", f"{path}/status", {"status": {"phase": "Succeeded"}})
    await s.ask("DELETE", path, note="finished")
    path = await _pod(s, "orphaned", nodeName="n")
    await s.ask("DELETE", path, {"propagationPolicy": "Orphan"})
    await s.ask("DELETE", path, {"gracePeriodSeconds": 0})
    await s.ask("GET", path)


async def _approval(s: Session) -> None:
    kind = next(kind for kind in all_kinds() if kind.resource == "certificatesigningrequests")
    root = kind.path("")
    await s.ask("POST", root, kind.object("one", "approval", ""))
    path = f"{root}/approval-one"

    def condition(type_: str, **more: str) -> Tree:
        return {"type": type_, "status": "True", "reason": "r", "message": "m", **more}

    await s.ask("GET", f"{path}/approval")
    await s.ask("PATCH", path, {"status": {"conditions": [condition("Approved")]}}, Content_Type=MERGE_PATCH, note="not through the subresource")
    await s.ask("PATCH", f"{path}/status", {"status": {"conditions": [condition("Approved")]}}, Content_Type=MERGE_PATCH, note="approval through status")
    await s.ask("PATCH", f"{path}/approval", {"status": {"conditions": [condition("Approved", status="False")]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}/approval", {"status": {"conditions": [condition("Approved"), condition("Denied")]}}, Content_Type=MERGE_PATCH)
    current = (await s.quiet("GET", path)).tree
    await s.ask("PUT", f"{path}/approval", merged(current, {"status": {"conditions": [condition("Approved")]}, "spec": {"signerName": "example.com/other"}}))
    await s.ask("PATCH", f"{path}/approval", {"status": {"conditions": []}}, Content_Type=MERGE_PATCH, note="taken back")
    await s.ask("PATCH", f"{path}/status", {"status": {"certificate": "bm9uc2Vuc2U="}}, Content_Type=MERGE_PATCH)
    s.user = "bob"
    await s.ask("PATCH", f"{path}/approval", {}, Content_Type=MERGE_PATCH)
    s.user = "admin"
    await s.ask("DELETE", path)


async def _component_statuses(s: Session) -> None:
    await s.ask("GET", "/api/v1/componentstatuses/absent")
    await s.ask("GET", "/api/v1/componentstatuses/etcd-0")
    await s.ask("GET", "/api/v1/componentstatuses?labelSelector=none%3Dx")
    await s.ask("GET", "/api/v1/componentstatuses?fieldSelector=metadata.name%3Detcd-0")


async def _namespace_life(s: Session) -> None:
    name = "diff-life"
    await s.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": "wrong", "a": "b"}}})
    path = f"/api/v1/namespaces/{name}"
    await s.ask("PATCH", path, {"metadata": {"labels": {"kubernetes.io/metadata.name": None}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", path, {"spec": {"finalizers": ["other.example.com/x"]}}, Content_Type=MERGE_PATCH)
    await s.ask("PUT", f"{path}/finalize", {"metadata": {"name": name}, "spec": {"finalizers": ["example.com/y", "kubernetes"]}})
    await s.ask("POST", f"{path}/configmaps", {"metadata": {"name": "held", "finalizers": ["example.com/a"]}})
    await s.ask("DELETE", f"{path}?dryRun=All")
    await s.ask("DELETE", path)
    await s.ask("GET", path)
    await s.ask("POST", f"{path}/configmaps", {"metadata": {"name": "late"}})
    await s.ask("PATCH", f"{path}/configmaps/held", {"data": {"a": "b"}}, Content_Type=MERGE_PATCH)
    await s.ask("DELETE", path, note="again")
    await s.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}}, note="again")
    await s.ask("PUT", f"{path}/finalize", {"metadata": {"name": name}, "spec": {"finalizers": ["kubernetes"]}})
    await s.ask("PATCH", f"{path}/status", {"status": {"phase": "Active"}}, Content_Type=MERGE_PATCH)
    await s.ask("PUT", f"{path}/finalize", {"metadata": {"name": "other"}, "spec": {"finalizers": []}})
    await s.ask("PUT", f"{path}/finalize", {"metadata": {"name": name}, "spec": {"finalizers": []}})
    await s.ask("GET", path)
    await s.ask("GET", f"{path}/configmaps/held", note="left behind")
    await s.ask("POST", "/api/v1/namespaces/none/configmaps", {"metadata": {"name": "x"}})
    await s.ask("POST", "/api/v1/namespaces?dryRun=All", {"metadata": {"name": "diff-dry", "finalizers": ["example.com/a"]}, "spec": {"finalizers": ["example.com/b"]}})
    await s.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "diff-owned", "finalizers": ["example.com/a"]}})
    await s.ask("DELETE", "/api/v1/namespaces/diff-owned")
    await s.ask("PUT", "/api/v1/namespaces/diff-owned/finalize", {"metadata": {"name": "diff-owned"}, "spec": {}})
    await s.ask("PATCH", "/api/v1/namespaces/diff-owned", {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
    await s.ask("GET", "/api/v1/namespaces/diff-owned")


async def _built_in(s: Session) -> None:
    for name in ("default", "kube-system", "kube-public"):
        await s.ask("DELETE", f"/api/v1/namespaces/{name}?dryRun=All")
        await s.ask("GET", f"/api/v1/namespaces/{name}")
    await s.ask("GET", "/api/v1/namespaces/default/services/kubernetes")
    await s.ask("GET", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes")
    await s.ask("GET", "/apis/networking.k8s.io/v1/ipaddresses/10.96.0.1")
    await s.ask("GET", "/apis/scheduling.k8s.io/v1/priorityclasses")
    await s.ask("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical?dryRun=All")
    for name in ("cluster-admin", "admin", "edit", "view", "system:node", "system:discovery", "system:basic-user", "system:kube-scheduler"):
        await s.ask("GET", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}")
    for name in ("cluster-admin", "system:node", "system:discovery"):
        await s.ask("GET", f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}")
    await s.ask("GET", "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles")
    await s.ask("GET", "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings")
    await s.ask("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas?labelSelector=!diff")
    await s.ask("GET", "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations?labelSelector=!diff")


async def _services(s: Session) -> None:
    root = f"{s.core}/services"
    ports = [{"port": 80}]
    for number, spec in enumerate((
        {"ports": ports}, {"ports": ports, "clusterIP": "None"}, {"ports": ports, "clusterIP": "10.96.0.71"}, {"ports": ports, "clusterIP": "10.96.0.71"}, {"ports": ports, "clusterIP": "10.97.0.1"}, {"ports": ports, "clusterIP": "nonsense"},
        {"ports": ports, "type": "NodePort"}, {"ports": [{"port": 80, "nodePort": 30077}], "type": "NodePort"}, {"ports": [{"port": 80, "nodePort": 30077}], "type": "NodePort"}, {"ports": [{"port": 80, "nodePort": 80}], "type": "NodePort"},
        {"ports": ports, "type": "LoadBalancer"}, {"ports": ports, "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, {"type": "ExternalName", "externalName": "x.example.com"}, {"type": "ExternalName"}, {"ports": [], "clusterIP": "None"}, {},
        {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b", "protocol": "UDP"}], "type": "NodePort"}, {"ports": [{"port": 80}, {"port": 81}]}, {"ports": [{"port": 0}]}, {"ports": [{"port": 80, "targetPort": "x_y"}]},
        {"ports": ports, "sessionAffinity": "ClientIP"}, {"ports": ports, "ipFamilyPolicy": "RequireDualStack"}, {"ports": ports, "ipFamilyPolicy": "PreferDualStack"}, {"ports": ports, "ipFamilies": ["IPv6"]}, {"ports": ports, "clusterIPs": ["10.96.0.72"]},
        {"ports": ports, "clusterIP": "10.96.0.73", "clusterIPs": ["10.96.0.74"]}, {"ports": ports, "externalTrafficPolicy": "Local", "type": "NodePort"}, {"ports": ports, "externalTrafficPolicy": "Local", "type": "LoadBalancer"},
        {"ports": ports, "externalIPs": ["1.2.3.4"]}, {"ports": ports, "type": "Wrong"}, {"ports": ports, "internalTrafficPolicy": "Local"}, {"ports": ports, "trafficDistribution": "PreferClose"}, {"ports": ports, "trafficDistribution": "Wrong"},
    )):  # fmt: skip
        for query in ("?dryRun=All", ""):
            await s.ask("POST", f"{root}{query}", {"metadata": {"name": f"s{number}"}, "spec": spec}, note=str(number))
    await s.ask("GET", "/apis/networking.k8s.io/v1/ipaddresses/10.96.0.71")
    await s.ask("DELETE", f"{root}/s2?dryRun=All")
    await s.ask("DELETE", f"{root}/s2")
    await s.ask("GET", "/apis/networking.k8s.io/v1/ipaddresses/10.96.0.71", note="given back")


async def _service_updates(s: Session) -> None:
    root = f"{s.core}/services"
    await s.quiet("POST", root, {"metadata": {"name": "s"}, "spec": {"clusterIP": "10.96.0.79", "ports": [{"port": 80, "name": "a"}]}})
    for number, change in enumerate((
        {"clusterIP": "10.96.0.80"}, {"clusterIP": None, "clusterIPs": None}, {"clusterIP": "None"}, {"type": "NodePort"}, {"ports": [{"port": 81, "name": "a"}]}, {"ports": [{"port": 81, "name": "a", "nodePort": 30177}]},
        {"type": "LoadBalancer"}, {"type": "ClusterIP"}, {"type": "ExternalName", "externalName": "x.example.com"}, {"type": "ClusterIP"}, {"ipFamilyPolicy": "PreferDualStack"}, {"selector": {"a": "b"}}, {"sessionAffinity": "ClientIP"},
    )):  # fmt: skip
        await s.ask("PATCH", f"{root}/s", {"spec": change}, Content_Type=MERGE_PATCH, note=str(number))
    current = (await s.quiet("GET", f"{root}/s")).tree
    await s.ask("PUT", f"{root}/s", {**current, "spec": {"ports": [{"port": 80}]}}, note="addresses kept")
    await s.ask("PATCH", f"{root}/s/status", {"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}, Content_Type=MERGE_PATCH)


async def _limit_ranges(s: Session) -> None:
    limits = [{"type": "Container", "default": {"cpu": "500m", "memory": "256Mi"}, "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "1"}, "min": {"cpu": "50m"}, "maxLimitRequestRatio": {"memory": "2"}}, {"type": "Pod", "max": {"memory": "1Gi"}},
              {"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}, "min": {"storage": "1Gi"}}]  # fmt: skip
    await s.ask("POST", f"{s.core}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": limits}})
    for number, resources in enumerate(({}, {"limits": {"cpu": "2"}}, {"requests": {"cpu": "10m"}}, {"requests": {"memory": "64Mi"}, "limits": {"memory": "256Mi"}}, {"limits": {"memory": "2Gi"}}, {"requests": {"cpu": "700m"}})):
        await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": f"p{number}"}, "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}], "automountServiceAccountToken": False}}, note=str(number))
    for size in ("512Mi", "1Gi", "4Gi"):
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        await s.ask("POST", f"{s.core}/persistentvolumeclaims", {"metadata": {"name": f"c{size.lower()}"}, "spec": claim})


async def _quotas(s: Session) -> None:
    hard = {"pods": "1", "requests.cpu": "600m", "count/configmaps": "1", "services.nodeports": "0", "secrets": "1"}
    await s.ask("POST", f"{s.core}/resourcequotas", {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    await s.quiet("PATCH", f"{s.core}/resourcequotas/q/status", {"status": {"hard": hard, "used": dict.fromkeys(hard, "0")}})
    await s.settle(f"{s.core}/resourcequotas/q")
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "none"}, "spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}}, note="no request")
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "one"}, "spec": _SPEC})
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "two"}, "spec": _SPEC}, note="too many")
    await s.ask("POST", f"{s.core}/configmaps", {"metadata": {"name": "one"}})
    await s.ask("POST", f"{s.core}/configmaps", {"metadata": {"name": "two"}}, note="too many")
    await s.ask("POST", f"{s.core}/services", {"metadata": {"name": "np"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}})
    await s.ask("POST", f"{s.core}/secrets?dryRun=All", {"metadata": {"name": "dry"}})
    await s.ask("GET", f"{s.core}/resourcequotas/q")


async def _priorities(s: Session) -> None:
    root = "/apis/scheduling.k8s.io/v1/priorityclasses"
    await s.quiet("POST", root, {"metadata": {"name": "diff-high"}, "value": 1000, "preemptionPolicy": "Never"})
    await s.ask("POST", root, {"metadata": {"name": "system-x"}, "value": 1})
    await s.ask("POST", root, {"metadata": {"name": "diff-huge"}, "value": 2000000000})
    await s.ask("PATCH", f"{root}/diff-high", {"value": 5}, Content_Type=MERGE_PATCH)
    for number, spec in enumerate(({"priorityClassName": "diff-high"}, {"priorityClassName": "absent"}, {"priority": 5}, {"priorityClassName": "diff-high", "priority": 5}, {"priorityClassName": "system-node-critical"}, {"preemptionPolicy": "Never"})):
        await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": f"p{number}"}, "spec": {**_SPEC, **spec}}, note=str(spec))
    await s.quiet("DELETE", f"{root}/diff-high")


async def _pods(s: Session) -> None:
    """What admission adds to pods: tolerations, runtime classes, taints of nodes."""
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "plain"}, "spec": _SPEC})
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "tolerant"}, "spec": {**_SPEC, "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]}})
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "all"}, "spec": {**_SPEC, "tolerations": [{"operator": "Exists"}]}})
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "rc"}, "spec": {**_SPEC, "runtimeClassName": "absent"}})
    await s.quiet("POST", "/apis/node.k8s.io/v1/runtimeclasses", {"metadata": {"name": "diff-rc"}, "handler": "h", "overhead": {"podFixed": {"cpu": "10m"}}, "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]}})
    await s.settle("/apis/node.k8s.io/v1/runtimeclasses/diff-rc")
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "rc"}, "spec": {**_SPEC, "runtimeClassName": "diff-rc"}})
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "rc2"}, "spec": {**_SPEC, "runtimeClassName": "diff-rc", "overhead": {"cpu": "20m"}}})
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "rc3"}, "spec": {**_SPEC, "runtimeClassName": "diff-rc", "nodeSelector": {"a": "c"}}})
    await s.ask("POST", "/api/v1/nodes", {"metadata": {"name": "diff-node"}})
    await s.quiet("DELETE", "/api/v1/nodes/diff-node")
    await s.quiet("DELETE", "/apis/node.k8s.io/v1/runtimeclasses/diff-rc")


async def _claims(s: Session) -> None:
    """Default storage classes, and resizing."""
    root, classes = f"{s.core}/persistentvolumeclaims", "/apis/storage.k8s.io/v1/storageclasses"
    claim: Tree = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    await s.ask("POST", root, {"metadata": {"name": "none"}, "spec": claim})
    await s.quiet("POST", classes, {"metadata": {"name": "diff-default", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "p", "allowVolumeExpansion": True})
    await s.settle(f"{classes}/diff-default")
    await s.ask("POST", root, {"metadata": {"name": "defaulted"}, "spec": claim})
    await s.ask("POST", root, {"metadata": {"name": "explicit"}, "spec": {**claim, "storageClassName": ""}})
    await s.quiet("PATCH", f"{root}/defaulted/status", {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}})
    for size in ("2Gi", "1Gi", "512Mi"):
        await s.ask("PATCH", f"{root}/defaulted", {"spec": {"resources": {"requests": {"storage": size}}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/explicit", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}, Content_Type=MERGE_PATCH, note="not bound")
    await s.ask("PATCH", f"{root}/none", {"spec": {"storageClassName": "diff-default"}}, Content_Type=MERGE_PATCH)
    await s.ask("DELETE", f"{root}/defaulted")
    await s.ask("GET", f"{root}/defaulted")
    await s.quiet("DELETE", f"{classes}/diff-default")
