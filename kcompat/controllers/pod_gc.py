"""Removes pods that nobody else will: of nodes that are gone or out of service, terminating ones that never had a node, and, when there
are too many, those that have ended (upstream: pkg/controller/podgc).

Looks at all pods every 20 seconds. A node must be gone for QUARANTINE_SECONDS, and the server is asked, before its pods go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import STRATEGIC_MERGE_PATCH
from kcompat.client.interface import Tree
from kcompat.client.resources import NODES, PODS
from kcompat.client.store import Store
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, status_of
from kcompat.controllers.sweeping import Sweeper

log = logging.getLogger(__name__)

QUARANTINE_SECONDS = 40.0
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_ORPHANED = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC", "message": "PodGC: node no longer exists"}


def terminated(pods: Iterable[Tree], threshold: int) -> list[Tree]:
    """The ended pods beyond threshold: evicted ones first, then the oldest."""
    ended = [pod for pod in pods if podutil.phase(pod) not in ("Pending", "Running", "Unknown")]
    return sorted(ended, key=_order)[: max(0, len(ended) - threshold)]


def out_of_service(pods: Iterable[Tree], nodes: Store) -> list[Tree]:
    """Terminating pods of nodes that are marked and not ready: no kubelet will confirm their end."""
    found = (pod for pod in pods if meta.is_being_deleted(pod))
    return sorted((pod for pod in found if _is_out_of_service(nodes.get("", podutil.node_name(pod)))), key=_order)


def unscheduled(pods: Iterable[Tree]) -> list[Tree]:
    """Terminating pods that have no node whose kubelet could confirm their end."""
    return [pod for pod in pods if meta.is_being_deleted(pod) and not podutil.node_name(pod)]


def missing_nodes(pods: Iterable[Tree], nodes: Collection[str]) -> set[str]:
    return {name for pod in pods if (name := podutil.node_name(pod)) and name not in nodes}


def _order(pod: Tree) -> tuple[bool, str, str]:
    evicted = podutil.phase(pod) == "Failed" and status_of(pod).get("reason") == "Evicted"
    return not evicted, meta.creation_timestamp(pod), meta.name(pod)


def _is_out_of_service(node: Tree | None) -> bool:
    if node is None or meta.is_condition_true(meta.conditions(node), "Ready"):
        return False
    return any(taint["key"] == OUT_OF_SERVICE for taint in spec_of(node).get("taints") or ())


@controller("pod-garbage-collector-controller", account="pod-garbage-collector")
class PodGCController(Sweeper):
    """Looks every 20 seconds."""

    period = 20.0
    quarantine_seconds = QUARANTINE_SECONDS

    def __init__(self, context: Context) -> None:
        self._clock = context.clock
        self._terminated_threshold = context.settings.terminated_pods
        self._pods_client, self._nodes_client = context.client.of(PODS), context.client.of(NODES)
        self._pods, self._nodes = context.watch(PODS), context.watch(NODES)
        self._missing: dict[str, float] = {}
        """Nodes that pods name and that are not there, with the moment since when."""

    async def sweep(self) -> None:
        pods = list(self._pods)
        await self._remove(terminated(pods, self._terminated_threshold))
        await self._remove(out_of_service(pods, self._nodes))
        gone = await self._gone_nodes(missing_nodes(pods, self._nodes.keys()))
        await self._remove([pod for pod in pods if podutil.node_name(pod) in gone], _ORPHANED)
        await self._remove(unscheduled(pods))

    async def _gone_nodes(self, missing: set[str]) -> set[str]:
        """The missing nodes that are really gone, and have been long enough."""
        now = self._clock.monotonic()
        self._missing = {name: self._missing.get(name, now) for name in missing}
        due = [name for name, since in self._missing.items() if now - since >= self.quarantine_seconds]
        return {name for name in due if not await self._exists(name)}

    async def _exists(self, name: str) -> bool:
        try:
            await self._nodes_client.get(name)
        except StatusError as error:
            if error.code == 404:
                return False
            log.info("getting node %s: %s", name, error)
        return True

    async def _remove(self, pods: Sequence[Tree], condition: Tree | None = None) -> None:
        results = await asyncio.gather(*(self._fail_and_delete(pod, condition) for pod in pods), return_exceptions=True)
        for pod, result in zip(pods, results, strict=True):
            if isinstance(result, (StatusError, OSError)):
                log.info("removing pod %s: %s", meta.key(pod), result)
            elif isinstance(result, BaseException):
                raise result

    async def _fail_and_delete(self, pod: Tree, condition: Tree | None) -> None:
        """Nothing of it runs any more, and nobody will say so (upstream: markFailedAndDeletePodWithCondition)."""
        name, namespace = meta.name(pod), meta.namespace(pod)
        if not podutil.is_terminal(pod):
            status: Tree = {"phase": "Failed", "observedGeneration": meta.generation(pod)}
            if condition is not None:
                stamp = rfc3339(self._clock.now())
                status["conditions"] = [{**condition, "observedGeneration": meta.generation(pod), "lastTransitionTime": stamp}]
            body = {"metadata": {"uid": meta.uid(pod)}, "status": status}
            await self._pods_client.patch_status(name, body, namespace, content_type=STRATEGIC_MERGE_PATCH)
        await self._pods_client.delete(name, namespace, grace=0)
