"""kcompat: a Kubernetes 1.37 control plane in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kcompat.version import __version__

__all__ = ["Cluster", "__version__"]

if TYPE_CHECKING:
    from kcompat.cluster import Cluster


def __getattr__(name: str) -> Any:
    """`Cluster` is imported when first used, so that `kcompat version` and the like start at once."""
    if name == "Cluster":
        from kcompat.cluster import Cluster

        return Cluster
    raise AttributeError(name)
