"""Names and small values in resource.k8s.io, and how its checks are collected (pkg/apis/resource/validation).

Called by the rules of the group's kinds. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from kcompat.apimachinery import names
from kcompat.apimachinery.field import FieldError, Path, duplicate, invalid, not_supported, required, too_long, too_many
from kcompat.apimachinery.validation import validate_label_name
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import long_name_caseless, max_length
from kcompat.registry.rules.fields import dns_label, dns_subdomain, messages
from kcompat.registry.rules.pod.volumes import csi_driver_name

_MAX_NAME, _MAX_DOMAIN_NAME, _MAX_ID, _MAX_PARAMETERS = 63, 253, 32, 10 * 1024
_OPERATORS: Final = ("Equal", "Exists")
_EFFECTS: Final = ("NoExecute", "NoSchedule", "None")
_UUID: Final = re.compile("-".join(f"[0-9a-f]{{{size}}}" for size in (8, 4, 4, 4, 12)))
_NO_UUID: Final = "must be a lowercase UUID in 8-4-4-4-12 format"
_NO_REF: Final = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"


class Found:
    """Errors. The declarative ones come last, as upstream."""

    __slots__ = ("declared", "plain")

    def __init__(self) -> None:
        self.plain: list[FieldError] = []
        self.declared: list[FieldError] = []

    def all(self) -> list[FieldError]:
        return [*self.plain, *self.declared]

    def each(self, items: Sequence[Any] | None, path: Path, most: int, check: Callable[[Any, Path], None]) -> bool:
        """validateSlice: items are not checked where there are too many. False then."""
        values = items or ()
        if most >= 0 and len(values) > most:
            self.declared.append(too_many(path, len(values), most))
            return False
        for index, item in enumerate(values):
            check(item, path.index(index))
        return True

    def unique(self, items: Sequence[Any] | None, path: Path, *keys: str) -> None:
        """A declarative check that no two items have the same keys, or are the same."""
        values = [[item.get(key) for key in keys] if keys else item for item in items or ()]
        self.declared += [duplicate(path.index(index), item) for index, item in enumerate(items or ()) if values[index] in values[:index]]

    def each_unique(self, items: Sequence[Any] | None, path: Path, most: int, check: Callable[[Any, Path], None], *keys: str) -> None:
        """Both; repetitions come before what is wrong with the items."""
        if len(items or ()) <= most:
            self.unique(items, path, *keys)
        self.each(items, path, most, check)

    def declared_driver(self, name: str, path: Path) -> None:
        if not name:
            self.declared.append(required(path))
        else:
            self.declared += long_name_caseless(name, path) + max_length(name, _MAX_NAME, path)


driver_name = csi_driver_name


def pool_name(name: str, path: Path) -> list[FieldError]:
    """validatePoolName: subdomains with slashes between them."""
    if not name:
        return [required(path)]
    errors = [too_long(path, _MAX_DOMAIN_NAME)] if names.byte_length(name) > _MAX_DOMAIN_NAME else []
    return errors + [error for part in name.split("/") for error in dns_subdomain(part, path)]


def class_name(name: str, path: Path) -> list[FieldError]:
    return dns_subdomain(name, path) if name else [required(path)]


def qualified_name(name: str, path: Path) -> list[FieldError]:
    """validateQualifiedName: an identifier, with a driver before it or not."""
    domain, slash, identifier = name.partition("/")
    if "/" in identifier:
        return []
    if not slash:
        return _identifier(name, path)
    errors = driver_name(domain, path) if domain else [invalid(path, "", "the domain must not be empty")]
    return errors + (_identifier(identifier, path) if identifier else [invalid(path, "", "the name must not be empty")])


def full_name(name: str, path: Path) -> list[FieldError]:
    """A name with its driver: a declarative check, with words of its own."""
    domain, slash, identifier = name.partition("/")
    if not slash:
        detail = "a fully qualified name must be a domain and a name separated by a slash"
        return [*_identifier(name, path), invalid(path, name, detail)]
    if "/" in identifier:
        return []
    errors = [too_long(path, _MAX_NAME)] if names.byte_length(domain) > _MAX_NAME else []
    errors += _prefixed(domain, path, "prefix: ") if domain else [invalid(path, "", "prefix must not be empty")]
    return errors + (_identifier(identifier, path) if identifier else [invalid(path, "", "name must not be empty")])


def declared_pool_name(name: str, path: Path) -> list[FieldError]:
    """A pool's name: a declarative check, with words of its own."""
    if not name:
        return [required(path)]
    errors = [too_long(path, _MAX_DOMAIN_NAME)] if names.byte_length(name) > _MAX_DOMAIN_NAME else []
    for index, part in enumerate(name.split("/")):
        intro = f"segment {index}: "
        errors += _prefixed(part, path, intro) if part else [invalid(path, name, f"{intro}must not be empty")]
    return errors


def _prefixed(part: str, path: Path, intro: str) -> list[FieldError]:
    return [invalid(path, part, intro + message) for message in names.is_long_name(part)]


def share_id(value: str | None, path: Path) -> list[FieldError]:
    """A UUID: a declarative check."""
    return [] if value is None or _UUID.fullmatch(value) else [invalid(path, value, _NO_UUID)]


def _identifier(name: str, path: Path) -> list[FieldError]:
    errors = [too_long(path, _MAX_ID)] if names.byte_length(name) > _MAX_ID else []
    return errors + messages(name, path, names.is_c_identifier)


def request_ref(name: str, path: Path, requests: Mapping[str, Iterable[str]]) -> list[FieldError]:
    """validateRequestNameRef; `requests` are the claim's, with their subrequests."""
    request, slash, part = name.partition("/")
    if "/" in part:
        return [invalid(path, name, _NO_REF)]
    errors = dns_label(request, path) + (dns_label(part, path) if slash else [])
    known = request in requests and (not slash or part in requests[request])
    return errors if known else [*errors, invalid(path, name, _NO_REF)]


def parameters(value: Any, path: Path, most: int = _MAX_PARAMETERS) -> list[FieldError]:
    """validateRawExtension: an object, not too long."""
    if value is None:
        return [required(path)]
    if len(orjson.dumps(value)) > most:
        return [too_long(path, most)]
    return [] if isinstance(value, dict) else [invalid(path, "<value omitted>", "must be a valid JSON object")]


def taint(value: Tree, old: Tree | None, path: Path, found: Found) -> None:
    """validateDeviceTaint."""
    found.plain += validate_label_name(value.get("key", ""), path.child("key"))
    if value.get("value"):
        found.plain += messages(value["value"], path.child("value"), names.is_label_value)
    effect = value.get("effect", "")
    if (old is None or old.get("effect", "") != effect) and effect not in _EFFECTS:
        at = path.child("effect")
        found.declared.append(not_supported(at, effect, _EFFECTS) if effect else required(at))


def toleration(value: Tree, path: Path, found: Found) -> None:
    """validateDeviceToleration."""
    key, operator, text, effect = (value.get(name, "") for name in ("key", "operator", "value", "effect"))
    found.declared += messages(key, path.child("key"), names.is_label_key) if key else []
    if operator == "Exists" and text:
        found.plain.append(invalid(path.child("value"), text, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        found.plain += messages(text, path.child("value"), names.is_label_value)
    elif operator not in _OPERATORS:
        found.declared.append(not_supported(path.child("operator"), operator, _OPERATORS))
    if effect and effect not in _EFFECTS:
        found.declared.append(not_supported(path.child("effect"), effect, _EFFECTS))


def bindings(tree: Tree, path: Path, found: Found) -> None:
    """validateDeviceBindingParameters."""
    conditions, failures = tree.get("bindingConditions") or [], tree.get("bindingFailureConditions") or []
    for name, values in (("bindingConditions", conditions), ("bindingFailureConditions", failures)):
        found.each(values, path.child(name), 4, lambda value, at: found.plain.extend(validate_label_name(value, at)))
    at = path.child("bindingConditions")
    found.plain += [duplicate(at.index(index), value) for index, value in enumerate(conditions) if value in conditions[:index]]
    at = path.child("bindingFailureConditions")
    for index, value in enumerate(failures):
        found.plain += [duplicate(at.index(index), value)] if value in failures[:index] else []
        if value in conditions:
            found.plain.append(invalid(at.index(index), value, "bindingFailureConditions must not overlap with bindingConditions"))
    for name, other in (("bindingConditions", "bindingFailureConditions"), ("bindingFailureConditions", "bindingConditions")):
        if not tree.get(name) and tree.get(other):
            found.plain.append(invalid(path.child(name), tree.get(name), f"{name} are required to use {other}"))
