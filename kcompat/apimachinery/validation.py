"""Rules that every object obeys: ObjectMeta, labels, label selectors, conditions. Pure; called by the registry for each create and update.

Answers apimachinery pkg/api/validation/objectmeta.go, pkg/apis/meta/v1/validation and the wrapper in kubernetes pkg/apis/core/validation.
Rules return lists of FieldError and never raise.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from kcompat.apimachinery import clock, field, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.quote import quote

IMMUTABLE: Final = "field is immutable"
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
POSITIVE: Final = "must be greater than 0"
FINALIZER_ORPHAN: Final = "orphan"
FINALIZER_FOREGROUND: Final = "foregroundDeletion"
STANDARD_FINALIZERS: Final = frozenset(("kubernetes", FINALIZER_ORPHAN, FINALIZER_FOREGROUND))
MAX_ANNOTATIONS_SIZE: Final = 256 * 1024
MAX_MANAGER: Final = 128
MAX_SUBRESOURCE: Final = 256

_HTTP_PATH: Final = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_is_http_path = re.compile(_HTTP_PATH).fullmatch
_OWNER_FIELDS = ("apiVersion", "kind", "name", "uid")
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_REASON_MESSAGE = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_'"
)


def unchanged(new: Any, old: Any) -> bool:
    """Equality to which an empty list is none (upstream: equality.Semantic)."""
    if new == old:
        return True
    if isinstance(new, dict) and isinstance(old, dict):
        return all(unchanged(new.get(name), old.get(name)) for name in {**new, **old})
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(map(unchanged, new, old))
    return new in (None, []) and old in (None, [])


def immutable(new: Any, old: Any, path: Path) -> list[FieldError]:
    """The value may not change (upstream: ValidateImmutableField)."""
    return [] if unchanged(new, old) else [field.invalid(path, new, IMMUTABLE)]


def nonnegative(value: int, path: Path) -> list[FieldError]:
    return [field.invalid(path, value, NOT_NEGATIVE)] if value < 0 else []


def positive(value: int, path: Path) -> list[FieldError]:
    return [field.invalid(path, value, POSITIVE)] if value <= 0 else []


def validate_label_name(name: str, path: Path) -> list[FieldError]:
    return [field.invalid(path, name, message) for message in names.is_label_key(name)]


def validate_labels(labels: Mapping[str, str], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, value in labels.items():
        for message in names.is_label_key(key):
            errors.append(field.invalid(path, key, message))
        for message in names.is_label_value(value):
            errors.append(field.invalid(path, value, message))
    return errors


def validate_annotations(annotations: Mapping[str, str], path: Path) -> list[FieldError]:
    """Keys are label keys whatever their case; all of them together have a limit in bytes."""
    errors, size = [], 0
    for key, value in annotations.items():
        errors += [field.invalid(path, key, message) for message in names.is_label_key(key.lower())]
        size += names.byte_length(key) + names.byte_length(value)
    return errors + ([field.too_long(path, MAX_ANNOTATIONS_SIZE)] if size > MAX_ANNOTATIONS_SIZE else [])


def validate_owner_references(owners: Sequence[Mapping[str, Any]], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    controller = ""
    for index, owner in enumerate(owners):
        errors += _owner_reference(owner, path.index(index))
        if not owner.get("controller"):
            continue
        current = f"{owner.get('kind', '')}/{owner.get('name', '')}"
        if controller:
            detail = f'Only one reference can have Controller set to true. Found "true" in references for {controller} and {current}'
            errors.append(field.invalid(path, [_shown_owner(owner) for owner in owners], detail))
        controller = controller or current
    return errors


def _owner_reference(owner: Mapping[str, Any], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    group, version, well_formed = group_version(owner.get("apiVersion") or "")
    for name in _OWNER_FIELDS:
        if not owner.get(name):
            errors.append(field.required(path.child(name), "must not be empty"))
        elif name == "apiVersion" and not (well_formed and version):
            errors.append(field.invalid(path.child(name), owner[name], "must be <group>/<version> or <version>"))
    if (group, version, owner.get("kind")) == ("", "v1", "Event"):
        errors.append(field.invalid(path, _shown_owner(owner), "/v1, Kind=Event is disallowed from being an owner"))
    return errors


def _shown_owner(owner: Mapping[str, Any]) -> dict[str, Any]:
    """An owner reference as Go encodes the struct: its fields in order, optional ones only if set."""
    shown = {name: owner.get(name) or "" for name in _OWNER_FIELDS}
    return shown | {name: owner[name] for name in ("controller", "blockOwnerDeletion") if owner.get(name) is not None}


def group_version(api_version: str) -> tuple[str, str, bool]:
    """(group, version, is it well formed?) of an apiVersion (upstream: schema.ParseGroupVersion)."""
    group, _, version = api_version.rpartition("/")
    return ("", "", False) if "/" in group else (group, version, True)


def is_domain_prefixed_path(path: str, at: Path) -> list[FieldError]:
    """`acme.io/foo` (apimachinery util/validation: IsDomainPrefixedPath)."""
    if not path:
        return [field.required(at)]
    domain, slash, rest = path.partition("/")
    if not slash or not domain or not rest:
        return [field.invalid(at, path, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    errors = [field.invalid(at, domain, message) for message in names.is_dns1123_subdomain(domain)]
    if not _is_http_path(rest):
        errors.append(field.invalid(at, rest, names.regex_error("Invalid path", _HTTP_PATH)))
    return errors


def validate_finalizers(finalizers: Sequence[str], path: Path) -> list[FieldError]:
    errors = [field.invalid(path, name, message) for name in finalizers for message in names.is_label_key(name)]
    if FINALIZER_ORPHAN in finalizers and FINALIZER_FOREGROUND in finalizers:
        detail = f"finalizer {FINALIZER_ORPHAN} and {FINALIZER_FOREGROUND} cannot be both set"
        errors.append(field.invalid(path, list(finalizers), detail))
    return errors


def validate_kube_finalizers(finalizers: Sequence[str], path: Path) -> list[FieldError]:
    """What built-in kinds ask on top: a finalizer without a domain must be one of the standard ones (core: validateKubeFinalizerName)."""
    detail = "name is neither a standard finalizer name nor is it fully qualified"
    unknown = ((index, name) for index, name in enumerate(finalizers) if "/" not in name and name not in STANDARD_FINALIZERS)
    return [field.invalid(path.index(index), name, detail) for index, name in unknown]


def validate_no_new_finalizers(new: Sequence[str], old: Sequence[str], path: Path) -> list[FieldError]:
    extra = sorted(set(new) - set(old))
    if not extra:
        return []
    shown = "[]string{" + ", ".join(map(quote, extra)) + "}"
    return [field.forbidden(path, f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}")]


def validate_field_manager(manager: str, path: Path) -> list[FieldError]:
    errors = [field.too_long(path, MAX_MANAGER)] if names.byte_length(manager) > MAX_MANAGER else []
    if manager.isprintable():
        return errors
    position = 0
    for rune in manager:
        if not rune.isprintable():
            errors.append(field.invalid(path, manager, f"invalid character U+{ord(rune):04X} (at position {position})"))
        position += names.byte_length(rune)
    return errors


def validate_managed_fields(entries: Sequence[Mapping[str, Any]], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, entry in enumerate(entries):
        item = path.index(index)
        operation = entry.get("operation") or ""
        if not operation:
            errors.append(field.required(item.child("operation"), "must not be empty"))
        elif operation not in ("Apply", "Update"):
            errors.append(field.not_supported(item.child("operation"), operation, ("Apply", "Update")))
        if (kind := entry.get("fieldsType")) and kind != "FieldsV1":
            errors.append(field.invalid(item.child("fieldsType"), kind, "must be `FieldsV1`"))
        errors += validate_field_manager(entry.get("manager") or "", item.child("manager"))
        if names.byte_length(entry.get("subresource") or "") > MAX_SUBRESOURCE:
            errors.append(field.too_long(item.child("subresource"), MAX_SUBRESOURCE))
    return errors


def validate_object_meta(
    metadata: Mapping[str, Any], namespaced: bool, name_function: names.NameFunction, path: Path, *, builtin: bool = True
) -> list[FieldError]:
    """The metadata of a new object, its name already generated. `builtin` is False for custom resources, which may name any finalizer."""
    errors: list[FieldError] = []
    if base := metadata.get("generateName"):
        errors += [field.invalid(path.child("generateName"), base, message) for message in name_function(base, True)]
    if name := metadata.get("name"):
        errors += [field.invalid(path.child("name"), name, message) for message in name_function(name, False)]
    else:
        errors.append(field.required(path.child("name"), "name or generateName is required"))
    errors += _namespace(metadata.get("namespace") or "", namespaced, path)
    for member, rule in _MEMBERS:
        if value := metadata.get(member):
            errors += rule(value, path.child(member))
    return errors + (_kube_finalizers(metadata, path) if builtin else [])


def _kube_finalizers(metadata: Mapping[str, Any], path: Path) -> list[FieldError]:
    finalizers = metadata.get("finalizers")
    return validate_kube_finalizers(finalizers, path.child("finalizers")) if finalizers else []


def _namespace(namespace: str, namespaced: bool, path: Path) -> list[FieldError]:
    if not namespaced:
        return [field.forbidden(path.child("namespace"), "not allowed on this type")] if namespace else []
    if not namespace:
        return [field.required(path.child("namespace"))]
    return [field.invalid(path.child("namespace"), namespace, message) for message in names.is_dns1123_label(namespace)]


_MEMBERS: tuple[tuple[str, Callable[[Any, Path], list[FieldError]]], ...] = (
    ("generation", nonnegative),
    ("labels", validate_labels),
    ("annotations", validate_annotations),
    ("ownerReferences", validate_owner_references),
    ("finalizers", validate_finalizers),
    ("managedFields", validate_managed_fields),
)
_UPDATED_MEMBERS = tuple(member for member in _MEMBERS if member[0] != "generation")


def validate_object_meta_update(new: Mapping[str, Any], old: Mapping[str, Any], path: Path, *, builtin: bool = True) -> list[FieldError]:
    """The metadata of an update against the stored one: first what holds for any object (rest.validateCommonFields); what is stored has
    been checked. `errors` have each cause once, so that upstream's repetitions need none here."""
    errors: list[FieldError] = []
    if (base := new.get("generateName")) and base != old.get("generateName"):
        errors += [field.invalid(path.child("generateName"), base, message) for message in names.name_is_path_segment(base, True)]
    for member, rule in _UPDATED_MEMBERS:
        if (value := new.get(member)) and value != old.get(member):
            errors += rule(value, path.child(member))
    if old.get("deletionTimestamp"):
        errors += validate_no_new_finalizers(new.get("finalizers") or (), old.get("finalizers") or (), path.child("finalizers"))
    if not new.get("resourceVersion"):
        errors.append(field.invalid(path.child("resourceVersion"), "", "must be specified for an update"))
    generation = new.get("generation") or 0
    errors += nonnegative(generation, path.child("generation"))
    if generation < (old.get("generation") or 0):
        errors.append(field.invalid(path.child("generation"), generation, "must not be decremented"))
    errors += _immutables(new, old, path)
    return errors + (_kube_finalizers(new, path) if builtin else [])


def _immutables(new: Mapping[str, Any], old: Mapping[str, Any], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in ("name", "namespace", "uid"):
        if (value := new.get(name) or "") != (old.get(name) or ""):
            errors.append(field.invalid(path.child(name), value, IMMUTABLE))
    for name in ("creationTimestamp", "deletionTimestamp"):
        if not same_time(new.get(name), old.get(name)):
            errors.append(field.invalid(path.child(name), new.get(name), IMMUTABLE))
    name = "deletionGracePeriodSeconds"
    return errors + immutable(new.get(name), old.get(name), path.child(name))


def same_time(left: str | None, right: str | None) -> bool:
    """Do both texts name one moment? Texts that are no times are compared as they are."""
    if left == right or not left or not right:
        return (left or None) == (right or None)
    try:
        return clock.parse_rfc3339(left) == clock.parse_rfc3339(right)
    except ValueError:
        return False


def validate_label_selector(
    selector: Mapping[str, Any] | None, path: Path, *, allow_invalid_values: bool = False, allow_unknown_operator: bool = False
) -> list[FieldError]:
    """A metav1.LabelSelector. Invalid values are allowed where an old object already has some (upstream: ValidateLabelSelector)."""
    if selector is None:
        return []
    errors = validate_labels(selector.get("matchLabels") or {}, path.child("matchLabels"))
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        at = path.child("matchExpressions").index(index)
        errors += _selector_operator(expression, at, allow_unknown_operator)
        errors += validate_label_name(expression.get("key") or "", at.child("key"))
        if not allow_invalid_values:
            errors += _selector_values(expression.get("values") or (), at.child("values"))
    return errors


def _selector_operator(expression: Mapping[str, Any], path: Path, allow_unknown: bool) -> list[FieldError]:
    operator, values = expression.get("operator") or "", expression.get("values")
    at = path.child("values")
    if operator in ("In", "NotIn"):
        return [] if values else [field.required(at, "must be specified when `operator` is 'In' or 'NotIn'")]
    if operator in ("Exists", "DoesNotExist"):
        return [field.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")] if values else []
    return [] if allow_unknown else [field.invalid(path.child("operator"), operator, "not a valid selector operator")]


def _selector_values(values: Iterable[str], path: Path) -> list[FieldError]:
    return [field.invalid(path.index(i), value, message) for i, value in enumerate(values) for message in names.is_label_value(value)]


def label_selector_has_invalid_value(selector: Mapping[str, Any] | None) -> bool:
    """Does a stored selector have values that would be refused today? Then its updates may keep them."""
    expressions = (selector or {}).get("matchExpressions") or ()
    return any(names.is_label_value(value) for expression in expressions for value in expression.get("values") or ())


def validate_conditions(conditions: Sequence[Mapping[str, Any]], path: Path) -> list[FieldError]:
    """A list of metav1.Condition: types are unique, each condition is complete."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        kind = condition.get("type") or ""
        if kind in seen:
            errors.append(field.duplicate(path.index(index), kind))
        seen.add(kind)
        errors += _condition(condition, path.index(index))
    return errors


def _condition(condition: Mapping[str, Any], path: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    kind, status, reason = (condition.get(name) or "" for name in ("type", "status", "reason"))
    errors += validate_label_name(kind, path.child("type")) if kind else [field.required(path.child("type"), "is required")]
    if not status:
        errors.append(field.required(path.child("status")))
    elif status not in ("True", "False", "Unknown"):
        errors.append(field.not_supported(path.child("status"), status, ("False", "True", "Unknown")))
    if (observed := condition.get("observedGeneration") or 0) < 0:
        errors.append(field.invalid(path.child("observedGeneration"), observed, "must be greater than or equal to zero"))
    if not condition.get("lastTransitionTime"):
        errors.append(field.required(path.child("lastTransitionTime")))
    errors += _reason(reason, path.child("reason")) if reason else [field.required(path.child("reason"))]
    if names.byte_length(condition.get("message") or "") > 32 * 1024:
        errors.append(field.too_long(path.child("message"), 32 * 1024))
    return errors


def _reason(reason: str, path: Path) -> list[FieldError]:
    errors = [field.invalid(path, reason, message) for message in is_condition_reason(reason)]
    return errors + ([field.too_long(path, 1024)] if names.byte_length(reason) > 1024 else [])


def is_condition_reason(reason: str) -> list[str]:
    if re.fullmatch(_REASON, reason):
        return []
    return [names.regex_error(_REASON_MESSAGE, _REASON, "my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")]
