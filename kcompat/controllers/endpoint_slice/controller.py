"""Watches services, pods, nodes and slices, lets plan.py decide, and acts. Upstream: endpointslice/endpointslice_controller.go.

The annotation service.kubernetes.io/topology-mode, deprecated for spec.trafficDistribution, gets no hints.
"""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import from_labels
from kcompat.client.events import WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import ENDPOINT_SLICES, NODES, PODS, SERVICES
from kcompat.controllers.controller import Context, Requeue, controller, split_key
from kcompat.controllers.endpoint_slice.plan import MANAGED_BY, OURS, SERVICE_NAME, Changes, plan
from kcompat.controllers.pod_control import is_namespace_terminating
from kcompat.controllers.service_endpoints import TRIGGER_TIME, TriggerTimes, behind, has_pods, services_changed

MIN_DELAY = 1.0
"""Seconds that changes of slices by others wait: they come in groups."""
_GONE = -1


class NodeMissing(Exception):
    """Pods run on nodes that are not there yet."""


class Tracker:
    """The generations of the slices that were written here, by service (upstream: EndpointSliceTracker)."""

    def __init__(self) -> None:
        self._generations: dict[str, dict[str, int]] = {}

    def wrote(self, key: str, tree: Tree) -> None:
        self._generations.setdefault(key, {})[meta.uid(tree)] = meta.generation(tree)

    def deleted(self, key: str, tree: Tree) -> None:
        self._generations.setdefault(key, {})[meta.uid(tree)] = _GONE

    def is_ours(self, key: str, tree: Tree) -> bool:
        """The state was written here, or is older than what was."""
        return meta.generation(tree) <= self._generations.get(key, {}).get(meta.uid(tree), _GONE)

    def seen_gone(self, key: str, tree: Tree) -> bool:
        """Was the deletion asked for here?"""
        return self._generations.get(key, {}).pop(meta.uid(tree), 0) == _GONE

    def is_stale(self, key: str, trees: Sequence[Tree]) -> bool:
        """The cache does not know yet what was written."""
        seen = {meta.uid(tree): meta.generation(tree) for tree in trees}
        written = self._generations.get(key, {})
        return any((uid in seen) if wrote == _GONE else seen.get(uid, _GONE) < wrote for uid, wrote in written.items())

    def forget(self, key: str) -> None:
        self._generations.pop(key, None)


@controller("endpointslice-controller", workers=5, component="endpoint-slice-controller")
class EndpointSliceController:
    """Keys are namespace/name of services."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(ENDPOINT_SLICES)
        self._tracker, self._times = Tracker(), TriggerTimes()
        self._services = context.watch(SERVICES, context.enqueue)
        self._pods = context.watch(PODS, self._pod_changed)
        self._nodes = context.watch(NODES)
        self._slices = context.watch(ENDPOINT_SLICES, self._slice_changed)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        for key in services_changed(old, new, self._services):
            self._context.queue.add(key)

    def _slice_changed(self, old: Tree | None, new: Tree | None) -> None:
        keys = {key for tree in (old, new) if tree is not None and (key := _service_key(tree))}
        managed = {key for tree in (old, new) if tree is not None and _is_managed(tree) and (key := _service_key(tree))}
        for key in managed:
            if new is None and old is not None and self._tracker.seen_gone(key, old):
                continue
            if new is not None and len(keys) == 1 and _is_managed(new) and self._tracker.is_ours(key, new):
                continue
            self._context.queue.add_after(key, MIN_DELAY)

    async def reconcile(self, key: str) -> float | None:
        service = self._services.get(*split_key(key))
        if service is None:
            self._tracker.forget(key)
            self._times.forget(key)
            return None
        if not has_pods(service):
            return None
        ours = from_labels({SERVICE_NAME: meta.name(service), MANAGED_BY: OURS})
        slices = [tree for tree in self._slices.list(meta.namespace(service), ours) if not meta.is_being_deleted(tree)]
        if self._tracker.is_stale(key, slices):
            raise Requeue
        pods = behind(service, self._pods)
        time = self._times.changed(service, pods)
        changes = plan(service, pods, lambda name: self._nodes.get("", name), slices)
        try:
            await self._carry_out(key, service, changes, time)
        except (StatusError, NodeMissing) as error:
            text = f"Error updating Endpoint Slices for Service {key}: {error}"
            self._context.recorder.event(service, WARNING, "FailedToUpdateEndpointSlices", text, resource=SERVICES)
            raise
        return None

    async def _carry_out(self, key: str, service: Tree, changes: Changes, time: str | None) -> None:
        if not meta.is_being_deleted(service):
            await self._create(key, service, changes.create, time)
        for tree in changes.update:
            self._tracker.wrote(key, await self._client.update(_timed(tree, time)))
        for tree in changes.delete:
            await self._client.delete(meta.name(tree), meta.namespace(tree))
            self._tracker.deleted(key, tree)
        if changes.missing:
            raise NodeMissing("; ".join(changes.missing))

    async def _create(self, key: str, service: Tree, slices: Sequence[Tree], time: str | None) -> None:
        for tree in slices:
            try:
                self._tracker.wrote(key, await self._client.create(_timed(tree, time), meta.namespace(service)))
            except StatusError as error:
                if not is_namespace_terminating(error):
                    raise


def _timed(tree: Tree, time: str | None) -> Tree:
    return meta.with_annotations(tree, {TRIGGER_TIME: time})


def _is_managed(tree: Tree) -> bool:
    return meta.labels(tree).get(MANAGED_BY) == OURS


def _service_key(tree: Tree) -> str:
    name = meta.labels(tree).get(SERVICE_NAME)
    return f"{meta.namespace(tree)}/{name}" if name else ""
