"""Rules of the options of a request: create, update, patch, delete, Table. Called by the API's verbs after decoding the query or body.

Answers apimachinery pkg/apis/meta/v1/validation. Options are trees with upstream's field names.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kcompat.apimachinery import field
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.validation import validate_field_manager

APPLY_PATCH_TYPES: Final = frozenset(("application/apply-patch+yaml", "application/apply-patch+cbor"))
_PROPAGATION = ("Foreground", "Background", "Orphan")
_BREAKING = "ignoreStoreReadErrorWithClusterBreakingPotential"


def validate_dry_run(path: Path, dry_run: Sequence[str] | None) -> list[FieldError]:
    unknown = any(value != "All" for value in dry_run or ())
    return [field.not_supported(path, list(dry_run or ()), ("All",))] if unknown else []


def validate_field_validation(path: Path, value: str) -> list[FieldError]:
    supported = ("", "Ignore", "Strict", "Warn")
    return [] if value in supported else [field.not_supported(path, value, supported)]


def validate_create_options(options: Mapping[str, Any]) -> list[FieldError]:
    return [
        *validate_field_manager(options.get("fieldManager") or "", Path("fieldManager")),
        *validate_dry_run(Path("dryRun"), options.get("dryRun")),
        *validate_field_validation(Path("fieldValidation"), options.get("fieldValidation") or ""),
    ]


validate_update_options = validate_create_options


def validate_patch_options(options: Mapping[str, Any], patch_type: str) -> list[FieldError]:
    """patch_type is the media type of the patch."""
    errors: list[FieldError] = []
    if patch_type in APPLY_PATCH_TYPES:
        if not options.get("fieldManager"):
            errors.append(field.required(Path("fieldManager"), "is required for apply patch"))
    elif options.get("force") is not None:
        errors.append(field.forbidden(Path("force"), "may not be specified for non-apply patch"))
    return errors + validate_create_options(options)


def validate_delete_options(options: Mapping[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    policy = options.get("propagationPolicy")
    path = Path("propagationPolicy")
    if options.get("orphanDependents") is not None and policy is not None:
        errors.append(field.invalid(path, policy, "orphanDependents and deletionPropagation cannot be both set"))
    if policy is not None and policy not in _PROPAGATION:
        errors.append(field.not_supported(path, policy, (*_PROPAGATION, "nil")))
    errors += validate_dry_run(Path("dryRun"), options.get("dryRun"))
    return errors + _ignore_store_read_error(options)


def _ignore_store_read_error(options: Mapping[str, Any]) -> list[FieldError]:
    """Deleting what cannot be decoded goes with no other wish about the deletion."""
    if not options.get(_BREAKING):
        return []
    others = ("propagationPolicy", "orphanDependents", "gracePeriodSeconds", "preconditions")
    given = (name for name in others if options.get(name) is not None)
    return [field.invalid(Path(_BREAKING), True, f"cannot be set together with .{name}") for name in given]


def validate_table_options(include_object: str) -> list[FieldError]:
    if include_object in ("", "Metadata", "Object", "None"):
        return []
    return [field.invalid(Path("includeObject"), include_object, "must be 'Metadata', 'Object', 'None', or empty")]
