"""The index of everything served: finds the declarations in `registry/groups/`, completes them from the API facts, looks them up.

Called by `cluster.py` (builds one), `registry/store.py`, the API (discovery, routing) and `registry/custom.py` (adds and removes).
Answers pkg/controlplane/instance.go and what apiserver's installer.go works out per resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from kcompat import apimachinery
from kcompat.apimachinery.clock import Clock, Identity
from kcompat.registry import groups
from kcompat.registry.columns.extensions import DEFAULT
from kcompat.registry.declare import Action, Resource, Scale, Status, Subresource, Tree
from kcompat.registry.later import equipped

Fact = Mapping[str, Any]


def _surface() -> Iterable[Fact]:
    """What a server without flags serves, in discovery's order."""
    data: list[Fact] = orjson.loads(Path(apimachinery.__path__[0], "data", "resources.json").read_bytes())
    return sorted(data, key=_discovery_order)


GROUP_PRIORITY = {
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "admissionregistration.k8s.io": 16700,
    "apiextensions.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "resource.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
    "storagemigration.k8s.io": 15800,
}
"""What the APIServices of a server's own groups say (upstream: controlplane/apiserver/aggregator.go:DefaultGenericAPIServicePriorities,
cmd/kube-apiserver/app/aggregator.go). Groups are served in this order, the aggregator's own second, as it has no APIService."""

_GROUP_ORDER = ("", "apiregistration.k8s.io", *list(GROUP_PRIORITY)[1:])


def _discovery_order(fact: Fact) -> tuple[int, int]:
    """Groups by priority, the newest version first; both decide which resource a short name means."""
    return _GROUP_ORDER.index(fact["group"]), -int(fact["version"].removeprefix("v"))


DEPRECATED: Mapping[tuple[str, str, str], str] = {
    ("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    ("", "v1", "Endpoints"): "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}
"""The warning that every answer of these kinds carries (upstream: APILifecycleDeprecated; apiserver endpoints/deprecation)."""


def deprecation(resource: Resource) -> str:
    """The text of the Warning header that requests of this resource get; "" for none."""
    return DEPRECATED.get((resource.group, resource.version, resource.kind), "")


def declared() -> Iterator[Resource]:
    """Every resource of every file in `registry/groups/`, as written there."""
    for file in sorted(Path(groups.__path__[0]).glob("[!_]*.py")):
        yield from import_module(f"{groups.__name__}.{file.stem}").RESOURCES


def complete(resource: Resource, fact: Fact, tools: Mapping[str, Any]) -> Resource:
    """The declaration with scope, verbs, names and subresources filled in from the facts, and rules that have their tools."""
    return replace(
        resource,
        rules=equipped(resource.rules, tools),
        namespaced=fact["namespaced"],
        singular=fact["singular"],
        short=tuple(fact["shortNames"]),
        categories=tuple(fact["categories"]),
        verbs=tuple(fact["verbs"]),
        columns=resource.columns or DEFAULT,
        list_kind=resource.list_kind or resource.kind + "List",
        storage_version_hash=fact["storageVersionHash"] or "",
        storage_group=resource.storage_group if resource.storage_version else resource.group,
        storage_version=resource.storage_version or resource.version,
        store=resource.store or resource.name,
        subresources=tuple(_subresource(resource, part) for part in fact["subresources"]),
        to_storage=resource.to_storage or _restamp(resource, resource.storage_group, resource.storage_version),
        from_storage=resource.from_storage or _restamp(resource, resource.group, resource.version),
    )


def _subresource(resource: Resource, fact: Fact) -> Subresource:
    """A subresource as declared, or, for status, from the facts alone. KeyError if neither says how it works."""
    own = resource.subresource(fact["name"])
    group, version = fact.get("kindGroup", resource.group), fact.get("kindVersion", resource.version)
    if own is None and fact["name"] == "status":
        own = Status()
    if not isinstance(own, Action | Scale | Status):
        raise KeyError(f"{resource.qualified}/{fact['name']} is served upstream but not declared")
    return replace(own, verbs=tuple(fact["verbs"]), kind=fact["kind"], group=group, version=version)


def _restamp(resource: Resource, group: str, version: str) -> Callable[[Tree], Tree] | None:
    """The conversion to a version with the same fields; None where the version served is the one stored."""
    if not resource.storage_version:
        return None
    api_version = f"{group}/{version}" if group else version
    return lambda tree: {**tree, "apiVersion": api_version}


class Catalog:
    """All served resources. Discovery lists groups, versions and resources in the order they were added."""

    def __init__(self, served: Iterable[Resource] = ()) -> None:
        self._resources: dict[tuple[str, str], dict[str, Resource]] = {}
        self._kinds: dict[tuple[str, str, str], Resource] = {}
        for resource in served:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serves one more resource, or replaces the one of the same group, version and name."""
        self._resources.setdefault((resource.group, resource.version), {})[resource.name] = resource
        self._kinds[resource.group, resource.version, resource.kind] = resource

    def remove(self, group: str, version: str, resource: str) -> None:
        """Serves this resource no longer; its group and version go with the last one. No error if there is none."""
        versioned = self._resources.get((group, version), {})
        if gone := versioned.pop(resource, None):
            self._kinds.pop((group, version, gone.kind), None)
        if not versioned:
            self._resources.pop((group, version), None)

    def get(self, group: str, version: str, resource: str) -> Resource | None:
        return self._resources.get((group, version), {}).get(resource)

    def by_kind(self, group: str, version: str, kind: str) -> Resource | None:
        return self._kinds.get((group, version, kind))

    def groups(self) -> tuple[str, ...]:
        """Group names, the core group's "" first."""
        return tuple(dict.fromkeys(group for group, _ in self._resources))

    def versions(self, group: str) -> tuple[str, ...]:
        """Versions of a group, the preferred one first."""
        return tuple(version for owner, version in self._resources if owner == group)

    def resources(self, group: str, version: str) -> tuple[Resource, ...]:
        return tuple(self._resources.get((group, version), {}).values())

    def __iter__(self) -> Iterator[Resource]:
        return (resource for versioned in tuple(self._resources.values()) for resource in tuple(versioned.values()))

    def store_prefix(self, resource: Resource) -> str:
        """Where its objects are stored: `/registry/services/specs`. Their keys add `/<namespace>/<name>`."""
        return f"/registry/{resource.store}"


def default_catalog(clock: Clock | None = None, identity: Identity | None = None) -> Catalog:
    """The catalog of a server without flags: everything declared that such a server serves. Rules use the clock and identity."""
    tools = {name: tool for name, tool in (("clock", clock), ("identity", identity)) if tool is not None}
    written = {(resource.group, resource.version, resource.name): resource for resource in declared()}
    found = ((written.get((fact["group"], fact["version"], fact["resource"])), fact) for fact in _surface())
    return Catalog(complete(resource, fact, tools) for resource, fact in found if resource)
