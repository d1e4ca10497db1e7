"""What the strategies of built-in kinds check of ObjectMeta beyond what every write checks. Called by store and api/verbs/create.py.

Upstream's validation functions differ in this by kind: most go through core's ValidateObjectMeta, which knows the finalizers that
need no domain, some through apimachinery's; and some repeat the validation of a new object at every update (pkg/apis/*/validation).
"""

from __future__ import annotations

from typing import Final

from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.names import NameFunction, name_is_path_segment
from kcompat.apimachinery.validation import validate_object_meta, validate_object_meta_update
from kcompat.registry.declare import Resource, Tree

_METADATA: Final = Path("metadata")
_ANY_FINALIZER: Final = frozenset({
    "apiservices.apiregistration.k8s.io", "customresourcedefinitions.apiextensions.k8s.io", "events", "leases.coordination.k8s.io",
    "mutatingadmissionpolicies.admissionregistration.k8s.io", "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io", "poddisruptionbudgets.policy", "runtimeclasses.node.k8s.io",
    "validatingadmissionpolicies.admissionregistration.k8s.io", "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
})  # fmt: skip
_ANY_FINALIZER_BY_STATUS: Final = _ANY_FINALIZER | {"cronjobs.batch", "volumeattachments.storage.k8s.io"}
_NAME_AGAIN: Final = frozenset({
    "apiservices.apiregistration.k8s.io", "clustertrustbundles.certificates.k8s.io", "configmaps", "controllerrevisions.apps",
    "csinodes.storage.k8s.io", "csistoragecapacities.storage.k8s.io", "endpoints", "endpointslices.discovery.k8s.io",
    "flowschemas.flowcontrol.apiserver.k8s.io", "ingressclasses.networking.k8s.io", "ingresses.networking.k8s.io",
    "ipaddresses.networking.k8s.io", "limitranges", "mutatingadmissionpolicies.admissionregistration.k8s.io",
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io", "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", "resourceclaims.resource.k8s.io", "resourceclaimtemplates.resource.k8s.io",
    "runtimeclasses.node.k8s.io", "secrets", "serviceaccounts", "storageclasses.storage.k8s.io",
    "storageversionmigrations.storagemigration.k8s.io", "validatingadmissionpolicies.admissionregistration.k8s.io",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io", "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "volumeattachments.storage.k8s.io", "volumeattributesclasses.storage.k8s.io",
})  # fmt: skip
_NAME_AGAIN_BY_STATUS: Final = frozenset({"volumeattachments.storage.k8s.io"})
REPEATING: Final = frozenset({"apiservices.apiregistration.k8s.io", "customresourcedefinitions.apiextensions.k8s.io"})
"""Kinds without declarative validation: what several rules find is told several times (rest.ValidateUpdate)."""
_SYSTEM_FIELDS: Final = ("creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")


def wipe_system_fields(metadata: Tree) -> None:
    """Takes away what only a server writes (rest.WipeObjectMetaSystemFields)."""
    for name in _SYSTEM_FIELDS:
        metadata.pop(name, None)


def _internal(resource: Resource, obj: Tree) -> Tree:
    """The metadata without annotations that upstream's internal type has fields for."""
    metadata: Tree = obj["metadata"]
    hidden, annotations = resource.rules.converted_annotations, metadata.get("annotations")
    if not hidden or not annotations or annotations.keys().isdisjoint(hidden):
        return metadata
    return {**metadata, "annotations": {name: text for name, text in annotations.items() if name not in hidden}}


def new_errors(resource: Resource, obj: Tree, name_function: NameFunction) -> list[FieldError]:
    """What is wrong with the metadata of a new object."""
    known = resource.qualified not in _ANY_FINALIZER
    return validate_object_meta(_internal(resource, obj), resource.namespaced, name_function, _METADATA, builtin=known)


def update_errors(resource: Resource, new: Tree, old: Tree, *, status: bool = False) -> list[FieldError]:
    """What is wrong with the metadata of an update, or of one of the status."""
    name = resource.qualified
    known = name not in (_ANY_FINALIZER_BY_STATUS if status else _ANY_FINALIZER)
    errors = validate_object_meta_update(_internal(resource, new), _internal(resource, old), _METADATA, builtin=known)
    if name in REPEATING:
        return _repeated(resource, new, errors, again=name in _NAME_AGAIN and not status)
    again = name in (_NAME_AGAIN_BY_STATUS if status else _NAME_AGAIN)
    return errors + resource.rules.own_name_errors(new) if again else errors


def _repeated(resource: Resource, new: Tree, errors: list[FieldError], *, again: bool) -> list[FieldError]:
    """The errors of an update as they come from rest.ValidateUpdate, which has some of its own, and from the kind's validation."""

    def names(name: str, prefix: bool) -> list[str]:
        return list(resource.rules.validate_own_name(new, name, prefix))

    functions = (name_is_path_segment, *((names,) if again else ()))
    found = [validate_object_meta(new["metadata"], resource.namespaced, function, _METADATA, builtin=False) for function in functions]
    return [*found[0], *errors, *errors, *(found[1] if again else ())]
