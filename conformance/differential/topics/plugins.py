"""Admission plugins that are on by default, each asked for all it changes and refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from conformance.differential.kinds import merged
from conformance.differential.script import MERGE_PATCH, STRATEGIC_PATCH, Script, Session, Tree

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_QUIET: Tree = {"automountServiceAccountToken": False}


def scripts() -> Iterator[Script]:
    yield Script("plugins", "limit-ranges", _limit_ranges)
    yield Script("plugins", "limits-of-several", _limits_of_several)
    yield Script("plugins", "quota-of-pods", _quota_of_pods)
    yield Script("plugins", "quota-scopes", _quota_scopes)
    yield Script("plugins", "quota-of-objects", _quota_of_objects)
    yield Script("plugins", "quota-of-claims", _quota_of_claims)
    yield Script("plugins", "accounts", _accounts, setup="accounts")
    yield Script("plugins", "confined", _confined, setup="confined")
    yield Script("plugins", "lifecycle", _lifecycle)
    yield Script("plugins", "nodes", _nodes, setup="nodes")
    yield Script("plugins", "node-pods", _node_pods, setup="nodes")
    yield Script("plugins", "node-tokens", _node_tokens, setup="nodes")
    yield Script("plugins", "pod-security", _pod_security)
    yield Script("plugins", "priority", _priority)
    yield Script("plugins", "tolerations", _tolerations)
    yield Script("plugins", "runtime-classes", _runtime_classes)
    yield Script("plugins", "storage", _storage)
    yield Script("plugins", "ingress-classes", _ingress_classes)
    yield Script("plugins", "certificates", _certificates)
    yield Script("plugins", "owners", _owners)


def _pod(name: str, *containers: Tree, **spec: Any) -> Tree:
    whole = [{"name": f"c{number}" if number else "c", "image": "i", **container} for number, container in enumerate(containers or ({},))]
    return {"metadata": {"name": name}, "spec": {"containers": whole, **_QUIET, **spec}}


def _asks(requests: Tree | None = None, limits: Tree | None = None) -> Tree:
    return {"resources": {key: value for key, value in (("requests", requests), ("limits", limits)) if value is not None}}


async def _limit_ranges(s: Session) -> None:
    limits = [
        {"type": "Container", "default": {"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "1Gi"}, "defaultRequest": {"cpu": "100m", "example.com/gpu": "1"}, "max": {"cpu": "1", "memory": "1Gi"}, "min": {"cpu": "50m", "memory": "16Mi"}, "maxLimitRequestRatio": {"cpu": "10", "memory": "2"}},
        {"type": "Pod", "max": {"cpu": "2", "memory": "1536Mi"}, "min": {"cpu": "60m"}, "maxLimitRequestRatio": {"cpu": "8"}},
        {"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}, "min": {"storage": "1Gi"}},
        {"type": "example.com/other", "max": {"cpu": "1m"}},
    ]
    await s.ask("POST", f"{s.core}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": limits}})
    await s.settle(f"{s.core}/limitranges/l")
    pods = f"{s.core}/pods"
    for number, containers in enumerate((
        ({},), (_asks({"cpu": "10m"}),), (_asks(None, {"cpu": "2"}),), (_asks({"cpu": "700m", "example.com/gpu": "1"}, {"example.com/gpu": "1"}),), (_asks({"memory": "8Mi"}),), (_asks({"memory": "64Mi"}, {"memory": "256Mi"}),), (_asks({"cpu": "50m"}, {"cpu": "600m"}),), (_asks({"cpu": "0"}),), (_asks({"cpu": "0"}, {"cpu": "0"}),), (_asks(None, {"cpu": "50m", "memory": "16Mi"}),),
        (_asks({"cpu": "1"}, {"cpu": "1"}),) * 3, (_asks({"cpu": "100m"}), _asks({"cpu": "900m"}, {"cpu": "900m"})), (_asks({"example.com/gpu": "2"}, {"example.com/gpu": "2"}),), (_asks(None, {"hugepages-2Mi": "2Mi"}),), (_asks({"ephemeral-storage": "2Gi"}),), ({}, {}, {}), (_asks({"cpu": "10m", "memory": "1Mi"}, {"cpu": "3", "memory": "3Gi"}),),
    )):  # fmt: skip
        await s.ask("POST", pods, _pod(f"p{number}", *containers), note=str(number))
    await s.ask("POST", pods, _pod("init", initContainers=[{"name": "i", "image": "i", **_asks({"cpu": "10m"})}]))
    await s.ask("POST", pods, _pod("side", initContainers=[{"name": "i", "image": "i", "restartPolicy": "Always"}, {"name": "j", "image": "i", **_asks(None, {"cpu": "3"})}]))
    await s.ask("POST", pods, _pod("init-ok", initContainers=[{"name": "i", "image": "i"}]))
    await s.ask("POST", pods, _pod("level", resources={"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "3", "memory": "128Mi"}}))
    await s.ask("POST", pods, _pod("level-ok", resources={"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}))
    await s.ask("POST", pods, merged(_pod("annotated"), {"metadata": {"annotations": {"kubernetes.io/limit-ranger": "mine"}}}))
    await s.ask("POST", f"{pods}?dryRun=All", {"metadata": {"generateName": "gen-"}, "spec": _pod("x", _asks({"cpu": "1m"}))["spec"]})
    await s.ask("PATCH", f"{pods}/p0", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
    for resources in ({"limits": {"cpu": "3"}}, {"requests": {"cpu": "10m"}}, {"requests": {"cpu": "60m"}}, {"limits": {"memory": "2Gi"}}, {"requests": {"cpu": "200m"}}):
        await s.ask("PATCH", f"{pods}/p0/resize", {"spec": {"containers": [{"name": "c", "resources": resources}]}}, Content_Type=STRATEGIC_PATCH, note=str(resources))
    await s.ask("PATCH", f"{pods}/p0/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "e"}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("POST", f"/apis/apps/v1/namespaces/{s.namespace}/replicasets", {"metadata": {"name": "r"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i", **_asks(None, {"cpu": "9"})}]}}}})
    claims = f"{s.core}/persistentvolumeclaims"
    for size in ("512Mi", "1Gi", "3Gi"):
        await s.ask("POST", claims, {"metadata": {"name": f"c{size.lower()}"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}})
    await s.ask("PATCH", f"{claims}/c1gi", {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}, Content_Type=MERGE_PATCH)


async def _limits_of_several(s: Session) -> None:
    """Two LimitRanges about different resources (upstream takes them in no order), and ones that say little."""
    for name, limits in (("a", [{"type": "Container", "defaultRequest": {"memory": "200Mi"}}]), ("b", [{"type": "Container", "default": {"cpu": "300m"}}, {"type": "Pod", "max": {"cpu": "1"}}])):
        await s.quiet("POST", f"{s.core}/limitranges", {"metadata": {"name": name}, "spec": {"limits": limits}})
        await s.settle(f"{s.core}/limitranges/{name}")
    for number, containers in enumerate(((_asks({"cpu": "250m"}, {"cpu": "250m"}),), (_asks({"memory": "1Gi"}),), (_asks(None, {"cpu": "2"}),))):
        await s.ask("POST", f"{s.core}/pods", _pod(f"p{number}", *containers), note=str(number))
    for number, limit in enumerate((
        {"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}, {"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}}, {"type": "Pod", "default": {"cpu": "1"}}, {"type": "Container", "maxLimitRequestRatio": {"cpu": "500m"}}, {"type": "Pod", "defaultRequest": {"cpu": "1"}}, {"type": "PersistentVolumeClaim"}, {},
        {"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "4"}, "maxLimitRequestRatio": {"cpu": "5"}}, {"type": "Container", "defaultRequest": {"cpu": "2"}, "default": {"cpu": "1"}}, {"type": "Container", "min": {"cpu": "100m"}}, {"type": "Container", "max": {"cpu": "1"}}, {"type": "Container", "min": {"cpu": "100m"}, "defaultRequest": {"cpu": "10m"}},
    )):  # fmt: skip
        await s.ask("POST", f"{s.core}/limitranges?dryRun=All", {"metadata": {"name": f"l{number}"}, "spec": {"limits": [limit]}}, note=str(number))


async def _quota(s: Session, name: str, hard: Tree, **spec: Any) -> str:
    """A quota whose status says what a controller would: nothing is used."""
    path = f"{s.core}/resourcequotas/{name}"
    await s.quiet("POST", f"{s.core}/resourcequotas", {"metadata": {"name": name}, "spec": {"hard": hard, **spec}})
    await s.quiet("PATCH", f"{path}/status", {"status": {"hard": hard, "used": dict.fromkeys(hard, "0")}})
    await asyncio.sleep(0.1)
    return path


async def _quota_of_pods(s: Session) -> None:
    await s.quiet("POST", f"{s.core}/resourcequotas", {"metadata": {"name": "new"}, "spec": {"hard": {"configmaps": "1"}}})
    await s.settle(f"{s.core}/resourcequotas/new")
    await s.ask("POST", f"{s.core}/configmaps", {"metadata": {"name": "x"}}, note="no status yet")
    await s.quiet("DELETE", f"{s.core}/resourcequotas/new")
    await s.gone(f"{s.core}/resourcequotas/new")
    hard = {"pods": "3", "requests.cpu": "1", "limits.cpu": "2", "memory": "1Gi", "limits.memory": "2Gi", "requests.ephemeral-storage": "1Gi", "requests.example.com/gpu": "1"}
    path = await _quota(s, "q", hard)
    full = {"cpu": "400m", "memory": "256Mi", "ephemeral-storage": "100Mi"}
    limits = {"cpu": "500m", "memory": "512Mi"}
    pods = f"{s.core}/pods"
    for number, containers in enumerate((({},), (_asks({"cpu": "1"}),), (_asks(full, limits),), (_asks({**full, "cpu": "700m"}, {**limits, "cpu": "700m"}),), (_asks({**full, "example.com/gpu": "2"}, {**limits, "example.com/gpu": "2"}),), (_asks(full, limits), {}), (_asks({**full, "memory": "2Gi"}, {**limits, "memory": "3Gi"}),), (_asks({**full, "ephemeral-storage": "2Gi"}, limits),))):
        await s.ask("POST", f"{pods}?dryRun=All", _pod(f"p{number}", *containers), note=f"{number}, dry")
        await s.ask("POST", pods, _pod(f"p{number}", *containers), note=str(number))
    await s.ask("GET", path)
    await s.ask("POST", pods, _pod("init", _asks(full, limits), initContainers=[{"name": "i", "image": "i", **_asks({**full, "cpu": "900m"}, {**limits, "cpu": "1900m"})}]))
    await s.ask("POST", pods, _pod("level", resources={"requests": full | {"cpu": "100m"}, "limits": limits}), note="on the level of the pod")
    await s.ask("POST", pods, _pod("second", _asks({**full, "cpu": "100m"}, limits)))
    await s.ask("POST", pods, _pod("third", _asks({**full, "cpu": "100m"}, limits)))
    await s.ask("POST", pods, _pod("fourth", _asks({**full, "cpu": "100m"}, limits)))
    await s.ask("GET", path)
    await s.ask("PATCH", f"{pods}/p2/resize", {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "450m"}}}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{pods}/p2/resize", {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "900m"}, "limits": {"cpu": "900m"}}}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("GET", path, note="resized")
    await s.quiet("PATCH", f"{pods}/p2/status", {"status": {"phase": "Succeeded"}})
    await s.ask("GET", path, note="one has succeeded")
    await s.quiet("DELETE", f"{pods}/second", {"gracePeriodSeconds": 0})
    await s.ask("GET", path, note="one is gone")
    await s.ask("PATCH", f"{pods}/p2", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
    await s.ask("POST", f"/apis/apps/v1/namespaces/{s.namespace}/replicasets", {"metadata": {"name": "r"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
    await _quota(s, "r", {"pods": "1", "requests.cpu": "50m", "cpu": "60m"})
    await s.ask("POST", pods, _pod("two-quotas", _asks({**full, "cpu": "100m"}, limits)))


async def _quota_scopes(s: Session) -> None:
    await s.quiet("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "diff-scope"}, "value": 7})
    await s.settle("/apis/scheduling.k8s.io/v1/priorityclasses/diff-scope")
    selectors: dict[str, Tree] = {
        "terminating": {"scopes": ["Terminating"]}, "lasting": {"scopes": ["NotTerminating"]}, "besteffort": {"scopes": ["BestEffort"]}, "better": {"scopes": ["NotBestEffort"]},
        "prioritised": {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["diff-scope"]}]}}, "others": {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}},
        "affine": {"scopeSelector": {"matchExpressions": [{"scopeName": "CrossNamespacePodAffinity", "operator": "Exists"}]}}, "both": {"scopes": ["Terminating", "NotBestEffort"]},
    }  # fmt: skip
    paths = [await _quota(s, name, {"pods": "1"}, **spec) for name, spec in selectors.items()]
    term = {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "k", "labelSelector": {}, "namespaces": ["other"]}]}
    for number, pod in enumerate((
        _pod("a"), _pod("b", activeDeadlineSeconds=5), _pod("c", _asks({"cpu": "1m"})), _pod("d", _asks({"cpu": "1m"}), activeDeadlineSeconds=5), _pod("e", priorityClassName="diff-scope"), _pod("f", affinity={"podAffinity": term}), _pod("g", affinity={"podAntiAffinity": term}),
        _pod("h", _asks({"cpu": "1m"}), activeDeadlineSeconds=0), _pod("i", resources={"requests": {"cpu": "1m"}}),
    )):  # fmt: skip
        await s.ask("POST", f"{s.core}/pods", pod, note=str(number))
        for path in paths:
            await s.ask("GET", path, note=str(number))
        for path in paths:
            await s.quiet("PATCH", f"{path}/status", {"status": {"used": {"pods": "0"}}})
        await s.settle(paths[-1])
        await s.quiet("DELETE", f"{s.core}/pods/{pod['metadata']['name']}", {"gracePeriodSeconds": 0})
    for number, spec in enumerate((
        {"hard": {"configmaps": "1"}, "scopes": ["BestEffort"]}, {"hard": {"pods": "1"}, "scopes": ["BestEffort", "NotBestEffort"]}, {"hard": {"pods": "1"}, "scopes": ["Wrong"]}, {"hard": {"requests.cpu": "1"}, "scopes": ["BestEffort"]}, {"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}},
        {"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [{"scopeName": "BestEffort", "operator": "In", "values": ["x"]}]}}, {"hard": {"pods": "-1"}}, {"hard": {"pods": "1500m"}}, {"hard": {"nonsense": "1"}}, {"hard": {"count/deployments.apps": "1", "count/": "2"}}, {"hard": {"requests.storage": "1.5", "x.storageclass.storage.k8s.io/requests.storage": "1"}},
    )):  # fmt: skip
        await s.ask("POST", f"{s.core}/resourcequotas?dryRun=All", {"metadata": {"name": f"v{number}"}, "spec": spec}, note=str(number))
    await s.quiet("DELETE", "/apis/scheduling.k8s.io/v1/priorityclasses/diff-scope")


async def _quota_of_objects(s: Session) -> None:
    hard = {
        "configmaps": "1", "count/configmaps": "2", "secrets": "1", "services": "3", "services.nodeports": "2", "services.loadbalancers": "1", "replicationcontrollers": "1", "resourcequotas": "2", "count/deployments.apps": "1", "count/jobs.batch": "0", "count/serviceaccounts": "0", "count/ingresses.networking.k8s.io": "1",
        "count/roles.rbac.authorization.k8s.io": "0", "count/poddisruptionbudgets.policy": "1", "count/leases.coordination.k8s.io": "1", "count/events": "0", "count/endpointslices.discovery.k8s.io": "0", "count/resourceclaims.resource.k8s.io": "0",
    }  # fmt: skip
    path = await _quota(s, "q", hard)
    apis, template = f"/apis/%s/namespaces/{s.namespace}", {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}
    for number, (root, body) in enumerate((
        (f"{s.core}/configmaps", {}), (f"{s.core}/configmaps", {}), (f"{s.core}/secrets", {}), (f"{s.core}/secrets", {}), (f"{s.core}/serviceaccounts", {}), (apis % "batch/v1" + "/jobs", {"spec": {"template": template}}), (apis % "rbac.authorization.k8s.io/v1" + "/roles", {"rules": []}),
        (apis % "policy/v1" + "/poddisruptionbudgets", {"spec": {"minAvailable": 1}}), (apis % "policy/v1" + "/poddisruptionbudgets", {"spec": {"minAvailable": 1}}), (apis % "coordination.k8s.io/v1" + "/leases", {"spec": {}}), (apis % "coordination.k8s.io/v1" + "/leases", {"spec": {}}), (f"{s.core}/resourcequotas", {"spec": {}}), (f"{s.core}/resourcequotas", {"spec": {}}),
        (f"{s.core}/events", {"involvedObject": {"namespace": s.namespace}}), (apis % "events.k8s.io/v1" + "/events", {"eventTime": "2030-01-01T00:00:00.000000Z", "reportingController": "example.com/c", "reportingInstance": "i", "action": "a", "reason": "r", "type": "Normal", "regarding": {"namespace": s.namespace}}),
        (apis % "resource.k8s.io/v1" + "/resourceclaims", {"spec": {}}), (apis % "discovery.k8s.io/v1" + "/endpointslices", {"addressType": "IPv4", "endpoints": []}),
    )):  # fmt: skip
        await s.ask("POST", root, merged(body, {"metadata": {"name": f"o{number}"}}), note=str(number))
    ports = [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]
    for number, spec in enumerate(({"ports": ports}, {"ports": ports, "type": "NodePort"}, {"ports": ports, "type": "NodePort"}, {"ports": ports, "type": "LoadBalancer"}, {"ports": ports, "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, {"ports": ports, "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False}, {"type": "ExternalName", "externalName": "x.y"})):
        await s.ask("POST", f"{s.core}/services", {"metadata": {"name": f"s{number}"}, "spec": spec}, note=str(number))
    await s.ask("GET", path)
    await s.ask("PATCH", f"{s.core}/services/s0", {"spec": {"type": "NodePort"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{s.core}/services/s1", {"spec": {"type": "LoadBalancer"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{s.core}/services/s1", {"spec": {"type": "ClusterIP"}}, Content_Type=MERGE_PATCH)
    await s.ask("GET", path)
    await s.quiet("DELETE", f"{s.core}/configmaps/o0")
    await s.ask("GET", path, note="gives nothing back by itself")
    await s.ask("PUT", f"{s.core}/configmaps/o99", {"metadata": {"name": "o99"}}, note="update of none")
    await s.ask("PATCH", f"{s.core}/configmaps/o98?fieldManager=m", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "o98"}}, Content_Type="application/apply-patch+yaml", note="apply creates")


async def _quota_of_claims(s: Session) -> None:
    hard = {"persistentvolumeclaims": "3", "requests.storage": "5Gi", "gold.storageclass.storage.k8s.io/requests.storage": "2Gi", "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1", "count/persistentvolumeclaims": "4"}
    path = await _quota(s, "q", hard)
    claims = f"{s.core}/persistentvolumeclaims"
    for number, (size, name) in enumerate((("1Gi", ""), ("3Gi", "gold"), ("1Gi", "gold"), ("1Gi", "gold"), ("4Gi", ""), ("1Gi", "silver"), ("100Mi", "silver"))):
        await s.ask("POST", claims, {"metadata": {"name": f"c{number}"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": name, "resources": {"requests": {"storage": size}}}}, note=str(number))
    await s.ask("GET", path)
    await s.quiet("PATCH", f"{claims}/c5/status", {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}})
    await s.ask("GET", path)


async def _accounts(s: Session) -> None:
    pods = f"{s.core}/pods"
    s.normaliser.generates("kube-api-access-")
    plain: Tree = {"containers": [{"name": "c", "image": "i"}]}
    await s.ask("POST", pods, {"metadata": {"name": "none"}, "spec": plain}, note="no default account")
    await s.ask("POST", pods, {"metadata": {"generateName": "none-"}, "spec": plain})
    await s.quiet("POST", f"{s.core}/serviceaccounts", {"metadata": {"name": "default"}})
    await s.quiet("POST", f"{s.core}/serviceaccounts", {"metadata": {"name": "pulls"}, "imagePullSecrets": [{"name": "a"}, {"name": "b"}], "automountServiceAccountToken": False})
    await s.quiet("POST", f"{s.core}/serviceaccounts", {"metadata": {"name": "strict", "annotations": {"kubernetes.io/enforce-mountable-secrets": "true"}}, "secrets": [{"name": "known"}], "imagePullSecrets": [{"name": "pull"}]})
    for name in ("default", "pulls", "strict"):
        await s.settle(f"{s.core}/serviceaccounts/{name}")
    mount = {"name": "mine", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    for number, spec in enumerate((
        plain, {**plain, "serviceAccountName": "absent"}, {**plain, "serviceAccountName": "pulls"}, {**plain, "serviceAccountName": "pulls", "automountServiceAccountToken": True}, {**plain, "automountServiceAccountToken": False}, {**plain, "serviceAccountName": "pulls", "imagePullSecrets": [{"name": "own"}]}, {**plain, "serviceAccount": "pulls"},
        {**plain, "serviceAccount": "pulls", "serviceAccountName": "default"}, {**plain, "initContainers": [{"name": "i", "image": "i"}]}, {"containers": [{"name": "c", "image": "i", "volumeMounts": [mount]}], "volumes": [{"name": "mine", "emptyDir": {}}]},
        {"containers": [{"name": "c", "image": "i", "volumeMounts": [mount]}, {"name": "d", "image": "i"}], "volumes": [{"name": "mine", "emptyDir": {}}]}, {**plain, "volumes": [{"name": "kube-api-access-mine", "emptyDir": {}}]}, {**plain, "serviceAccountName": "strict"},
        {**plain, "serviceAccountName": "strict", "volumes": [{"name": "v", "secret": {"secretName": "known"}}]}, {**plain, "serviceAccountName": "strict", "volumes": [{"name": "v", "secret": {"secretName": "unknown"}}]}, {"containers": [{"name": "c", "image": "i", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "unknown", "key": "k"}}}]}], "serviceAccountName": "strict"},
        {"containers": [{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "unknown"}}]}], "serviceAccountName": "strict"}, {**plain, "serviceAccountName": "strict", "initContainers": [{"name": "i", "image": "i", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "unknown", "key": "k"}}}]}]},
        {**plain, "serviceAccountName": "strict", "imagePullSecrets": [{"name": "unknown"}]}, {**plain, "serviceAccountName": "strict", "imagePullSecrets": [{"name": "pull"}]}, {**plain, "serviceAccountName": "Bad_Name"}, {**plain, "nodeName": "n"}, {**plain, "securityContext": {"fsGroup": 1}}, {"containers": []},
    )):  # fmt: skip
        await s.ask("POST", f"{pods}?dryRun=All", {"metadata": {"name": f"p{number}"}, "spec": spec}, note=str(number))
    for number, spec in enumerate(({"nodeName": "n", "serviceAccountName": "default"}, {"nodeName": "n", "volumes": [{"name": "v", "secret": {"secretName": "x"}}]}, {"nodeName": "n"}, {"nodeName": "n", "volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}, {"nodeName": "n", "volumes": [{"name": "v", "configMap": {"name": "x"}}]})):
        mirror = {"metadata": {"name": f"m{number}", "annotations": {"kubernetes.io/config.mirror": "x"}}, "spec": {**plain, **spec}}
        await s.ask("POST", f"{pods}?dryRun=All", mirror, note=f"mirror {number}")
    await s.ask("POST", pods, {"metadata": {"name": "kept"}, "spec": plain})
    await s.ask("PATCH", f"{pods}/kept", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
    await s.quiet("POST", pods, {"metadata": {"name": "strict"}, "spec": {**plain, "serviceAccountName": "strict", "nodeName": "n"}})
    await s.ask("PATCH", f"{pods}/strict/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "e", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "unknown", "key": "k"}}}]}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{pods}/strict/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "e", "envFrom": [{"secretRef": {"name": "unknown"}}]}]}}, Content_Type=STRATEGIC_PATCH)


async def _confined(s: Session) -> None:
    """Where no container may be privileged."""
    privileged = {"securityContext": {"privileged": True}}
    host = {"securityContext": {"windowsOptions": {"hostProcess": True}}}
    for number, pod in enumerate((_pod("p", privileged), _pod("p", {}, privileged), _pod("p", initContainers=[{"name": "i", "image": "i", **privileged}]), _pod("p", host, hostNetwork=True), _pod("p", hostNetwork=True, **host), _pod("p", {"securityContext": {"privileged": False}}))):
        await s.ask("POST", f"{s.core}/pods?dryRun=All", pod, note=str(number))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": _pod("p", privileged)["spec"]}
    await s.ask("POST", f"/apis/apps/v1/namespaces/{s.namespace}/deployments", {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}})
    await s.quiet("POST", f"{s.core}/pods", _pod("kept"))
    await s.ask("PATCH", f"{s.core}/pods/kept/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "e", **privileged}]}}, Content_Type=STRATEGIC_PATCH)


async def _lifecycle(s: Session) -> None:
    for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
        await s.ask("DELETE", f"/api/v1/namespaces/{name}?dryRun=All")
        await s.ask("DELETE", f"/api/v1/namespaces/{name}", {"dryRun": ["All"]})
    await s.ask("DELETE", "/api/v1/namespaces/absent")
    absent = "/api/v1/namespaces/absent"
    for method, path, body in (("POST", f"{absent}/configmaps", {"metadata": {"name": "x"}}), ("PUT", f"{absent}/configmaps/x", {"metadata": {"name": "x"}}), ("PATCH", f"{absent}/configmaps/x", {}), ("DELETE", f"{absent}/configmaps/x", None), ("DELETE", f"{absent}/configmaps", None), ("GET", f"{absent}/configmaps", None),
                               ("POST", f"{absent}/pods/x/binding", {"target": {"name": "n"}}), ("POST", f"{absent}/pods/x/eviction", {"metadata": {"name": "x"}}), ("POST", f"{absent}/serviceaccounts/x/token", {}), ("POST", f"{absent}/bindings", {"metadata": {"name": "x"}, "target": {"name": "n"}}),
                               ("POST", "/apis/authorization.k8s.io/v1/namespaces/absent/localsubjectaccessreviews", {"spec": {"user": "x", "resourceAttributes": {"namespace": "absent"}}}), ("POST", f"{absent}/configmaps?dryRun=All", {"metadata": {"generateName": "x-"}})):  # fmt: skip
        await s.ask(method, path, body)
    name = "diff-plugins-ending"
    path = f"/api/v1/namespaces/{name}"
    await s.quiet("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    await s.quiet("POST", f"{path}/serviceaccounts", {"metadata": {"name": "a"}})
    await s.quiet("POST", f"{path}/pods", _pod("p"))
    await s.quiet("DELETE", path)
    for method, target, body in (("POST", f"{path}/configmaps", {"metadata": {"name": "x"}}), ("POST", f"{path}/configmaps", {"metadata": {"generateName": "x-"}}), ("POST", f"{path}/pods/p/binding", {"target": {"name": "n"}}), ("POST", f"{path}/pods/p/eviction", {"metadata": {"name": "p"}, "deleteOptions": {"dryRun": ["All"]}}), ("POST", f"{path}/serviceaccounts/a/token", {}),
                                 ("PATCH", f"{path}/serviceaccounts/a", {"metadata": {"labels": {"a": "b"}}}), ("PUT", f"{path}/serviceaccounts/b", {"metadata": {"name": "b"}}), ("POST", f"/apis/authorization.k8s.io/v1/namespaces/{name}/localsubjectaccessreviews", {"spec": {"user": "x", "resourceAttributes": {"namespace": name}}}),
                                 ("POST", f"/apis/coordination.k8s.io/v1/namespaces/{name}/leases", {"metadata": {"name": "x"}, "spec": {}}), ("POST", f"{path}/events", {"metadata": {"name": "x"}, "involvedObject": {"namespace": name}}), ("PATCH", f"{path}/configmaps/x?fieldManager=m", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"}})):  # fmt: skip
        await s.ask(method, target, body, **({"Content_Type": "application/apply-patch+yaml"} if "fieldManager" in target else {}))
    await s.quiet("PUT", f"{path}/finalize", {"metadata": {"name": name}, "spec": {"finalizers": []}})


class _As:
    """Headers of a request on behalf of a node that may do anything but what admission forbids."""

    def __init__(self, name: str) -> None:
        self.headers: dict[str, str] = {"Impersonate_User": name, "Impersonate_Group": "system:nodes"}


async def _node_session(s: Session) -> None:
    """A role that lets nodes do everything, so that only admission refuses."""
    await s.quiet("POST", f"{_RBAC}/clusterrolebindings", {"metadata": {"name": "diff-nodes"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "Group", "name": "system:nodes"}]})
    await s.settle(f"{_RBAC}/clusterrolebindings/diff-nodes")


async def _nodes(s: Session) -> None:
    await _node_session(s)
    me = _As("system:node:diff-me").headers
    root = "/api/v1/nodes"
    for number, change in enumerate((
        {"metadata": {"name": "diff-other"}}, {"metadata": {"labels": {"node-restriction.kubernetes.io/x": "y"}}}, {"metadata": {"labels": {"kubernetes.io/nonsense": "y"}}}, {"metadata": {"labels": {"node-role.kubernetes.io/master": ""}}}, {"metadata": {"labels": {"example.com/fine": "y", "kubernetes.io/hostname": "h", "topology.kubernetes.io/zone": "z", "node.kubernetes.io/own": "x", "kubelet.kubernetes.io/own": "x"}}},
        {"metadata": {"labels": {"k8s.io/a": "1", "foo.kubernetes.io/b": "1"}}}, {"spec": {"configSource": {"configMap": {"name": "x", "namespace": "y", "kubeletConfigKey": "k"}}}}, {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x"}]}}, {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}},
    )):  # fmt: skip
        await s.ask("POST", f"{root}?dryRun=All", merged({"metadata": {"name": "diff-me"}}, change), note=str(number), **me)
    await s.ask("POST", root, {"metadata": {"name": "diff-me", "labels": {"a": "b"}}}, **me)
    await s.quiet("POST", root, {"metadata": {"name": "diff-else"}})
    for number, (name, change) in enumerate((
        ("diff-me", {"metadata": {"labels": {"node-restriction.kubernetes.io/x": "y"}}}), ("diff-me", {"metadata": {"labels": {"kubernetes.io/nonsense": "y"}}}), ("diff-me", {"metadata": {"labels": {"example.com/fine": "y", "kubernetes.io/arch": "x"}}}), ("diff-me", {"spec": {"taints": [{"key": "b", "effect": "NoSchedule"}]}}), ("diff-me", {"spec": {"taints": None}}),
        ("diff-me", {"spec": {"unschedulable": True}}), ("diff-me", {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x"}]}}), ("diff-me", {"metadata": {"finalizers": ["example.com/f"]}}), ("diff-else", {"metadata": {"labels": {"a": "b"}}}), ("diff-me", {"spec": {"podCIDR": "10.0.0.0/24"}}), ("diff-me", {"metadata": {"annotations": {"a": "b"}}}),
    )):  # fmt: skip
        await s.ask("PATCH", f"{root}/{name}?dryRun=All", change, Content_Type=MERGE_PATCH, note=str(number), **me)
        await s.ask("PATCH", f"{root}/{name}/status?dryRun=All", change, Content_Type=MERGE_PATCH, note=str(number), **me)
    await s.ask("PATCH", f"{root}/diff-me/status", {"status": {"capacity": {"cpu": "1"}}}, Content_Type=MERGE_PATCH, **me)
    await s.ask("DELETE", f"{root}/diff-me?dryRun=All", **me)
    await s.ask("DELETE", f"{root}/diff-else?dryRun=All", **me)
    leases = "/apis/coordination.k8s.io/v1/namespaces"
    for namespace, name in (("kube-node-lease", "diff-me"), ("kube-node-lease", "diff-else"), (s.namespace, "diff-me")):
        for method, path, body in (("POST", f"{leases}/{namespace}/leases", {"metadata": {"name": name}, "spec": {}}), ("PUT", f"{leases}/{namespace}/leases/{name}", {"metadata": {"name": name}, "spec": {"holderIdentity": "x"}}), ("PATCH", f"{leases}/{namespace}/leases/{name}", {"spec": {"holderIdentity": "y"}}), ("DELETE", f"{leases}/{namespace}/leases/{name}", None)):
            await s.ask(method, path, body, **me)
    infos = "/apis/storage.k8s.io/v1/csinodes"
    for name in ("diff-me", "diff-else"):
        await s.ask("POST", infos, {"metadata": {"name": name}, "spec": {"drivers": []}}, **me)
        await s.ask("PATCH", f"{infos}/{name}", {"metadata": {"labels": {"a": "b"}}}, **me)
        await s.ask("DELETE", f"{infos}/{name}", **me)
        await s.quiet("DELETE", f"{infos}/{name}")
    slices = "/apis/resource.k8s.io/v1/resourceslices"
    for name in ("diff-me", "diff-else"):
        made = {"metadata": {"name": f"slice-{name}"}, "spec": {"driver": "example.com", "nodeName": name, "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1}, "devices": []}}
        await s.ask("POST", slices, made, **me)
        await s.quiet("POST", slices, made)
        await s.ask("PATCH", f"{slices}/slice-{name}", {"metadata": {"labels": {"a": "b"}}}, **me)
        await s.ask("DELETE", f"{slices}/slice-{name}", **me)
        await s.quiet("DELETE", f"{slices}/slice-{name}")
    await s.ask("POST", slices, {"metadata": {"name": "slice-all"}, "spec": {"driver": "example.com", "allNodes": True, "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1}, "devices": []}}, **me)
    nameless = {"Impersonate_User": "someone", "Impersonate_Group": "system:nodes"}
    await s.ask("POST", root, {"metadata": {"name": "diff-x"}}, **nameless)
    await s.ask("PATCH", f"{root}/diff-me", {"metadata": {"labels": {"a": "c"}}}, **nameless)
    await s.quiet("DELETE", f"{root}/diff-me")
    await s.quiet("DELETE", f"{root}/diff-else")


async def _node_pods(s: Session) -> None:
    await _node_session(s)
    me = _As("system:node:diff-mine").headers
    mirror = {"kubernetes.io/config.mirror": "x"}
    await s.quiet("POST", "/api/v1/nodes", {"metadata": {"name": "diff-mine"}})
    await s.settle("/api/v1/nodes/diff-mine")
    uid = (await s.quiet("GET", "/api/v1/nodes/diff-mine")).at("metadata.uid")
    owner = {"apiVersion": "v1", "kind": "Node", "name": "diff-mine", "uid": uid, "controller": True}
    pods = f"{s.core}/pods"
    good = merged(_pod("m", nodeName="diff-mine"), {"metadata": {"annotations": mirror, "ownerReferences": [owner]}})
    for number, change in enumerate((
        {"metadata": {"annotations": None}}, {"spec": {"nodeName": "other"}}, {"spec": {"nodeName": None}}, {"metadata": {"ownerReferences": None}}, {"metadata": {"ownerReferences": [owner, owner]}}, {"metadata": {"ownerReferences": [{**owner, "uid": "wrong"}]}}, {"metadata": {"ownerReferences": [{**owner, "name": "other"}]}}, {"metadata": {"ownerReferences": [{**owner, "kind": "Pod"}]}},
        {"metadata": {"ownerReferences": [{**owner, "controller": False}]}}, {"metadata": {"ownerReferences": [{**owner, "blockOwnerDeletion": True}]}}, {"spec": {"serviceAccountName": "a"}}, {"spec": {"volumes": [{"name": "v", "secret": {"secretName": "x"}}]}}, {"spec": {"volumes": [{"name": "v", "configMap": {"name": "x"}}]}},
        {"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}]}}, {"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "x"}}]}}]}}, {"spec": {"resourceClaims": [{"name": "r", "resourceClaimName": "x"}]}}, {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}, {"metadata": {"name": None, "generateName": "m-"}},
        {"spec": {"containers": [{"name": "c", "image": "i", "envFrom": [{"configMapRef": {"name": "x"}}]}]}}, {"spec": {"volumes": [{"name": "v", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "x"}}}]}}, {"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"name": "x", "path": "y"}}]}}]}},
        {"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"podCertificate": {"signerName": "example.com/x", "keyType": "ED25519", "credentialBundlePath": "x"}}]}}]}},
    )):  # fmt: skip
        await s.ask("POST", f"{pods}?dryRun=All", merged(good, change), note=str(number), **me)
    await s.ask("POST", pods, good, **me)
    await s.quiet("POST", pods, _pod("mine", nodeName="diff-mine"))
    await s.quiet("POST", pods, _pod("other", nodeName="other"))
    await s.quiet("POST", pods, _pod("free"))
    for name in ("m", "mine", "other", "free", "absent"):
        path = f"{pods}/{name}"
        await s.ask("PATCH", f"{path}/status?dryRun=All", {"status": {"phase": "Running"}}, Content_Type=MERGE_PATCH, **me)
        await s.ask("PATCH", f"{path}/status?dryRun=All", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH, **me)
        await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH, **me)
        await s.ask("PATCH", f"{path}/ephemeralcontainers?dryRun=All", {}, Content_Type=MERGE_PATCH, **me)
        await s.ask("PATCH", f"{path}/resize?dryRun=All", {}, Content_Type=MERGE_PATCH, **me)
        await s.ask("POST", f"{path}/binding?dryRun=All", {"metadata": {"name": name}, "target": {"name": "diff-mine"}}, **me)
        await s.ask("POST", f"{path}/eviction?dryRun=All", {"metadata": {"name": name}}, **me)
        await s.ask("DELETE", f"{path}?dryRun=All", **me)
    await s.ask("POST", f"{pods}/mine/eviction?dryRun=All", {}, **me)
    await s.quiet("PATCH", f"{pods}/mine/status", {"status": {"resourceClaimStatuses": [{"name": "x", "resourceClaimName": "y"}]}})
    await s.ask("PATCH", f"{pods}/mine/status?dryRun=All", {"status": {"resourceClaimStatuses": [{"name": "x", "resourceClaimName": "z"}]}}, Content_Type=MERGE_PATCH, **me)
    await s.ask("PATCH", f"{pods}/mine/status?dryRun=All", {"status": {"extendedResourceClaimStatus": {"resourceClaimName": "z", "requestMappings": []}}}, Content_Type=MERGE_PATCH, **me)
    claims = f"{s.core}/persistentvolumeclaims"
    await s.quiet("POST", claims, {"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "resources": {"requests": {"storage": "1Gi"}}}})
    for sub, change in (("", {"metadata": {"labels": {"a": "b"}}}), ("/status", {"status": {"phase": "Bound"}}), ("/status", {"status": {"capacity": {"storage": "2Gi"}}}), ("/status", {"status": {"conditions": [{"type": "Resizing", "status": "True"}]}}), ("/status", {"metadata": {"labels": {"a": "b"}}})):
        await s.ask("PATCH", f"{claims}/c{sub}?dryRun=All", change, Content_Type=MERGE_PATCH, **me)
    for name in ("m", "mine", "other", "free"):
        await s.quiet("DELETE", f"{pods}/{name}", {"gracePeriodSeconds": 0})
    await s.quiet("DELETE", "/api/v1/nodes/diff-mine")


async def _node_tokens(s: Session) -> None:
    await _node_session(s)
    me = _As("system:node:diff-token-node").headers
    await s.quiet("POST", f"{s.core}/serviceaccounts", {"metadata": {"name": "a"}})
    await s.quiet("POST", f"{s.core}/pods", _pod("mine", nodeName="diff-token-node", serviceAccountName="a", volumes=[{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}}]))
    await s.quiet("POST", f"{s.core}/pods", _pod("other", nodeName="elsewhere", serviceAccountName="a"))
    await s.settle(f"{s.core}/pods/other")
    uids = {name: (await s.quiet("GET", f"{s.core}/pods/{name}")).at("metadata.uid") for name in ("mine", "other")}
    for number, spec in enumerate((
        {}, {"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "x", "uid": "y"}}, {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "mine"}}, {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "uid": uids["mine"]}}, {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "mine", "uid": "wrong"}}, {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "other", "uid": uids["other"]}},
        {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "absent", "uid": "x"}}, {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "mine", "uid": uids["mine"]}}, {"audiences": ["vault"], "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "mine", "uid": uids["mine"]}},
        {"audiences": ["else"], "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "mine", "uid": uids["mine"]}}, {"audiences": ["vault", "more"], "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "mine", "uid": uids["mine"]}}, {"boundObjectRef": {"kind": "Node", "apiVersion": "v1", "name": "diff-token-node", "uid": "x"}},
    )):  # fmt: skip
        await s.ask("POST", f"{s.core}/serviceaccounts/a/token", {"spec": spec}, note=str(number), **me)
    await s.quiet("DELETE", f"{_RBAC}/clusterrolebindings/diff-nodes")
    for name in ("mine", "other"):
        await s.quiet("DELETE", f"{s.core}/pods/{name}", {"gracePeriodSeconds": 0})


async def _pod_security(s: Session) -> None:
    base = "pod-security.kubernetes.io"
    path = f"/api/v1/namespaces/{s.namespace}"
    for number, labels in enumerate((
        {"enforce": "wrong"}, {"enforce-version": "v1"}, {"enforce": "restricted", "enforce-version": "v1.x"}, {"warn": "", "audit": "nope", "enforce": "baseline"}, {"audit-version": "v99.1", "warn-version": "latest"}, {"enforce": "privileged", "warn": "baseline"}, {"enforce": "restricted", "warn": "baseline"}, {"enforce": "baseline", "audit": "privileged"},
        {"enforce": "Restricted"}, {"enforce-version": "v1.200"}, {"enforce": "baseline", "enforce-version": "v1.5", "warn": "restricted", "warn-version": "v1.8"}, {"unknown": "x"},
    )):  # fmt: skip
        wanted = {f"{base}/{key}": value for key, value in labels.items()}
        await s.ask("POST", "/api/v1/namespaces?dryRun=All", {"metadata": {"name": "diff-psa", "labels": wanted}}, note=str(number))
        await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": {"labels": wanted}}, Content_Type=MERGE_PATCH, note=str(number))
    await s.quiet("PATCH", path, {"metadata": {"labels": {f"{base}/warn": "restricted", f"{base}/enforce": "baseline"}}})
    await s.settle(path)
    apis = {"deployments": "apps/v1", "replicasets": "apps/v1", "daemonsets": "apps/v1", "statefulsets": "apps/v1", "jobs": "batch/v1", "cronjobs": "batch/v1"}
    bad = {"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN", "NET_RAW"]}}, "ports": [{"containerPort": 1, "hostPort": 5}]}], "hostNetwork": True, "hostPID": True, "volumes": [{"name": "h", "hostPath": {"path": "/"}}], "restartPolicy": "Never"}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": bad}
    for plural, version in apis.items():
        spec: Tree = {"template": template, "selector": {"matchLabels": {"a": "b"}}} if plural not in ("jobs", "cronjobs") else {"template": template} if plural == "jobs" else {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
        await s.ask("POST", f"/apis/{version}/namespaces/{s.namespace}/{plural}?dryRun=All", {"metadata": {"name": "w"}, "spec": merged(spec, {"template": {"spec": {"restartPolicy": "Always"}}} if version == "apps/v1" else {})})
    await s.ask("POST", f"{s.core}/podtemplates?dryRun=All", {"metadata": {"name": "w"}, "template": template})
    await s.ask("POST", f"{s.core}/replicationcontrollers?dryRun=All", {"metadata": {"name": "w"}, "spec": {"selector": {"a": "b"}, "template": merged(template, {"spec": {"restartPolicy": "Always"}})}})
    await s.ask("POST", f"{s.core}/pods?dryRun=All", {"metadata": {"name": "p"}, "spec": {**bad, **_QUIET}})
    await s.ask("POST", f"{s.core}/pods", _pod("fine"))
    await s.ask("PATCH", f"{s.core}/pods/fine", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH, note="nothing that matters")
    await s.ask("PATCH", f"{s.core}/pods/fine", {"spec": {"containers": [{"name": "c", "image": "j"}]}}, Content_Type=STRATEGIC_PATCH, note="image")
    await s.ask("PATCH", f"{s.core}/pods/fine/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "e", "securityContext": {"privileged": True}}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{s.core}/pods/fine/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "e", "image": "e"}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{s.core}/pods/fine/resize", {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{s.core}/pods/fine/status", {"status": {"phase": "Running"}}, Content_Type=MERGE_PATCH)
    for name in ("two", "three"):
        await s.quiet("POST", f"{s.core}/pods", _pod(name, hostAliases=[{"ip": "1.2.3.4"}]))
    for level in ("restricted", "baseline"):
        await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": {"labels": {f"{base}/enforce": level}}}, Content_Type=MERGE_PATCH, note="pods that are there")
        await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": {"labels": {f"{base}/enforce": level, f"{base}/enforce-version": "v1.10"}}}, Content_Type=MERGE_PATCH, note="pods that are there")
    await s.ask("PATCH", f"{path}/status", {"metadata": {"labels": {f"{base}/enforce": "restricted"}}}, Content_Type=MERGE_PATCH)
    await s.ask("GET", path)


async def _priority(s: Session) -> None:
    root, pods = "/apis/scheduling.k8s.io/v1/priorityclasses", f"{s.core}/pods?dryRun=All"
    for number, body in enumerate((
        {"value": 1000000001}, {"value": 1000000000}, {"value": -2147483648}, {"value": 2147483648}, {"value": 1, "globalDefault": True}, {"value": 1, "preemptionPolicy": "Wrong"}, {"value": 1, "preemptionPolicy": ""}, {"value": 1, "description": "x" * 10}, {}, {"value": 2000001000, "metadata": {"name": "system-node-critical"}}, {"value": 2000000500, "metadata": {"name": "system-mine"}},
    )):  # fmt: skip
        await s.ask("POST", f"{root}?dryRun=All", merged({"metadata": {"name": f"diff-p{number}"}}, body), note=str(number))
    await s.quiet("POST", root, {"metadata": {"name": "diff-global"}, "value": 50, "globalDefault": True})
    await s.quiet("POST", root, {"metadata": {"name": "diff-never"}, "value": 5, "preemptionPolicy": "Never"})
    for name in ("diff-global", "diff-never"):
        await s.settle(f"{root}/{name}")
    await s.ask("POST", root, {"metadata": {"name": "diff-second"}, "value": 51, "globalDefault": True}, note="a second default")
    for number, spec in enumerate((
        {}, {"priorityClassName": "diff-never"}, {"priorityClassName": "diff-never", "preemptionPolicy": "PreemptLowerPriority"}, {"priorityClassName": "diff-never", "priority": 6}, {"priorityClassName": "diff-never", "priority": 5}, {"priority": 50}, {"priority": 51}, {"priorityClassName": "absent"}, {"priorityClassName": "system-cluster-critical"}, {"preemptionPolicy": "Never"},
        {"preemptionPolicy": "Wrong"}, {"priorityClassName": "Bad_Name"}, {"priorityClassName": "system-node-critical", "priority": 1},
    )):  # fmt: skip
        await s.ask("POST", pods, _pod(f"p{number}", **spec), note=str(number))
    for change in ({"value": 51}, {"globalDefault": False}, {"preemptionPolicy": "Never"}, {"description": "new"}, {"metadata": {"labels": {"a": "b"}}}):
        await s.ask("PATCH", f"{root}/diff-global", change, Content_Type=MERGE_PATCH)
    await s.ask("DELETE", f"{root}/system-cluster-critical?dryRun=All")
    await s.ask("PATCH", f"{root}/system-cluster-critical?dryRun=All", {"description": "x"}, Content_Type=MERGE_PATCH)
    for name in ("diff-global", "diff-never", "diff-second"):
        await s.quiet("DELETE", f"{root}/{name}")
        await s.gone(f"{root}/{name}")


async def _tolerations(s: Session) -> None:
    not_ready, unreachable = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
    for number, tolerations in enumerate((
        [], [{"key": not_ready, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}], [{"key": unreachable, "operator": "Exists"}], [{"key": not_ready, "operator": "Exists", "effect": "NoSchedule"}], [{"operator": "Exists", "effect": "NoExecute"}], [{"key": not_ready, "operator": "Equal", "value": "x", "effect": "NoExecute"}], [{"key": "other", "operator": "Exists"}],
        [{"key": not_ready, "effect": "NoExecute"}], [{"operator": "Exists"}], [{"key": not_ready, "operator": "Exists", "effect": "NoExecute"}, {"key": not_ready, "operator": "Exists", "effect": "NoExecute"}],
    )):  # fmt: skip
        await s.ask("POST", f"{s.core}/pods", _pod(f"p{number}", tolerations=tolerations), note=str(number))
    await s.ask("PATCH", f"{s.core}/pods/p0", {"spec": {"tolerations": []}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{s.core}/pods/p0", [{"op": "add", "path": "/spec/tolerations/-", "value": {"key": "x", "operator": "Exists"}}], Content_Type="application/json-patch+json")
    await s.ask("POST", f"{s.core}/pods", _pod("guaranteed", _asks({"memory": "1Gi"}, {"memory": "1Gi"})))
    await s.ask("POST", f"{s.core}/pods", _pod("extended", _asks({"example.com/gpu": "1"}, {"example.com/gpu": "1"})))
    for number, spec in enumerate(({}, {"taints": [{"key": "a", "effect": "NoSchedule"}]}, {"taints": [{"key": not_ready, "effect": "NoSchedule"}]}, {"taints": [{"key": not_ready, "effect": "NoExecute"}]}, {"unschedulable": True})):
        await s.ask("POST", "/api/v1/nodes?dryRun=All", {"metadata": {"name": f"diff-t{number}"}, "spec": spec}, note=str(number))


async def _runtime_classes(s: Session) -> None:
    root = "/apis/node.k8s.io/v1/runtimeclasses"
    scheduling = {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}]}
    for name, body in (("plain", {}), ("heavy", {"overhead": {"podFixed": {"cpu": "10m", "memory": "1Mi"}}}), ("placed", {"scheduling": scheduling})):
        await s.quiet("POST", root, {"metadata": {"name": f"diff-{name}"}, "handler": "h", **body})
        await s.settle(f"{root}/diff-{name}")
    for number, spec in enumerate((
        {"runtimeClassName": "absent"}, {"runtimeClassName": "diff-plain"}, {"runtimeClassName": "diff-plain", "overhead": {"cpu": "1m"}}, {"overhead": {"cpu": "1m"}}, {"runtimeClassName": "diff-heavy"}, {"runtimeClassName": "diff-heavy", "overhead": {"cpu": "10m", "memory": "1Mi"}}, {"runtimeClassName": "diff-heavy", "overhead": {"cpu": "0.01", "memory": "1024Ki"}},
        {"runtimeClassName": "diff-heavy", "overhead": {"cpu": "11m"}}, {"runtimeClassName": "diff-heavy", "overhead": {}}, {"runtimeClassName": "diff-placed"}, {"runtimeClassName": "diff-placed", "nodeSelector": {"a": "c"}}, {"runtimeClassName": "diff-placed", "nodeSelector": {"a": "b", "c": "d"}}, {"runtimeClassName": "diff-placed", "tolerations": [{"key": "k", "operator": "Exists"}]},
        {"runtimeClassName": "diff-placed", "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}]}, {"runtimeClassName": ""}, {"runtimeClassName": "Bad_Name"}, {"runtimeClassName": "diff-placed", "tolerations": [{"operator": "Exists"}]},
    )):  # fmt: skip
        await s.ask("POST", f"{s.core}/pods?dryRun=All", _pod(f"p{number}", **spec), note=str(number))
    for name in ("plain", "heavy", "placed"):
        await s.quiet("DELETE", f"{root}/diff-{name}")


async def _storage(s: Session) -> None:
    classes, claims, volumes = "/apis/storage.k8s.io/v1/storageclasses", f"{s.core}/persistentvolumeclaims", "/api/v1/persistentvolumes"
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    claim: Tree = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    await s.ask("POST", claims, {"metadata": {"name": "before"}, "spec": claim})
    for name, body in (("diff-a", {"annotations": marked}), ("diff-fixed", {"annotations": {"storageclass.beta.kubernetes.io/is-default-class": "false"}})):
        await s.quiet("POST", classes, {"metadata": {"name": name, **body}, "provisioner": "p", "allowVolumeExpansion": name == "diff-a"})
        await s.settle(f"{classes}/{name}")
    for number, change in enumerate(({}, {"storageClassName": ""}, {"storageClassName": "diff-fixed"}, {"volumeAttributesClassName": "x"}, {"dataSource": {"kind": "PersistentVolumeClaim", "name": "x"}}, {"volumeName": "v"})):
        await s.ask("POST", claims, {"metadata": {"name": f"c{number}"}, "spec": {**claim, **change}}, note=str(number))
    await s.ask("POST", claims, {"metadata": {"name": "beta", "annotations": {"volume.beta.kubernetes.io/storage-class": ""}}, "spec": claim})
    await s.ask("POST", claims, {"metadata": {"name": "finalized", "finalizers": ["kubernetes.io/pvc-protection"]}, "spec": claim})
    await s.ask("PATCH", f"{claims}/before", {"spec": {"storageClassName": "diff-a"}}, Content_Type=MERGE_PATCH, note="afterwards")
    for name in ("c0", "c1", "c2", "beta"):
        await s.quiet("PATCH", f"{claims}/{name}/status", {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}})
        for size in ("2Gi", "500Mi", "1Gi"):
            await s.ask("PATCH", f"{claims}/{name}", {"spec": {"resources": {"requests": {"storage": size}}}}, Content_Type=MERGE_PATCH, note=f"to {size}")
    await s.ask("PATCH", f"{claims}/c3", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}, Content_Type=MERGE_PATCH, note="not bound")
    await s.ask("PATCH", f"{claims}/c0", {"spec": {"volumeAttributesClassName": "y"}}, Content_Type=MERGE_PATCH)
    await s.quiet("PATCH", f"{claims}/c3/status", {"status": {"phase": "Lost"}})
    await s.ask("PATCH", f"{claims}/c3", {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}, Content_Type=MERGE_PATCH, note="lost")
    await s.ask("DELETE", f"{claims}/c0")
    await s.ask("POST", volumes, {"metadata": {"name": "diff-volume"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}})
    await s.ask("PATCH", f"{volumes}/diff-volume/status", {"status": {"phase": "Released", "message": "m", "reason": "r"}}, Content_Type=MERGE_PATCH)
    await s.ask("DELETE", f"{volumes}/diff-volume")
    await s.ask("PATCH", f"{volumes}/diff-volume", {"metadata": {"finalizers": None}}, Content_Type=MERGE_PATCH)
    await asyncio.sleep(1.1)  # the newer one is it
    await s.quiet("POST", classes, {"metadata": {"name": "diff-b", "annotations": marked}, "provisioner": "p"})
    await s.settle(f"{classes}/diff-b")
    await s.ask("POST", f"{claims}?dryRun=All", {"metadata": {"name": "two"}, "spec": claim}, note="two defaults")
    for name in ("diff-a", "diff-b", "diff-fixed"):
        await s.quiet("DELETE", f"{classes}/{name}")
    snapshots = "/apis/storage.k8s.io/v1/volumeattributesclasses"
    await s.ask("POST", snapshots, {"metadata": {"name": "diff-vac"}, "driverName": "d", "parameters": {"a": "b"}})
    await s.ask("DELETE", f"{snapshots}/diff-vac")
    await s.quiet("PATCH", f"{snapshots}/diff-vac", {"metadata": {"finalizers": None}})


async def _ingress_classes(s: Session) -> None:
    classes, root = "/apis/networking.k8s.io/v1/ingressclasses", f"/apis/networking.k8s.io/v1/namespaces/{s.namespace}/ingresses"
    marked = {"ingressclass.kubernetes.io/is-default-class": "true"}
    backend = {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}
    await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": "before"}, "spec": backend})
    await s.quiet("POST", classes, {"metadata": {"name": "diff-a", "annotations": marked}, "spec": {"controller": "example.com/a"}})
    await s.settle(f"{classes}/diff-a")
    for number, (noted, spec) in enumerate(((None, backend), (None, {**backend, "ingressClassName": "other"}), ({"kubernetes.io/ingress.class": "x"}, backend), ({"kubernetes.io/ingress.class": "x"}, {**backend, "ingressClassName": "y"}), (None, {**backend, "ingressClassName": ""}))):
        await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": f"i{number}", "annotations": noted}, "spec": spec}, note=str(number))
    await asyncio.sleep(1.1)  # the newer one is it
    await s.quiet("POST", classes, {"metadata": {"name": "diff-b", "annotations": marked}, "spec": {"controller": "example.com/b"}})
    await s.settle(f"{classes}/diff-b")
    await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": "two"}, "spec": backend}, note="two defaults")
    for name in ("diff-a", "diff-b"):
        await s.quiet("DELETE", f"{classes}/{name}")


async def _grant(s: Session, rules: list[Tree]) -> None:
    """Gives bob a cluster role of these rules, in place of the one he had."""
    name = f"diff-{s.slug}"
    await s.quiet("POST", f"{_RBAC}/clusterroles", {"metadata": {"name": name}, "rules": []})
    await s.quiet("PATCH", f"{_RBAC}/clusterroles/{name}", {"rules": rules})
    await s.quiet("POST", f"{_RBAC}/clusterrolebindings", {"metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}, "subjects": [{"kind": "User", "name": "bob"}]})
    await s.settle(f"{_RBAC}/clusterroles/{name}")
    await s.settle(f"{_RBAC}/clusterrolebindings/{name}")


async def _certificates(s: Session) -> None:
    from conformance.differential.kinds import all_kinds

    kind = next(kind for kind in all_kinds() if kind.resource == "certificatesigningrequests")
    root, base = kind.path(""), kind.object("one", "diff-plugins", "")
    everything = {"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status"], "verbs": ["*"]}
    for signer in ("example.com/mine", "kubernetes.io/kubelet-serving"):
        name = f"diff-{signer.split('.', 1)[0]}-plugins"
        await s.quiet("POST", root, merged(base, {"metadata": {"name": name}, "spec": {"signerName": signer, "usages": ["client auth"] if "example" in signer else ["digital signature", "server auth"]}}))
        path = f"{root}/{name}"
        approved = {"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "r"}]}}
        for verbs, names in (([], []), (["approve"], ["example.com/other"]), (["approve"], [signer]), (["sign"], [f"{signer.split('/')[0]}/*"]), (["approve", "sign"], ["*"])):
            await _grant(s, [everything, *([{"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": names, "verbs": verbs}] if verbs else [])])
            s.user = "bob"
            await s.ask("PATCH", f"{path}/approval?dryRun=All", approved, Content_Type=MERGE_PATCH, note=f"{verbs} {names}")
            await s.ask("PATCH", f"{path}/approval?dryRun=All", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH, note=f"{verbs} {names}")
            await s.ask("PATCH", f"{path}/status?dryRun=All", {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "r"}]}}, Content_Type=MERGE_PATCH, note=f"{verbs} {names}")
            await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH, note=f"{verbs} {names}")
            s.user = "admin"
        await s.quiet("DELETE", path)
    for sub in ("clusterroles", "clusterrolebindings"):
        await s.quiet("DELETE", f"{_RBAC}/{sub}/diff-{s.slug}")


async def _owners(s: Session) -> None:
    """Roles and bindings nobody may give who has them not."""
    root, verbs = f"{_RBAC}/namespaces/{s.namespace}", ["create", "update", "patch", "get", "delete"]
    roles = {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings", "clusterroles", "clusterrolebindings"], "verbs": verbs}
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    await _grant(s, [roles, pods, {"nonResourceURLs": ["/healthz", "/logs/*"], "verbs": ["get"]}])
    await s.quiet("POST", f"{root}/roles", {"metadata": {"name": "strong"}, "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]}]})
    await s.settle(f"{root}/roles/strong")
    s.user = "bob"
    for number, rules in enumerate((
        [pods], [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "watch"]}], [{"apiGroups": ["*"], "resources": ["pods"], "verbs": ["get"]}], [{"apiGroups": [""], "resources": ["*"], "verbs": ["list"]}], [{"apiGroups": [""], "resources": ["pods"], "resourceNames": ["a", "b"], "verbs": ["get"]}], [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"], "verbs": ["get", "delete"]}],
        [{"apiGroups": [""], "resources": ["*/log"], "verbs": ["get"]}], [{"apiGroups": ["", "apps"], "resources": ["pods", "secrets"], "verbs": ["get", "create"]}, {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]}], [roles],
    )):  # fmt: skip
        await s.ask("POST", f"{root}/roles?dryRun=All", {"metadata": {"name": f"r{number}"}, "rules": rules}, note=str(number))
        await s.ask("POST", f"{_RBAC}/clusterroles?dryRun=All", {"metadata": {"name": f"diff-r{number}"}, "rules": rules}, note=str(number))
    for number, paths in enumerate((["/healthz"], ["/logs/x", "/logs/*"], ["/healthz/etcd"], ["*"], ["/logs"])):
        await s.ask("POST", f"{_RBAC}/clusterroles?dryRun=All", {"metadata": {"name": "diff-urls"}, "rules": [{"nonResourceURLs": paths, "verbs": ["get"]}]}, note=f"paths {number}")
    await s.ask("POST", f"{_RBAC}/clusterroles?dryRun=All", {"metadata": {"name": "diff-aggregated"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}, "rules": None})
    await s.ask("PATCH", f"{root}/roles/strong?dryRun=All", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/roles/strong?dryRun=All", {"rules": [pods]}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/roles/strong?dryRun=All", {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}, Content_Type=MERGE_PATCH)
    subject = [{"kind": "User", "name": "eve"}]
    for kind, name in (("Role", "strong"), ("Role", "absent"), ("ClusterRole", "system:discovery"), ("ClusterRole", "system:node"), ("ClusterRole", "absent"), ("Wrong", "x")):
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        await s.ask("POST", f"{root}/rolebindings?dryRun=All", {"metadata": {"name": "b"}, "roleRef": ref, "subjects": subject}, note=f"{kind} {name}")
        await s.ask("POST", f"{_RBAC}/clusterrolebindings?dryRun=All", {"metadata": {"name": "diff-b"}, "roleRef": ref, "subjects": subject}, note=f"{kind} {name}")
    s.user = "admin"
    await _grant(s, [roles, {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "clusterroles"], "verbs": ["bind", "escalate"]}])
    s.user = "bob"
    await s.ask("POST", f"{root}/roles?dryRun=All", {"metadata": {"name": "any"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}, note="may escalate")
    await s.ask("POST", f"{root}/rolebindings?dryRun=All", {"metadata": {"name": "b"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}, "subjects": subject}, note="may bind")
    await s.ask("POST", f"{root}/rolebindings?dryRun=All", {"metadata": {"name": "b"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "absent"}, "subjects": subject}, note="may bind")
    s.user = "admin"
    for sub in ("clusterroles", "clusterrolebindings"):
        await s.quiet("DELETE", f"{_RBAC}/{sub}/diff-{s.slug}")
