"""PersistentVolumeClaim (upstream: pkg/registry/core/persistentvolumeclaim, pkg/apis/core/validation: ValidatePersistentVolumeClaim*)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, not_supported, required
from kcompat.apimachinery.names import is_label_key
from kcompat.apimachinery.quantity import ZERO, Quantity, canonical, parse
from kcompat.apimachinery.validation import immutable, is_condition_reason, validate_label_selector
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.immutability import changes
from kcompat.registry.rules.pod.defaults import default_claim_spec
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod.resource_list import is_native, round_up_to_milli
from kcompat.registry.rules.quantities import amount, basic
from kcompat.registry.rules.volume_claim import claim_spec

_CLASS = "volume.beta.kubernetes.io/storage-class"
_ATTRIBUTES = "volumeAttributesClassName"
_RESIZE = (
    "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending",
)
_REFERENCE: Sequence[tuple[str, str, str | None]] = (
    ("APIGroup", "apiGroup", None), ("Kind", "kind", ""), ("Name", "name", ""), ("Namespace", "namespace", None),
)
_SPEC, _STATUS = Path("spec"), Path("status")
_IMMUTABLE = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def _drop_data_sources(spec: Tree, old: Tree | None) -> None:
    """Namespaced references are disabled; without a dataSourceRef, dataSource may only be a claim or a snapshot."""
    known = old or {}
    if (spec.get("dataSourceRef") or {}).get("namespace") and known.get("dataSourceRef") is None:
        spec.pop("dataSourceRef")
    source = spec.get("dataSource")
    in_use = any(known.get(name) is not None for name in ("dataSource", "dataSourceRef"))
    allowed = (("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io"))
    if source is not None and not in_use and spec.get("dataSourceRef") is None:
        if (source.get("kind", ""), source.get("apiGroup") or "") not in allowed:
            spec.pop("dataSource")


def _normalize_data_sources(spec: Tree) -> None:
    """dataSource and dataSourceRef name the same thing (NormalizeDataSources)."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is not None and reference is None:
        spec["dataSourceRef"] = dict(source)
    elif reference is not None and source is None and not reference.get("namespace"):
        spec["dataSource"] = {name: value for name, value in reference.items() if name != "namespace"}


def _size(tree: Tree, *path: str) -> Quantity:
    text = meta.get(tree, (*path, "storage"))
    return parse(text) if text is not None else ZERO


def _comparable(new: Tree, old: Tree) -> tuple[Tree, Tree]:
    """Both specs, made equal where a change is allowed (ValidatePersistentVolumeClaimUpdate)."""
    spec, before = dict(new["spec"]), dict(old["spec"])
    _normalize_data_sources(before)
    if not before.get("volumeName"):
        before["volumeName"] = spec.get("volumeName", "")
    name, was = spec.get("storageClassName"), before.get("storageClassName")
    annotated = meta.annotations(old).get(_CLASS)
    if was is None and name is not None and annotated in (None, name):
        if annotated is not None and meta.annotations(new).get(_CLASS, annotated) == annotated:
            spec.pop("storageClassName")
        else:
            before["storageClassName"] = name
    if meta.get(new, ("status", "phase")) == "Bound":
        if meta.get(spec, ("resources", "requests")):
            size = meta.get(before, ("resources", "requests", "storage"), "0")
            spec["resources"] = {**spec["resources"], "requests": {**spec["resources"]["requests"], "storage": size}}
        spec[_ATTRIBUTES] = before.get(_ATTRIBUTES)
    return spec, before


def _shown(spec: Tree) -> Tree:
    form: Tree = go_form(spec, "core/v1.PersistentVolumeClaimSpec")
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    form["DataSource"] = source and {internal: source.get(name, absent) for internal, name, absent in _REFERENCE[:3]}
    form["DataSourceRef"] = reference and {internal: reference.get(name, absent) for internal, name, absent in _REFERENCE}
    return form


def _annotation_kept(new: Tree, old: Tree) -> list[FieldError]:
    wanted, was = meta.annotations(new).get(_CLASS, ""), meta.annotations(old).get(_CLASS, "")
    name = new["spec"].get("storageClassName")
    upgraded = _CLASS in meta.annotations(old) and old["spec"].get("storageClassName") is None and name == was
    if wanted == was or (upgraded and _CLASS not in meta.annotations(new)):
        return []
    return [invalid(Path("metadata", "annotations").child(_CLASS), wanted, "field is immutable")]


def _shrunk(new: Tree, old: Tree) -> list[FieldError]:
    size = _size(new, "spec", "resources", "requests")
    if size >= _size(old, "spec", "resources", "requests") or size > _size(old, "status", "capacity"):
        return []
    return [forbidden(_SPEC.child("resources", "requests", "storage"), "field can not be less than status.capacity")]


def _attributes_change(new: Tree, old: Tree) -> list[FieldError]:
    wanted = new["spec"].get(_ATTRIBUTES)
    if wanted == old["spec"].get(_ATTRIBUTES) or wanted or meta.get(old, ("status", "currentVolumeAttributesClassName")) is None:
        return []
    what = "nil" if wanted is None else "empty string"
    return [forbidden(_SPEC.child(_ATTRIBUTES), f"update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil")]


def _resource_key(name: str, path: Path) -> list[FieldError]:
    """validatePersistentVolumeClaimResourceKey."""
    if wrong := [invalid(path, name, message) for message in is_label_key(name)]:
        return wrong
    return [not_supported(path, name, ("storage",))] if is_native(name) and name != "storage" else []


def _allocated(status: Tree) -> list[FieldError]:
    errors: list[FieldError] = []
    path = _STATUS.child("allocatedResourceStatuses")
    for name, state in (status.get("allocatedResourceStatuses") or {}).items():
        errors += _resource_key(name, path) + ([] if state in _RESIZE else [not_supported(path, name, _RESIZE)])
    path = _STATUS.child("allocatedResources")
    for name, text in (status.get("allocatedResources") or {}).items():
        errors += _resource_key(name, path) or basic(text, path.key(name)) or amount("storage", text, path.key(name))
    return errors


class PersistentVolumeClaimRules(Rules):
    def default(self, obj: Tree) -> None:
        status = obj["status"]
        status["phase"] = status.get("phase") or "Pending"
        default_claim_spec(obj["spec"])
        for name in ("capacity", "allocatedResources"):
            if status.get(name):
                round_up_to_milli(status[name])

    def prepare_for_create(self, obj: Tree) -> None:
        """The phase is defaulted again when the object is next read."""
        obj["status"] = {"phase": "Pending"}
        _drop_data_sources(obj["spec"], None)
        _normalize_data_sources(obj["spec"])

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_update(new, old)
        _drop_data_sources(new["spec"], old["spec"])
        _normalize_data_sources(new["spec"])

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_status_update(new, old)
        if meta.get(old, ("status", "healthStatus")) is None:
            new["status"].pop("healthStatus", None)

    def validate(self, obj: Tree) -> list[FieldError]:
        return claim_spec(obj["spec"], _SPEC)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        errors = _tolerant(claim_spec(new["spec"], _SPEC), old["spec"]) + _annotation_kept(new, old)
        spec, before = (_shown(tree) for tree in _comparable(new, old))
        if spec != before:
            errors.append(forbidden(_SPEC, f"{_IMMUTABLE}\n{changes(before, spec)}"))
        errors += _shrunk(new, old)
        errors += immutable(new["spec"].get("volumeMode"), old["spec"].get("volumeMode"), Path("volumeMode"))
        return errors + _attributes_change(new, old)

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        status = new["status"]
        errors = [] if new["spec"].get("accessModes") else [required(Path("Spec", "accessModes"))]
        for name, text in (status.get("capacity") or {}).items():
            errors += basic(text, _STATUS.child("capacity").key(name))
        for index, condition in enumerate(meta.get(status, ("healthStatus", "healthConditions"), ())):
            reason, path = condition.get("reason", ""), _STATUS.child("healthStatus", "healthConditions").index(index).child("reason")
            errors += [invalid(path, reason, message) for message in is_condition_reason(reason)] if reason else []
        return errors + _allocated(status)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        found = []
        if _CLASS in meta.annotations(new):
            found.append(f'metadata.annotations[{_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead')
        for kind in ("requests", "limits"):
            size = _size(new, "spec", "resources", kind)
            if size.milli_value() % 1000:
                text = f'fractional byte value "{canonical(str(size))}" is invalid, must be an integer'
                found.append(f"spec.resources.{kind}[storage]: {text}")
        return found


def _tolerant(errors: list[FieldError], old: Tree) -> list[FieldError]:
    """Without what the old object was already allowed to have: odd groups of data sources, odd values in selectors."""
    skipped = []
    if any((old.get(name) or {}).get("apiGroup") is not None for name in ("dataSource", "dataSourceRef")):
        skipped += ["spec.dataSource.apiGroup", "spec.dataSourceRef.apiGroup"]
    if validate_label_selector(old.get("selector"), _SPEC.child("selector")):
        skipped.append("spec.selector.matchExpressions[")
    values = [error for error in errors if not (error.field.startswith(tuple(skipped)) and _is_tolerated(error))] if skipped else errors
    return values


def _is_tolerated(error: FieldError) -> bool:
    return error.field.endswith("apiGroup") or ".values[" in error.field
