"""Removes pods from nodes whose NoExecute taints they do not tolerate, or no longer tolerate
(upstream: pkg/controller/tainteviction).
"""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.scheduling import NO_EXECUTE, tolerates
from kcompat.client.client import STRATEGIC_MERGE_PATCH
from kcompat.client.events import NORMAL
from kcompat.client.interface import Tree
from kcompat.client.resources import NODES, PODS
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, split_key

REASON = "TaintManagerEviction"


def no_execute(node: Tree) -> list[Tree]:
    return [taint for taint in spec_of(node).get("taints") or () if taint.get("effect") == NO_EXECUTE]


def tolerated_for(tolerations: Sequence[Tree], taints: Sequence[Tree]) -> float | None:
    """Seconds a pod may stay on a node with these taints; None: for ever (upstream: GetMatchingTolerations, getMinTolerationTime). Pure."""
    used: list[Tree] = []
    for taint in taints:
        match = next((toleration for toleration in tolerations if tolerates([toleration], taint)), None)
        if match is None:
            return 0.0
        used.append(match)
    seconds = [toleration["tolerationSeconds"] for toleration in used if toleration.get("tolerationSeconds") is not None]
    return float(max(min(seconds), 0)) if seconds else None


@controller("taint-eviction-controller", account="node-controller", component="taint-eviction-controller", workers=8)
class TaintEvictionController:
    """Keys are namespace/name of pods."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pods_client = context.client.of(PODS)
        self._planned: dict[str, float] = {}
        """When a pod is to be evicted, in the clock's monotonic seconds."""
        self._nodes = context.watch(NODES, self._node_changed)
        self._pods = context.watch(PODS, self._pod_changed, {podutil.NODE: podutil.nodes_of})

    def _node_changed(self, old: Tree | None, new: Tree | None) -> None:
        node = new if new is not None else old
        assert node is not None
        if (no_execute(old) if old is not None else []) == (no_execute(new) if new is not None else []):
            return
        for pod in self._pods.by_index(podutil.NODE, meta.name(node)):
            self._context.enqueue(None, pod)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        if old is not None and new is not None:
            before, after = spec_of(old), spec_of(new)
            if before.get("tolerations") == after.get("tolerations") and before.get("nodeName") == after.get("nodeName"):
                return
        pod = new if new is not None else old
        assert pod is not None
        if meta.key(pod) in self._planned or (new is not None and self._taints(new)):
            self._context.queue.add(meta.key(pod))

    def _taints(self, pod: Tree) -> list[Tree]:
        node = self._nodes.get("", podutil.node_name(pod)) if podutil.node_name(pod) else None
        return no_execute(node) if node is not None else []

    async def reconcile(self, key: str) -> float | None:
        pod = self._pods.get(*split_key(key))
        taints = self._taints(pod) if pod is not None else []
        if pod is None or not taints:
            self._cancel(key)
            return None
        wait = tolerated_for(spec_of(pod).get("tolerations") or (), taints)
        if wait is None:
            self._cancel(key)
            return None
        left = self._plan(key, wait)
        if left > 0:
            return left
        self._planned.pop(key, None)
        await self._evict(key, pod)
        return None

    def _plan(self, key: str, wait: float) -> float:
        """Seconds until the eviction; one that is planned already is not put off (upstream: processPodOnNode)."""
        now = self._context.clock.monotonic()
        return self._planned.setdefault(key, now + wait) - now if wait else 0.0

    def _cancel(self, key: str) -> None:
        if self._planned.pop(key, None) is not None:
            self._tell(key, f"Cancelling deletion of Pod {key}")

    async def _evict(self, key: str, pod: Tree) -> None:
        if meta.is_being_deleted(pod):
            return
        self._tell(key, f"Marking for deletion Pod {key}")
        condition: Tree = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
            "lastTransitionTime": rfc3339(self._context.clock.now()),
        }
        if generation := meta.generation(pod):
            condition["observedGeneration"] = generation
        body = {"metadata": {"uid": meta.uid(pod)}, "status": {"conditions": [condition]}}
        name, namespace = meta.name(pod), meta.namespace(pod)
        await self._pods_client.patch_status(name, body, namespace, content_type=STRATEGIC_MERGE_PATCH)
        await self._pods_client.delete(name, namespace, uid=meta.uid(pod))

    def _tell(self, key: str, message: str) -> None:
        namespace, name = split_key(key)
        about = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
        self._context.recorder.event(about, NORMAL, REASON, message)
