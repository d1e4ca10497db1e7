"""The spec of a PersistentVolumeClaim inside another kind: ephemeral volumes and StatefulSets. Called by volumes and stateful_set.

Answers pkg/apis/core/validation/validation.go:ValidatePersistentVolumeClaimSpec, ValidatePersistentVolumeClaimTemplate.
"""

from __future__ import annotations

from typing import Final

from kcompat.apimachinery import field, names, quantity
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.schema import types
from kcompat.apimachinery.validation import validate_annotations, validate_label_selector, validate_labels
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.checks import invalid_each, required

ACCESS_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES: Final = ("Block", "Filesystem")


def claim_template(template: Tree, at: Path) -> list[FieldError]:
    """A claim made for a pod's ephemeral volume (ValidatePersistentVolumeClaimTemplate)."""
    return template_metadata(template.get("metadata") or {}, at.child("metadata")) + claim_spec(template.get("spec") or {}, at.child("spec"))


def template_metadata(metadata: Tree, at: Path) -> list[FieldError]:
    """Nothing but labels and annotations (ValidateTemplateObjectMeta)."""
    errors = validate_annotations(metadata.get("annotations") or {}, at.child("annotations"))
    errors += validate_labels(metadata.get("labels") or {}, at.child("labels"))
    for name, member in types.named("meta/v1.ObjectMeta").fields.items():
        if name not in ("annotations", "labels") and metadata.get(name) is not None:
            errors.append(field.forbidden(at.child(member.go[0].lower() + member.go[1:]), "cannot be set"))
    return errors


def claim_spec(spec: Tree, at: Path) -> list[FieldError]:
    """ValidatePersistentVolumeClaimSpec for a new claim."""
    modes, here = spec.get("accessModes") or (), at.child("accessModes")
    errors = [] if modes else [field.required(here, "at least 1 access mode is required")]
    errors += validate_label_selector(spec.get("selector"), at.child("selector"))
    errors += [field.not_supported(here, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        errors.append(field.forbidden(here, "may not use ReadWriteOncePod with other access modes"))
    errors += _storage(spec, at.child("resources").key("storage"))
    errors += _class_name(spec, "storageClassName", at)
    if (mode := spec.get("volumeMode")) is not None and mode not in VOLUME_MODES:
        errors.append(field.not_supported(at.child("volumeMode"), mode, VOLUME_MODES))
    errors += _data_sources(spec, at)
    return errors + _class_name(spec, "volumeAttributesClassName", at)


def _storage(spec: Tree, at: Path) -> list[FieldError]:
    text = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if text is None:
        return [field.required(at)]
    return [field.invalid(at, text, "must be greater than zero")] if quantity.parse(text).sign <= 0 else []


def _class_name(spec: Tree, member: str, at: Path) -> list[FieldError]:
    name = spec.get(member)
    return invalid_each(at.child(member), name, names.is_dns1123_subdomain(name)) if name else []


def _data_sources(spec: Tree, at: Path) -> list[FieldError]:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    errors: list[FieldError] = []
    if source is not None:
        errors += _data_source(source, at.child("dataSource"))
    if reference is not None:
        errors += _data_source(reference, at.child("dataSourceRef"))
        if namespace := reference.get("namespace"):
            errors += invalid_each(at.child("dataSourceRef", "namespace"), namespace, names.is_dns1123_label(namespace))
    if source is None or reference is None:
        return errors
    if reference.get("namespace"):
        errors.append(field.invalid(at, field.Raw("{}"), "may not be specified when dataSourceRef.namespace is specified"))
    elif any(source.get(name) != reference.get(name) for name in ("apiGroup", "kind", "name")):
        errors.append(field.invalid(at, field.Raw("{}"), "must match dataSourceRef"))
    return errors


def _data_source(source: Tree, at: Path) -> list[FieldError]:
    errors = required(source, at, "name", "kind")
    group, kind = source.get("apiGroup") or "", source.get("kind") or ""
    if not group and kind != "PersistentVolumeClaim":
        errors.append(field.invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
    return errors + (invalid_each(at.child("apiGroup"), group, names.is_dns1123_subdomain(group)) if group else [])
