"""Which nodes run pods that refer to an object: the Node authorizer's memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery.following import Key, follow
from kcompat.apimachinery.pod_references import Reference, is_mirror, references
from kcompat.apimachinery.reader import Reader

Tree = Mapping[str, Any]


class PodIndex:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._nodes: dict[tuple[str, str, str], Counter[str]] = {}
        """Resource, namespace and name of an object → nodes, each with the number of its pods that refer to it."""
        self._known: dict[Key, tuple[str, frozenset[Reference]]] = {}
        self._lock = asyncio.Lock()
        self._loaded = False

    async def load(self) -> None:
        """Reads all pods when first called and follows them from then on."""
        if not self._loaded:
            async with self._lock:
                if not self._loaded:
                    await follow(self._reader, "", "pods", self._store)
                    self._loaded = True

    def refers(self, node: str, resource: str, namespace: str, name: str) -> bool:
        return node in self._nodes.get((resource, namespace, name), ())

    def _store(self, key: Key, pod: Tree | None) -> None:
        before = self._known.get(key)
        after = _references(pod) if pod is not None else None
        if before == after:
            return
        if before is not None:
            self._count(key[0], *before, -1)
            del self._known[key]
        if after is not None:
            self._count(key[0], *after, 1)
            self._known[key] = after

    def _count(self, namespace: str, node: str, references: frozenset[Reference], by: int) -> None:
        for resource, name in references:
            nodes = self._nodes.setdefault((resource, namespace, name), Counter())
            nodes[node] += by
            if not nodes[node]:
                del nodes[node]
            if not nodes:
                del self._nodes[resource, namespace, name]


def _references(pod: Tree) -> tuple[str, frozenset[Reference]] | None:
    """The pod's node and what it may read for it: nothing for a mirror pod, which the node could write as it likes."""
    node = (pod.get("spec") or {}).get("nodeName")
    return (node, frozenset(() if is_mirror(pod) else references(pod))) if node else None
