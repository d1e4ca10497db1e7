"""Environment variables of a container and where their values come from. Called by containers and volumes (downward API).

Answers pkg/apis/core/validation/validation.go:ValidateEnv, ValidateEnvFrom and what they call.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from kcompat.apimachinery import field, names, quantity
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.checks import CONTAINER_LISTS, NONE, Errors, dns_label, invalid_each, no_backsteps, qualified_name

_ENV_FIELDS: Final = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
    "status.podIP", "status.podIPs",
)
VOLUME_FIELDS: Final = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
"""What a downward API file may show; variables have fields of their own."""

_KNOWN_FIELDS: Final = frozenset((*_ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"))
_RESOURCES: Final = tuple(f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory"))
_HUGE_PAGES: Final = ("requests.hugepages-", "limits.hugepages-")
_UNITS: Final = ("1", *(f"1{unit}" for unit in ("k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")))
_DIVISORS: Final = {"cpu": "cpu", "memory": "memory", "ephemeral-storage": "local ephemeral storage"}
_subscripted = re.compile(r"((?:(?!\[').)+)\['(.*)'\]", re.DOTALL).fullmatch
_SOURCES: Final = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def variables(env: list[Tree], at: Path) -> list[FieldError]:
    """ValidateEnv."""
    errors: list[FieldError] = []
    for index, variable in enumerate(env):
        name = variable.get("name") or ""
        if not name:
            errors.append(field.required(at.index(index).child("name")))
        elif messages := names.is_relaxed_env_var_name(name):
            errors += invalid_each(at.index(index).child("name"), name, messages)
        if (source := variable.get("valueFrom")) is not None:
            errors += _value_from(source, variable.get("value") or "", at.index(index).child("valueFrom"))
    return errors


def _value_from(source: Tree, value: str, at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    found = [name for name in _SOURCES if source.get(name) is not None]
    for name in found:
        errors += _source(name, source[name], at.child(name))
    if not found:
        detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        errors.append(field.invalid(at, "", detail))
    elif value:
        errors.append(field.invalid(at, "", "may not be specified when `value` is not empty"))
    elif len(found) > 1:
        errors.append(field.invalid(at, "", "may not have more than one field specified at a time"))
    return errors


def _source(kind: str, source: Tree, at: Path) -> Errors:
    if kind == "fieldRef":
        return field_ref(source, at, _ENV_FIELDS)
    if kind == "resourceFieldRef":
        return resource_field_ref(source, at, volume=False)
    return _file_key(source, at) if kind == "fileKeyRef" else _key(source, at)


def field_ref(source: Tree, at: Path, allowed: Collection[str]) -> Errors:
    """A field of the pod by its path (validateObjectFieldSelector)."""
    for member in ("apiVersion", "fieldPath"):
        if not source.get(member):
            return [field.required(at.child(member))]
    version, path = source["apiVersion"], source["fieldPath"]
    if version != "v1":
        return _not_convertible(path, at, f"unsupported pod version: {version}")
    if match := _subscripted(path):
        if match[1] == "metadata.annotations":
            return qualified_name(match[2].lower(), at)
        if match[1] == "metadata.labels":
            return qualified_name(match[2], at)
        return _not_convertible(path, at, f"field label does not support subscript: {path}")
    if path not in _KNOWN_FIELDS and path != "spec.host":
        return _not_convertible(path, at, f"field label not supported: {path}")
    path = "spec.nodeName" if path == "spec.host" else path
    return NONE if path in allowed else [field.not_supported(at.child("fieldPath"), path, sorted(allowed))]


def _not_convertible(path: str, at: Path, reason: str) -> Errors:
    """ConvertDownwardAPIFieldLabel's errors."""
    return [field.invalid(at.child("fieldPath"), path, f"error converting fieldPath: {reason}")]


def resource_field_ref(source: Tree, at: Path, *, volume: bool) -> list[FieldError]:
    """A container's request or limit (validateContainerResourceFieldSelector)."""
    errors: list[FieldError] = []
    resource = source.get("resource") or ""
    if volume and not source.get("containerName"):
        errors.append(field.required(at.child("containerName")))
    elif not resource:
        errors.append(field.required(at.child("resource")))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES):
        errors.append(field.not_supported(at.child("resource"), resource, _RESOURCES))
    errors += _divisor(resource, source.get("divisor"), at.child("divisor"))
    return errors


def _divisor(resource: str, divisor: Any, at: Path) -> Errors:
    if not divisor or quantity.parse(divisor).is_zero:
        return NONE
    if resource in ("limits.cpu", "requests.cpu"):
        allowed: tuple[str, ...] = ("1m", "1")
        listed, what = "1m and 1", "cpu"
    elif resource.startswith(_HUGE_PAGES) or resource in _RESOURCES:
        allowed, listed = _UNITS, ", ".join(_UNITS)
        what = _DIVISORS.get(resource.partition(".")[2], "hugepages")
    else:
        return NONE
    if divisor in allowed:
        return NONE
    return [field.invalid(at, resource, f"only divisor's values {listed} are supported with the {what} resource")]


def _key(source: Tree, at: Path) -> list[FieldError]:
    """A key of a ConfigMap or Secret."""
    name, key = source.get("name") or "", source.get("key") or ""
    errors = invalid_each(at.child("name"), name, names.is_dns1123_subdomain(name))
    if not key:
        return [*errors, field.required(at.child("key"))]
    return errors + invalid_each(at.child("key"), key, names.is_config_map_key(key))


def _file_key(source: Tree, at: Path) -> list[FieldError]:
    """validateFileKeySelector."""
    errors: list[FieldError] = []
    for member in ("key", "volumeName", "path"):
        value, here = source.get(member) or "", at.child(member)
        if not value:
            errors.append(field.required(here))
        elif member == "key":
            errors += invalid_each(here, value, names.is_relaxed_env_var_name(value))
        else:
            errors += dns_label(value, here) if member == "volumeName" else no_backsteps(value, here)
    return errors


def sources(env_from: list[Tree], at: Path) -> list[FieldError]:
    """ValidateEnvFrom."""
    errors: list[FieldError] = []
    for index, source in enumerate(env_from):
        here = at.index(index)
        if prefix := source.get("prefix"):
            errors += invalid_each(here.child("prefix"), prefix, names.is_relaxed_env_var_name(prefix))
        found = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for name in found:
            errors += _object_name(source[name].get("name") or "", here.child(name, "name"))
        if not found:
            errors.append(field.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(found) > 1:
            errors.append(field.invalid(at, "", "may not have more than one field specified at a time"))
    return errors


def _object_name(name: str, at: Path) -> list[FieldError]:
    return invalid_each(at, name, names.name_is_dns_subdomain(name, True)) if name else [field.required(at)]


def file_key_volumes(spec: Tree, at: Path) -> Errors:
    """Variables read from files need an emptyDir (validateFileKeyRefVolumes)."""
    references = [
        (reference, member, i, j)
        for member in CONTAINER_LISTS
        for i, container in enumerate(spec.get(member) or ())
        for j, variable in enumerate(container.get("env") or ())
        if (source := variable.get("valueFrom")) and (reference := source.get("fileKeyRef")) is not None
    ]
    if not references:
        return NONE
    errors: list[FieldError] = []
    volumes = {volume.get("name"): volume for volume in spec.get("volumes") or ()}
    for reference, member, i, j in references:
        name = reference.get("volumeName") or ""
        place = at.child(member).index(i).child("env").index(j).child("valueFrom", "fileKeyRef", "volumeName")
        if name not in volumes:
            errors.append(field.not_found(place, name))
        elif volumes[name].get("emptyDir") is None:
            errors.append(field.invalid(place, name, "referenced volume must be of type emptyDir"))
    return errors
