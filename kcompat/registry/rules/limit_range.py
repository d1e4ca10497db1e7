"""LimitRange (upstream: pkg/registry/core/limitrange, pkg/apis/core/validation: ValidateLimitRange)."""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery.clock import Identity
from kcompat.apimachinery.field import FieldError, Path, duplicate, forbidden, invalid, required
from kcompat.apimachinery.names import is_label_key
from kcompat.apimachinery.quantity import Quantity, new, parse
from kcompat.registry.declare import Tree
from kcompat.registry.rules.plain import PlainRules
from kcompat.registry.rules.pod.resource_list import is_extended, is_huge_page, is_native, is_overcommit_allowed, round_up_to_milli
from kcompat.registry.rules.quantities import resource_name

_LIMITS = Path("spec", "limits")
_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_LISTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_MAX_MILLI = (2**63 - 1) // 1000


def _type_name(name: str, path: Path) -> list[FieldError]:
    errors = [invalid(path, name, message) for message in is_label_key(name)]
    known = errors or "/" in name or name in _TYPES
    return errors if known else [invalid(path, name, "must be a standard limit type or fully qualified")]


def container_resource_name(name: str, path: Path) -> list[FieldError]:
    """ValidateContainerResourceName."""
    errors = resource_name(name, path)
    if "/" not in name:
        standard = name in ("cpu", "memory", "ephemeral-storage") or is_huge_page(name)
        return errors if standard else [*errors, invalid(path, name, "must be a standard resource for containers")]
    odd = not is_native(name) and not is_extended(name)
    return [*errors, invalid(path, name, "doesn't follow extended resource name standard")] if odd else errors


def _names(limit: Tree, path: Path) -> Iterable[FieldError]:
    """Names of resources, and lists that the type rules out."""
    kind = limit.get("type", "")
    check = container_resource_name if kind in ("Pod", "Container") else resource_name
    for member in _LISTS:
        if kind == "Pod" and member in ("default", "defaultRequest"):
            if limit.get(member):
                yield forbidden(path.child(member), "may not be specified when `type` is 'Pod'")
            continue
        if member == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            if not any("storage" in (limit.get(bound) or ()) for bound in ("min", "max")):
                yield required(path.child("limits"), "either minimum or maximum storage value is required, but neither was provided")
        for name in limit.get(member) or ():
            yield from check(name, path.child(member).key(name))


_ORDERED = (
    ("min", "max", "min", "min value {} is greater than max value {}"),
    ("min", "defaultRequest", "defaultRequest", "min value {} is greater than default request value {}"),
    ("defaultRequest", "max", "defaultRequest", "default request value {} is greater than max value {}"),
    ("defaultRequest", "default", "defaultRequest", "default request value {} is greater than default limit value {}"),
    ("min", "default", "default", "min value {} is greater than default value {}"),
    ("default", "max", "default", "default value {} is greater than max value {}"),
)
"""(the smaller, the larger, where the error is shown, its text)."""
_SHOWN = {("min", "default"): "min", ("default", "max"): "max"}
"""Whose value an error shows, where it is not that of its place."""


def _amounts(name: str, limit: Tree, path: Path) -> Iterable[FieldError]:
    """How the amounts of one resource compare."""
    amounts = {member: parse(limit[member][name]) for member in _LISTS if name in (limit.get(member) or ())}
    if limit.get("type") == "Pod":
        amounts = {member: amount for member, amount in amounts.items() if not member.startswith("default")}
    for small, large, place, text in _ORDERED:
        if small in amounts and large in amounts and amounts[small] > amounts[large]:
            shown = str(amounts[_SHOWN.get((small, large), place)])
            yield invalid(path.child(place).key(name), shown, text.format(amounts[small], amounts[large]))
    if "maxLimitRequestRatio" in amounts:
        yield from _ratio(name, amounts, path.child("maxLimitRequestRatio").key(name))
    default, request = amounts.get("default"), amounts.get("defaultRequest")
    if default is not None and request is not None and default != request and not is_overcommit_allowed(name):
        text = f"default value {default} must equal to defaultRequest value {request} in {name}"
        yield invalid(path.child("defaultRequest").key(name), str(request), text)


def _ratio(name: str, amounts: dict[str, Quantity], path: Path) -> Iterable[FieldError]:
    ratio = amounts["maxLimitRequestRatio"]
    if ratio < new(1):
        yield invalid(path, str(ratio), f"ratio {ratio} is less than 1")
    if "min" not in amounts or "max" not in amounts:
        return
    least, most = amounts["min"], amounts["max"]
    if all(amount.value() < _MAX_MILLI for amount in (ratio, least, most)):
        wanted, low, high = ratio.milli_value() / 1000, least.milli_value(), most.milli_value()
    else:
        wanted, low, high = float(ratio.value()), least.value(), most.value()
    if low and wanted > high / low:
        yield invalid(path, str(ratio), f"ratio {ratio} is greater than max/min = {high / low:f}")


class LimitRangeRules(PlainRules):
    """A limit range without any name gets a uid for one."""

    allow_create_on_update = True

    def __init__(self, identity: Identity | None = None) -> None:
        self.identity = identity or Identity()

    def default(self, obj: Tree) -> None:
        for limit in obj["spec"].get("limits") or ():
            for member in _LISTS:
                if limit.get(member):
                    round_up_to_milli(limit[member])
            if limit.get("type") == "Container":
                _default_container(limit)

    def prepare_for_create(self, obj: Tree) -> None:
        if not obj["metadata"].get("name") and not obj["metadata"].get("generateName"):
            obj["metadata"]["name"] = self.identity.uid()

    def validate(self, obj: Tree) -> list[FieldError]:
        errors: list[FieldError] = []
        limits = obj["spec"].get("limits") or []
        types = [limit.get("type", "") for limit in limits]
        for index, limit in enumerate(limits):
            path = _LIMITS.index(index)
            errors += _type_name(types[index], path.child("type"))
            errors += [duplicate(path.child("type"), types[index])] if types[index] in types[:index] else []
            errors += _names(limit, path)
            for name in dict.fromkeys(name for member in _LISTS for name in limit.get(member) or ()):
                errors += _amounts(name, limit, path)
        return errors


def _default_container(limit: Tree) -> None:
    """Defaults follow from the maximum, requests from the defaults, then from the minimum (SetDefaults_LimitRangeItem)."""
    default = {**(limit.get("max") or {}), **(limit.get("default") or {})}
    request = {**(limit.get("min") or {}), **default, **(limit.get("defaultRequest") or {})}
    for member, amounts in (("default", default), ("defaultRequest", request)):
        if amounts:
            limit[member] = amounts
