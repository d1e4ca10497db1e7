"""Tells kubelets by an annotation how long they may keep secrets and config maps: the longer, the more nodes there are
(upstream: pkg/controller/ttl).
"""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.client.client import STRATEGIC_MERGE_PATCH
from kcompat.client.interface import Tree
from kcompat.client.resources import NODES
from kcompat.controllers.controller import Context, controller

ANNOTATION = "node.alpha.kubernetes.io/ttl"
BOUNDARIES = ((0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 2**31, 300))
"""Fewest nodes, most nodes, seconds; they overlap, so that a node that comes and goes changes nothing."""


def step(current: int, nodes: int) -> int:
    """The boundary that holds for so many nodes, given the one that held before."""
    while nodes > BOUNDARIES[current][1]:
        current += 1
    while nodes < BOUNDARIES[current][0]:
        current -= 1
    return current


@controller("ttl-controller", workers=5)
class TTLController:
    """Keys are names of nodes. When the number changes, each node is told with its next heartbeat."""

    def __init__(self, context: Context) -> None:
        self._queue = context.queue
        self._client = context.client.of(NODES)
        self._step = 0
        self._nodes = context.watch(NODES, self._changed)

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        if old is None or new is None:
            self._step = step(self._step, len(self._nodes))
        if new is not None and not self._is_told(new):
            self._queue.add(meta.name(new))

    def _is_told(self, node: Tree) -> bool:
        return meta.annotations(node).get(ANNOTATION) == str(BOUNDARIES[self._step][2])

    async def reconcile(self, key: str) -> None:
        node = self._nodes.by_key(key)
        if node is not None and not self._is_told(node):
            annotations = {ANNOTATION: str(BOUNDARIES[self._step][2])}
            await self._client.patch(key, {"metadata": {"annotations": annotations}}, content_type=STRATEGIC_MERGE_PATCH)
