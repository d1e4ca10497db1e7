"""Who writes, and the field manager of what is written. Called by the verbs and by the actions that store objects.

Answers apiserver endpoints/installer.go (a field manager per resource, version and subresource) and handlers/create.go:managerOrUserAgent.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from kcompat.api.request import Request, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import meta, schema
from kcompat.apimachinery.apply import managers
from kcompat.apimachinery.apply.atoms import Atom, TypedError
from kcompat.apimachinery.apply.field_manager import FieldManager
from kcompat.apimachinery.apply.maps import MapAtom
from kcompat.apimachinery.apply.reset_fields import filter_of
from kcompat.apimachinery.apply.types import atom_of
from kcompat.apimachinery.apply.updater import OneVersion, Updater
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid, too_long
from kcompat.registry.catalog import Catalog
from kcompat.registry.declare import Resource, Status

MAX_NAME_BYTES = 128
OWN_NAME = "kube-apiserver"


class FieldManagers:
    """The field managers of a server, made when first asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, str, str], tuple[Resource, FieldManager]] = {}

    def of(self, scope: Scope) -> FieldManager:
        """The field manager of the resource, or of the subresource that is written."""
        resource, name = scope.resource, scope.subresource.name if scope.subresource is not None else ""
        key = (resource.group, resource.version, resource.name, name)
        made = self._made.get(key)
        if made is None or made[0] is not resource:
            made = self._made[key] = resource, _field_manager(scope, name)
        return made[1]


def _field_manager(scope: Scope, subresource: str) -> FieldManager:
    resource, own = scope.resource, scope.subresource
    group, version, kind = resource.group, resource.version, resource.kind
    foreign = own is not None and own.kind not in ("", kind)
    if own is not None and foreign:
        group, version, kind = own.group, own.version, own.kind
    api_version, atom = f"{group}/{version}" if group else version, _atom(group, version, kind)
    converter = OneVersion(api_version, atom) if foreign else Versions(scope.services.catalog, group, kind)
    has_status = any(isinstance(each, Status) for each in resource.subresources)
    reset = filter_of(resource.qualified, subresource, has_status=has_status)
    updater = Updater(api_version, atom, converter, reset)
    return FieldManager(kind, updater, schema.decode({}, group, version, kind).tree, subresource)


def _atom(group: str, version: str, kind: str) -> MapAtom:
    atom = atom_of(group, version, kind)
    assert atom is not None  # only kinds with facts come here
    return atom


class Versions:
    """updater.Converter between the served versions of a kind. Groups do not convert into each other, not even those of events."""

    def __init__(self, catalog: Catalog, group: str, kind: str) -> None:
        self._catalog = catalog
        self._group = group
        self._kind = kind

    def convert(self, tree: Tree, api_version: str) -> Tree | None:
        if tree["apiVersion"] == api_version:
            return tree
        source, target = self._resource(tree["apiVersion"]), self._resource(api_version)
        if source is None or target is None:
            return None
        tree = schema.decode(tree, source.group, source.version, source.kind).tree  # what was merged or pruned has gaps
        stored = source.to_storage(tree) if source.to_storage is not None else tree
        return target.from_storage(stored) if target.from_storage is not None else stored

    def atom(self, api_version: str) -> Atom | None:
        group, _, version = api_version.rpartition("/")
        return atom_of(group, version, self._kind) if self._resource(api_version) is not None else None

    def _resource(self, api_version: str) -> Resource | None:
        group, _, version = api_version.rpartition("/")
        if "/" in group:
            raise TypedError(f"unexpected GroupVersion string: {api_version}")
        return self._catalog.by_kind(group, version, self._kind) if group == self._group else None


def name_of(request: Request) -> str:
    """The manager a write is for: the fieldManager parameter, else what comes before the slash in User-Agent."""
    named = request.query.get("fieldManager") if request.query.raw else ""
    return named or _prefix(request.headers.get("User-Agent", ""))


@lru_cache(maxsize=1024)
def _prefix(agent: str) -> str:
    """Printable characters only, at most 128 bytes (prefixFromUserAgent)."""
    kept, size = [], 0
    for char in agent.split("/", 1)[0]:
        if not char.isprintable():
            continue
        size += len(char.encode())
        if size > MAX_NAME_BYTES:
            break
        kept.append(char)
    return "".join(kept)


def validate_name(name: str) -> list[FieldError]:
    """What is wrong with a fieldManager parameter (upstream: ValidateFieldManager)."""
    path, found, position = Path("fieldManager"), [], 0
    if len(name.encode()) > MAX_NAME_BYTES:
        found.append(too_long(path, MAX_NAME_BYTES))
    for char in name:
        if not char.isprintable():
            found.append(invalid(path, name, f"invalid character U+{ord(char):04X} (at position {position})"))
        position += len(char.encode())
    return found


def track(request: Request, scope: Scope, live: Tree | None, new: Tree) -> Tree:
    """`new` with the managedFields this request gives it; both in the version served, live None for a create."""
    resource, now = scope.resource, rfc3339(scope.services.clock.now())
    manager = scope.services.field_managers.of(scope)
    if resource.to_storage is None or resource.from_storage is None or not _writes_resource(scope):
        return manager.update(live, new, name_of(request), now)
    converted = resource.from_storage(resource.to_storage(new))  # conversion defaults, too; what is stored is converted once
    converted = meta.with_metadata(converted, managedFields=new["metadata"].get("managedFields"))  # even an empty list
    entries = manager.update(live, converted, name_of(request), now)["metadata"].get("managedFields")
    return meta.with_metadata(new, managedFields=entries)


def track_own(scope: Scope, live: Tree, new: Tree) -> Tree:
    """`new` with the managedFields it has when the server itself writes it, through its loopback client upstream."""
    return scope.services.field_managers.of(scope).update(live, new, OWN_NAME, rfc3339(scope.services.clock.now()))


def _writes_resource(scope: Scope) -> bool:
    """Whether what is written is the resource itself, be it through a subresource; not a Scale, say."""
    own = scope.subresource
    return own is None or own.kind in ("", scope.resource.kind)


def check_admitted(request: Request, obj: Tree, before: Any) -> None:
    """Restores managedFields that mutating admission made unreadable (upstream: handlers/fieldmanager/admission.go)."""
    entries = obj["metadata"].get("managedFields")
    if entries is before:
        return
    try:
        managers.decode(entries or (), before or ())
    except ValueError as error:
        obj["metadata"]["managedFields"] = before
        cause = "this could be caused by an outdated mutating admission controller; please fix your requests"
        request.warnings.append(f".metadata.managedFields was in an invalid state after admission; {cause}: {error}")


def keep_reset(sent: Any, decoded: Tree) -> None:
    """Restores `managedFields: []`, by which clients ask to forget it and which decoding drops like any empty list."""
    metadata = sent.get("metadata") if sent.__class__ is dict else None
    if metadata.__class__ is dict and metadata.get("managedFields") == []:
        decoded["metadata"]["managedFields"] = []
