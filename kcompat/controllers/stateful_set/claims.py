"""Who owns the volume claims of a stateful set's pods, so that they go when the set's retention policy says so. Pure. Called by controller
and plan.

Upstream: pkg/controller/statefulset/stateful_set_utils.go isClaimOwnerUpToDate, updateClaimOwnerRefForSetAndPod.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree
from kcompat.client.resources import PODS, STATEFUL_SETS, ResourceType
from kcompat.controllers.controller import spec_of
from kcompat.controllers.stateful_set.identity import ordinal, ordinals


def deletes(stateful_set: Tree, when: str) -> bool:
    """Does the policy delete claims `whenDeleted` or `whenScaled`?"""
    return ((spec_of(stateful_set).get("persistentVolumeClaimRetentionPolicy") or {}).get(when) or "Retain") == "Delete"


def _is_to(reference: Mapping[str, Any], tree: Tree, kind: ResourceType) -> bool:
    return (reference["apiVersion"], reference["kind"], reference["name"]) == (kind.api_version, kind.kind, meta.name(tree))


def is_stale(claim: Tree, tree: Tree, kind: ResourceType) -> bool:
    """Owned by an earlier object of this name."""
    found = next((item for item in meta.owner_references(claim) if _is_to(item, tree, kind)), None)
    return found is not None and found["uid"] != meta.uid(tree)


def has_unexpected_controller(claim: Tree, stateful_set: Tree, pod: Tree) -> bool:
    """Is there another controller, though the policy wants the set or the pod to be it?"""
    if not deletes(stateful_set, "whenScaled") and not deletes(stateful_set, "whenDeleted"):
        return False
    for reference in meta.owner_references(claim):
        if _is_to(reference, stateful_set, STATEFUL_SETS):
            if reference["uid"] != meta.uid(stateful_set):
                return True
        elif _is_to(reference, pod, PODS):
            if reference["uid"] != meta.uid(pod):
                return True
        elif reference.get("controller"):
            return True
    return False


def _wanted_owners(stateful_set: Tree, pod: Tree) -> tuple[bool, bool]:
    """Should the set, should the pod own the claim."""
    scaled_down = ordinal(pod) not in ordinals(stateful_set)
    when_scaled, when_deleted = deletes(stateful_set, "whenScaled"), deletes(stateful_set, "whenDeleted")
    return when_deleted and not (when_scaled and scaled_down), when_scaled and scaled_down


def is_up_to_date(claim: Tree, stateful_set: Tree, pod: Tree) -> bool:
    """Do its owners say what the policy wants? Claims of an earlier set or pod are left alone."""
    if is_stale(claim, stateful_set, STATEFUL_SETS) or is_stale(claim, pod, PODS):
        return True
    owners = {reference["uid"]: bool(reference.get("controller")) for reference in meta.owner_references(claim)}
    by_set, by_pod = meta.uid(stateful_set) in owners, meta.uid(pod) in owners
    if has_unexpected_controller(claim, stateful_set, pod):
        return not by_set and not by_pod
    if (by_set and not owners[meta.uid(stateful_set)]) or (by_pod and not owners[meta.uid(pod)]):
        return False
    return (by_set, by_pod) == _wanted_owners(stateful_set, pod)


def with_owners(claim: Tree, stateful_set: Tree, pod: Tree) -> Tree:
    """The claim owned as the policy wants."""
    others = [
        item for item in meta.owner_references(claim) if not _is_to(item, stateful_set, STATEFUL_SETS) and not _is_to(item, pod, PODS)
    ]
    if not has_unexpected_controller(claim, stateful_set, pod):
        by_set, by_pod = _wanted_owners(stateful_set, pod)
        if by_set:
            others.append(meta.controller_reference(stateful_set, STATEFUL_SETS.api_version, STATEFUL_SETS.kind))
        if by_pod:
            others.append(meta.controller_reference(pod, PODS.api_version, PODS.kind))
    return meta.with_metadata(claim, ownerReferences=others)
