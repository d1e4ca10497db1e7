"""What admission plugins are (upstream: staging/src/k8s.io/apiserver/pkg/admission/interfaces.go).

One file in `admission/plugins/` holds one plugin, found by scanning (`admission/chain.py`). Plugins read other objects through
the `Reader` that `cluster.py` injects; they never import registry, storage or api.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from kcompat.apimachinery.reader import Reader
from kcompat.apimachinery.user import UserInfo

Tree = dict[str, Any]

CREATE, UPDATE, DELETE, CONNECT = "CREATE", "UPDATE", "DELETE", "CONNECT"


@dataclass(slots=True)
class Attributes:
    """What is being admitted. Mutating plugins change `object` in place (it is private to the request)."""

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


class Plugin:
    """Base of both kinds. `name` is upstream's plugin name, as in --enable-admission-plugins."""

    name: ClassVar[str]
    operations: ClassVar[frozenset[str]]
    resources: ClassVar[Sequence[str] | None] = None
    """`pods`, `pods/status`, `deployments.apps`; None: all (subresources too)."""
    enabled_by_default: ClassVar[bool] = True
    after: ClassVar[Sequence[str]] = ()

    def __init__(self, reader: Reader, settings: Mapping[str, Any]) -> None:
        self.reader = reader
        self.settings = settings


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
