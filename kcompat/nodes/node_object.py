"""The Node object and Lease of a simulated node, as a kubelet registers and renews them. Pure. Called by simulated.py.

Answers pkg/kubelet/kubelet_node_status.go, nodestatus/setters.go and component-helpers/apimachinery/lease.
"""

from __future__ import annotations

import hashlib
from typing import Any

from kcompat.apimachinery import simulation
from kcompat.nodes.settings import KUBELET_VERSION, NodeSettings

Tree = dict[str, Any]

LEASE_NAMESPACE = "kube-node-lease"
KUBELET_PORT = 10250

_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
_DECLARED_FEATURES = (
    "ExtendWebSocketsToKubelet",
    "InPlacePodLevelResourcesVerticalScaling",
    "InPlacePodVerticalScalingInitContainers",
    "RestartAllContainersOnContainerExits",
)
"""Those whose gates are on by default in 1.37 (component-helpers/nodedeclaredfeatures)."""


def _identifier(name: str, purpose: str) -> str:
    return hashlib.sha256(f"{purpose}/{name}".encode()).hexdigest()[:32]


def _uuid(name: str, purpose: str) -> str:
    digits = _identifier(name, purpose)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def labels(name: str, settings: NodeSettings) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": settings.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": settings.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        **settings.labels,
    }


def node(name: str, ip: str, pod_cidr: str, settings: NodeSettings, now: str) -> Tree:
    """What a kubelet creates when it registers. now: RFC 3339."""
    annotations = {"volumes.kubernetes.io/controller-managed-attach-detach": "true", simulation.ANNOTATION: "true"}
    metadata = {"name": name, "labels": labels(name, settings), "annotations": annotations}
    spec: Tree = {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]}
    if settings.taints:
        spec["taints"] = [dict(taint) for taint in settings.taints]
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status(name, ip, settings, now, now)}


def status(name: str, ip: str, settings: NodeSettings, now: str, since: str) -> Tree:
    """since: when the conditions took their state."""
    return {
        "capacity": dict(settings.capacity),
        "allocatable": dict(settings.capacity),
        "conditions": conditions(now, since),
        "addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        "nodeInfo": {
            "machineID": _identifier(name, "machine"),
            "systemUUID": _uuid(name, "system"),
            "bootID": _uuid(name, "boot"),
            "kernelVersion": "6.12.0-kcompat",
            "osImage": "kcompat simulated node",
            "containerRuntimeVersion": "containerd://2.1.0",
            "kubeletVersion": KUBELET_VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": settings.architecture,
        },
        "images": [],
        "runtimeHandlers": [{"name": "", "features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}}],
        "features": {"supplementalGroupsPolicy": True},
        "declaredFeatures": list(_DECLARED_FEATURES),
    }


def conditions(now: str, since: str) -> list[Tree]:
    return [
        {"type": kind, "status": state, "reason": reason, "message": message, "lastHeartbeatTime": now, "lastTransitionTime": since}
        for kind, state, reason, message in _CONDITIONS
    ]


def lease(name: str, node_uid: str, settings: NodeSettings, now: str) -> Tree:
    """now: RFC 3339 with microseconds."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node_uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": settings.lease_duration, "renewTime": now},
    }
