"""What an API server serves, asked through plain discovery. Used by the namespace controller and the garbage collector.

Answers client-go discovery.ServerPreferredResources and restmapper: a failing group does not hide the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType


@dataclass(frozen=True, slots=True)
class ServedResource:
    """A resource in one version. preferred: clients that do not care about the version use this one."""

    type: ResourceType
    verbs: frozenset[str]
    preferred: bool = True

    def supports(self, *verbs: str) -> bool:
        return self.verbs.issuperset(verbs)


@dataclass(frozen=True, slots=True)
class Discovered:
    """failed: what went wrong by group version."""

    resources: tuple[ServedResource, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)

    def preferred(self, *verbs: str) -> list[ServedResource]:
        """One version of each resource that supports the verbs."""
        return [resource for resource in self.resources if resource.preferred and resource.supports(*verbs)]

    @property
    def failure(self) -> str:
        """The failures in upstream's words; "" if there are none (upstream: ErrGroupDiscoveryFailed)."""
        if not self.failed:
            return ""
        listed = ", ".join(sorted(f"{version}: {message}" for version, message in self.failed.items()))
        return f"unable to retrieve the complete list of server APIs: {listed}"

    def by_kind(self) -> dict[tuple[str, str], ResourceType]:
        """The resource of each (apiVersion, kind)."""
        return {(resource.type.api_version, resource.type.kind): resource.type for resource in self.resources}


async def discover(client: Client) -> Discovered:
    """Asks for every group version. Raises StatusError or ConnectionError if not even the groups can be listed."""
    core, groups = await asyncio.gather(client.get_path("/api"), client.get_path("/apis"))
    versions = list(core.get("versions") or ())
    wanted = [("", version, version == versions[0]) for version in versions]
    for group in groups.get("groups") or ():
        favourite = (group.get("preferredVersion") or {}).get("version")
        wanted += [(group["name"], item["version"], item["version"] == favourite) for item in group.get("versions") or ()]
    answers = await asyncio.gather(*(_resources(client, group, version) for group, version, _ in wanted))
    failed: dict[str, str] = {}
    served: list[tuple[ServedResource, bool]] = []
    for (group, version, favoured), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, str):
            failed[f"{group}/{version}" if group else version] = answer
        else:
            served += [(resource, favoured) for resource in answer]
    return Discovered(tuple(_prefer(served)), failed)


async def _resources(client: Client, group: str, version: str) -> list[ServedResource] | str:
    """The resources of a group version, or why they are not known."""
    root = ResourceType(group, version, "").root
    try:
        answer = await client.get_path(root)
    except (StatusError, OSError) as error:
        return str(error)
    return [_served(group, version, item) for item in answer.get("resources") or () if "/" not in item["name"]]


def _served(group: str, version: str, item: Tree) -> ServedResource:
    resource = ResourceType(group, version, item["name"], item["kind"], bool(item.get("namespaced")))
    return ServedResource(resource, frozenset(item.get("verbs") or ()))


def _prefer(served: Iterable[tuple[ServedResource, bool]]) -> list[ServedResource]:
    """Marks one version of each resource: the group's favourite, or the first that has it."""
    served = list(served)
    chosen: dict[tuple[str, str], ResourceType] = {}
    for resource, favourite in served:
        key = (resource.type.group, resource.type.plural)
        if favourite or key not in chosen:
            chosen[key] = resource.type
    kept = set(chosen.values())
    return [ServedResource(resource.type, resource.verbs, resource.type in kept) for resource, _ in served]

