"""Accessors over JSON trees of objects, and copy-on-write changes of them. Called by everybody.

Trees are never mutated: every setter returns a new tree that shares the unchanged parts with the old one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Object = dict[str, Any]
"""An object of the API as a JSON tree: apiVersion, kind, metadata and the rest."""

Step = str | int
_EMPTY: Mapping[str, Any] = {}


def metadata(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    return tree.get("metadata") or _EMPTY


def name(tree: Mapping[str, Any]) -> str:
    return metadata(tree).get("name") or ""


def generate_name(tree: Mapping[str, Any]) -> str:
    return metadata(tree).get("generateName") or ""


def namespace(tree: Mapping[str, Any]) -> str:
    return metadata(tree).get("namespace") or ""


def uid(tree: Mapping[str, Any]) -> str:
    return metadata(tree).get("uid") or ""


def resource_version(tree: Mapping[str, Any]) -> str:
    return metadata(tree).get("resourceVersion") or ""


def generation(tree: Mapping[str, Any]) -> int:
    return metadata(tree).get("generation") or 0


def creation_timestamp(tree: Mapping[str, Any]) -> str:
    return metadata(tree).get("creationTimestamp") or ""


def deletion_timestamp(tree: Mapping[str, Any]) -> str:
    return metadata(tree).get("deletionTimestamp") or ""


def is_being_deleted(tree: Mapping[str, Any]) -> bool:
    return bool(deletion_timestamp(tree))


def labels(tree: Mapping[str, Any]) -> Mapping[str, str]:
    return metadata(tree).get("labels") or _EMPTY


def annotations(tree: Mapping[str, Any]) -> Mapping[str, str]:
    return metadata(tree).get("annotations") or _EMPTY


def finalizers(tree: Mapping[str, Any]) -> Sequence[str]:
    return metadata(tree).get("finalizers") or ()


def owner_references(tree: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return metadata(tree).get("ownerReferences") or ()


def controller_of(tree: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The owner reference of the managing controller, if there is one (upstream: metav1.GetControllerOf)."""
    return next((owner for owner in owner_references(tree) if owner.get("controller")), None)


def is_controlled_by(tree: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    reference = controller_of(tree)
    return reference is not None and reference.get("uid") == uid(owner)


def controller_reference(owner: Mapping[str, Any], api_version: str, kind: str) -> Object:
    """The owner reference that makes `owner` the controller of another object (upstream: metav1.NewControllerRef)."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name(owner),
        "uid": uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def key(tree: Mapping[str, Any]) -> str:
    """`namespace/name`, or `name` where there is no namespace (client-go: MetaNamespaceKeyFunc)."""
    return f"{space}/{name(tree)}" if (space := namespace(tree)) else name(tree)


def with_metadata(tree: Mapping[str, Any], **fields: Any) -> Object:
    """A copy with these fields of its metadata set; None removes the field."""
    changed = {**metadata(tree), **fields}
    return {**tree, "metadata": {name: value for name, value in changed.items() if value is not None or name not in fields}}


def with_labels(tree: Mapping[str, Any], changes: Mapping[str, str | None]) -> Object:
    """A copy with labels added or replaced; None removes one."""
    return with_metadata(tree, labels=_merged(labels(tree), changes))


def with_annotations(tree: Mapping[str, Any], changes: Mapping[str, str | None]) -> Object:
    """A copy with annotations added or replaced; None removes one."""
    return with_metadata(tree, annotations=_merged(annotations(tree), changes))


def _merged(present: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str] | None:
    return {name: value for name, value in {**present, **changes}.items() if value is not None} or None


def with_finalizers(tree: Mapping[str, Any], wanted: Iterable[str]) -> Object:
    return with_metadata(tree, finalizers=list(wanted) or None)


def without_finalizer(tree: Mapping[str, Any], finalizer: str) -> Object:
    return with_finalizers(tree, (present for present in finalizers(tree) if present != finalizer))


def get(tree: Any, path: Sequence[Step], default: Any = None) -> Any:
    """What stands at path, or default where a step is missing or null on the way."""
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return default
    return default if tree is None else tree


def replace(tree: Any, path: Sequence[Step], value: Any) -> Any:
    """A copy of tree with value at path; missing or null maps on the way are made.

    A step that is an index needs a list that has it, IndexError otherwise; a scalar on the way is a TypeError.
    """
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(tree)
        items[step] = replace(items[step], rest, value)
        return items
    present = _EMPTY if tree is None else tree
    return {**present, step: replace(present.get(step), rest, value)}


def remove(tree: Any, path: Sequence[Step]) -> Any:
    """A copy of tree without what stands at path; the same tree if there is nothing."""
    *above, last = path
    holder = get(tree, above)
    if isinstance(holder, dict) and last in holder:
        return replace(tree, above, {name: value for name, value in holder.items() if name != last})
    if isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        return replace(tree, above, [*holder[:last], *holder[last + 1 :]])
    return tree


def conditions(tree: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The conditions in the object's status."""
    return get(tree, ("status", "conditions"), ())  # type: ignore[no-any-return]


def find_condition(conditions: Iterable[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    """The condition of this type, if there is one (upstream: meta.FindStatusCondition)."""
    return next((condition for condition in conditions if condition.get("type") == kind), None)


def is_condition_true(conditions: Iterable[Mapping[str, Any]], kind: str) -> bool:
    condition = find_condition(conditions, kind)
    return condition is not None and condition.get("status") == "True"


def set_condition(conditions: Sequence[Mapping[str, Any]], condition: Mapping[str, Any], now: str) -> Sequence[Mapping[str, Any]]:
    """Conditions with this one added or updated; the very same list if nothing differs (upstream: meta.SetStatusCondition).

    `now` (RFC 3339) becomes lastTransitionTime where the condition brings none and its status is new.
    """
    present = find_condition(conditions, str(condition["type"]))
    if present is None:
        return [*conditions, {"lastTransitionTime": now, **condition}]
    stamp = condition.get("lastTransitionTime") or now
    if present.get("status") == condition.get("status"):
        stamp = present.get("lastTransitionTime")
    updated = {**present, **condition, "lastTransitionTime": stamp}
    return conditions if updated == present else [updated if old is present else old for old in conditions]


def set_pod_condition(conditions: Sequence[Mapping[str, Any]], condition: Mapping[str, Any], now: str) -> list[Mapping[str, Any]]:
    """A pod's conditions with this one added or in place of its kind's: nothing of the old one stays but when its status last changed.

    Upstream: pkg/api/pod/util.go:UpdatePodCondition.
    """
    present = find_condition(conditions, str(condition["type"]))
    same = present is not None and present["status"] == condition["status"]
    stamp = present.get("lastTransitionTime") if present is not None and same else now
    wanted = {**condition, "lastProbeTime": None, "lastTransitionTime": stamp}
    return [*conditions, wanted] if present is None else [wanted if old is present else old for old in conditions]


def remove_condition(conditions: Sequence[Mapping[str, Any]], kind: str) -> Sequence[Mapping[str, Any]]:
    """Conditions without this type; the very same list if it has none."""
    kept = [condition for condition in conditions if condition.get("type") != kind]
    return conditions if len(kept) == len(conditions) else kept
