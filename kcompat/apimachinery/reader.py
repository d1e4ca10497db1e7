"""Reading objects from below the registry: auth and admission look at roles, namespaces, quotas through this; `cluster.py` injects it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

Tree = dict[str, Any]


class Reader(Protocol):
    """Reads of the local watch cache: no I/O once warm, never stale against this server's own writes. Results must not be changed."""

    async def get(self, group: str, resource: str, namespace: str, name: str) -> Tree | None:
        """The object, or None. `namespace` is "" for cluster-scoped resources."""

    async def list(self, group: str, resource: str, namespace: str = "") -> Iterable[Tree]:
        """All objects, of one namespace if given."""

    def on_change(self, group: str, resource: str, callback: Callable[[Tree | None, Tree | None], None]) -> None:
        """Calls callback(old, new) for each change from now on (old None: created; new None: deleted), after the cache has it."""
