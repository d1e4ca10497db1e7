"""Validation of the access reviews. Called by `api/actions/*_access_review.py`.

Upstream: pkg/apis/authorization/validation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, required
from kcompat.apimachinery.validation import validate_label_selector

Tree = dict[str, Any]
_SPEC = Path("spec")
_ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def validate(review: Tree, *, somebody: bool, namespace: str | None = None) -> list[FieldError]:
    """`somebody`: the review names a user. `namespace` is that of a LocalSubjectAccessReview."""
    spec = review.get("spec") or {}
    found = _one_of(spec)
    if somebody and not spec.get("user") and not spec.get("groups"):
        found.append(invalid(_SPEC.child("user"), "", "at least one of user or group must be specified"))
    resource = spec.get("resourceAttributes")
    if resource is not None:
        found += _selector(resource.get("fieldSelector"), Path("spec.resourceAttributes").child("fieldSelector"), _field_requirement)
        found += _selector(resource.get("labelSelector"), Path("spec.resourceAttributes").child("labelSelector"), _label_requirement)
    found += _metadata(review["metadata"], namespace)
    return found + (_local(spec, namespace) if namespace is not None else [])


def _one_of(spec: Tree) -> list[FieldError]:
    if ("resourceAttributes" in spec) is not ("nonResourceAttributes" in spec):
        return []
    return [invalid(_SPEC, _shown(spec.get("nonResourceAttributes")), _ONE_OF)]


def _shown(attributes: Tree | None) -> Tree | None:
    """Non-resource attributes as upstream's unversioned type is encoded."""
    return None if attributes is None else {"Path": attributes.get("path", ""), "Verb": attributes.get("verb", "")}


def _metadata(metadata: Tree, namespace: str | None) -> list[FieldError]:
    allowed = ("managedFields",) if namespace is None else ("managedFields", "namespace")
    if not any(value for name, value in metadata.items() if name not in allowed):
        return []
    return [invalid(Path("metadata"), metadata, "must be empty" if namespace is None else "must be empty except for namespace")]


def _local(spec: Tree, namespace: str) -> list[FieldError]:
    found = []
    resource = spec.get("resourceAttributes")
    if resource is not None and resource.get("namespace", "") != namespace:
        path = Path("spec.resourceAttributes.namespace")
        found.append(invalid(path, resource.get("namespace", ""), "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        path = Path("spec.nonResourceAttributes")
        found.append(invalid(path, _shown(spec["nonResourceAttributes"]), "disallowed on this kind of request"))
    return found


def _selector(selector: Tree | None, path: Path, requirement_errors: Any) -> list[FieldError]:
    if selector is None:
        return []
    raw, requirements = selector.get("rawSelector"), selector.get("requirements") or []
    found = []
    if raw and requirements:
        found.append(invalid(path.child("rawSelector"), raw, "may not specified at the same time as requirements"))
    if not raw and not requirements:
        found.append(required(path.child("requirements"), f"when {path} is specified, requirements or rawSelector is required"))
    for index, requirement in enumerate(requirements):
        found += requirement_errors(requirement, path.child("requirements").index(index))
    return found


def _label_requirement(requirement: Tree, path: Path) -> list[FieldError]:
    """Those of a label selector's expression, at this path."""
    found = validate_label_selector({"matchExpressions": [requirement]}, Path("at"), allow_unknown_operator=True)
    return [replace(error, field=str(path) + error.field.removeprefix("at.matchExpressions[0]")) for error in found]


def _field_requirement(requirement: Tree, path: Path) -> list[FieldError]:
    found = [] if requirement.get("key") else [required(path.child("key"), "must be specified")]
    operator, values = requirement.get("operator"), requirement.get("values")
    if operator in ("In", "NotIn") and not values:
        found.append(required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"))
    if operator in ("Exists", "DoesNotExist") and values:
        found.append(forbidden(path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    return found
