"""What pods may not do, for `record_pod_security.py` to ask a real kube-apiserver and `test_pod_security.py` to compare with.

A pod is what differs from one container `c` that keeps to every rule: fields of its spec, of the container, annotations.
"""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]
POLICIES = (
    ("baseline", "latest"),
    ("baseline", "v1.0"),
    ("baseline", "v1.30"),
    ("restricted", "latest"),
    ("restricted", "v1.0"),
    ("restricted", "v1.18"),
    ("restricted", "v1.22"),
    ("restricted", "v1.24"),
    ("restricted", "v1.34"),
    ("restricted", "v1.99"),
)
CONFINED: Tree = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(spec: Tree | None = None, security: Tree | None = None, container: Tree | None = None, annotations: Tree | None = None) -> Tree:
    merged = {key: value for key, value in (CONFINED | (security or {})).items() if value is not None}
    whole = {"name": "c", "image": "i", "securityContext": merged, **(container or {})}
    metadata: Tree = {"name": "p"} | ({"annotations": annotations} if annotations else {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [whole], **(spec or {})}}


def with_containers(*securities: Tree | None) -> Tree:
    """A pod of containers a, b, …; None: a container without a securityContext."""
    made = [
        {"name": name, "image": "i", **({"securityContext": own} if own is not None else {})}
        for name, own in zip("abcdef", securities, strict=False)
    ]
    return pod({"containers": made[1:], "initContainers": made[:1]})


_PROBE = {"httpGet": {"port": 80, "host": "10.0.0.1"}}
_HOOK = {"preStop": {"tcpSocket": {"port": 80, "host": "b.example"}}, "postStart": {"httpGet": {"port": 80, "host": "a.example"}}}
_VOLUMES: dict[str, Tree] = {
    "hostPath": {"path": "/"},
    "nfs": {"server": "s", "path": "/"},
    "gitRepo": {"repository": "r"},
    "emptyDir": {},
    "iscsi": {"targetPortal": "1.2.3.4:3260", "iqn": "iqn.2001-04.com.example:storage", "lun": 0},
    "configMap": {"name": "c"},
    "csi": {"driver": "d.example"},
    "downwardAPI": {},
    "projected": {"sources": []},
    "secret": {"secretName": "s"},
    "rbd": {"monitors": ["m"], "image": "i"},
    "flocker": {"datasetName": "d"},
    "cephfs": {"monitors": ["m"]},
    "azureFile": {"secretName": "s", "shareName": "n"},
    "awsElasticBlockStore": {"volumeID": "v"},
    "gcePersistentDisk": {"pdName": "p"},
    "glusterfs": {"endpoints": "e", "path": "p"},
    "fc": {"targetWWNs": ["w"], "lun": 1},
    "flexVolume": {"driver": "d"},
    "persistentVolumeClaim": {"claimName": "c"},
    "image": {"reference": "i"},
    "storageos": {"volumeName": "v"},
    "vsphereVolume": {"volumePath": "p"},
    "quobyte": {"registry": "r:1", "volume": "v"},
    "portworxVolume": {"volumeID": "v"},
    "scaleIO": {"gateway": "g", "system": "s", "secretRef": {"name": "s"}, "volumeName": "v"},
    "cinder": {"volumeID": "v"},
    "photonPersistentDisk": {"pdID": "p"},
    "azureDisk": {"diskName": "d", "diskURI": "https://blob/d.vhd", "kind": "Dedicated"},
}

PODS: dict[str, Tree] = {
    "confined": pod(),
    "plain": with_containers(None, None),
    "plain single": pod(container={"securityContext": {}}),
    "privileged": pod(security={"privileged": True, "allowPrivilegeEscalation": None}),
    "privileged twice": with_containers({"privileged": True}, {"privileged": True}, {"privileged": False}),
    "host namespaces": pod({"hostNetwork": True, "hostPID": True, "hostIPC": True}),
    "host network": pod({"hostNetwork": True}),
    "host ports": pod(container={"ports": [{"containerPort": 1, "hostPort": 9090}, {"containerPort": 2, "hostPort": 8080}]}),
    "host port": pod(container={"ports": [{"containerPort": 1, "hostPort": 80}]}),
    "host path": pod({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
    "all volumes": pod({"volumes": [{"name": f"v{number}", kind: source} for number, (kind, source) in enumerate(_VOLUMES.items())]}),
    "ephemeral volume": pod(
        {
            "volumes": [
                {
                    "name": "v",
                    "ephemeral": {
                        "volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}}
                    },
                }
            ]
        }
    ),
    "capabilities": pod(security={"capabilities": {"add": ["SYS_TIME", "NET_BIND_SERVICE", "CHOWN"], "drop": ["ALL"]}}),
    "capabilities kept": pod(security={"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["KILL"]}}),
    "capabilities twice": with_containers({"capabilities": {"add": ["NET_ADMIN"]}}, {"capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN"]}}),
    "probe host": pod(container={"livenessProbe": _PROBE}),
    "lifecycle hosts": pod(container={"lifecycle": _HOOK, "readinessProbe": _PROBE}),
    "proc mount": pod({"hostUsers": False}, {"procMount": "Unmasked"}),
    "root in a user namespace": pod({"hostUsers": False}, {"runAsUser": 0, "runAsNonRoot": None}),
    "se linux type": pod(security={"seLinuxOptions": {"type": "spc_t"}}),
    "se linux everything": pod(
        {"securityContext": {"seLinuxOptions": {"type": "a", "user": "u", "role": "r"}}}, {"seLinuxOptions": {"type": "b"}}
    ),
    "se linux engine": pod(security={"seLinuxOptions": {"type": "container_engine_t", "level": "s0"}}),
    "seccomp unconfined": pod({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, {"seccompProfile": {"type": "Unconfined"}}),
    "seccomp of the pod": pod({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}, {"seccompProfile": None}),
    "seccomp nowhere": pod(security={"seccompProfile": None}),
    "app armor": pod({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}, {"appArmorProfile": {"type": "Unconfined"}}),
    "app armor annotation": pod(annotations={"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}),
    "app armor local": pod(annotations={"container.apparmor.security.beta.kubernetes.io/c": "localhost/x"}),
    "seccomp annotation": pod(annotations={"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}),
    "sysctls": pod(
        {
            "securityContext": {
                "sysctls": [
                    {"name": name, "value": "1"}
                    for name in (
                        "kernel.msgmax",
                        "net.ipv4.ip_local_reserved_ports",
                        "net.ipv4.tcp_rmem",
                        "net.ipv4.tcp_fin_timeout",
                        "net.ipv4.tcp_notsent_lowat",
                        "kernel.shm_rmid_forced",
                        "net.core.somaxconn",
                    )
                ]
            }
        }
    ),
    "windows": pod({"os": {"name": "windows"}, "containers": [{"name": "c", "image": "i", "securityContext": {"runAsNonRoot": True}}]}),
    "windows host process": pod(
        {
            "os": {"name": "windows"},
            "hostNetwork": True,
            "securityContext": {"windowsOptions": {"hostProcess": True}},
            "containers": [{"name": "c", "image": "i", "securityContext": {"windowsOptions": {"hostProcess": True}}}],
        }
    ),
    "root": pod({"securityContext": {"runAsUser": 0}}, {"runAsUser": 0, "runAsNonRoot": None}),
    "root refused": with_containers({"runAsNonRoot": False, "runAsUser": 0}, {"runAsNonRoot": False}, {"runAsNonRoot": True}, None),
    "root refused by the pod": pod({"securityContext": {"runAsNonRoot": False}}),
    "non-root of the pod": pod({"securityContext": {"runAsNonRoot": True}}, {"runAsNonRoot": None}),
}

BAD_LABELS: dict[str, dict[str, str]] = {
    "level": {"enforce": "strict"},
    "version": {"enforce": "baseline", "enforce-version": "1.2"},
    "several": {"enforce": "Baseline", "audit": "none", "audit-version": "v1", "warn": "", "warn-version": "v1.01"},
    "fine": {"enforce": "privileged", "audit": "baseline", "audit-version": "v1.0", "warn": "restricted", "warn-version": "latest"},
}
"""Labels of a new namespace, without their prefix."""

EXISTING = ("host network", "plain", "confined", "host port", "privileged")
"""Pods that are there when the namespace's labels change."""
LABEL_CHANGES: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    ({}, {"enforce": "baseline"}),
    ({}, {"enforce": "restricted", "enforce-version": "v1.20"}),
    ({"enforce": "baseline"}, {"enforce": "restricted"}),
    ({"enforce": "restricted"}, {"enforce": "baseline"}),
    ({"enforce": "restricted"}, {"enforce": "baseline", "enforce-version": "v1.1"}),
    ({"enforce": "baseline"}, {"enforce": "baseline", "warn": "restricted"}),
)
WARNED: tuple[dict[str, str], ...] = (
    {"warn": "baseline"},
    {"warn": "restricted", "warn-version": "v1.20"},
    {"enforce": "baseline"},
    {"enforce": "baseline", "warn": "privileged"},
    {"enforce": "restricted", "warn-version": "v1.20"},
)
"""Labels of a namespace in which a Deployment of the pod `plain` with a host port is made, and the pod itself."""
