"""What admission plugins are (upstream: staging/src/k8s.io/apiserver/pkg/admission/interfaces.go).

One file in `admission/plugins/` holds one plugin, found by scanning (`admission/chain.py`). Plugins read other objects through
the `Reader` that `cluster.py` injects; they never import registry, storage or api.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from kcompat.apimachinery.clock import Clock, Identity
from kcompat.apimachinery.reader import Reader
from kcompat.apimachinery.user import UserInfo

Tree = dict[str, Any]

CREATE, UPDATE, DELETE, CONNECT = "CREATE", "UPDATE", "DELETE", "CONNECT"


def on(*operations: str) -> frozenset[str]:
    """The operations a plugin handles: on(CREATE, UPDATE)."""
    return frozenset(operations)


@dataclass(slots=True)
class Attributes:
    """What is being admitted. Mutating plugins change `object` in place (it is private to the request).

    `name` is that of the request: empty for a create whose name stands in the object only, or is still to be generated.
    """

    operation: str
    group: str
    version: str
    resource: str
    subresource: str
    kind: str
    kind_group: str
    kind_version: str
    namespace: str
    name: str
    user: UserInfo
    object: Tree | None = None
    old_object: Tree | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    audit_annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Access:
    """A permission a plugin asks for on behalf of a user."""

    user: UserInfo
    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""


Authorize = Callable[[Access], Awaitable[tuple[bool, str]]]
"""May they? And the reason if not."""


ResourcesOfKind = Callable[[str, str], Sequence[tuple[str, str, bool]]]
"""(apiVersion, kind) → group, resource, namespaced of each resource of that kind; empty if none is served."""


def _no_resources(api_version: str, kind: str) -> Sequence[tuple[str, str, bool]]:
    return ()


UpdateStatus = Callable[[str, str, str, str, Callable[[Tree], Tree]], Awaitable[None]]
"""(group, resource, namespace, name, transform): writes the status that transform makes of the current object, which it must not change.

Transform is called again when another writer was first; what it raises ends the update. Raises NotFound. Passes no admission.
"""


async def _no_status(group: str, resource: str, namespace: str, name: str, transform: Callable[[Tree], Tree]) -> None:
    raise TypeError("this chain was built without a way to write")


@dataclass(frozen=True, slots=True)
class Services:
    """What plugins work with; `cluster.py` fills it. `settings` are the flags of plugins, underscores for dashes."""

    reader: Reader
    clock: Clock
    identity: Identity
    authorize: Authorize
    settings: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By plugin name, what the file of --admission-control-config-file holds for it."""
    resources_of_kind: ResourcesOfKind = _no_resources
    update_status: UpdateStatus = _no_status


class Plugin:
    """Base of both kinds. `name` is upstream's plugin name, as in --enable-admission-plugins."""

    name: ClassVar[str]
    handles: ClassVar[frozenset[str]]
    """Operations: on(CREATE, UPDATE)."""
    resources: ClassVar[Sequence[str] | None] = None
    """`pods`, `pods/status`, `deployments.apps`; None: all (subresources too)."""
    enabled_by_default: ClassVar[bool] = True
    after: ClassVar[Sequence[str]] = ()
    """Plugins of one's own stand after these, else before the webhooks. Upstream's plugins stand in upstream's order."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.reader = services.reader


class MutatingPlugin(Plugin):
    async def admit(self, attributes: Attributes) -> None:
        """Changes attributes.object, or raises StatusError to deny."""
        raise TypeError("a mutating plugin defines admit")


class ValidatingPlugin(Plugin):
    async def validate(self, attributes: Attributes) -> None:
        """Raises StatusError to deny. Must not change anything."""
        raise TypeError("a validating plugin defines validate")


class Chain(Protocol):
    """What the API calls; `admission/chain.py` implements it."""

    async def admit(self, attributes: Attributes) -> None: ...

    async def validate(self, attributes: Attributes) -> None: ...
