"""Subresources in depth: scale, binding, eviction, ephemeral containers, resize, tokens, logs and the connecting ones, with what they refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from conformance.differential.kinds import merged
from conformance.differential.script import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Script, Session, Tree

_CONTAINER: Tree = {"name": "c", "image": "i", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}}}
_SPEC: Tree = {"containers": [_CONTAINER], "automountServiceAccountToken": False}
_TEMPLATE: Tree = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
_EXPRESSIONS = [{"key": "tier", "operator": "In", "values": ["b", "a"]}, {"key": "app", "operator": "Exists"}, {"key": "z", "operator": "DoesNotExist"}, {"key": "y", "operator": "NotIn", "values": ["1"]}]
_LABELED: Tree = {"metadata": {"labels": {"app": "a", "tier": "a"}}, "spec": _TEMPLATE["spec"]}
_SCALED: dict[str, Tree] = {
    "apps/v1/deployments": {"selector": {"matchLabels": {"app": "a", "tier": "a"}, "matchExpressions": _EXPRESSIONS}, "template": _LABELED, "replicas": 2},
    "apps/v1/replicasets": {"selector": {"matchExpressions": _EXPRESSIONS[:2]}, "template": _LABELED},
    "apps/v1/statefulsets": {"selector": {"matchLabels": {"tier": "a", "app": "a"}}, "template": _LABELED, "serviceName": "s", "replicas": 0},
    "v1/replicationcontrollers": {"selector": {"tier": "a", "app": "a"}, "template": _LABELED, "replicas": 3},
}


def scripts() -> Iterator[Script]:
    for path in _SCALED:
        yield Script("subresources", f"scale-{path.rsplit('/', 1)[1]}", _of(_scale, path))
    yield Script("subresources", "binding", _binding)
    yield Script("subresources", "eviction", _eviction)
    yield Script("subresources", "budgets", _budgets)
    yield Script("subresources", "ephemeral-containers", _ephemeral_containers)
    yield Script("subresources", "resize", _resize)
    yield Script("subresources", "resize-node", _resize_on_node)
    yield Script("subresources", "tokens", _tokens)
    yield Script("subresources", "log", _log)
    yield Script("subresources", "connect", _connect)
    yield Script("subresources", "proxy", _proxy)
    yield Script("subresources", "approval", _approval)
    yield Script("subresources", "finalize", _finalize)
    yield Script("subresources", "protobuf", _protobuf)
    yield Script("subresources", "unserved", _unserved)


def _of(run: Any, path: str) -> Any:
    async def script(s: Session) -> None:
        await run(s, path)

    return script


async def _pod(s: Session, name: str = "p", *, labels: Tree | None = None, status: Tree | None = None, **spec: Any) -> str:
    """Creates a pod and writes its status; its path."""
    path = f"{s.core}/pods/{name}"
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": name, "labels": {"app": "a"} if labels is None else labels}, "spec": {**_SPEC, **spec}})
    if status:
        await s.quiet("PATCH", f"{path}/status", {"status": status})
    return path


async def _scale(s: Session, path: str) -> None:
    version, plural = path.rsplit("/", 1)
    root = f"/api/v1/namespaces/{s.namespace}/{plural}" if version == "v1" else f"/apis/{version}/namespaces/{s.namespace}/{plural}"
    kind = {"deployments": "Deployment", "replicasets": "ReplicaSet", "statefulsets": "StatefulSet", "replicationcontrollers": "ReplicationController"}[plural]
    await s.quiet("POST", root, {"metadata": {"name": "w", "annotations": {"a": "b"}}, "spec": _SCALED[path]})
    one = f"{root}/w/scale"
    for accept in ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "text/plain"):
        await s.ask("GET", one, Accept=accept)
    await s.ask("GET", f"{root}/absent/scale")
    await s.ask("PUT", f"{root}/absent/scale", {"metadata": {"name": "absent", "namespace": s.namespace}, "spec": {"replicas": 1}})
    await s.ask("PATCH", f"{root}/absent/scale", {"spec": {"replicas": 1}})
    current = (await s.quiet("GET", one)).tree
    uid, version_now = current["metadata"]["uid"], current["metadata"]["resourceVersion"]
    for number, change in enumerate((
        {"spec": {"replicas": -1}}, {"spec": {"replicas": -1}, "metadata": {"name": "other"}}, {"metadata": {"name": None}}, {"metadata": {"namespace": "other"}}, {"metadata": {"namespace": None}}, {"metadata": {"resourceVersion": "1"}},
        {"metadata": {"resourceVersion": "abc"}}, {"metadata": {"resourceVersion": "0"}}, {"metadata": {"uid": "wrong"}}, {"metadata": {"uid": None, "resourceVersion": None}}, {"kind": "Deployment", "apiVersion": "apps/v1"}, {"kind": "Scale", "apiVersion": "apps/v1"},
        {"apiVersion": "autoscaling/v2"}, {"kind": None}, {"apiVersion": None}, {"spec": {"replicas": "3"}}, {"spec": {"replicas": 2147483648}}, {"spec": {"replicas": 2.0}}, {"spec": {"replicas": 2.5}},
        {"spec": {"unknown": 1}}, {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["example.com/f"]}}, {"metadata": {"ownerReferences": [{"kind": "x"}]}}, {"metadata": {"generateName": "w-"}}, {"metadata": {"deletionTimestamp": "2030-01-01T00:00:00Z"}}, {"spec": None},
        {"status": {"replicas": 9, "selector": "x=y"}}, {"metadata": {"labels": {"bad key!": "v"}}},
    )):  # fmt: skip
        await s.ask("PUT", f"{one}?dryRun=All", merged(current, change), note=f"{number}")
    await s.ask("GET", one, note="unchanged")
    await s.ask("PUT", f"{one}?fieldValidation=Strict", merged(current, {"spec": {"unknown": 1, "replicas": 4}}))
    await s.ask("PUT", f"{one}?fieldValidation=Warn", merged(current, {"spec": {"unknown": 1, "replicas": 4}}))
    await s.ask("PUT", one, merged(current, {"spec": {"replicas": 5}}), note="stale")
    for number, (body, kind_of_patch) in enumerate((
        ({"spec": {"replicas": 6}}, MERGE_PATCH), ({"spec": {"replicas": 7}}, STRATEGIC_PATCH), ([{"op": "replace", "path": "/spec/replicas", "value": 8}], JSON_PATCH), ([{"op": "test", "path": "/spec/replicas", "value": 1}], JSON_PATCH),
        ([{"op": "remove", "path": "/spec/replicas"}], JSON_PATCH), ([{"op": "remove", "path": "/spec/replicas"}], JSON_PATCH), ({"spec": {"replicas": None}}, MERGE_PATCH), ({"spec": {"replicas": -3}}, MERGE_PATCH), ({"metadata": {"name": "x"}}, MERGE_PATCH), ({"metadata": {"resourceVersion": "1"}}, MERGE_PATCH),
        ({"metadata": {"uid": "x"}}, MERGE_PATCH), ({"status": {"replicas": 3}}, MERGE_PATCH), ({"metadata": {"labels": {"a": "b"}}}, MERGE_PATCH), ({"spec": {"replicas": "x"}}, MERGE_PATCH), ({"spec": {"replicas": "x"}}, STRATEGIC_PATCH), ({"spec": {"bogus": 1}}, MERGE_PATCH), ({"kind": "Pod"}, MERGE_PATCH),
        ({"metadata": {"resourceVersion": version_now}}, MERGE_PATCH), ({"metadata": {"uid": uid}}, MERGE_PATCH), ({"$patch": "delete"}, STRATEGIC_PATCH), (b"nonsense", MERGE_PATCH), (b"[]", MERGE_PATCH), ({"spec": {"replicas": 1}}, "application/xml"), ({"spec": {"replicas": 1}}, "application/json"),
    )):  # fmt: skip
        await s.ask("PATCH", one, body, Content_Type=kind_of_patch, note=str(number))
    await s.ask("PATCH", f"{one}?fieldValidation=Strict", {"spec": {"bogus": 1}}, Content_Type=MERGE_PATCH)
    applied: Tree = {"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {"replicas": 4}}
    await s.ask("PATCH", f"{one}?fieldManager=applier", applied, Content_Type=APPLY_PATCH, note="conflict")
    await s.ask("PATCH", f"{one}?fieldManager=applier&force=true", applied, Content_Type=APPLY_PATCH)
    await s.ask("PATCH", one, applied, Content_Type=APPLY_PATCH, note="no manager")
    await s.ask("PATCH", f"{one}?fieldManager=applier", merged(applied, {"kind": kind}), Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{one}?fieldManager=applier", merged(applied, {"spec": None}), Content_Type=APPLY_PATCH, note="no longer")
    await s.ask("PATCH", f"{one}?fieldManager=applier", merged(applied, {"spec": {"other": 1}}), Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{one}?fieldManager=applier", merged(applied, {"metadata": {"labels": {"a": "b"}}}), Content_Type=APPLY_PATCH)
    await s.ask("GET", f"{root}/w")
    await s.ask("POST", one, applied)
    await s.ask("DELETE", one)
    await s.ask("GET", f"{one}?watch=true")
    await s.ask("PUT", f"{one}?dryRun=None", current)
    await s.ask("PUT", f"{one}?fieldManager={'m' * 129}", current)
    await s.quiet("PATCH", f"{root}/w", {"metadata": {"finalizers": ["example.com/held"]}})
    await s.quiet("DELETE", f"{root}/w")
    await s.ask("PATCH", one, {"spec": {"replicas": 2}}, Content_Type=MERGE_PATCH, note="being deleted")
    await s.quiet("PATCH", f"{root}/w", {"metadata": {"finalizers": None}})


async def _binding(s: Session) -> None:
    node = {"kind": "Node", "name": "n"}
    path = await _pod(s, "p", labels={"app": "a", "kept": "yes"})
    for number, body in enumerate((
        {"target": {"kind": "Node", "name": "n", "apiVersion": "v2", "uid": "u", "fieldPath": "x", "namespace": "other"}}, {"target": {"kind": "node", "name": "n"}}, {"target": {"kind": "Minion", "name": ""}}, {"target": None}, {"metadata": {"generateName": "p"}, "target": node},
        {"metadata": {"labels": {"bad key!": "x"}}, "target": node}, {"metadata": {"annotations": {"bad key!": "x"}}, "target": node}, {"metadata": {"uid": "wrong", "name": "p"}, "target": node}, {"metadata": {"resourceVersion": "abc", "name": "p"}, "target": node}, {"metadata": {"resourceVersion": "1", "name": "p"}, "target": node},
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}}, {"kind": "Binding", "apiVersion": "apps/v1", "target": node}, {"target": {"name": "n", "bogus": 1}}, {"target": "n"}, [], {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "Bad Name"}},
    )):  # fmt: skip
        await s.ask("POST", f"{path}/binding?dryRun=All", body, note=str(number))
        await s.ask("POST", f"{s.core}/bindings?dryRun=All", body, note=str(number))
    await s.ask("POST", f"{path}/binding?dryRun=All&fieldValidation=Strict", {"metadata": {"name": "p"}, "target": {"name": "n", "bogus": 1}})
    await s.ask("POST", f"{path}/binding?dryRun=All&fieldValidation=Ignore", {"metadata": {"name": "p"}, "target": {"name": "n", "bogus": 1}})
    await s.ask("POST", f"{path}/binding?dryRun=some", {"metadata": {"name": "p"}, "target": node})
    await s.ask("POST", f"{path}/binding", "metadata: {name: p}\ntarget: {name: n, name: m}\n", Content_Type="application/yaml")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        await s.ask(method, f"{path}/binding", {} if method in ("PUT", "PATCH") else None)
        await s.ask(method, f"{s.core}/bindings", {} if method in ("PUT", "PATCH") else None)
    await s.ask("GET", f"{s.core}/bindings/p")
    labeled = {"name": "p2", "labels": {"app": "changed", "new": "1"}, "annotations": {"note": "x"}, "finalizers": ["example.com/f"]}
    two = await _pod(s, "p2", labels={"app": "a", "kept": "yes"}, status={"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "m"}, {"type": "Ready", "status": "False"}]})
    current = (await s.quiet("GET", two)).tree
    await s.ask("POST", f"{two}/binding", {"metadata": {**labeled, "resourceVersion": current["metadata"]["resourceVersion"], "uid": current["metadata"]["uid"]}, "target": node}, Accept="application/yaml")
    await s.ask("GET", two)
    await s.ask("POST", f"{two}/binding", {"metadata": {"name": "p2", "uid": "wrong"}, "target": node}, note="bound, and another uid")
    await s.ask("POST", f"{two}/binding", {"metadata": {"name": "p2"}, "target": node}, note="the same node")
    await s.ask("POST", f"{two}/binding?dryRun=All", {"metadata": {"name": "p2"}, "target": {"name": "other"}})
    three = await _pod(s, "p3")
    await s.quiet("PATCH", three, {"metadata": {"finalizers": ["example.com/held"]}})
    await s.quiet("DELETE", three)
    await s.ask("POST", f"{three}/binding", {"metadata": {"name": "p3"}, "target": node}, note="being deleted")
    await s.quiet("PATCH", three, {"metadata": {"finalizers": None}})
    four = await _pod(s, "p4", status={"phase": "Failed"})
    await s.ask("POST", f"{four}/binding", {"metadata": {"name": "p4"}, "target": {"name": "n"}}, note="failed")
    await s.ask("GET", four)
    five = await _pod(s, "p5", schedulingGates=[{"name": "example.com/g"}])
    await s.ask("POST", f"{s.core}/bindings", {"metadata": {"name": "p5"}, "target": node}, note="gated")
    await s.ask("PATCH", five, {"spec": {"schedulingGates": []}}, Content_Type=MERGE_PATCH)
    await s.ask("POST", f"{s.core}/bindings", {"metadata": {"name": "p5", "namespace": "other"}, "target": node})
    await s.ask("POST", f"{s.core}/bindings", {"metadata": {"name": "p5", "namespace": s.namespace}, "target": node})
    await s.ask("POST", "/api/v1/namespaces/none/bindings", {"metadata": {"name": "p5"}, "target": node})
    await s.ask("POST", "/api/v1/bindings", {"metadata": {"name": "p5", "namespace": s.namespace}, "target": node})
    await s.quiet("POST", "/api/v1/nodes", {"metadata": {"name": "diff-zoned", "labels": {"topology.kubernetes.io/zone": "z1", "topology.kubernetes.io/region": "r1", "kubernetes.io/hostname": "h"}}})
    six = await _pod(s, "p6", labels={"topology.kubernetes.io/zone": "mine"})
    await s.settle("/api/v1/nodes/diff-zoned")
    await s.ask("POST", f"{six}/binding", {"metadata": {"name": "p6"}, "target": {"kind": "Node", "name": "diff-zoned"}}, note="labels of the node")
    await s.ask("GET", six)
    seven = await _pod(s, "p7")
    await s.ask("POST", f"{seven}/binding", {"metadata": {"name": "p7"}, "target": {"name": "diff-zoned"}}, note="no kind")
    await s.ask("GET", seven)
    await s.ask("POST", f"{s.core}/pods", {"metadata": {"name": "p8"}, "spec": {**_SPEC, "nodeName": "diff-zoned"}})
    eight = await _pod(s, "p9")
    await s.ask("POST", f"{s.core}/bindings", {"metadata": {"name": "p9"}, "target": {"kind": "Node", "name": "diff-zoned"}}, note="the older way")
    await s.ask("GET", eight)
    await s.ask("PATCH", f"{s.core}/pods/p8", {"metadata": {"labels": {"topology.kubernetes.io/zone": "other"}}}, Content_Type=MERGE_PATCH)
    await s.quiet("DELETE", "/api/v1/nodes/diff-zoned")


async def _eviction(s: Session) -> None:
    path = await _pod(s, "p")
    for number, body in enumerate((
        {}, {"metadata": {"name": "other"}}, {"metadata": {"name": "p", "namespace": "other"}}, {"metadata": {"name": "p"}, "deleteOptions": {"preconditions": {"uid": "wrong"}}}, {"metadata": {"name": "p"}, "deleteOptions": {"preconditions": {"resourceVersion": "1"}}},
        {"metadata": {"name": "p"}, "deleteOptions": {"preconditions": {"resourceVersion": ""}}}, {"metadata": {"name": "p"}, "deleteOptions": {"propagationPolicy": "Wrong"}}, {"metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": -4}}, {"metadata": {"name": "p"}, "deleteOptions": {"dryRun": ["Some"]}},
        {"metadata": {"name": "p"}, "deleteOptions": {"orphanDependents": True, "propagationPolicy": "Orphan"}}, {"metadata": {"name": "p"}, "deleteOptions": {"ignoreStoreReadErrorWithClusterBreakingPotential": True}}, {"metadata": {"name": "p"}, "deleteOptions": {"bogus": 1}},
        {"metadata": {"name": "p"}, "deleteOptions": {"kind": "DeleteOptions", "apiVersion": "v1"}}, {"metadata": {"name": "p"}, "deleteOptions": {"kind": "Nonsense", "apiVersion": "v7"}}, {"metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": "x"}},
        {"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"name": "p"}}, {"kind": "Eviction", "apiVersion": "policy/v1beta1", "metadata": {"name": "p"}}, {"kind": "Eviction", "apiVersion": "policy/v2", "metadata": {"name": "p"}}, {"kind": "Eviction", "apiVersion": "v1", "metadata": {"name": "p"}},
        {"kind": "Binding", "apiVersion": "v1", "metadata": {"name": "p"}}, [], {"metadata": {"name": "p", "labels": {"bad key!": "x"}}}, {"metadata": {"name": "p", "resourceVersion": "1", "uid": "wrong"}}, {"metadata": {"name": "p", "generateName": "p"}},
    )):  # fmt: skip
        await s.ask("POST", f"{path}/eviction?dryRun=All", body, note=str(number))
    await s.ask("POST", f"{path}/eviction?dryRun=All&fieldValidation=Strict", {"metadata": {"name": "p"}, "deleteOptions": {"bogus": 1}})
    await s.ask("POST", f"{path}/eviction?dryRun=some", {"metadata": {"name": "p"}})
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "p"}, "deleteOptions": {"dryRun": ["All"]}}, Accept="application/yaml")
    await s.ask("POST", f"{path}/eviction?fieldManager={'m' * 129}", {"metadata": {"name": "p"}})
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        await s.ask(method, f"{path}/eviction", {} if method in ("PUT", "PATCH") else None)
    await s.ask("GET", path, note="unchanged")
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "p"}}, note="pending, no node")
    await s.ask("GET", path)
    for name, spec, status in (
        ("running", {"nodeName": "n"}, {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), ("done", {"nodeName": "n"}, {"phase": "Succeeded"}), ("failed", {"nodeName": "n"}, {"phase": "Failed"}), ("waiting", {"nodeName": "n"}, {"phase": "Pending"}), ("unknown", {"nodeName": "n"}, {"phase": "Unknown"}),
    ):  # fmt: skip
        path = await _pod(s, name, status=status, **spec)
        await s.ask("POST", f"{path}/eviction", {"metadata": {"name": name}})
        await s.ask("GET", path)
        await s.ask("POST", f"{path}/eviction", {"metadata": {"name": name}, "deleteOptions": {"gracePeriodSeconds": 0}}, note="again, at once")
        await s.ask("GET", path)
    path = await _pod(s, "conditions", nodeName="n", status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
    current = (await s.quiet("GET", path)).tree
    exact = {"uid": current["metadata"]["uid"], "resourceVersion": current["metadata"]["resourceVersion"]}
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "conditions"}, "deleteOptions": {"preconditions": {**exact, "resourceVersion": "1"}}})
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "conditions"}, "deleteOptions": {"preconditions": {**exact, "uid": "wrong"}}})
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "conditions"}, "deleteOptions": {"preconditions": exact, "gracePeriodSeconds": 7}})
    await s.ask("GET", path)


async def _budgets(s: Session) -> None:
    policy = f"/apis/policy/v1/namespaces/{s.namespace}/poddisruptionbudgets"
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    unready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}
    await s.quiet("POST", policy, {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}})
    path = await _pod(s, "p", nodeName="n", status=ready)
    condition = {"type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "", "lastTransitionTime": "2030-01-01T00:00:00Z"}
    for number, status in enumerate((
        {"observedGeneration": 0}, {"observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1}, {"disruptionsAllowed": 0, "currentHealthy": 3, "desiredHealthy": 1}, {"conditions": [condition]}, {"conditions": [{**condition, "message": "because"}]},
        {"conditions": [{**condition, "reason": "SyncFailed", "message": "no scale"}]}, {"conditions": [{**condition, "reason": "SyncFailed", "message": "no scale"}], "currentHealthy": 0}, {"conditions": [{**condition, "status": "True", "message": "fine"}], "currentHealthy": 3},
        {"disruptionsAllowed": -1},
    )):  # fmt: skip
        await s.ask("PATCH", f"{policy}/b/status", {"status": status}, Content_Type=MERGE_PATCH, note=str(number))
        await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "p"}}, note=str(number))
        await s.ask("POST", f"{path}/eviction?dryRun=All", {"metadata": {"name": "p"}, "deleteOptions": {"preconditions": {"uid": "wrong"}}}, note=str(number))
    await s.quiet("PATCH", f"{policy}/b/status", {"status": {"observedGeneration": 1, "disruptionsAllowed": 2, "currentHealthy": 3, "desiredHealthy": 1, "expectedPods": 3, "conditions": []}})
    await s.ask("POST", f"{path}/eviction?dryRun=All", {"metadata": {"name": "p"}})
    await s.ask("GET", f"{policy}/b", note="unchanged")
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "p"}, "deleteOptions": {"preconditions": {"uid": "wrong"}}}, note="counted, then refused")
    await s.ask("GET", f"{policy}/b", note="counted")
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "p"}})
    await s.ask("GET", f"{policy}/b", note="counted again")
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "p"}}, note="going already")
    await s.ask("GET", path)
    for number, (policy_of, healthy) in enumerate((policy_of, healthy) for policy_of in (None, "IfHealthyBudget", "AlwaysAllow") for healthy in (0, 1)):
        await s.quiet("PATCH", f"{policy}/b", {"spec": {"unhealthyPodEvictionPolicy": policy_of}})
        generation = (await s.quiet("GET", f"{policy}/b")).at("metadata.generation", 1)
        await s.quiet("PATCH", f"{policy}/b/status", {"status": {"observedGeneration": generation, "disruptionsAllowed": 0, "currentHealthy": healthy, "desiredHealthy": 1}})
        path = await _pod(s, f"u{number}", nodeName="n", status=unready)
        await s.ask("POST", f"{path}/eviction", {"metadata": {"name": f"u{number}"}}, note=f"unready {policy_of} {healthy}")
        await s.ask("GET", path)
    await s.quiet("POST", policy, {"metadata": {"name": "all"}, "spec": {"maxUnavailable": "50%", "selector": {}}})
    path = await _pod(s, "two", nodeName="n", status=ready)
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "two"}}, note="two budgets")
    await s.ask("POST", f"{path}/eviction?dryRun=All", {"metadata": {"name": "two"}}, note="two budgets", Accept="application/yaml")
    path = await _pod(s, "other", labels={}, nodeName="n", status=ready)
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "other"}}, note="without labels")
    await s.quiet("POST", policy, {"metadata": {"name": "none"}, "spec": {"minAvailable": 1}})
    path = await _pod(s, "pending", nodeName="n")
    await s.ask("POST", f"{path}/eviction", {"metadata": {"name": "pending"}}, note="two budgets, but pending")


async def _ephemeral_containers(s: Session) -> None:
    path = await _pod(s, nodeName="n", volumes=[{"name": "v", "emptyDir": {}}])
    one = f"{path}/ephemeralcontainers"
    good = {"name": "debug", "image": "d"}
    for number, container in enumerate((
        {}, {"name": "c", "image": "d"}, {"name": "debug"}, {"name": "Bad_Name", "image": "d"}, {**good, "resources": {"limits": {"cpu": "1"}}}, {**good, "ports": [{"containerPort": 80}]}, {**good, "livenessProbe": {"exec": {"command": ["x"]}}}, {**good, "readinessProbe": {}}, {**good, "startupProbe": {}},
        {**good, "lifecycle": {"preStop": {"exec": {"command": ["x"]}}}}, {**good, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}, {**good, "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "x"}]}, {**good, "volumeMounts": [{"name": "none", "mountPath": "/v"}]},
        {**good, "volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": "x"}]}, {**good, "targetContainerName": "c"}, {**good, "targetContainerName": "none"}, {**good, "restartPolicy": "Always"}, {**good, "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]},
        {**good, "securityContext": {"privileged": True}}, {**good, "stdin": True, "tty": True, "command": ["sh"], "env": [{"name": "A", "value": "b"}]}, {**good, "imagePullPolicy": "Sometimes"}, {**good, "terminationMessagePolicy": "X"}, {**good, "bogus": 1}, {**good, "image": " x"}, {**good, "volumeDevices": [{"name": "v", "devicePath": "/d"}]},
    )):  # fmt: skip
        await s.ask("PATCH", f"{one}?dryRun=All", {"spec": {"ephemeralContainers": [container]}}, Content_Type=MERGE_PATCH, note=str(number))
    current = (await s.quiet("GET", path)).tree
    for number, change in enumerate((
        {"metadata": {"labels": {"x": "y"}, "annotations": {"x": "y"}, "finalizers": ["example.com/f"], "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x"}]}}, {"spec": {"containers": []}}, {"spec": {"nodeName": "m"}}, {"status": {"phase": "Failed"}}, {"metadata": {"name": "q"}},
        {"metadata": {"resourceVersion": "1"}}, {"metadata": {"uid": "wrong"}}, {"metadata": {"resourceVersion": None}, "spec": {"ephemeralContainers": [good]}}, {"kind": "EphemeralContainers"}, {"spec": {"activeDeadlineSeconds": 5, "tolerations": []}},
    )):  # fmt: skip
        await s.ask("PUT", f"{one}?dryRun=All", merged(current, change), note=str(number))
    await s.ask("PATCH", f"{one}?dryRun=All&fieldValidation=Strict", {"spec": {"ephemeralContainers": [{**good, "bogus": 1}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", f"{one}?fieldManager=me&force=true", {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"ephemeralContainers": [good]}}, Content_Type=APPLY_PATCH)
    await s.ask("PATCH", one, {"spec": {"ephemeralContainers": [{"name": "second", "image": "e"}, {"name": "second", "image": "f"}]}}, Content_Type=STRATEGIC_PATCH)
    await s.ask("PATCH", one, [{"op": "add", "path": "/spec/ephemeralContainers/-", "value": {"name": "third", "image": "e"}}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", one, [{"op": "remove", "path": "/spec/ephemeralContainers/0"}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", one, [{"op": "replace", "path": "/spec/ephemeralContainers/0/image", "value": "changed"}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", one, {"spec": {"ephemeralContainers": None}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}/status", {"status": {"ephemeralContainerStatuses": [{"name": "debug", "image": "d", "imageID": "x", "ready": False, "restartCount": 0, "state": {"terminated": {"exitCode": 1}}}]}}, Content_Type=MERGE_PATCH)
    for method, target, body in (("POST", one, good), ("DELETE", one, None), ("GET", f"{s.core}/pods/absent/ephemeralcontainers", None), ("PATCH", f"{s.core}/pods/absent/ephemeralcontainers", {}), ("PUT", f"{s.core}/pods/absent/ephemeralcontainers", current), ("GET", one, None)):
        await s.ask(method, target, body)
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": "static", "annotations": {"kubernetes.io/config.mirror": "x"}}, "spec": {**_SPEC, "nodeName": "n"}})
    await s.ask("PATCH", f"{s.core}/pods/static/ephemeralcontainers", {"spec": {"ephemeralContainers": [good]}}, Content_Type=STRATEGIC_PATCH, note="static")


def _resources(name: str = "c", **resources: Any) -> Tree:
    return {"spec": {"containers": [{"name": name, "resources": resources}]}}


async def _resize(s: Session) -> None:
    """A pod that has no node yet, so that no node has a say."""
    pods: dict[str, Tree] = {
        "burstable": {}, "guaranteed": {"containers": [{**_CONTAINER, "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]}, "best": {"containers": [{"name": "c", "image": "i"}]},
        "policy": {"containers": [{**_CONTAINER, "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}, {"resourceName": "memory", "restartPolicy": "RestartContainer"}]}]},
        "never": {"restartPolicy": "Never"}, "sidecar": {"initContainers": [{**_CONTAINER, "name": "side", "restartPolicy": "Always"}, {**_CONTAINER, "name": "init"}]},
        "windows": {"os": {"name": "windows"}}, "pod-level": {"resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}},
        "extended": {"containers": [{**_CONTAINER, "resources": {"limits": {"example.com/gpu": "1", "cpu": "1"}}}]},
    }  # fmt: skip
    for name, spec in pods.items():
        path = await _pod(s, name, **spec)
        for number, body in enumerate((
            _resources(requests={"cpu": "600m"}), _resources(limits={"cpu": "2", "memory": "2Gi"}), _resources(limits={"cpu": "2"}, requests={"cpu": "2"}), _resources(limits={"cpu": "100m"}), _resources(limits={"cpu": None}), _resources(requests={"memory": None}), _resources(limits={"memory": "500Mi"}, requests={"memory": "500Mi"}),
            _resources(limits={"cpu": "-1"}), _resources(limits={"ephemeral-storage": "1Gi"}), _resources(requests={"ephemeral-storage": "1Gi"}), _resources(limits={"example.com/gpu": "2"}), _resources(limits={"cpu": "0"}), _resources(limits={"cpu": "x"}), _resources(claims=[{"name": "x"}]),
            {"spec": {"containers": [{"name": "c", "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]}]}}, {"spec": {"containers": [{"name": "new", "image": "x"}]}}, {"spec": {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "3"}}}}, {"spec": {"resources": {"limits": {"cpu": None}}}},
            {"spec": {"initContainers": [{"name": "side", "resources": {"requests": {"cpu": "700m"}}}]}}, {"spec": {"initContainers": [{"name": "init", "resources": {"requests": {"cpu": "700m"}}}]}},
        )):  # fmt: skip
            await s.ask("PATCH", f"{path}/resize?dryRun=All", body, Content_Type=STRATEGIC_PATCH, note=str(number))
    path = f"{s.core}/pods/burstable"
    current = (await s.quiet("GET", path)).tree
    for number, change in enumerate((
        {"metadata": {"labels": {"x": "y"}, "annotations": {"x": "y"}}}, {"spec": {"nodeName": "m"}}, {"status": {"phase": "Failed", "resize": "Proposed"}}, {"metadata": {"resourceVersion": "1"}}, {"metadata": {"uid": "wrong"}}, {"metadata": {"name": "q"}}, {"spec": {"activeDeadlineSeconds": 3}}, {"spec": {"terminationGracePeriodSeconds": 3}}, {},
    )):  # fmt: skip
        await s.ask("PUT", f"{path}/resize", merged(current, change), note=str(number))
    await s.ask("PATCH", f"{path}/resize", [{"op": "replace", "path": "/spec/containers/0/resources/requests/cpu", "value": "650m"}], Content_Type=JSON_PATCH)
    await s.ask("PATCH", f"{path}/resize?fieldManager=me", {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "burstable"}, "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "660m"}}}]}}, Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{path}/resize?fieldManager=me&force=true", {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "burstable"}, "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "660m"}}}]}}, Content_Type=APPLY_PATCH)
    await s.ask("PATCH", f"{path}/resize?fieldValidation=Strict", _resources(requests={"cpu": "1"}, bogus=1), Content_Type=STRATEGIC_PATCH)
    await s.ask("PUT", path, merged(current, {"metadata": {"resourceVersion": None}, "spec": {"containers": [{**_CONTAINER, "resources": {"limits": {"cpu": "9"}}}]}}), note="not through the subresource")
    for method, target in (("POST", path), ("DELETE", path), ("GET", f"{s.core}/pods/absent")):
        await s.ask(method, f"{target}/resize", {} if method == "POST" else None)
    await s.quiet("PATCH", f"{path}/status", {"status": {"phase": "Running", "resize": "Deferred", "conditions": [{"type": "PodResizePending", "status": "True", "reason": "Deferred"}]}})
    await s.ask("GET", f"{path}/status")


async def _resize_on_node(s: Session) -> None:
    path = await _pod(s, "lost", nodeName="diff-none")
    await s.ask("PATCH", f"{path}/resize", _resources(requests={"cpu": "600m"}), Content_Type=STRATEGIC_PATCH, note="no such node")
    await s.ask("PATCH", f"{path}/resize", {}, Content_Type=STRATEGIC_PATCH, note="nothing")
    for name, labels in (("diff-linux", {"kubernetes.io/os": "linux"}), ("diff-windows", {"kubernetes.io/os": "windows"}), ("diff-plain", {})):
        await s.quiet("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
        await s.quiet("PATCH", f"/api/v1/nodes/{name}/status", {"status": {"allocatable": {"cpu": "2", "memory": "2Gi"}, "declaredFeatures": ["InPlacePodLevelResourcesVerticalScaling"] if name == "diff-linux" else None}})
        await s.settle(f"/api/v1/nodes/{name}")
        path = await _pod(s, name, nodeName=name, resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}})
        plain = await _pod(s, f"plain-{name}", nodeName=name, initContainers=[{**_CONTAINER, "name": "init"}])
        for number, body in enumerate((
            _resources(requests={"cpu": "600m"}), _resources(requests={"cpu": "3"}, limits={"cpu": "3"}), _resources(requests={"memory": "3Gi"}, limits={"memory": "4Gi"}), {"spec": {"resources": {"requests": {"cpu": "1500m"}}}}, {"spec": {"resources": {"requests": {"cpu": "2500m"}, "limits": {"cpu": "4"}}}},
            {"spec": {"initContainers": [{"name": "init", "resources": {"requests": {"cpu": "700m"}}}]}},
        )):  # fmt: skip
            await s.ask("PATCH", f"{path}/resize", body, Content_Type=STRATEGIC_PATCH, note=str(number))
            await s.ask("PATCH", f"{plain}/resize", body, Content_Type=STRATEGIC_PATCH, note=str(number))
        await s.quiet("DELETE", f"/api/v1/nodes/{name}")


async def _tokens(s: Session) -> None:
    """Requests of tokens. What they say in the end is asked of a token review."""
    await s.quiet("POST", f"{s.core}/serviceaccounts", {"metadata": {"name": "a"}})
    await s.quiet("POST", f"{s.core}/secrets", {"metadata": {"name": "s"}})
    await s.quiet("POST", "/api/v1/nodes", {"metadata": {"name": "diff-token"}})
    pod = await _pod(s, "p", serviceAccountName="a", nodeName="diff-token")
    other = await _pod(s, "other")
    secret_uid, pod_uid, node_uid = [(await s.quiet("GET", path)).at("metadata.uid") for path in (f"{s.core}/secrets/s", pod, "/api/v1/nodes/diff-token")]
    for path in (pod, other, f"{s.core}/secrets/s", "/api/v1/nodes/diff-token"):
        await s.settle(path)
    token = f"{s.core}/serviceaccounts/a/token"
    for number, body in enumerate((
        {}, {"spec": {}}, {"spec": {"audiences": ["a", "b"]}}, {"spec": {"audiences": []}}, {"spec": {"audiences": [""]}}, {"spec": {"expirationSeconds": 600}}, {"spec": {"expirationSeconds": 599}}, {"spec": {"expirationSeconds": 0}}, {"spec": {"expirationSeconds": -1}}, {"spec": {"expirationSeconds": 4294967296}}, {"spec": {"expirationSeconds": 4294967297}},
        {"spec": {"expirationSeconds": 3607}}, {"spec": {"expirationSeconds": 31536000}}, {"spec": {"expirationSeconds": "600"}}, {"spec": {"expirationSeconds": None}}, {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}, {"metadata": {"namespace": "other"}}, {"metadata": {"uid": "wrong"}}, {"metadata": {"labels": {"x": "y"}}},
        {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1"}, {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1"}, {"spec": {"bogus": 1}}, {"status": {"token": "x", "expirationTimestamp": None}}, [],
        {"spec": {"boundObjectRef": {}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "apiVersion": "v1", "uid": "wrong"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "apiVersion": "v1", "uid": pod_uid}}},
        {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "apiVersion": "v2"}}}, {"spec": {"boundObjectRef": {"kind": "pod", "name": "p", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "absent", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "other", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1"}}},
        {"spec": {"boundObjectRef": {"kind": "Secret", "name": "s", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Secret", "name": "absent", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Secret", "name": "s", "apiVersion": "v1", "uid": secret_uid}}}, {"spec": {"boundObjectRef": {"kind": "Secret", "name": "s", "apiVersion": "v1", "uid": "wrong"}}},
        {"spec": {"boundObjectRef": {"kind": "Node", "name": "diff-token", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Node", "name": "diff-token", "apiVersion": "v1", "uid": node_uid}}}, {"spec": {"boundObjectRef": {"kind": "Node", "name": "diff-token", "apiVersion": "v1", "uid": "wrong"}}}, {"spec": {"boundObjectRef": {"kind": "Node", "name": "absent", "apiVersion": "v1"}}},
        {"spec": {"boundObjectRef": {"kind": "ConfigMap", "name": "x", "apiVersion": "v1"}}}, {"spec": {"boundObjectRef": {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "apiVersion": "v1"}, "expirationSeconds": 3607}},
        {"spec": {"audiences": ["x"], "boundObjectRef": {"kind": "ValidatingWebhookConfiguration", "name": "x", "apiVersion": "admissionregistration.k8s.io/v1"}}}, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "apiVersion": "apps/v1"}}},
    )):  # fmt: skip
        answer = await s.ask("POST", token, body, note=str(number))
        await s.ask("POST", f"{token}?dryRun=All", body, note=str(number))
        await _review(s, answer.at("status.token", "none"), number)
    await s.ask("POST", f"{token}?fieldValidation=Strict", {"spec": {"bogus": 1}})
    await s.ask("POST", token, "spec: {audiences: [x]}\n", Content_Type="application/yaml", Accept="application/yaml")
    await s.ask("POST", f"{s.core}/serviceaccounts/absent/token", {})
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        await s.ask(method, token, {} if method in ("PUT", "PATCH") else None)
    bound = await s.quiet("POST", token, {"spec": {"boundObjectRef": {"kind": "Secret", "name": "s", "apiVersion": "v1"}}})
    nodes = await s.quiet("POST", token, {"spec": {"boundObjectRef": {"kind": "Pod", "name": "p", "apiVersion": "v1"}}})
    s.user = nodes.at("status.token")
    await s.ask("GET", f"{s.core}/pods")
    await s.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    s.user = "admin"
    await s.quiet("DELETE", f"{s.core}/secrets/s")
    await s.gone(f"{s.core}/secrets/s")
    await _review(s, bound.at("status.token"), "secret gone")
    await s.quiet("DELETE", pod, {"gracePeriodSeconds": 0})
    await s.quiet("DELETE", "/api/v1/nodes/diff-token")
    await s.quiet("DELETE", f"{s.core}/serviceaccounts/a")
    await _review(s, nodes.at("status.token"), "account gone")


async def _review(s: Session, token: str, note: object) -> None:
    if token.count(".") == 2:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        times = {name: value - claims["iat"] for name, value in claims.items() if name in ("exp", "nbf")}
        claims["kubernetes.io"] = {name: value if name != "warnafter" else value - claims["iat"] for name, value in claims["kubernetes.io"].items()}
        s.keep("CLAIMS", "", None, {}, str(note), {"code": 0, "headers": {}, "body": s.normaliser.value({**claims, **times, "iat": 0})})
    for audiences in (None, ["https://kubernetes.default.svc.cluster.local"], ["b", "other"]):
        await s.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token, "audiences": audiences}}, note=f"{note} {audiences}")


async def _log(s: Session) -> None:
    await _pod(s, "unassigned")
    await _pod(s, "lost", nodeName="diff-none")
    await _pod(s, "many", nodeName="diff-none", containers=[_CONTAINER, {**_CONTAINER, "name": "d"}], initContainers=[{**_CONTAINER, "name": "init"}])
    await s.quiet("PATCH", f"{s.core}/pods/many/ephemeralcontainers", {"spec": {"ephemeralContainers": [{"name": "debug", "image": "d"}]}}, Content_Type=STRATEGIC_PATCH)
    for name in ("unassigned", "lost", "many", "absent"):
        for query in (
            "", "?container=c", "?container=", "?container=none", "?container=init", "?container=debug", "?tailLines=-1", "?tailLines=x", "?limitBytes=0", "?limitBytes=-1", "?sinceSeconds=0", "?sinceSeconds=5&sinceTime=2020-01-01T00:00:00Z", "?sinceTime=nonsense", "?follow=maybe", "?timestamps=1&previous=true",
            "?insecureSkipTLSVerifyBackend=true", "?bogus=1", "?stream=Stdout", "?stream=wrong", "?stream=Stdout&tailLines=3", "?sinceSeconds=-1&tailLines=-4&limitBytes=0", "?container=c&container=d", "?pretty=true", "?dryRun=All",
        ):  # fmt: skip
            await s.ask("GET", f"{s.core}/pods/{name}/log{query}")
    for accept in ("application/json", "text/plain", "application/yaml", "image/png", "*/*"):
        await s.ask("GET", f"{s.core}/pods/unassigned/log", Accept=accept)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        await s.ask(method, f"{s.core}/pods/unassigned/log", {} if method != "DELETE" else None)
    s.user = "bob"
    await s.ask("GET", f"{s.core}/pods/unassigned/log")


async def _connect(s: Session) -> None:
    """Exec, attach and port-forward as far as they come without a node."""
    await _pod(s, "unassigned")
    await _pod(s, "lost", nodeName="diff-none")
    await _pod(s, "many", nodeName="diff-none", containers=[_CONTAINER, {**_CONTAINER, "name": "d"}], initContainers=[{**_CONTAINER, "name": "init"}])
    await _pod(s, "done", nodeName="diff-none", status={"phase": "Succeeded"})
    for name in ("unassigned", "lost", "many", "absent", "done"):
        for path in (
            "exec", "exec?command=sh", "exec?command=sh&stdout=true", "exec?command=sh&stdin=maybe&stdout=1", "exec?stdout=true", "exec?command=sh&stdout=true&container=none", "exec?command=sh&stderr=true&tty=true&stdout=true", "exec?command=sh&stdout=true&container=init",
            "attach", "attach?stdout=true", "attach?stdout=true&container=none", "attach?stdin=true&tty=true", "attach?stderr=true&tty=true", "portforward", "portforward?ports=80", "portforward?ports=x", "portforward?ports=0", "portforward?ports=70000", "portforward?ports=80,81",
        ):  # fmt: skip
            for method in ("GET", "POST"):
                await s.ask(method, f"{s.core}/pods/{name}/{path}")
    for action in ("exec?command=sh&stdout=true", "attach?stdout=true", "portforward?ports=80"):
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            await s.ask(method, f"{s.core}/pods/unassigned/{action}", {} if method in ("PUT", "PATCH") else None)
    s.user = "bob"
    for action in ("exec", "attach", "portforward", "proxy"):
        await s.ask("GET", f"{s.core}/pods/unassigned/{action}")
        await s.ask("POST", f"{s.core}/pods/unassigned/{action}")


async def _proxy(s: Session) -> None:
    await _pod(s, "unassigned")
    await _pod(s, "lost", nodeName="diff-none")
    await s.quiet("POST", f"{s.core}/services", {"metadata": {"name": "svc"}, "spec": {"ports": [{"port": 80, "name": "http"}, {"port": 443, "name": "https"}]}})
    await s.quiet("POST", f"{s.core}/services", {"metadata": {"name": "ext"}, "spec": {"type": "ExternalName", "externalName": "x.example.com"}})
    for path in (
        f"{s.core}/pods/unassigned/proxy", f"{s.core}/pods/unassigned/proxy/", f"{s.core}/pods/unassigned:80/proxy/", f"{s.core}/pods/unassigned:x/proxy/", f"{s.core}/pods/absent/proxy/", f"{s.core}/pods/http:unassigned:80/proxy/", f"{s.core}/pods/ftp:unassigned:80/proxy/", f"{s.core}/pods/a:b:c:d/proxy/", f"{s.core}/pods/:/proxy/",
        f"{s.core}/services/svc/proxy", f"{s.core}/services/svc/proxy/", f"{s.core}/services/svc:80/proxy/", f"{s.core}/services/svc:http/proxy/", f"{s.core}/services/svc:none/proxy/", f"{s.core}/services/svc:81/proxy/", f"{s.core}/services/https:svc:https/proxy/", f"{s.core}/services/absent/proxy/", f"{s.core}/services/ftp:svc:http/proxy/",
        f"{s.core}/services/a:b:c:d/proxy/", f"{s.core}/services/ext/proxy/", "/api/v1/nodes/diff-none/proxy", "/api/v1/nodes/diff-none/proxy/", "/api/v1/nodes/diff-none:10250/proxy/", "/api/v1/nodes/https:diff-none:10250/proxy/pods", "/api/v1/nodes/a:b:c:d/proxy/", "/api/v1/nodes/diff-none/proxy?path=/x", f"{s.core}/services/svc/proxy?path=x",
    ):  # fmt: skip
        for method in ("GET", "POST", "DELETE"):
            await s.ask(method, path)
    s.user = "bob"
    for path in (f"{s.core}/services/svc/proxy/", "/api/v1/nodes/diff-none/proxy/", "/api/v1/nodes/diff-none/proxy/metrics", "/api/v1/nodes/diff-none/proxy/stats/summary", "/api/v1/nodes/diff-none/proxy/logs/", "/api/v1/nodes/diff-none/proxy/healthz", "/api/v1/nodes/diff-none/proxy/configz", "/api/v1/nodes/diff-none/proxy/pods"):
        await s.ask("GET", path)


def _condition(kind: str, **more: Any) -> Tree:
    return {"type": kind, "status": "True", "reason": "r", "message": "m", **more}


async def _approval(s: Session) -> None:
    from conformance.differential.kinds import all_kinds

    kind = next(kind for kind in all_kinds() if kind.resource == "certificatesigningrequests")
    root, base = kind.path(""), kind.object("one", "diff-sub", "")
    for signer in ("example.com/mine", "kubernetes.io/kube-apiserver-client"):
        name = f"diff-{signer.split('.')[0]}"
        await s.quiet("POST", root, merged(base, {"metadata": {"name": name}, "spec": {"signerName": signer, "usages": ["client auth"]}}))
        path = f"{root}/{name}"
        for number, status in enumerate((
            {"conditions": [_condition("Approved", status="Unknown")]}, {"conditions": [_condition("Failed")]}, {"conditions": [_condition("Nonsense")]}, {"conditions": [_condition("Approved"), _condition("Approved")]}, {"conditions": [_condition("")]}, {"conditions": [_condition("Denied", status="")]}, {"certificate": "Zm9v"}, {"conditions": []},
            {"conditions": [{"type": "Approved"}]}, {"conditions": [_condition("Approved", lastUpdateTime="2020-01-01T00:00:00Z")]},
        )):  # fmt: skip
            for sub in ("approval", "status"):
                await s.ask("PATCH", f"{path}/{sub}?dryRun=All", {"status": status}, Content_Type=MERGE_PATCH, note=str(number))
        await s.ask("PATCH", f"{path}/approval", {"metadata": {"labels": {"x": "y"}, "annotations": {"x": "y"}, "finalizers": ["example.com/f"]}, "spec": {"username": "x"}, "status": {"conditions": [_condition("Approved", lastUpdateTime="2020-01-01T00:00:00Z", lastTransitionTime="2020-01-01T00:00:00Z")]}}, Content_Type=MERGE_PATCH)
        await s.ask("PATCH", f"{path}/approval", {"status": {"conditions": [_condition("Denied")]}}, Content_Type=MERGE_PATCH, note="from approved to denied")
        await s.ask("PATCH", f"{path}/approval", {"status": {"conditions": [_condition("Approved", message="other"), _condition("Failed")]}}, Content_Type=MERGE_PATCH)
        await s.ask("PATCH", f"{path}/approval", [{"op": "add", "path": "/status/conditions/-", "value": _condition("Example")}], Content_Type=JSON_PATCH)
        await s.ask("PATCH", f"{path}/status", {"status": {"conditions": [_condition("Failed")]}}, Content_Type=MERGE_PATCH, note="without approval")
        await s.ask("PATCH", f"{path}/status", [{"op": "add", "path": "/status/conditions/-", "value": _condition("Failed")}], Content_Type=JSON_PATCH)
        await s.ask("PATCH", f"{path}/status", {"status": {"certificate": "LS0tLS1CRUdJTg=="}}, Content_Type=MERGE_PATCH)
        await s.ask("PATCH", f"{path}/status", {"metadata": {"labels": {"z": "y"}}, "status": {"certificate": None}}, Content_Type=MERGE_PATCH)
        for method, target in (("GET", f"{path}/approval"), ("POST", f"{path}/approval"), ("DELETE", f"{path}/approval"), ("GET", f"{root}/absent/approval"), ("PUT", f"{root}/absent/approval")):
            await s.ask(method, target, {"metadata": {"name": "absent"}} if method in ("POST", "PUT") else None)
        await s.quiet("PATCH", path, {"metadata": {"finalizers": None}})
        await s.quiet("DELETE", path)


async def _finalize(s: Session) -> None:
    name = "diff-sub-finalize"
    path = f"/api/v1/namespaces/{name}"
    await s.quiet("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": {"a": "b"}}})
    current = (await s.quiet("GET", path)).tree
    for number, change in enumerate((
        {"spec": {"finalizers": ["bad"]}}, {"spec": {"finalizers": ["example.com/x", "example.com/x"]}}, {"spec": {"finalizers": ["kubernetes", "example.com/Bad_Name!"]}}, {"metadata": {"labels": {"c": "d"}, "annotations": {"c": "d"}, "finalizers": ["example.com/f"]}}, {"status": {"phase": "Terminating"}}, {"metadata": {"resourceVersion": "1"}},
        {"metadata": {"uid": "wrong"}}, {"metadata": {"name": "other"}}, {"metadata": {"name": None}}, {"kind": "Pod"}, {"spec": {"bogus": 1}}, {"metadata": {"resourceVersion": None}}, {"spec": None}, {"metadata": {"namespace": "x"}}, {"metadata": {"deletionTimestamp": "2030-01-01T00:00:00Z"}},
    )):  # fmt: skip
        await s.ask("PUT", f"{path}/finalize?dryRun=All", merged(current, change), note=str(number))
    await s.ask("PUT", f"{path}/finalize", merged(current, {"spec": {"finalizers": ["example.com/kept"]}}), Accept="application/yaml")
    for method, target in (("GET", path), ("POST", path), ("PATCH", path), ("DELETE", path), ("PUT", "/api/v1/namespaces/none")):
        await s.ask(method, f"{target}/finalize", merged(current, {"metadata": {"name": target.rsplit("/", 1)[1]}}) if method in ("POST", "PATCH", "PUT") else None)
    for number, change in enumerate(({"status": {"phase": "Terminating"}}, {"status": {"phase": "Nonsense"}}, {"status": {"phase": ""}}, {"status": {"conditions": [{"type": "NamespaceDeletionDiscoveryFailure", "status": "False"}]}}, {"metadata": {"labels": {"from": "status"}, "finalizers": ["example.com/f"]}}, {"spec": {"finalizers": []}})):
        await s.ask("PATCH", f"{path}/status", change, Content_Type=MERGE_PATCH, note=str(number))
    await s.quiet("DELETE", path)
    await s.ask("PATCH", f"{path}/status", {"status": {"phase": "Active"}}, Content_Type=MERGE_PATCH, note="terminating")
    await s.ask("PUT", f"{path}/finalize", {"metadata": {"name": name}, "spec": {"finalizers": []}})
    await s.ask("GET", path)


async def _protobuf(s: Session) -> None:
    """Bodies and answers as client-go's typed clients have them."""
    from kcompat.apimachinery import protobuf

    form = "application/vnd.kubernetes.protobuf"

    async def ask(method: str, path: str, api_version: str, kind: str, tree: Tree) -> None:
        body = protobuf.encode({"kind": kind, **tree}, api_version.replace("beta1", ""), kind)
        if "beta" in api_version:
            body = protobuf.wrap(api_version, kind, protobuf.unwrap(body)[2])
        for accept in (form, "application/json"):
            answer = await s.quiet(method, path, body, Content_Type=form, Accept=accept)
            s.keep(method, path, {"kind": kind, **{key: value for key, value in tree.items() if key != "metadata"}}, {"Accept": accept}, kind, s.normaliser.answer(answer.code, answer.headers, answer.body))

    apps = f"/apis/apps/v1/namespaces/{s.namespace}/deployments"
    await s.quiet("POST", apps, {"metadata": {"name": "d"}, "spec": _SCALED["apps/v1/deployments"]})
    scale = (await s.quiet("GET", f"{apps}/d/scale")).tree
    metadata = {"name": "d", "namespace": s.namespace}
    await ask("PUT", f"{apps}/d/scale", "autoscaling/v1", "Scale", {"metadata": metadata, "spec": {"replicas": 4}})
    await ask("PUT", f"{apps}/d/scale", "autoscaling/v1", "Scale", {**scale, "spec": {"replicas": 5}})
    await ask("PUT", f"{apps}/d/scale?dryRun=All", "autoscaling/v1", "Scale", {"metadata": metadata, "spec": {"replicas": -4}})
    await ask("PUT", f"{apps}/d/scale", "apps/v1", "Deployment", (await s.quiet("GET", f"{apps}/d")).tree)
    await ask("PUT", f"{apps}/d/status", "apps/v1", "Deployment", merged((await s.quiet("GET", f"{apps}/d")).tree, {"status": {"replicas": 3}}))
    for name in ("p", "q"):
        await _pod(s, name)
    await ask("POST", f"{s.core}/pods/p/binding", "v1", "Binding", {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}})
    await ask("POST", f"{s.core}/bindings", "v1", "Binding", {"metadata": {"name": "q"}, "target": {"kind": "Node", "name": "n"}})
    for version in ("policy/v1", "policy/v1beta1"):
        await ask("POST", f"{s.core}/pods/p/eviction?dryRun=All", version, "Eviction", {"metadata": {"name": "p"}, "deleteOptions": {"gracePeriodSeconds": 3}})
    await ask("POST", f"{s.core}/pods/p/eviction", "v1", "Binding", {"metadata": {"name": "p"}, "target": {"name": "n"}})
    pod = (await s.quiet("GET", f"{s.core}/pods/p")).tree
    await ask("PUT", f"{s.core}/pods/p/status", "v1", "Pod", merged(pod, {"metadata": {"resourceVersion": None}, "status": {"phase": "Running"}}))
    await ask("PUT", f"{s.core}/pods/p/ephemeralcontainers", "v1", "Pod", merged(pod, {"metadata": {"resourceVersion": None}, "spec": {"ephemeralContainers": [{"name": "e", "image": "e"}]}}))
    await ask("PUT", f"{s.core}/pods/q/resize", "v1", "Pod", merged(pod, {"metadata": {"resourceVersion": None}}))
    await s.quiet("POST", f"{s.core}/serviceaccounts", {"metadata": {"name": "a"}})
    await ask("POST", f"{s.core}/serviceaccounts/a/token", "authentication.k8s.io/v1", "TokenRequest", {"metadata": {}, "spec": {"audiences": ["x"], "expirationSeconds": 700}})
    await ask("PUT", f"/api/v1/namespaces/{s.namespace}/finalize", "v1", "Namespace", {"metadata": {"name": s.namespace}, "spec": {"finalizers": ["kubernetes"]}})
    reviews: tuple[tuple[str, str, str, Tree], ...] = (
        ("/apis/authentication.k8s.io/v1/tokenreviews", "authentication.k8s.io/v1", "TokenReview", {"token": "admin-token"}), ("/apis/authorization.k8s.io/v1/subjectaccessreviews", "authorization.k8s.io/v1", "SubjectAccessReview", {"user": "x", "resourceAttributes": {"verb": "get", "resource": "pods"}}),
        ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "authorization.k8s.io/v1", "SelfSubjectAccessReview", {"nonResourceAttributes": {"path": "/api", "verb": "get"}}), ("/apis/authentication.k8s.io/v1/selfsubjectreviews", "authentication.k8s.io/v1", "SelfSubjectReview", {}),
    )  # fmt: skip
    for path, version, kind, spec in reviews:
        await ask("POST", path, version, kind, {"metadata": {}, "spec": spec} if spec else {"metadata": {}})
    await s.ask("GET", f"{s.core}/pods/p", note="in the end")


async def _unserved(s: Session) -> None:
    """Subresources that do not exist, and existing ones of kinds that lack them."""
    await _pod(s)
    await s.quiet("POST", f"{s.core}/configmaps", {"metadata": {"name": "cm"}})
    apps = f"/apis/apps/v1/namespaces/{s.namespace}"
    for path in (f"{s.core}/pods/p/nonsense", f"{s.core}/pods/p/scale", f"{s.core}/configmaps/cm/status", f"{s.core}/configmaps/cm/scale", f"{apps}/daemonsets/d/scale", f"{apps}/deployments/d/rollback", f"{s.core}/secrets/x/token", f"{s.core}/namespaces/x/finalize", f"{s.core}/pods/p/status/extra", f"{s.core}/pods/status", f"/api/v1/namespaces/{s.namespace}/status/x"):
        for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
            await s.ask(method, path, {} if method in ("PUT", "POST", "PATCH") else None)
