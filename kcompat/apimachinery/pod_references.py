"""What a pod, or a persistent volume, refers to by name: pure functions for the Node authorizer and for admission.

Answers pkg/api/v1/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames), pkg/api/v1/persistentvolume/util.go and the Node
authorizer's graph.go:AddPod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kcompat.apimachinery import meta

Tree = Mapping[str, Any]
Reference = tuple[str, str]
"""Resource and name, in the pod's own namespace."""

MIRROR = "kubernetes.io/config.mirror"
"""Annotation of pods that a node's kubelet made from a file of its own."""

_SECRET_REFS = ("cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos")


def is_mirror(pod: Tree) -> bool:
    return MIRROR in meta.annotations(pod)


def references(pod: Tree) -> Iterator[Reference]:
    """Everything the node that runs the pod needs to read; the same may come several times."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    if account := spec.get("serviceAccountName"):
        yield "serviceaccounts", account
    named = (reference for source in (_pull_secrets(spec), _environment(spec), _volumes(pod, spec)) for reference in source)
    yield from ((resource, name) for resource, name in named if name)
    yield from (("resourceclaims", name) for name in _claims(spec, status) if name)


def _pull_secrets(spec: Tree) -> Iterator[Reference]:
    for secret in spec.get("imagePullSecrets") or ():
        yield "secrets", secret.get("name", "")


def _environment(spec: Tree) -> Iterator[Reference]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            for source in container.get("envFrom") or ():
                yield "secrets", _name(source, "secretRef")
                yield "configmaps", _name(source, "configMapRef")
            for variable in container.get("env") or ():
                value = variable.get("valueFrom") or {}
                yield "secrets", _name(value, "secretKeyRef")
                yield "configmaps", _name(value, "configMapKeyRef")


def _volumes(pod: Tree, spec: Tree) -> Iterator[Reference]:
    for volume in spec.get("volumes") or ():
        yield "secrets", (volume.get("secret") or {}).get("secretName", "")
        yield "configmaps", _name(volume, "configMap")
        yield "secrets", (volume.get("azureFile") or {}).get("secretName", "")
        yield "secrets", _name(volume.get("csi") or {}, "nodePublishSecretRef")
        for source in _SECRET_REFS:
            yield "secrets", _name(volume.get(source) or {}, "secretRef")
        for part in (volume.get("projected") or {}).get("sources") or ():
            yield "secrets", _name(part, "secret")
            yield "configmaps", _name(part, "configMap")
        yield "persistentvolumeclaims", (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
        if volume.get("ephemeral") is not None:
            yield "persistentvolumeclaims", f"{meta.name(pod)}-{volume.get('name', '')}"


def _claims(spec: Tree, status: Tree) -> Iterator[str]:
    made = {claim.get("name"): claim.get("resourceClaimName", "") for claim in status.get("resourceClaimStatuses") or ()}
    for claim in spec.get("resourceClaims") or ():
        yield claim.get("resourceClaimName") or made.get(claim.get("name"), "")
    yield (status.get("extendedResourceClaimStatus") or {}).get("resourceClaimName", "")


def secrets_of_volume(volume: Tree) -> Iterator[tuple[str, str]]:
    """Namespace and name of every secret that a node needs to mount the persistent volume."""
    spec = volume.get("spec") or {}
    claimed = (spec.get("claimRef") or {}).get("namespace", "")
    if azure := spec.get("azureFile"):
        yield azure.get("secretNamespace") or claimed, azure.get("secretName", "")
    references = [(spec.get(source) or {}).get("secretRef") for source in _SECRET_REFS]
    csi = spec.get("csi") or {}
    references += [csi.get(field) for field in ("nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef")]
    for reference in filter(None, references):
        yield reference.get("namespace") or claimed, reference.get("name", "")


def _name(holder: Tree, field: str) -> str:
    return (holder.get(field) or {}).get("name", "")  # type: ignore[no-any-return]
