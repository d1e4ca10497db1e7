"""What the volume plugins share: the claims that a pod's volumes stand for, and which events concern them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.resources import (
    CSI_DRIVERS,
    CSI_NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
    VOLUME_ATTACHMENTS,
)
from kcompat.scheduler.framework import Listers, Unsignable

Tree = dict[str, Any]

CLAIM, VOLUME, CLASS = PERSISTENT_VOLUME_CLAIMS.kind, PERSISTENT_VOLUMES.kind, STORAGE_CLASSES.kind
CSI_NODE, CSI_DRIVER, ATTACHMENT = CSI_NODES.kind, CSI_DRIVERS.kind, VOLUME_ATTACHMENTS.kind
"""Resources of cluster events."""


def claim_names(pod: Tree) -> list[str]:
    """Claims that volumes name; not those made for the pod."""
    return [volume["persistentVolumeClaim"]["claimName"] for volume in pod["spec"].get("volumes") or () if volume.get("persistentVolumeClaim")]


def all_claims(pod: Tree) -> Iterator[tuple[str, bool]]:
    """(name, is it made for this pod) of every claim."""
    for volume in pod["spec"].get("volumes") or ():
        if claim := volume.get("persistentVolumeClaim"):
            yield claim["claimName"], False
        elif volume.get("ephemeral"):
            yield f"{meta.name(pod)}-{volume['name']}", True


def without_claims(pod: Tree) -> None:
    """A plugin's `sign`: what is decided about claims changes with them, not with the pod's template. Raises Unsignable."""
    if any(True for _ in all_claims(pod)):
        raise Unsignable


def claim_of(listers: Listers, pod: Tree, name: str) -> Tree | None:
    return listers.get("", "persistentvolumeclaims", meta.namespace(pod), name)


def not_found(resource: str, name: str) -> str:
    """As a lister's error says it: it knows the resource by its singular (apierrors.NewNotFound)."""
    return f'{resource} "{name}" not found'


def foreign_claim(pod: Tree, claim: Tree) -> str:
    """Why a claim cannot be that of the pod's ephemeral volume; "" if it is (upstream: ephemeral.VolumeIsForPod)."""
    if meta.is_controlled_by(claim, pod):
        return ""
    return f"PVC {meta.key(claim)} was not created for pod {meta.key(pod)} (pod is not owner)"


def names_claim(pod: Tree, _old: Tree | None, new: Tree | None) -> bool:
    """A queueing hint: the claim that came or changed is one of the pod's."""
    return new is not None and meta.namespace(new) == meta.namespace(pod) and any(name == meta.name(new) for name, _ in all_claims(pod))
