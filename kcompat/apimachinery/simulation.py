"""How simulated nodes are told from real ones. Set by `nodes/`, read by the API where it would have to speak to a kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ANNOTATION: Final = "kcompat.io/simulated"


def is_simulated(node: Mapping[str, Any]) -> bool:
    """Whether the node has no kubelet server behind it."""
    return (node["metadata"].get("annotations") or {}).get(ANNOTATION) == "true"
