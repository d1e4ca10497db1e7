"""Why a volume does not fit a claim, and what both look like once bound. Pure; what the scheduler needs too is in apimachinery/volumes.py.

Upstream: component-helpers/storage/volume/pv_helpers.go, volume/persistentvolume/pv_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery import meta
from kcompat.apimachinery.volumes import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    attributes_class,
    capacity,
    class_of,
    modes_fit,
    requested,
    same_mode,
)
from kcompat.client.interface import Tree
from kcompat.controllers.controller import spec_of, status_of

PROVISIONER, BETA_PROVISIONER = "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def mismatch(volume: Tree, claim: Tree) -> str | None:
    """Why the volume that a claim asks for by name cannot be its (upstream: checkVolumeSatisfyClaim)."""
    if meta.is_being_deleted(volume):
        return f'the volume is marked for deletion "{meta.name(volume)}"'
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if attributes_class(volume) != attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if not same_mode(volume, claim):
        return "incompatible volumeMode"
    return None if modes_fit(volume, claim) else "incompatible accessMode"


def cannot_delete(volume: Tree) -> str | None:
    """Why no plugin here deletes what is behind the volume; None: one does, or a provisioner outside (upstream: findDeletablePlugin)."""
    if "hostPath" in spec_of(volume):
        path = spec_of(volume)["hostPath"].get("path") or ""
        return None if "/tmp/" in path else f"host_path deleter only supports /tmp/.+ but received provided {path}"  # noqa: S108
    if "csi" in spec_of(volume) or PROVISIONED_BY in meta.annotations(volume):
        return None
    return f'error getting deleter volume plugin for volume "{meta.name(volume)}": no deletable volume plugin matched'


def default_class(classes: Iterable[Tree]) -> str | None:
    """The default storage class made last (upstream: GetDefaultClass)."""
    marked = [tree for tree in classes if any(meta.annotations(tree).get(key) == "true" for key in DEFAULT_CLASS)]
    newest = sorted(sorted(marked, key=meta.name), key=meta.creation_timestamp, reverse=True)
    return meta.name(newest[0]) if newest else None


def bound_claim(claim: Tree, volume: Tree) -> Tree:
    """The claim with the volume written into it; the same tree if it is there (upstream: bindClaimToVolume)."""
    changed = claim
    if spec_of(claim).get("volumeName") != meta.name(volume):
        changed = {**claim, "spec": {**spec_of(claim), "volumeName": meta.name(volume)}}
        changed = meta.with_annotations(changed, {BOUND_BY_CONTROLLER: "yes"})
    if BIND_COMPLETED not in meta.annotations(changed):
        changed = meta.with_annotations(changed, {BIND_COMPLETED: "yes"})
    return changed


def unbound_volume(volume: Tree) -> Tree:
    """What the controller wrote is taken back; what the user wrote stays, without the uid (upstream: unbindVolume)."""
    spec = dict(spec_of(volume))
    if BOUND_BY_CONTROLLER in meta.annotations(volume):
        spec.pop("claimRef", None)
    else:
        spec["claimRef"] = {key: value for key, value in spec["claimRef"].items() if key != "uid"}
    return meta.with_annotations({**volume, "spec": spec}, {BOUND_BY_CONTROLLER: None})


def claim_status(claim: Tree, phase: str, volume: Tree | None) -> Tree:
    """The status in a phase; volume: the one it is bound to (upstream: updateClaimStatus)."""
    status = {**status_of(claim), "phase": phase}
    if volume is None:
        for key in ("accessModes", "capacity"):
            status.pop(key, None)
        return status
    status["accessModes"] = spec_of(volume).get("accessModes") or []
    size = spec_of(volume).get("capacity") or {}
    if "capacity" not in status or status_of(claim).get("phase") != "Bound":
        status["capacity"] = {**(status.get("capacity") or {}), **({"storage": size["storage"]} if "storage" in size else {})}
    if attributes := attributes_class(volume):
        status["currentVolumeAttributesClassName"] = attributes
    return status
