"""What may change in a pod: little, and little more through ephemeralcontainers and resize. Called by the Rules of pods.

Answers pkg/apis/core/validation/validation.go:ValidatePodUpdate, ValidatePodEphemeralContainersUpdate, ValidatePodResize.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kcompat.apimachinery import field, meta, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import apparmor, resource_list, scheduling
from kcompat.registry.rules.pod.checks import NOWHERE
from kcompat.registry.rules.pod.equality import same
from kcompat.registry.rules.pod.go_form import diff, go_form, go_list
from kcompat.registry.rules.pod.options import NEW_POD, Options, for_update
from kcompat.registry.rules.pod.spec import MIRROR, SPEC, pod_and_metadata, pod_annotations

_ANNOTATIONS: Final = Path("metadata", "annotations")
_MAX_INT32: Final = 2**31 - 1
_UPDATABLE: Final = ",".join((
    "`spec.containers[*].image`",
    "`spec.initContainers[*].image`",
    "`spec.activeDeadlineSeconds`",
    "`spec.tolerations` (only additions to existing tolerations)",
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
))


def updated_pod(new: Tree, old: Tree) -> list[FieldError]:
    """An update of a Pod, its ObjectMeta excepted. What did not change was valid when it was stored."""
    if new["spec"] == old["spec"] and meta.annotations(new) == meta.annotations(old):
        return []
    errors, options = _as_new(new, old)
    errors += annotation_changes(new, old, options)
    spec, before = new["spec"], old["spec"]
    for name in ("containers", "initContainers"):
        found, stop = _images(spec.get(name) or [], before.get(name) or [], SPEC.child(name))
        errors += found
        if stop:
            return errors
    found, stop = _deadline(spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    errors += found
    if stop:
        return errors
    errors += _only_added_tolerations(spec, before, options)
    errors += _only_deleted_gates(spec, before)
    return errors if same(spec, before) else errors + _other_changes(spec, before)


def _as_new(new: Tree, old: Tree) -> tuple[list[FieldError], Options]:
    """The errors the pod would have as a new one, but for those the old one has already, and what is tolerated for its sake."""
    errors = pod_and_metadata(new, NEW_POD)
    if not errors:
        return errors, NEW_POD
    options = for_update(old["spec"], old.get("metadata"), is_pod=True)
    return pod_and_metadata(new, options), options


def annotation_changes(new: Tree, old: Tree, options: Options) -> list[FieldError]:
    """AppArmor and mirror annotations stay (ValidatePodSpecificAnnotationUpdates)."""
    annotations, before = meta.annotations(new), meta.annotations(old)
    errors: list[FieldError] = []
    if annotations != before:
        errors += [error for key in before if annotations.get(key) != before[key] for error in _kept(key, "remove or update")]
        errors += [error for key in annotations if key not in before for error in _kept(key, "add")]
    return errors + pod_annotations(annotations, new["spec"], _ANNOTATIONS, options)


def _kept(key: str, action: str) -> list[FieldError]:
    if key.startswith(apparmor.ANNOTATION):
        return [field.forbidden(_ANNOTATIONS.key(key), f"may not {action} AppArmor annotations")]
    if key == MIRROR:
        return [field.forbidden(_ANNOTATIONS.key(key), f"may not {action} mirror pod annotation")]
    return []


def _images(containers: list[Tree], before: list[Tree], at: Path) -> tuple[list[FieldError], bool]:
    """ValidateContainerUpdates: the errors, and whether nothing more can be compared."""
    if len(containers) != len(before):
        return [field.forbidden(at, "pod updates may not add or remove containers")], True
    errors: list[FieldError] = []
    for index, container in enumerate(containers):
        image, here = container.get("image") or "", at.index(index).child("image")
        if not image:
            errors.append(field.required(here))
        if image != image.strip():
            errors.append(field.invalid(here, image, "must not have leading or trailing whitespace"))
    return errors, False


def _deadline(new: int | None, old: int | None) -> tuple[list[FieldError], bool]:
    """activeDeadlineSeconds may be set once and then only get less."""
    at = SPEC.child("activeDeadlineSeconds")
    if new is None:
        detail = "must not update from a positive integer to nil value"
        return ([] if old is None else [field.invalid(at, None, detail)]), False
    if not 0 <= new <= _MAX_INT32:
        return [field.invalid(at, new, names.inclusive_range(0, _MAX_INT32))], True
    if old is not None and old < new:
        return [field.invalid(at, new, "must be less than or equal to previous value")], True
    return [], False


def _only_added_tolerations(spec: Tree, before: Tree, options: Options) -> list[FieldError]:
    """validateOnlyAddedTolerations."""
    new, at = spec.get("tolerations") or [], SPEC.child("tolerations")
    if new == (before.get("tolerations") or []):
        return scheduling.tolerations(new, at, allow_comparison=options.allow_comparison_tolerations)
    present = [_without_seconds(item) for item in new]
    if any(_without_seconds(item) not in present for item in before.get("tolerations") or ()):
        return [field.forbidden(at, "existing toleration can not be modified except its tolerationSeconds")]
    return scheduling.tolerations(new, at, allow_comparison=options.allow_comparison_tolerations)


def _without_seconds(toleration: Tree) -> Tree:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _only_deleted_gates(spec: Tree, before: Tree) -> list[FieldError]:
    """validateOnlyDeletedSchedulingGates."""
    known = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    added = {gate.get("name") or "": index for index, gate in enumerate(spec.get("schedulingGates") or ()) if gate.get("name") not in known}
    at = SPEC.child("schedulingGates")
    return [
        field.forbidden(at.index(index).child("name"), f"only deletion is allowed, but found new scheduling gate '{name}'")
        for name, index in added.items()
    ]


def _other_changes(spec: Tree, before: Tree) -> list[FieldError]:
    """The spec with everything that may change put back must be the old one."""
    restored = {**spec}
    for name in ("containers", "initContainers"):
        if spec.get(name):
            restored[name] = [{**c, "image": o.get("image") or ""} for c, o in zip(spec[name], before[name], strict=True)]
    _restore(restored, before, "activeDeadlineSeconds", "schedulingGates", "tolerations")
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and restored.get("terminationGracePeriodSeconds") == 1:
        _restore(restored, before, "terminationGracePeriodSeconds")
    errors: list[FieldError] = []
    if before.get("schedulingGates"):
        errors += _gated_changes(restored, before)
    if not same(restored, before):
        difference = diff(go_form(before, "core/v1.PodSpec"), go_form(restored, "core/v1.PodSpec"))
        errors.append(field.forbidden(SPEC, f"pod updates may not change fields other than {_UPDATABLE}\n{difference}"))
    return errors


def _restore(tree: Tree, before: Tree, *members: str) -> None:
    for name in members:
        if name in before:
            tree[name] = before[name]
        else:
            tree.pop(name, None)


def _gated_changes(restored: Tree, before: Tree) -> list[FieldError]:
    """A pod that waits at gates may be narrowed to fewer nodes; narrowed fields are put back in `restored`."""
    errors: list[FieldError] = []
    new, old = restored.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if new != old:
        if any(new.get(key) != value for key, value in old.items()):
            detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            errors.append(field.invalid(SPEC.child("nodeSelector"), new or None, detail))
        _restore(restored, before, "nodeSelector")
    affinity, old_affinity = restored.get("affinity"), before.get("affinity")
    node, old_node = ((tree or {}).get("nodeAffinity") for tree in (affinity, old_affinity))
    if node != old_node:
        errors += node_affinity_mutation(node, old_node, SPEC.child("affinity", "nodeAffinity"))
        put_back_node_affinity(restored, affinity, old_affinity, old_node)
    return errors


def put_back_node_affinity(restored: Tree, affinity: Tree | None, old_affinity: Tree | None, old_node: Tree | None) -> None:
    """Restores the node affinity, and no affinity at all where there was none."""
    others = {name: value for name, value in (affinity or {}).items() if name != "nodeAffinity"}
    if affinity is not None and old_affinity is None and not others:
        restored.pop("affinity", None)
    elif affinity is not None or old_node is not None:
        restored["affinity"] = others if old_node is None else {**others, "nodeAffinity": old_node}


def node_affinity_mutation(new: Tree | None, old: Tree | None, at: Path) -> list[FieldError]:
    """Requirements may be added to the terms there are (validateNodeAffinityMutation)."""
    old_terms = ((old or {}).get(scheduling.REQUIRED) or {}).get("nodeSelectorTerms") or []
    new_terms = ((new or {}).get(scheduling.REQUIRED) or {}).get("nodeSelectorTerms") or []
    here = at.child(scheduling.REQUIRED, "nodeSelectorTerms")
    if old_terms and len(old_terms) != len(new_terms):
        shown = go_list(new_terms, "core/v1.NodeSelectorTerm")
        return [field.invalid(here, shown, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")]
    return [
        field.invalid(here.index(i), go_form(term, "core/v1.NodeSelectorTerm"), "only additions are allowed (no mutations or deletions)")
        for i, (term, old_term) in enumerate(zip(new_terms, old_terms, strict=False)) if not _only_additions(term, old_term)
    ]


def _only_additions(new: Tree, old: Tree) -> bool:
    members = ("matchExpressions", "matchFields")
    if not any(old.get(name) for name in members):
        return not any(new.get(name) for name in members)
    return all((new.get(name) or [])[: len(old.get(name) or [])] == (old.get(name) or []) for name in members)


def updated_ephemeral_containers(new: Tree, old: Tree) -> list[FieldError]:
    """An update through pods/ephemeralcontainers: containers are added, never changed or removed."""
    errors, options = _as_new(new, old)
    errors += annotation_changes(new, old, options)
    if MIRROR in meta.annotations(old):
        return [field.forbidden(NOWHERE, "static pods do not support ephemeral containers")]
    at, containers = SPEC.child("ephemeralContainers"), {c.get("name"): c for c in new["spec"].get("ephemeralContainers") or ()}
    for container in old["spec"].get("ephemeralContainers") or ():
        name, now = container.get("name") or "", containers.get(container.get("name"))
        if now is None:
            errors.append(field.forbidden(at, f"existing ephemeral containers {field.printed(name)} may not be removed\n"))
        elif not same(container, now):
            difference = diff(*(go_form(c, "core/v1.EphemeralContainer") for c in (container, now)))
            errors.append(field.forbidden(at, f"existing ephemeral containers {field.printed(name)} may not be changed\n{difference}"))
    return errors


def resized_pod(new: Tree, old: Tree) -> list[FieldError]:
    """An update through pods/resize: cpu and memory change, nothing else."""
    errors, _ = _as_new(new, old)
    if MIRROR in meta.annotations(old):
        return [field.forbidden(NOWHERE, "static pods cannot be resized")]
    if (old["spec"].get("os") or {}).get("name") == "windows":
        return [field.forbidden(NOWHERE, "windows pods cannot be resized")]
    spec, before = new["spec"], old["spec"]
    quality = meta.get(old, ("status", "qosClass")) or resource_list.qos_class(before)
    if quality != resource_list.qos_class(spec):
        shown = meta.get(new, ("status", "qosClass"), "")
        errors.append(field.invalid(SPEC, shown, "Pod QOS Class may not change as a result of resizing"))
    if not _resizable(old):
        errors.append(field.forbidden(SPEC, "Pod running on node without support for resize"))
    compared = {**spec}
    if _has_resources(before) or _has_resources(spec):
        errors += _pod_level_resize(compared, before)
    if order := _order(spec, before):
        return errors + order
    errors += _removals(spec, before)
    for name in ("containers", "initContainers"):
        if spec.get(name):
            compared[name] = [_masked_container(new_c, old_c) for new_c, old_c in zip(spec[name], before[name], strict=True)]
            errors += _immutable_parts(name, spec[name], compared[name], before[name])
    if not errors and not same(compared, before):
        errors.append(field.forbidden(SPEC, "only cpu and memory resources are mutable"))
    return errors


def _resizable(pod: Tree) -> bool:
    """A running container whose status shows resources tells that the node can resize (isPodResizeRequestSupported)."""
    for status in meta.get(pod, ("status", "containerStatuses"), ()):
        if (status.get("state") or {}).get("running") is not None:
            return status.get("resources") is not None
    return True


def _has_resources(spec: Tree) -> bool:
    resources = spec.get("resources") or {}
    return bool(resources.get("requests") or resources.get("limits"))


def _pod_level_resize(compared: Tree, before: Tree) -> list[FieldError]:
    """validatePodLevelResourcesResize. Masks what may change in `compared`."""
    at, new, old = SPEC.child("resources"), compared.get("resources"), before.get("resources")
    if old is not None and new is None:
        return [field.forbidden(at, "pod-level resources cannot be removed")]
    errors: list[FieldError] = []
    if old is not None and new is not None:
        errors += [
            field.forbidden(at.child(member), f"pod-level resource {member} cannot be removed")
            for member in ("requests", "limits") if _removed(new.get(member), old.get(member))
        ]
    if new is not None:
        masked = _masked(new, old or {})
        if old is None and not any(masked.get(member) for member in ("requests", "limits", "claims")):
            compared.pop("resources")
        else:
            compared["resources"] = masked
    if not same(compared.get("resources"), old):
        errors.append(field.forbidden(SPEC, "only cpu and memory resources are mutable at pod-level"))
    return errors


def _removed(new: Mapping[str, str] | None, old: Mapping[str, str] | None) -> bool:
    return any(name not in (new or {}) for name in old or ())


def _masked(resources: Tree, old: Tree) -> Tree:
    """Resources with the cpu and memory of the old ones (dropCPUMemoryUpdates)."""
    masked: Tree = {name: value for name, value in resources.items() if name not in ("requests", "limits")}
    for member in ("requests", "limits"):
        kept = {name: value for name, value in (resources.get(member) or {}).items() if name not in ("cpu", "memory")}
        kept |= {name: value for name, value in (old.get(member) or {}).items() if name in ("cpu", "memory")}
        if kept:
            masked[member] = kept
    return masked


def _masked_container(container: Tree, old: Tree) -> Tree:
    return {**container, "resources": _masked(container.get("resources") or {}, old.get("resources") or {})}


def _order(spec: Tree, before: Tree) -> list[FieldError]:
    """validatePodResizeContainerOrdering."""
    errors: list[FieldError] = []
    for name in ("containers", "initContainers"):
        new, old, at = spec.get(name) or [], before.get(name) or [], SPEC.child(name)
        if len(new) != len(old):
            errors.append(field.forbidden(at, f"{name} may not be added or removed on resize"))
            continue
        errors += [
            field.forbidden(at.index(i).child("name"), f"{name} may not be renamed or reordered on resize")
            for i, (container, was) in enumerate(zip(new, old, strict=True)) if container.get("name") != was.get("name")
        ]
    return errors


def _removals(spec: Tree, before: Tree) -> list[FieldError]:
    """Requests and limits may change but not go (validateContainerResize)."""
    errors: list[FieldError] = []
    for name in ("initContainers", "containers"):
        for i, (new, old) in enumerate(zip(spec.get(name) or (), before.get(name) or (), strict=True)):
            at = SPEC.child(name).index(i).child("resources")
            of_new, of_old = new.get("resources") or {}, old.get("resources") or {}
            errors += [
                field.forbidden(at.child(member), f"resource {member} cannot be removed")
                for member in ("requests", "limits") if _removed(of_new.get(member), of_old.get(member))
            ]
    return errors


def _immutable_parts(name: str, new: list[Tree], compared: list[Tree], before: list[Tree]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, (container, masked, old) in enumerate(zip(new, compared, before, strict=True)):
        changed = not same(masked, old)
        if name == "containers":
            if changed:
                errors.append(field.forbidden(SPEC, "only cpu and memory resources are mutable"))
            continue
        at = SPEC.child(name).index(index)
        if changed:
            errors.append(field.forbidden(at, "only cpu and memory resources for init or sidecar containers are mutable"))
        if not same(container, old) and not resource_list.is_restartable(container):
            detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            restarts = [p for p in container.get("resizePolicy") or () if p.get("restartPolicy") == "RestartContainer"]
            errors += [field.forbidden(at, detail) for _ in restarts]
    return errors
