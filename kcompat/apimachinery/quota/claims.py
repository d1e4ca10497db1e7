"""What PersistentVolumeClaims use of a quota (upstream: pkg/quota/v1/evaluator/core/persistent_volume_claims.go)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from kcompat.apimachinery import meta
from kcompat.apimachinery.quantity import Quantity, from_json
from kcompat.apimachinery.quota.evaluator import CREATE, ONE, UPDATE, ResourceList, ScopedEvaluator, Tree, selects

CLAIMS, STORAGE = "persistentvolumeclaims", "requests.storage"
OF_CLASS = ".storageclass.storage.k8s.io/"
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


class ClaimEvaluator(ScopedEvaluator):
    def __init__(self) -> None:
        super().__init__("", CLAIMS, CLAIMS)
        self.names = (*self.names, STORAGE)

    def handles(self, operation: str, subresource: str, new: Tree, old: Tree) -> bool:
        return (not subresource and operation in (CREATE, UPDATE)) or subresource == "status"

    def matching(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in self.names or name.endswith((OF_CLASS + CLAIMS, OF_CLASS + STORAGE))]

    def in_scope(self, selector: Tree, tree: Tree) -> bool:
        """By the attributes classes the claim has, had, or is to have."""
        if selector.get("scopeName") != "VolumeAttributesClass":
            return False
        return any(selects(selector, name) for name in _attributes_classes(tree) or {""})

    def usage(self, tree: Tree, now: datetime) -> ResourceList:
        used = {CLAIMS: ONE, self.names[0]: ONE}
        storage = _storage(tree)
        if storage is not None:
            used[STORAGE] = storage
        if name := storage_class(tree):
            used |= {name + OF_CLASS + each: used[each] for each in (CLAIMS, STORAGE) if each in used}
        return used

    def replenishes(self, old: Tree, new: Tree, now: datetime) -> bool:
        """Any update may, as upstream compares what never is the same."""
        return True


def storage_class(claim: Tree) -> str:
    """Name of its class; the old annotation goes first (upstream: storagehelpers.GetPersistentVolumeClaimClass)."""
    annotated = meta.annotations(claim).get(_CLASS_ANNOTATION)
    name: str = annotated if annotated is not None else (claim.get("spec") or {}).get("storageClassName") or ""
    return name


def _storage(claim: Tree) -> Quantity | None:
    """In whole bytes; while an expansion is under way what is larger."""
    requested = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    if "storage" not in requested:
        return None
    wanted = from_json(requested["storage"])
    allocated = ((claim.get("status") or {}).get("allocatedResources") or {}).get("storage")
    if allocated is not None and from_json(allocated) > wanted:
        wanted = from_json(allocated)
    return wanted.round_up(0)


def _attributes_classes(claim: Tree) -> set[str]:
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    target = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
    names = (spec.get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"), target)
    return {name for name in names if name}
