"""The one interface between controllers, scheduler, nodes and a cluster. Two transports implement it: `client/local.py` (in
process, the same pipeline without a socket) and `client/http.py` (any Kubernetes API server, from a kubeconfig)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `tree` must not be changed by the receiver. Failures are raised as StatusError, never returned."""

    status: int
    tree: Tree


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """type is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR; `object` must not be changed by the receiver."""

    type: str
    object: Tree


class Transport(Protocol):
    """Carries requests under one identity."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Answer:
        """One request. `path` is absolute (`/api/v1/namespaces/default/pods`). Raises apimachinery.errors.StatusError for a Status
        failure and ConnectionError when the server cannot be reached."""

    def watch(self, path: str, *, query: Mapping[str, str] | None = None) -> AsyncIterator[WatchEvent]:
        """Events of one watch request (`watch=true` is added). Ends when the server ends it. Raises StatusError (410 included)."""

    async def close(self) -> None: ...
