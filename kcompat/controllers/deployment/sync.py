"""One sync of one deployment: reads its replica sets, asks the pure modules what to do, does it. Called by controller.

After each write the server's answer takes the place of the cached object, so that a sync never conflicts with itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import DEPLOYMENTS, REPLICA_SETS
from kcompat.controllers.consistency import Written
from kcompat.controllers.controller import Context, spec_of, status_of
from kcompat.controllers.deployment import revision, rollout, status
from kcompat.controllers.pod_control import is_namespace_terminating


class Sync:
    """replica_sets: those the deployment owns; pods_left: does a replica set still have pods that are not terminal?"""

    def __init__(
        self,
        context: Context,
        written: Written,
        deployment: Tree,
        replica_sets: Sequence[Tree],
        pods_left: Callable[[Tree], bool],
    ) -> None:
        client: Client = context.client
        self._deployments, self._replica_sets = client.of(DEPLOYMENTS), client.of(REPLICA_SETS)
        self._recorder, self._clock = context.recorder, context.clock
        self._written, self._pods_left = written, pods_left
        self.deployment = deployment
        self.new: Tree | None = None
        self.old: list[Tree] = []
        self.created = ""
        self._owned = sorted(replica_sets, key=rollout.by_age)

    @property
    def _all(self) -> list[Tree]:
        return [*self.old, *([self.new] if self.new else [])]

    async def run(self) -> float | None:
        """Returns after how many seconds to look for progress again, if that is due (upstream: syncDeployment)."""
        if meta.is_being_deleted(self.deployment):
            await self._find_revisions(create=False)
            await self._report_counts()
            return None
        if (pause := status.pause_condition(self.deployment, self._clock.now())) is not None:
            await self._write_status(status.with_condition(status_of(self.deployment), pause))
        if not spec_of(self.deployment).get("paused"):
            if (wanted := self._rollback_to()) is not None:
                await self._roll_back(wanted)
                return None
            await self._find_revisions(create=False)
            if not rollout.is_scaling(self.deployment, self._all):
                return await self._roll_out()
        await self._resize()
        return None

    async def _roll_out(self) -> float | None:
        if rollout.strategy(self.deployment) == rollout.RECREATE:
            return await self._recreate()
        return await self._roll()

    async def _resize(self) -> None:
        """A pause or a scaling event (upstream: sync)."""
        await self._find_revisions(create=False)
        await self._scale(rollout.resize(self.deployment, self.new, self.old))
        if spec_of(self.deployment).get("paused") and self._rollback_to() is None:
            await self._clean_up()
        await self._report_counts()

    async def _roll(self) -> float | None:
        """One step of a rolling update: up if possible, else down, else tidy up (upstream: rolloutRolling)."""
        new = await self._find_revisions(create=True)
        if new is None:
            return None
        if await self._scale(rollout.scale_up(self.deployment, new, self._all)):
            return await self._report_rollout()
        if await self._scale(rollout.scale_down(self.deployment, new, self.old)):
            return await self._report_rollout()
        if status.is_complete(self.deployment, status_of(self.deployment)):
            await self._clean_up()
        return await self._report_rollout()

    async def _recreate(self) -> float | None:
        """All old pods end before the first new one starts (upstream: rolloutRecreate)."""
        stopping = [rollout.Scale(meta.name(item), 0) for item in rollout.active(self.old)]
        if await self._scale(stopping) or self._old_pods_run():
            return await self._report_rollout()
        new = await self._find_revisions(create=True)
        if new is None:
            return None
        await self._scale([rollout.Scale(meta.name(new), rollout.size(self.deployment))])
        if status.is_complete(self.deployment, status_of(self.deployment)):
            await self._clean_up()
        return await self._report_rollout()

    def _old_pods_run(self) -> bool:
        return any(status_of(item).get("replicas") for item in self.old) or any(map(self._pods_left, self.old))

    # -- revisions

    async def _find_revisions(self, *, create: bool) -> Tree | None:
        """Sorts the replica sets into new and old, with annotations up to date; makes the new one if asked and missing
        (upstream: getAllReplicaSetsAndSyncRevision, getNewReplicaSet)."""
        found = revision.find_new(self.deployment, self._owned)
        self.old = [item for item in self._owned if found is None or meta.uid(item) != meta.uid(found)]
        number = revision.max_revision(self.old) + 1
        if found is not None:
            self.new = await self._refresh(found, number)
        elif create:
            self.new = await self._create(number)
        else:
            self.new = None
        return self.new

    async def _refresh(self, new: Tree, number: int) -> Tree:
        annotations = revision.annotations_of_new(self.deployment, new, number)
        seconds = spec_of(self.deployment).get("minReadySeconds") or 0
        if annotations != meta.annotations(new) or (spec_of(new).get("minReadySeconds") or 0) != seconds:
            spec = {key: value for key, value in spec_of(new).items() if key != "minReadySeconds"}
            spec |= {"minReadySeconds": seconds} if seconds else {}
            return await self._update(meta.with_metadata(new, annotations=annotations) | {"spec": spec})
        wanted = status_of(self.deployment)
        if status.has_deadline(self.deployment) and status.find(wanted, status.PROGRESSING) is None:
            message = f'Found new replica set "{meta.name(new)}"'
            wanted = status.with_condition(
                wanted, status.condition(status.PROGRESSING, "True", "FoundNewReplicaSet", message, self._clock.now())
            )
        await self._write_status(wanted, annotations.get(revision.REVISION, ""))
        return new

    async def _create(self, number: int) -> Tree | None:
        surge = rollout.max_surge(self.deployment)
        replicas = rollout.new_size(self.deployment, self.old, 0)
        made = revision.make(self.deployment, replicas, surge, number)
        try:
            created = await self._replica_sets.create(made)
        except StatusError as error:
            return await self._not_created(made, number, error)
        self._written.wrote(created)
        self.created = meta.key(created)
        self._owned.append(created)
        if replicas > 0:
            self._event(NORMAL, "ScalingReplicaSet", f"Scaled up replica set {meta.name(created)} from 0 to {replicas}")
        await self._tell_created(created, number)
        return created

    async def _tell_created(self, created: Tree, number: int) -> None:
        wanted = status_of(self.deployment)
        if status.has_deadline(self.deployment):
            message = f'Created new replica set "{meta.name(created)}"'
            wanted = status.with_condition(
                wanted, status.condition(status.PROGRESSING, "True", "NewReplicaSetCreated", message, self._clock.now())
            )
        await self._write_status(wanted, str(number))

    async def _not_created(self, made: Tree, number: int, error: StatusError) -> Tree | None:
        """A replica set of that name is the one wanted, or has another template under the same hash, or something else is wrong."""
        if error.reason == "AlreadyExists":
            present = await self._replica_sets.get(meta.name(made), meta.namespace(made))
            templates = (spec_of(self.deployment).get("template") or {}, spec_of(present).get("template") or {})
            if meta.is_controlled_by(present, self.deployment) and revision.same_template(*templates):
                self._owned.append(present)
                await self._write_status(status_of(self.deployment), str(number))
                return present
            collisions = (status_of(self.deployment).get("collisionCount") or 0) + 1
            await self._write_status({**status_of(self.deployment), "collisionCount": collisions})
        elif not is_namespace_terminating(error):
            await self._tell_failure(f'Failed to create new replica set "{meta.name(made)}": {error}')
        raise error

    async def _tell_failure(self, message: str) -> None:
        reason = "ReplicaSetCreateError"
        if status.has_deadline(self.deployment):
            failed = status.condition(status.PROGRESSING, "False", reason, message, self._clock.now())
            with contextlib.suppress(StatusError):  # the failure to create is the one to report
                await self._write_status(status.with_condition(status_of(self.deployment), failed))
        self._event(WARNING, reason, message)

    # -- sizes

    async def _scale(self, steps: Sequence[rollout.Scale]) -> bool:
        """Carries steps out in order; True if a size changed (upstream: scaleReplicaSet)."""
        scaled = False
        for step in steps:
            replica_set = next(item for item in self._all if meta.name(item) == step.name)
            scaled |= await self._scale_one(replica_set, step)
        return scaled

    async def _scale_one(self, replica_set: Tree, step: rollout.Scale) -> bool:
        before = rollout.size(replica_set)
        wanted = revision.replica_annotations(self.deployment, rollout.max_surge(self.deployment))
        current = meta.annotations(replica_set)
        if before == step.size and not (step.force and any(current.get(key) != value for key, value in wanted.items())):
            return False
        changed = meta.with_annotations(replica_set, wanted)
        self._replace(await self._update(changed | {"spec": {**spec_of(replica_set), "replicas": step.size}}))
        if before == step.size:
            return False
        direction = "up" if before < step.size else "down"
        self._event(NORMAL, "ScalingReplicaSet", f"Scaled {direction} replica set {step.name} from {before} to {step.size}")
        return True

    async def _clean_up(self) -> None:
        """Removes the oldest empty replica sets beyond the history limit (upstream: cleanupDeployment)."""
        limit = spec_of(self.deployment).get("revisionHistoryLimit")
        if limit is None or limit == status.NO_LIMIT:
            return
        alive = [item for item in self.old if not meta.is_being_deleted(item)]
        alive.sort(key=lambda item: (revision.revision_of(item) or 0, *rollout.by_age(item)))
        for item in alive[: max(0, len(alive) - limit)]:
            seen = (status_of(item).get("observedGeneration") or 0) >= meta.generation(item)
            if seen and not status_of(item).get("replicas") and not rollout.size(item):
                try:
                    await self._replica_sets.delete(meta.name(item), meta.namespace(item))
                except StatusError as error:
                    if error.code != 404:
                        raise

    # -- rollback, asked for by the annotation that stands for extensions/v1beta1's field

    def _rollback_to(self) -> int | None:
        try:
            return int(meta.annotations(self.deployment).get(revision.ROLLBACK_TO) or "none")
        except ValueError:
            return None

    async def _roll_back(self, wanted: int) -> None:
        await self._find_revisions(create=True)
        number = wanted or revision.last_revision(self._all)
        found = next((item for item in self._all if number and revision.revision_of(item) == number), None)
        changed = self.deployment
        if found is None:
            missing = "Unable to find last revision." if not number else "Unable to find the revision to rollback to."
            self._event(WARNING, "DeploymentRollbackRevisionNotFound", missing)
        elif revision.same_template(spec_of(found).get("template") or {}, spec_of(changed).get("template") or {}):
            message = f'The rollback revision contains the same template as current deployment "{meta.name(changed)}"'
            self._event(WARNING, "DeploymentRollbackTemplateUnchanged", message)
            found = None
        else:
            changed = revision.rolled_back(changed, found)
        self._take(await self._deployments.update(meta.with_annotations(changed, {revision.ROLLBACK_TO: None})))
        if found is not None:
            self._event(NORMAL, "DeploymentRollback", f'Rolled back deployment "{meta.name(changed)}" to revision {number}')

    # -- reports

    async def _report_counts(self) -> None:
        await self._write_status(status.counted(self.deployment, self._all, self.new, self._clock.now()))

    async def _report_rollout(self) -> float | None:
        now = self._clock.now()
        wrote = await self._write_status(status.of_rollout(self.deployment, self._all, self.new, now))
        return None if wrote else status.next_progress_check(self.deployment, now)

    async def _write_status(self, wanted: Tree, number: str = "") -> bool:
        """Writes a status, and with it the deployment's revision, if either changed."""
        changed = self.deployment
        if number and meta.annotations(changed).get(revision.REVISION) != number:
            changed = meta.with_annotations(changed, {revision.REVISION: number})
        if changed is self.deployment and status.same(status_of(changed), wanted):
            return False
        self._take(await self._deployments.update_status({**changed, "status": wanted}))
        return True

    def _take(self, deployment: Tree) -> None:
        self._written.wrote(deployment)
        self.deployment = deployment

    async def _update(self, replica_set: Tree) -> Tree:
        updated = await self._replica_sets.update(replica_set)
        self._written.wrote(updated)
        self._owned = [updated if meta.uid(item) == meta.uid(updated) else item for item in self._owned]
        return updated

    def _replace(self, updated: Tree) -> None:
        uid = meta.uid(updated)
        self.old = [updated if meta.uid(item) == uid else item for item in self.old]
        if self.new is not None and meta.uid(self.new) == uid:
            self.new = updated

    def _event(self, kind: str, reason: str, message: str) -> None:
        self._recorder.event(self.deployment, kind, reason, message, resource=DEPLOYMENTS)
