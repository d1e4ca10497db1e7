"""Quotas and what is created under them: `record_resource_quota.py` asks a real kube-apiserver, `test_resource_quota.py` compares.

A case: the quotas of a namespace (spec, and what is used already; None: not measured yet), and objects created one after the other.
"""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]
PODS, SERVICES, CLAIMS = (
    ("", "v1", "pods", "Pod"),
    ("", "v1", "services", "Service"),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
)
CONFIG_MAPS, SECRETS = ("", "v1", "configmaps", "ConfigMap"), ("", "v1", "secrets", "Secret")
DEPLOYMENTS = ("apps", "v1", "deployments", "Deployment")
DEVICE_CLAIMS = ("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim")
Created = tuple[tuple[str, str, str, str], Tree]


def obj(name: str, **content: Any) -> Tree:
    return {"metadata": {"name": name}, **content}


def pod(name: str, requests: Tree | None = None, limits: Tree | None = None, **spec: Any) -> Created:
    resources = {key: value for key, value in (("requests", requests), ("limits", limits)) if value}
    container = {"name": "c", "image": "i", **({"resources": resources} if resources else {})}
    return PODS, obj(name, spec={"containers": [container], **spec})


def service(name: str, kind: str = "ClusterIP", ports: int = 1, **spec: Any) -> Created:
    listed = [{"name": f"p{number}", "port": 80 + number} for number in range(ports)]
    return SERVICES, obj(name, spec={"type": kind, "ports": listed, **spec})


def claim(name: str, storage: str, **spec: Any) -> Created:
    return CLAIMS, obj(name, spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}, **spec})


def quota(used: Tree | None, hard: Tree, **spec: Any) -> tuple[Tree, Tree | None]:
    return {"hard": hard, **spec}, used


def _zero(hard: Tree, **spec: Any) -> tuple[Tree, Tree | None]:
    return quota(dict.fromkeys(hard, "0"), hard, **spec)


_TERM = {"topologyKey": "k", "labelSelector": {}, "namespaces": ["other"]}
_ABROAD = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_TERM]}}
_DEVICES = {"devices": {"requests": [
    {"name": "a", "exactly": {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 2}},
    {"name": "b", "exactly": {"deviceClassName": "nic", "allocationMode": "All"}},
    {"name": "c", "firstAvailable": [
        {"name": "x", "deviceClassName": "gpu", "count": 3}, {"name": "y", "deviceClassName": "gpu", "count": 1},
    ]},
]}}  # fmt: skip
_PRIORITY = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}]}

CASES: dict[str, tuple[list[tuple[Tree, Tree | None]], list[Created]]] = {
    "counts": (
        [_zero({"configmaps": "1", "count/secrets": "1", "count/deployments.apps": "0"})],
        [
            (CONFIG_MAPS, obj("a")), (CONFIG_MAPS, obj("b")), (SECRETS, obj("a")), (SECRETS, obj("b")),
            (DEPLOYMENTS, obj("d", spec={"selector": {"matchLabels": {"a": "b"}}, "template": {
                "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}})),
        ],
    ),
    "not measured yet": ([quota(None, {"configmaps": "0"})], [(CONFIG_MAPS, obj("a"))]),
    "measured in part": ([quota({"pods": "0"}, {"configmaps": "0", "secrets": "3", "pods": "1"})], [(CONFIG_MAPS, obj("a"))]),
    "compute": (
        [_zero({"requests.cpu": "1", "limits.memory": "1Gi", "pods": "5", "requests.example.com/gpu": "2"})],
        [
            pod("none"), pod("half", {"cpu": "500m"}, {"memory": "512Mi"}),
            pod("gpu", {"cpu": "100m", "example.com/gpu": "2"}, {"memory": "64Mi", "example.com/gpu": "2"}),
            pod("more", {"cpu": "500m", "example.com/gpu": "1"}, {"memory": "512Mi", "example.com/gpu": "1"}),
            pod("started", {"cpu": "1m"}, {"memory": "1Mi"}, initContainers=[
                {"name": "i", "image": "i", "resources": {"requests": {"cpu": "400m"}, "limits": {"memory": "2Mi"}}},
                {"name": "s", "image": "i", "restartPolicy": "Always", "resources": {
                    "requests": {"cpu": "5m"}, "limits": {"memory": "1Mi"}}},
            ]),
            pod("uninitialised", {"cpu": "1m"}, {"memory": "1Mi"}, initContainers=[{"name": "i", "image": "i"}]),
            pod("whole", resources={"requests": {"cpu": "10m"}, "limits": {"memory": "10Mi"}}),
        ],
    ),
    "short names and huge pages": (
        [_zero({"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi", "hugepages-2Mi": "4Mi"})],
        [
            pod("a", {"cpu": "600m", "memory": "1Mi", "hugepages-2Mi": "4Mi"}, {"memory": "1Mi", "hugepages-2Mi": "4Mi"}),
            pod("b", {"cpu": "600m", "memory": "1Gi", "hugepages-2Mi": "2Mi"}, {"memory": "1Gi", "hugepages-2Mi": "2Mi"}), pod("c"),
            pod("d", {"cpu": "1m", "memory": "1Mi", "ephemeral-storage": "2Gi"}),
        ],
    ),
    "best effort": (
        [_zero({"pods": "1"}, scopes=["BestEffort"]), _zero({"pods": "1", "requests.cpu": "1"}, scopes=["NotBestEffort"])],
        [pod("a"), pod("b"), pod("c", {"cpu": "1m"}), pod("d", {"cpu": "1m"})],
    ),
    "terminating": (
        [_zero({"pods": "1"}, scopes=["Terminating"]), _zero({"pods": "1"}, scopes=["NotTerminating"])],
        [pod("a"), pod("b"), pod("c", activeDeadlineSeconds=5), pod("d", activeDeadlineSeconds=5)],
    ),
    "priority class": (
        [_zero({"pods": "0"}, scopeSelector=_PRIORITY)],
        [pod("a"), pod("b", priorityClassName="system-cluster-critical"), pod("c", priorityClassName="system-node-critical")],
    ),
    "affinity abroad": ([_zero({"pods": "0"}, scopes=["CrossNamespacePodAffinity"])], [pod("a"), pod("b", affinity=_ABROAD)]),
    "services": (
        [_zero({"services": "4", "services.nodeports": "2", "services.loadbalancers": "1"})],
        [
            service("a"), service("b", "NodePort", 3), service("c", "NodePort", 1), service("d", "LoadBalancer"),
            service("e", "LoadBalancer", allocateLoadBalancerNodePorts=False), service("f", "ExternalName", externalName="x.example"),
            service("g"),
        ],
    ),
    "claims": (
        [_zero({"persistentvolumeclaims": "4", "requests.storage": "10Gi", "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
                "gold.storageclass.storage.k8s.io/persistentvolumeclaims": "1"})],
        [
            claim("a", "5Gi"), claim("b", "6Gi"), claim("c", "2Gi", storageClassName="gold"), claim("d", "1Gi", storageClassName="gold"),
            claim("e", "1", storageClassName="gold"), claim("f", "1500m"),
        ],
    ),
    "attributes classes": (
        [_zero({"persistentvolumeclaims": "0"}, scopeSelector={"matchExpressions": [
            {"scopeName": "VolumeAttributesClass", "operator": "In", "values": ["fast"]}]})],
        [claim("a", "1"), claim("b", "1", volumeAttributesClassName="slow"), claim("c", "1", volumeAttributesClassName="fast")],
    ),
    "devices": (
        [_zero({"count/resourceclaims.resource.k8s.io": "1", "gpu.deviceclass.resource.k8s.io/devices": "4",
                "nic.deviceclass.resource.k8s.io/devices": "40"})],
        [(DEVICE_CLAIMS, obj("a", spec=_DEVICES))],
    ),
    "two quotas": (
        [_zero({"pods": "2", "count/pods": "9"}), quota({"pods": "1"}, {"pods": "2"})],
        [pod("a"), pod("b")],
    ),
    "exceeded already": ([quota({"pods": "5", "requests.cpu": "0"}, {"pods": "2", "requests.cpu": "1"})], [pod("a", {"cpu": "1m"})]),
}  # fmt: skip
