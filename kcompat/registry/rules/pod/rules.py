"""Rules of Pods and of the two subresources with rules of their own. Declared in `registry/groups/core_pods.py`.

Answers pkg/registry/core/pod/strategy.go: podStrategy, podStatusStrategy, podEphemeralContainersStrategy, podResizeStrategy.
"""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError
from kcompat.apimachinery.ip import ip_warnings
from kcompat.registry.declare import Rules, Tree, keep
from kcompat.registry.rules.pod import apparmor, spec, status, update
from kcompat.registry.rules.pod.defaults import default_pod
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.prepare import (
    default_pod_level_resources,
    drop_disabled_pod_fields,
    prepare_pod_for_create,
)
from kcompat.registry.rules.pod.warnings import pod_warnings


class PodRules(Rules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        default_pod(obj)

    def prepare_for_create(self, obj: Tree) -> None:
        prepare_pod_for_create(obj)

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "status")
        _keep_pod_resources(new, old)
        drop_disabled_pod_fields(new, old)

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        new["spec"] = old["spec"]
        metadata = {name: value for name, value in new["metadata"].items() if name not in ("deletionTimestamp", "ownerReferences")}
        if owners := meta.owner_references(old):  # old kubelets corrupted them
            metadata["ownerReferences"] = owners
        new["metadata"] = metadata
        status = new.setdefault("status", {})
        before = old.get("status") or {}
        for name in ("qosClass", "resourceClaimStatuses", "extendedResourceClaimStatus", "nodeAllocatableResourceClaimStatuses"):
            if status.get(name) is None and before.get(name) is not None:
                status[name] = before[name]
        _keep_observed_generations(status, before)
        drop_disabled_pod_fields(new, old)

    def validate(self, obj: Tree) -> Sequence[FieldError]:
        return spec.new_pod(obj)

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return update.updated_pod(new, old)

    def validate_status_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return status.updated_status(new, old)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        """Only creators are warned: updates are many and rarely a person's."""
        return pod_warnings(new) if old is None else ()

    def preparation_warnings(self, obj: Tree) -> Sequence[str]:
        return apparmor.annotation_warnings(obj)

    def status_warnings(self, new: Tree) -> Sequence[str]:
        """Warnings for an update of the status: addresses in unusual forms."""
        return [text for at, address in status.address_fields(new) for text in ip_warnings(at, address)]

    def spec_changed(self, new: Tree, old: Tree) -> bool:
        return not same(new["spec"], old["spec"])

    def grace_period(self, obj: Tree, requested: int | None) -> int | None:
        """The wish of the deleter or the pod, but none for a pod that nobody runs (CheckGracefulDelete)."""
        wanted, phase = obj.get("spec") or {}, meta.get(obj, ("status", "phase"))
        if not wanted.get("nodeName") or phase in ("Failed", "Succeeded"):
            return 0
        period = requested if requested is not None else wanted.get("terminationGracePeriodSeconds") or 0
        return 1 if period < 0 else period


class EphemeralContainersRules(PodRules):
    """An update through pods/ephemeralcontainers changes only those."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        wanted = (new.get("spec") or {}).get("ephemeralContainers")
        new["spec"] = {name: value for name, value in old["spec"].items() if name != "ephemeralContainers"}
        if wanted:
            new["spec"]["ephemeralContainers"] = wanted
        keep(new, old, "status")
        reset_metadata(new, old)
        drop_disabled_pod_fields(new, old)

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return update.updated_ephemeral_containers(new, old)


class ResizeRules(PodRules):
    """An update through pods/resize changes only resources and resize policies."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        _keep_all_but_resources(new, old)
        _keep_pod_resources(new, old)
        if new["spec"].get("resources") is not None:
            new["spec"]["resources"] = dict(new["spec"]["resources"])
            default_pod_level_resources(new["spec"])
        drop_disabled_pod_fields(new, old)

    def validate_update(self, new: Tree, old: Tree) -> Sequence[FieldError]:
        return update.resized_pod(new, old)


def _keep_pod_resources(new: Tree, old: Tree) -> None:
    """Clients that do not know spec.resources do not remove it."""
    if new["spec"].get("resources") is None and old["spec"].get("resources") is not None:
        new["spec"] = {**new["spec"], "resources": old["spec"]["resources"]}


def _keep_observed_generations(status: Tree, before: Tree) -> None:
    """What was observed stays observed (preserveOldObservedGeneration); several conditions may have one type."""
    if not status.get("observedGeneration") and before.get("observedGeneration"):
        status["observedGeneration"] = before["observedGeneration"]
    seen: dict[str, list[int]] = {}
    for condition in before.get("conditions") or ():
        seen.setdefault(condition.get("type", ""), []).append(condition.get("observedGeneration") or 0)
    for condition in status.get("conditions") or ():
        generations = seen.get(condition.get("type", ""))
        observed = generations.pop(0) if generations else 0
        if observed and not condition.get("observedGeneration"):
            condition["observedGeneration"] = observed


def reset_metadata(new: Tree, old: Tree) -> None:
    """Keeps the old metadata but for managed fields and what the store checks (metav1.ResetObjectMetaForStatus)."""
    before = old["metadata"]
    metadata = dict(new["metadata"])
    for name in ("deletionTimestamp", "generation", "selfLink", "labels", "annotations", "finalizers", "ownerReferences"):
        if name in before:
            metadata[name] = before[name]
        else:
            metadata.pop(name, None)
    new["metadata"] = metadata


def _keep_all_but_resources(new: Tree, old: Tree) -> None:
    """dropNonResizeUpdates: a change in number, order or names of containers is left in place for validation to find."""
    spec, before = new["spec"], old["spec"]
    lists = ("containers", "initContainers")
    if any(len(spec.get(name) or ()) != len(before.get(name) or ()) for name in lists):
        return
    kept = {name: value for name, value in before.items() if name != "resources"}
    if spec.get("resources") is not None:
        kept["resources"] = spec["resources"]
    for name in lists:
        if containers := spec.get(name):
            kept[name] = _resized(containers, before[name])
    new["spec"] = kept
    keep(new, old, "status")
    reset_metadata(new, old)


def _resized(containers: list[Tree], before: list[Tree]) -> list[Tree]:
    if any(new.get("name") != old.get("name") for new, old in zip(containers, before, strict=True)):
        return containers
    mutable = ("resources", "resizePolicy")
    return [
        {**{k: v for k, v in old.items() if k not in mutable}, **{k: new[k] for k in mutable if k in new}}
        for new, old in zip(containers, before, strict=True)
    ]
