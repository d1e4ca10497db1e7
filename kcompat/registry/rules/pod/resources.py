"""Resource requirements: names, quantities, requests against limits. Called by containers, spec and other kinds' rules.

Answers pkg/apis/core/validation/validation.go:validateResourceRequirements and what it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Final

from kcompat.apimachinery import field, names, quantity
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.quantity import Quantity, QuantityError
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import resource_list
from kcompat.registry.rules.pod.checks import NONE, Errors, dns_label, invalid_each
from kcompat.registry.rules.pod.options import Options

NOT_NEGATIVE: Final = "must be greater than or equal to 0"
_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
_INTEGER: Final = frozenset((
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
))
_STANDARD: Final = _INTEGER | frozenset(
    (*_COMPUTE, *(f"{kind}.{name}" for kind in ("requests", "limits") for name in _COMPUTE), "storage", "requests.storage")
)
_POD_LEVEL: Final = ("cpu", "memory", "hugepages-")
NameRule = Callable[[str], list[str]]


@lru_cache(maxsize=1024)
def _name_messages(name: str) -> tuple[str, ...]:
    """validateResourceName."""
    messages = names.is_label_key(name)
    if not messages and "/" not in name and not (name in _STANDARD or name.startswith(("hugepages-", "requests.hugepages-"))):
        messages = ["must be a standard resource type or fully qualified"]
    return tuple(messages)


@lru_cache(maxsize=1024)
def container_name_messages(name: str) -> tuple[str, ...]:
    """What is wrong with a resource name in a container (ValidateContainerResourceName)."""
    messages = _name_messages(name)
    if "/" not in name:
        known = name in _COMPUTE or resource_list.is_huge_page(name)
        return messages if known else (*messages, "must be a standard resource for containers")
    if not resource_list.is_native(name) and not resource_list.is_extended(name):
        return (*messages, "doesn't follow extended resource name standard")
    return messages


def _container_name(name: str, at: Path) -> Errors:
    messages = container_name_messages(name)
    return invalid_each(at, name, messages) if messages else NONE


def _pod_name(name: str, at: Path) -> Errors:
    """validatePodResourceName."""
    if messages := _name_messages(name):
        return invalid_each(at, name, messages)
    if resource_list.is_supported_at_pod_level(name):
        return NONE
    return [field.not_supported(at, name, sorted(_POD_LEVEL))]


@lru_cache(maxsize=1024)
def is_integer(name: str) -> bool:
    """Counted in whole units (IsIntegerResourceName)."""
    return name in _INTEGER or resource_list.is_extended(name)


def quantity_errors(name: str, value: Quantity, at: Path) -> list[FieldError]:
    """ValidateResourceQuantityValue."""
    errors = [field.invalid(at, str(value), NOT_NEGATIVE)] if value.sign < 0 else []
    if is_integer(name) and value.milli_value() % 1000:
        errors.append(field.invalid(at, str(value), "must be an integer"))
    return errors


def container_requirements(requirements: Tree, claims: Collection[str], at: Path, options: Options) -> Errors:
    """ValidateContainerResourceRequirements; `claims` are the names in spec.resourceClaims."""
    return requirement_errors(requirements, _container_name, claims, at, options) if requirements else NONE


def pod_requirements(requirements: Tree, claims: Collection[str], at: Path, options: Options) -> Errors:
    return requirement_errors(requirements, _pod_name, claims, at, options)


def requirement_errors(
    requirements: Tree, name_rule: Callable[[str, Path], Errors], claims: Collection[str], at: Path, options: Options
) -> list[FieldError]:
    limits, requests = requirements.get("limits") or {}, requirements.get("requests") or {}
    errors: list[FieldError] = []
    parsed_limits: dict[str, Quantity] = {}
    for name, text in limits.items():
        value = parsed_limits[name] = quantity.parse(text)
        errors += _entry(name, value, name_rule, at, "limits", options)
    for name, text in requests.items():
        value = quantity.parse(text)
        errors += _entry(name, value, name_rule, at, "requests", options)
        errors += _against_limit(name, value, parsed_limits.get(name), at)
        if resource_list.is_huge_page(name):
            errors += _huge_page(name, value, at.child("requests").key(name), options)
    everything = (*limits, *requests)
    if any(map(resource_list.is_huge_page, everything)) and "cpu" not in everything and "memory" not in everything:
        errors.append(field.forbidden(at, "HugePages require cpu or memory"))
    if wanted := requirements.get("claims"):
        errors += _claims(wanted, claims, at.child("claims"))
    return errors


def _entry(
    name: str, value: Quantity, name_rule: Callable[[str, Path], Errors], at: Path, member: str, options: Options
) -> Errors:
    if name in ("cpu", "memory") and value.sign >= 0:  # the common case needs no path
        return NONE
    item = at.child(member).key(name)
    errors = [*name_rule(name, item), *quantity_errors(name, value, item)]
    if member == "limits" and resource_list.is_huge_page(name):
        errors += _huge_page(name, value, item, options)
    return errors


def _against_limit(name: str, value: Quantity, limit: Quantity | None, at: Path) -> Errors:
    overcommit = resource_list.is_overcommit_allowed(name)
    if limit is None:
        return NONE if overcommit else [field.required(at.child("limits"), "Limit must be set for non overcommitable resources")]
    order = value.compare(limit)
    if order and not overcommit:
        return [field.invalid(at.child("requests"), str(value), f"must be equal to {name} limit of {limit}")]
    if order > 0:
        return [field.invalid(at.child("requests"), str(value), f"must be less than or equal to {name} limit of {limit}")]
    return NONE


def _huge_page(name: str, value: Quantity, at: Path, options: Options) -> Errors:
    if options.allow_indivisible_huge_pages or is_divisible(name, value):
        return NONE
    return [field.invalid(at, str(value), f"{value} is not positive integer multiple of {name}")]


def is_divisible(name: str, value: Quantity) -> bool:
    """Is it a multiple of the page size in the name (IsHugePageResourceValueDivisible)?"""
    try:
        size = quantity.parse(name.removeprefix("hugepages-"))
    except QuantityError:
        return False
    if size.sign <= 0 or size.milli_value() % 1000:
        return False
    return value.value() % size.value() == 0


def _claims(wanted: list[dict[str, Any]], known: Collection[str], at: Path) -> list[FieldError]:
    """References to spec.resourceClaims, whole or by request, none twice (validateResourceClaimNames)."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, claim in enumerate(wanted):
        item, name, request = at.index(index), claim.get("name") or "", claim.get("request") or ""
        if not name:
            errors.append(field.required(item))
            continue
        if name in seen:
            errors.append(field.duplicate(item, name))
        else:
            key = f"{name}/{request}" if request else name
            errors += dns_label(request, item.child("request")) if request else NONE
            if key in seen:
                errors.append(field.duplicate(item, key))
            elif not request:
                errors += [field.duplicate(item, name) for other in seen if "/" in other and other.partition("/")[0] == name]
            seen.add(key)
        if name not in known:
            listed = ": " + ", ".join(sorted(known)) if known else " which is empty"
            errors.append(FieldError(field.NOT_FOUND, str(item), name, "must be one of the names in pod.spec.resourceClaims" + listed))
    return errors


def pod_level(spec: Tree, claims: Collection[str], at: Path, options: Options) -> Errors:
    """spec.resources, also against the containers' (validatePodResources)."""
    resources = spec.get("resources")
    if resources is None:
        return NONE
    here = at.child("resources")
    if (spec.get("os") or {}).get("name") == "windows":
        return [field.forbidden(here, "may not be set for a windows pod")]
    errors: list[FieldError] = []
    if resources.get("claims") is not None:
        errors.append(field.forbidden(here.child("claims"), "claims may not be set for Resources at pod-level"))
    errors += pod_requirements(resources, claims, here, options)
    return errors + _consistency(spec, resources, here)


def _consistency(spec: Tree, resources: Tree, at: Path) -> list[FieldError]:
    """validatePodResourceConsistency."""
    requests, limits = (resource_list.parsed(resources.get(member)) for member in ("requests", "limits"))
    errors = [
        _below(at.child("requests").key(name), str(requests[name]), f"container requests of {total}")
        for name, total in resource_list.aggregate(spec, "requests").items()
        if name in requests and total > requests[name]
    ]
    errors += [
        _below(at.child("limits").key(name), str(limits[name]), f"container limits of {total}")
        for name, total in resource_list.aggregate(spec, "limits").items()
        if resource_list.is_huge_page(name) and name in limits and total > limits[name]
    ]
    for index, container in enumerate(spec.get("containers") or ()):
        for name, limit in resource_list.parsed(resource_list.limits_of(container)).items():
            if name in limits and limit > limits[name]:
                place = at.child("containers").index(index).key(name).child("limits")
                errors.append(field.invalid(place, str(limit), f"must be less than or equal to pod limits of {limits[name]}"))
    return errors


def _below(at: Path, value: str, total: str) -> FieldError:
    return field.invalid(at, value, f"must be greater than or equal to aggregate {total}")
