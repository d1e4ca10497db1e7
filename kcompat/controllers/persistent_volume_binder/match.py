"""Which volume fits a claim, and what both look like once bound. Pure.

Upstream: component-helpers/storage/volume/pv_helpers.go, volume/persistentvolume/pv_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery import meta
from kcompat.apimachinery.quantity import Quantity, parse
from kcompat.apimachinery.selectors import SelectorError, from_label_selector
from kcompat.client.interface import Tree
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS
from kcompat.controllers.controller import spec_of, status_of

BOUND_BY_CONTROLLER, BIND_COMPLETED = "pv.kubernetes.io/bound-by-controller", "pv.kubernetes.io/bind-completed"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONER, BETA_PROVISIONER = "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def class_of(tree: Tree) -> str:
    """The storage class of a claim or volume; "" for none."""
    return meta.annotations(tree).get(CLASS_ANNOTATION) or spec_of(tree).get("storageClassName") or ""


def requested(claim: Tree) -> Quantity:
    return parse(str(meta.get(spec_of(claim), ("resources", "requests", "storage"), "0")))


def capacity(volume: Tree) -> Quantity:
    return parse(str(meta.get(spec_of(volume), ("capacity", "storage"), "0")))


def is_for(volume: Tree, claim: Tree) -> bool:
    """The volume names the claim; without a uid whichever claim has the name."""
    reference = spec_of(volume).get("claimRef") or {}
    if (reference.get("namespace"), reference.get("name")) != (meta.namespace(claim), meta.name(claim)):
        return False
    return reference.get("uid") in (None, "", meta.uid(claim))


def _mode(tree: Tree) -> str:
    return spec_of(tree).get("volumeMode") or "Filesystem"


def same_mode(volume: Tree, claim: Tree) -> bool:
    return _mode(volume) == _mode(claim)


def _attributes_class(tree: Tree) -> str:
    return spec_of(tree).get("volumeAttributesClassName") or ""


def _modes_fit(volume: Tree, claim: Tree) -> bool:
    return set(spec_of(claim).get("accessModes") or ()) <= set(spec_of(volume).get("accessModes") or ())


def mismatch(volume: Tree, claim: Tree) -> str | None:
    """Why the volume that a claim asks for by name cannot be its (upstream: checkVolumeSatisfyClaim)."""
    if meta.is_being_deleted(volume):
        return f'the volume is marked for deletion "{meta.name(volume)}"'
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if _attributes_class(volume) != _attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if not same_mode(volume, claim):
        return "incompatible volumeMode"
    return None if _modes_fit(volume, claim) else "incompatible accessMode"


def find(claim: Tree, volumes: Iterable[Tree], *, delayed: bool) -> Tree | None:
    """The volume kept for the claim, else the smallest of those that fit with the fewest access modes; delayed: only the former
    (upstream: FindMatchingVolume)."""
    try:
        selector = from_label_selector(spec_of(claim)["selector"]) if spec_of(claim).get("selector") else None
    except SelectorError:
        return None
    fitting = []
    for volume in volumes:
        if not _is_usable(volume, claim):
            continue
        if is_for(volume, claim):
            return volume
        if delayed or status_of(volume).get("phase") != "Available" or class_of(volume) != class_of(claim):
            continue
        if _modes_fit(volume, claim) and (selector is None or selector.matches(meta.labels(volume))):
            fitting.append(volume)
    return min(fitting, key=lambda volume: (len(spec_of(volume).get("accessModes") or ()), capacity(volume)), default=None)


def _is_usable(volume: Tree, claim: Tree) -> bool:
    if spec_of(volume).get("claimRef") and not is_for(volume, claim):
        return False
    if meta.is_being_deleted(volume) or capacity(volume) < requested(claim):
        return False
    return same_mode(volume, claim) and _attributes_class(volume) == _attributes_class(claim)


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


def bound_volume(volume: Tree, claim: Tree) -> Tree:
    """The volume with the claim written into it; the same tree if it is there (upstream: GetBindVolumeToClaim)."""
    present = spec_of(volume).get("claimRef")
    if present and is_for(volume, claim) and present.get("uid") == meta.uid(claim):
        return volume
    reference = {
        "apiVersion": PERSISTENT_VOLUME_CLAIMS.api_version,
        "kind": PERSISTENT_VOLUME_CLAIMS.kind,
        "namespace": meta.namespace(claim),
        "name": meta.name(claim),
        "uid": meta.uid(claim),
        "resourceVersion": meta.resource_version(claim),
    }
    changed = {**volume, "spec": {**spec_of(volume), "claimRef": reference}}
    return changed if present else meta.with_annotations(changed, {BOUND_BY_CONTROLLER: "yes"})


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
    if attributes := _attributes_class(volume):
        status["currentVolumeAttributesClassName"] = attributes
    return status
