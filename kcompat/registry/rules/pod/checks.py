"""Small rules that the validation of pods is made of. Called by the other files of this package and by the workloads' rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree

Errors = Sequence[FieldError]
NONE: Final[Errors] = ()
"""No errors, without making a list."""

NOWHERE: Final = Path("[]")
"""How upstream prints the path without a name, which a few errors about the whole pod have."""

CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")
"""The order in which upstream visits containers (VisitContainersWithPath)."""


def invalid_each(at: Path, value: object, messages: Iterable[str]) -> list[FieldError]:
    """One Invalid error a message."""
    return [field.invalid(at, value, message) for message in messages]


def dns_label(value: str, at: Path) -> Errors:
    """ValidateDNS1123Label."""
    messages = names.is_dns1123_label(value)
    return invalid_each(at, value, messages) if messages else NONE


def dns_subdomain(value: str, at: Path) -> Errors:
    """ValidateDNS1123Subdomain, and what most name functions come to."""
    messages = names.is_dns1123_subdomain(value)
    return invalid_each(at, value, messages) if messages else NONE


def qualified_name(value: str, at: Path) -> Errors:
    """ValidateQualifiedName, ValidateLabelName."""
    messages = names.is_label_key(value)
    return invalid_each(at, value, messages) if messages else NONE


def required(tree: Tree, at: Path, *members: str) -> list[FieldError]:
    """A Required error for every member that is empty."""
    return [field.required(at.child(name)) for name in members if not tree.get(name)]


def one_of(value: str | None, at: Path, supported: Sequence[str], *, optional: bool = False) -> Errors:
    """Required when empty (unless optional), NotSupported when not among those supported, which are shown in the order given."""
    if value in supported or (optional and value is None):
        return NONE
    return [field.required(at) if not value else field.not_supported(at, value, supported)]


def member_of(tree: Tree, member: str, at: Path, supported: Sequence[str], *, optional: bool = False) -> Errors:
    """The same for a member of the tree at this path."""
    value = tree.get(member)
    return NONE if value in supported else one_of(value, at.child(member), supported, optional=optional)


def relative_path(path: str, at: Path, *more: str) -> Errors:
    """A path below a directory (validateLocalDescendingPath). `more` leads from `at` to the field."""
    if ".." not in path and not path.startswith("/"):
        return NONE
    errors = [field.invalid(at.child(*more), path, "must be a relative path")] if path.startswith("/") else []
    return errors + no_backsteps(path, at.child(*more))


def no_backsteps(path: str, at: Path) -> list[FieldError]:
    """No `..` on the way (validatePathNoBacksteps)."""
    return [field.invalid(at, path, "must not contain '..'")] if ".." in path.split("/") else []


def local_path(path: str, at: Path, *more: str) -> Errors:
    """A relative path that is not reserved (ValidateLocalNonReservedPath)."""
    errors = relative_path(path, at, *more)
    if path.startswith("..") and not path.startswith("../"):
        return [*errors, field.invalid(at.child(*more), path, "must not start with '..'")]
    return errors


def file_mode(tree: Tree, member: str, at: Path) -> Errors:
    mode = tree.get(member)
    if mode is None or 0 <= mode <= 0o777:
        return NONE
    return [field.invalid(at.child(member), mode, "must be a number between 0 and 0777 (octal), both inclusive")]


def user_id(tree: Tree, member: str, at: Path) -> Errors:
    """A user or group id that may be absent."""
    value = tree.get(member)
    return NONE if value is None else invalid_each(at.child(member), value, names.is_valid_user_id(value))


def port_number_or_name(port: int | str | None, at: Path) -> Errors:
    """ValidatePortNumOrName."""
    if isinstance(port, str):
        return invalid_each(at, port, names.is_valid_port_name(port))
    return invalid_each(at, port or 0, names.is_valid_port_number(port or 0))


def each_container(spec: Tree, at: Path) -> Iterator[tuple[Tree, Path]]:
    """All containers of a pod spec with their paths."""
    for name in CONTAINER_LISTS:
        for index, container in enumerate(spec.get(name) or ()):
            yield container, at.child(name).index(index)


def containers_of(spec: Tree) -> Iterator[Tree]:
    """All containers of a pod spec."""
    for name in CONTAINER_LISTS:
        yield from spec.get(name) or ()
