"""What a verb works with: the services of the server, and what one request is about (upstream: handlers.RequestScope)."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kcompat.admission.interface import Attributes, Chain
from kcompat.api.request import Request
from kcompat.apimachinery.clock import Clock, Identity
from kcompat.apimachinery.remote_command import Kubelet
from kcompat.auth.kubelet_client import unverified
from kcompat.registry.catalog import Catalog
from kcompat.registry.declare import Resource, Subresource, Tree
from kcompat.registry.store import Store

if TYPE_CHECKING:
    from kcompat.api.field_managers import FieldManagers
    from kcompat.api.flow_control.control import FlowControl
    from kcompat.api.openapi import OpenAPI
    from kcompat.auth.interface import Authenticator, Authorizer


def _field_managers() -> FieldManagers:
    from kcompat.api.field_managers import FieldManagers

    return FieldManagers()


@dataclass(slots=True)
class Services:
    """Everything the API needs, joined in `cluster.py`."""

    catalog: Catalog
    stores: Callable[[Resource], Store]
    admission: Chain
    authenticator: Authenticator
    authorizer: Authorizer
    clock: Clock
    identity: Identity
    openapi: Callable[[], OpenAPI]
    settings: Mapping[str, Any]
    tokens: Any = None
    flow_control: FlowControl | None = None
    """None: no priority and fairness."""
    kubelet: Callable[[str], Kubelet | None] = lambda name: None
    """The simulated node of that name, if it is in this process."""
    kubelet_tls: Callable[[], ssl.SSLContext] = unverified
    """How connections to other kubelets are secured."""
    field_managers: FieldManagers = field(default_factory=_field_managers)


@dataclass(slots=True)
class Scope:
    """One request on a resource."""

    services: Services
    resource: Resource
    store: Store
    subresource: Subresource | None
    namespace: str
    name: str

    @property
    def tables(self) -> bool:
        """Whether the answer may be a Table."""
        return self.subresource is None or self.subresource.tables

    def attributes(self, operation: str, request: Request, obj: Tree | None, old: Tree | None, *, dry_run: bool, **options: Any) -> Attributes:
        """The admission attributes of this request."""
        resource, sub = self.resource, self.subresource
        kind, group, version = resource.kind, resource.group, resource.version
        if sub is not None and sub.kind and sub.kind != resource.kind:
            kind, group, version = sub.kind, sub.group, sub.version
        return Attributes(
            operation,
            resource.group,
            resource.version,
            resource.name,
            sub.name if sub is not None else "",
            kind,
            group,
            version,
            self.namespace,
            self.name,
            request.user,
            obj,
            old,
            options,
            dry_run,
            request.warnings,
        )
