"""Prefers nodes that have the pod's images already (plugins/imagelocality)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kcompat.scheduler.framework import MAX_NODE_SCORE, SKIP, CycleState, Handle, Scope, Status
from kcompat.scheduler.snapshot import NodeInfo, Snapshot

Tree = dict[str, Any]

_KEY = "PreScoreImageLocality"
_MB = 1024 * 1024
_MIN_THRESHOLD = 23 * _MB
_MAX_CONTAINER_THRESHOLD = 1000 * _MB


def normalized_image_name(name: str) -> str:
    """With the tag that is meant when none is given."""
    return name if name.rfind(":") > name.rfind("/") else f"{name}:latest"


def _images(spec: Mapping[str, Any]) -> Iterator[str]:
    for container in [*(spec.get("initContainers") or ()), *spec.get("containers", ())]:
        yield normalized_image_name(container.get("image", ""))
    for volume in spec.get("volumes") or ():
        if image := volume.get("image"):
            yield normalized_image_name(image.get("reference", ""))


class ImageLocality:
    name = "ImageLocality"
    scope = Scope.NODE

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """Takes no arguments."""

    def pre_score(self, state: CycleState, pod: Tree, snapshot: Snapshot, rows: Sequence[int]) -> Status | None:
        """Counts the nodes that have each image; none anywhere gives every node the same score."""
        images = list(_images(pod["spec"]))
        holders = Counter(image for node in snapshot.rows if node.images for image in images if image in node.images)
        if not holders:
            return SKIP
        state[_KEY] = [(image, holders[image] / len(snapshot)) for image in images]
        return None

    def score(self, state: CycleState, pod: Tree, node: NodeInfo) -> int:
        wanted: list[tuple[str, float]] = state[_KEY]
        total = sum(int(node.images[image] * spread) for image, spread in wanted if image in node.images)
        highest = _MAX_CONTAINER_THRESHOLD * len(wanted)
        total = min(max(total, _MIN_THRESHOLD), highest)
        return MAX_NODE_SCORE * (total - _MIN_THRESHOLD) // (highest - _MIN_THRESHOLD)

    def sign(self, pod: Tree) -> Any:
        return list(_images(pod["spec"]))
