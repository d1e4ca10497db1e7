"""Making and removing the pods of a controlling object, with the events that tell of it (upstream: controller_utils.go RealPodControl).

Used by the controllers that own pods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kcompat.apimachinery import meta, names
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.events import NORMAL, WARNING, EventRecorder
from kcompat.client.interface import Tree
from kcompat.client.resources import PODS, ResourceType


class PodError(Exception):
    """A pod could not be made or removed for a reason that is no answer of the server."""


def pod_from_template(template: Tree, owner: Tree, owner_type: ResourceType) -> Tree:
    """The pod to create for owner, named by the server; shares subtrees with the template (upstream: GetPodFromTemplate)."""
    metadata = template.get("metadata") or {}
    pod_metadata = {key: metadata[key] for key in ("labels", "annotations", "finalizers") if metadata.get(key)}
    pod_metadata["generateName"] = pods_prefix(meta.name(owner))
    pod_metadata["ownerReferences"] = [meta.controller_reference(owner, owner_type.api_version, owner_type.kind)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": pod_metadata, "spec": template.get("spec") or {}}


def pods_prefix(controller_name: str) -> str:
    """The controller's name and a dash, where that leaves a valid pod name (upstream: getPodsPrefix)."""
    prefix = f"{controller_name}-"
    return controller_name if names.name_is_dns_subdomain(prefix, prefix=True) else prefix


def is_namespace_terminating(error: BaseException) -> bool:
    return isinstance(error, StatusError) and error.has_cause("NamespaceTerminating")


class PodControl:
    """Acts as one controller."""

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._pods = client.of(PODS)
        self._recorder = recorder

    async def create(self, pod: Tree, owner: Tree, owner_type: ResourceType) -> Tree:
        """Creates a pod in the owner's namespace; raises what the server answered, having told the owner."""
        if not pod["metadata"].get("labels"):
            raise PodError("unable to create pods, no labels")
        try:
            created = await self._pods.create(pod, meta.namespace(owner))
        except StatusError as error:
            if not is_namespace_terminating(error):
                self._recorder.event(owner, WARNING, "FailedCreate", f"Error creating: {error}", resource=owner_type)
            raise
        self._recorder.event(owner, NORMAL, "SuccessfulCreate", f"Created pod: {meta.name(created)}", resource=owner_type)
        return created

    async def delete(self, pod: Tree, owner: Tree, owner_type: ResourceType) -> None:
        """Deletes a pod; raises StatusError 404 if there is none, PodError for any other failure."""
        name = meta.name(pod)
        try:
            await self._pods.delete(name, meta.namespace(pod))
        except StatusError as error:
            if error.code == 404:
                raise
            self._recorder.event(owner, WARNING, "FailedDelete", f"Error deleting: {error}", resource=owner_type)
            raise PodError(f"unable to delete pods: {error}") from error
        self._recorder.event(owner, NORMAL, "SuccessfulDelete", f"Deleted pod: {name}", resource=owner_type)


async def slow_start(count: int, create: Callable[[], Awaitable[None]]) -> tuple[int, Exception | None]:
    """Calls create count times, concurrently in batches of 1, 2, 4, …; a failure ends it with its batch (upstream: slowStartBatch).

    Returns how many succeeded, and the first error.
    """
    succeeded, size = 0, min(count, 1)
    remaining = count
    while size > 0:
        results = await asyncio.gather(*(create() for _ in range(size)), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        succeeded += size - len(errors)
        for error in errors:
            if not isinstance(error, Exception):
                raise error
            return succeeded, error
        remaining -= size
        size = min(2 * size, remaining)
    return succeeded, None
