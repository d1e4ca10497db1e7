"""Deletes finished jobs ttlSecondsAfterFinished after their end (upstream: pkg/controller/ttlafterfinished)."""

from __future__ import annotations

from datetime import datetime, timedelta

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import JOBS
from kcompat.controllers.controller import Context, controller, spec_of, split_key


def time_left(job: Tree, now: datetime) -> float | None:
    """Seconds until the job is to be deleted, not above 0 when it is now; None: it is not to be, or not yet known when."""
    seconds = spec_of(job).get("ttlSecondsAfterFinished")
    if seconds is None or meta.is_being_deleted(job):
        return None
    for condition in meta.conditions(job):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True" and condition.get("lastTransitionTime"):
            expires = parse_rfc3339(condition["lastTransitionTime"]) + timedelta(seconds=seconds)
            return (expires - now).total_seconds()
    return None


@controller("ttl-after-finished-controller", workers=5)
class TTLAfterFinishedController:
    """Keys are namespace/name of jobs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(JOBS)
        self._jobs = context.watch(JOBS, self._changed)

    def _changed(self, _old: Tree | None, new: Tree | None) -> None:
        if new is not None and time_left(new, self._context.clock.now()) is not None:
            self._context.queue.add(meta.key(new))

    async def reconcile(self, key: str) -> float | None:
        job = self._jobs.get(*split_key(key))
        left = self._left(job)
        if left is None or left > 0:
            return left
        try:
            await self._delete_if_still_due(*split_key(key))
        except StatusError as error:
            if error.code != 404:
                raise
        return None

    async def _delete_if_still_due(self, namespace: str, name: str) -> None:
        """The cache may be old; somebody may have prolonged the life of the job."""
        fresh = await self._client.get(name, namespace)
        left = self._left(fresh)
        if left is not None and left <= 0:
            await self._client.delete(name, namespace, uid=meta.uid(fresh), propagation="Foreground")

    def _left(self, job: Tree | None) -> float | None:
        return time_left(job, self._context.clock.now()) if job is not None else None
