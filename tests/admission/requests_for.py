"""Admission attributes as tests write them, and running a plugin on them."""

from __future__ import annotations

from typing import Any

from kcompat.admission.interface import CREATE, UPDATE, Access, Attributes, MutatingPlugin, Plugin, ValidatingPlugin
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.user import UserInfo

Tree = dict[str, Any]
BOB = UserInfo("bob", groups=("system:authenticated",))


class Permissions:
    """An authorizer that allows what was granted: (verb, resource with subresource, name)."""

    def __init__(self) -> None:
        self.granted: set[tuple[str, str, str]] = set()
        self.asked: list[Access] = []

    def grant(self, verb: str, resource: str, name: str = "") -> None:
        self.granted.add((verb, resource, name))

    async def authorize(self, access: Access) -> tuple[bool, str]:
        self.asked.append(access)
        resource = f"{access.resource}/{access.subresource}" if access.subresource else access.resource
        return (access.verb, resource, access.name) in self.granted, "rbac: no"


def writing(
    what: str,
    tree: Tree | None = None,
    old: Tree | None = None,
    *,
    kind: str = "",
    namespace: str = "ns",
    name: str = "",
    operation: str = "",
    user: UserInfo = BOB,
) -> Attributes:
    """`what`: group:resource/subresource."""
    group, _, rest = what.rpartition(":")
    resource, _, subresource = rest.partition("/")
    operation = operation or (UPDATE if old is not None else CREATE)
    return Attributes(operation, group, "v1", resource, subresource, kind, group, "v1", namespace, name, user, tree, old)


def pod(spec: Tree | None = None, name: str = "p", **metadata: Any) -> Tree:
    containers = [{"name": "c", "image": "i"}]
    return {"metadata": {"name": name, "namespace": "ns", **metadata}, "spec": {"containers": containers, **(spec or {})}}


async def run(plugin: Plugin, attributes: Attributes) -> Tree:
    """The object after the plugin did all it does."""
    if isinstance(plugin, MutatingPlugin):
        await plugin.admit(attributes)
    if isinstance(plugin, ValidatingPlugin):
        await plugin.validate(attributes)
    return attributes.object or {}


async def refused(plugin: Plugin, attributes: Attributes) -> str:
    """The message of the refusal; empty if there is none."""
    try:
        await run(plugin, attributes)
    except StatusError as error:
        return error.message
    return ""
