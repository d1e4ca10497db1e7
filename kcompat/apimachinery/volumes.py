"""Persistent volumes and their claims: which fits which, and where a volume can be used. Pure.

Used by the controller that binds them and by the scheduler, which binds them when their first pod comes
(upstream: component-helpers/storage/volume/pv_helpers.go).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.quantity import Quantity, parse
from kcompat.apimachinery.scheduling import node_selector_term
from kcompat.apimachinery.selectors import SelectorError, from_label_selector

Tree = dict[str, Any]

BOUND_BY_CONTROLLER, BIND_COMPLETED = "pv.kubernetes.io/bound-by-controller", "pv.kubernetes.io/bind-completed"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def _spec(tree: Tree) -> Any:
    return tree.get("spec") or {}


def class_of(tree: Tree) -> str:
    """The storage class of a claim or volume; "" for none."""
    return meta.annotations(tree).get(CLASS_ANNOTATION) or _spec(tree).get("storageClassName") or ""


def requested(claim: Tree) -> Quantity:
    return parse(str(meta.get(_spec(claim), ("resources", "requests", "storage"), "0")))


def capacity(volume: Tree) -> Quantity:
    return parse(str(meta.get(_spec(volume), ("capacity", "storage"), "0")))


def is_for(volume: Tree, claim: Tree) -> bool:
    """The volume names the claim; without a uid whichever claim has the name."""
    reference = _spec(volume).get("claimRef") or {}
    if (reference.get("namespace"), reference.get("name")) != (meta.namespace(claim), meta.name(claim)):
        return False
    return reference.get("uid") in (None, "", meta.uid(claim))


def _mode(tree: Tree) -> str:
    return _spec(tree).get("volumeMode") or "Filesystem"


def same_mode(volume: Tree, claim: Tree) -> bool:
    return _mode(volume) == _mode(claim)


def attributes_class(tree: Tree) -> str:
    return _spec(tree).get("volumeAttributesClassName") or ""


def modes_fit(volume: Tree, claim: Tree) -> bool:
    return set(_spec(claim).get("accessModes") or ()) <= set(_spec(volume).get("accessModes") or ())


def is_bound(claim: Tree) -> bool:
    """From both sides (upstream: isPVCFullyBound)."""
    return bool(_spec(claim).get("volumeName")) and BIND_COMPLETED in meta.annotations(claim)


def reaches(volume: Tree, node: str, labels: Mapping[str, str]) -> bool:
    """Whether the volume can be used on the node (upstream: CheckNodeAffinity)."""
    required = (_spec(volume).get("nodeAffinity") or {}).get("required")
    if required is None:
        return True
    terms = (node_selector_term(term) for term in required.get("nodeSelectorTerms") or ())
    return any(term is not None and term(node, labels) for term in terms)


def topology_matches(terms: Iterable[Tree], labels: Mapping[str, str]) -> bool:
    """A storage class's allowedTopologies; none allow everything (upstream: MatchTopologySelectorTerms)."""
    terms = list(terms)
    return not terms or any(_term_matches(term, labels) for term in terms)


def _term_matches(term: Tree, labels: Mapping[str, str]) -> bool:
    wanted = term.get("matchLabelExpressions") or ()
    return bool(wanted) and all(labels.get(each["key"]) in (each.get("values") or ()) for each in wanted)


def find(claim: Tree, volumes: Iterable[Tree], *, delayed: bool) -> Tree | None:
    """The volume kept for the claim, else the smallest of those that fit with the fewest access modes; delayed: only the former
    (upstream: FindMatchingVolume without a node)."""
    fitting: list[Tree] = []
    for volume in _usable(claim, volumes):
        if is_for(volume, claim):
            return volume
        if not delayed and _is_free_for(volume, claim):
            fitting.append(volume)
    return min(fitting, key=lambda volume: (len(_spec(volume).get("accessModes") or ()), capacity(volume)), default=None)


def find_for_node(claim: Tree, volumes: Iterable[Tree], can_reach: Callable[[Tree], bool], taken: Collection[str]) -> Tree | None:
    """The volume kept for the claim, else the smallest of those that fit and the node reaches; taken: names of others' (upstream:
    FindMatchingVolume with a node)."""
    smallest: Tree | None = None
    for volume in _usable(claim, volumes):
        if meta.name(volume) in taken:
            continue
        if is_for(volume, claim):
            return volume if can_reach(volume) else None
        if _is_free_for(volume, claim) and can_reach(volume) and (smallest is None or capacity(volume) < capacity(smallest)):
            smallest = volume
    return smallest


def _usable(claim: Tree, volumes: Iterable[Tree]) -> Iterable[Tree]:
    return (volume for volume in volumes if _is_usable(volume, claim))


def _is_free_for(volume: Tree, claim: Tree) -> bool:
    if (volume.get("status") or {}).get("phase") != "Available" or class_of(volume) != class_of(claim) or not modes_fit(volume, claim):
        return False
    try:
        wanted = _spec(claim).get("selector")
        return not wanted or from_label_selector(wanted).matches(meta.labels(volume))
    except SelectorError:
        return False


def _is_usable(volume: Tree, claim: Tree) -> bool:
    if _spec(volume).get("claimRef") and not is_for(volume, claim):
        return False
    if meta.is_being_deleted(volume) or capacity(volume) < requested(claim):
        return False
    return same_mode(volume, claim) and attributes_class(volume) == attributes_class(claim)


def bound_volume(volume: Tree, claim: Tree) -> Tree:
    """The volume with the claim written into it; the same tree if it is there (upstream: GetBindVolumeToClaim)."""
    present = _spec(volume).get("claimRef")
    if present and is_for(volume, claim) and present.get("uid") == meta.uid(claim):
        return volume
    reference = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": meta.namespace(claim),
        "name": meta.name(claim),
        "uid": meta.uid(claim),
        "resourceVersion": meta.resource_version(claim),
    }
    changed = {**volume, "spec": {**_spec(volume), "claimRef": reference}}
    return changed if present else meta.with_annotations(changed, {BOUND_BY_CONTROLLER: "yes"})
