"""What a stateful set needs next: pods in ascending order, down in descending order, updates from the last to the first. Pure.
Called by controller.

Upstream: pkg/controller/statefulset/stateful_set_control.go updateStatefulSet, processReplica, processCondemned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kcompat.apimachinery import intstr, meta
from kcompat.client.interface import Tree
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import spec_of, status_of
from kcompat.controllers.stateful_set.identity import (
    identity_matches,
    new_pod,
    ordinal,
    ordinals,
    replicas,
    revision_of,
    start,
    storage_matches,
)

CREATE, DELETE, UPDATE, CLAIMS, OWNERS = "create", "delete", "update", "claims", "owners"
"""What to do about a pod: make it, remove it, give it its identity back, make its missing claims, settle who owns its claims."""


@dataclass
class Plan:
    """Groups of (what, pod), one group after the other. updates: how many of them delete a pod of the current revision for an update."""

    groups: list[list[tuple[str, Tree]]] = field(default_factory=list)
    updates: int = 0


@dataclass(frozen=True)
class View:
    """A set at its current and at its new revision, and its pods."""

    stateful_set: Tree
    current: Tree
    update: Tree
    current_revision: str
    update_revision: str
    pods: Sequence[Tree]
    now: datetime

    @property
    def is_parallel(self) -> bool:
        return bool(spec_of(self.stateful_set).get("podManagementPolicy") == "Parallel")

    def is_available(self, pod: Tree) -> bool:
        return podutil.is_available(pod, spec_of(self.stateful_set).get("minReadySeconds") or 0, self.now)

    def is_unavailable(self, pod: Tree) -> bool:
        return meta.is_being_deleted(pod) or not self.is_available(pod)


@dataclass(frozen=True)
class Claims:
    """What the plan asks about the claims of a pod."""

    settled: Callable[[Tree], bool]
    stale: Callable[[Tree], bool]


class Blocked(Exception):
    """Nothing more can be done before what is under way has ended."""


def is_ready(pod: Tree) -> bool:
    return podutil.phase(pod) == "Running" and podutil.is_ready(pod)


def is_created(pod: Tree) -> bool:
    return podutil.phase(pod) != ""


def decide(view: View, claims: Claims) -> Plan:
    """The next steps; with OrderedReady pods, one at a time."""
    plan = Plan()
    if meta.is_being_deleted(view.stateful_set):
        return plan
    wanted, condemned = sort_out(view)
    first = next((pod for pod in [*wanted, *reversed(condemned)] if view.is_unavailable(pod)), None)
    try:
        _each(view, plan, wanted, lambda pod, steps: _replica(view, claims, pod, steps))
        _each(view, plan, condemned, lambda pod, steps: None if claims.settled(pod) else steps.append((OWNERS, pod)))
        _each(view, plan, condemned, lambda pod, steps: _condemned(view, pod, first, steps))
    except Blocked:
        return plan
    if (spec_of(view.stateful_set).get("updateStrategy") or {}).get("type") == "RollingUpdate":
        doomed = _to_update(view, wanted)
        plan.groups.append([(DELETE, pod) for pod in doomed])
        plan.updates = len(doomed)
    return plan


def sort_out(view: View) -> tuple[list[Tree], list[Tree]]:
    """The pods of the wanted places, new ones where there are none, and those of other places from the last to the first."""
    places = ordinals(view.stateful_set)
    present = {ordinal(pod): pod for pod in view.pods if ordinal(pod) in places}
    wanted = [present[place] if place in present else _new(view, place) for place in places]
    condemned = [pod for pod in view.pods if ordinal(pod) >= 0 and ordinal(pod) not in places]
    return wanted, sorted(condemned, key=ordinal, reverse=True)


def _new(view: View, place: int) -> Tree:
    """A pod of the revision its place is at (upstream: newVersionedStatefulSetPod)."""
    strategy = spec_of(view.current).get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    old = strategy.get("type") == "RollingUpdate" and rolling is None and place < _done(view, "currentReplicas")
    old = old or (rolling is not None and place < start(view.current) + (rolling.get("partition") or 0))
    if old:
        return new_pod(view.current, place, view.current_revision)
    return new_pod(view.update, place, view.update_revision)


def _done(view: View, count: str) -> int:
    return start(view.current) + int(status_of(view.current).get(count) or 0)


def _each(view: View, plan: Plan, pods: Sequence[Tree], step: Callable[[Tree, list[tuple[str, Tree]]], None]) -> None:
    """Looks at each pod; in parallel sets one that blocks does not hold up the others."""
    steps: list[tuple[str, Tree]] = []
    plan.groups.append(steps)
    for pod in pods:
        try:
            step(pod, steps)
        except Blocked:
            if not view.is_parallel:
                raise


def _replica(view: View, claims: Claims, pod: Tree, steps: list[tuple[str, Tree]]) -> None:
    if podutil.is_terminal(pod):
        if not meta.is_being_deleted(pod):
            steps.append((DELETE, pod))
        raise Blocked
    if not is_created(pod):
        if not claims.stale(pod):
            steps.append((CREATE, pod))
        raise Blocked
    if podutil.phase(pod) == "Pending":
        steps.append((CLAIMS, pod))
    if not view.is_parallel and (meta.is_being_deleted(pod) or not is_ready(pod) or not view.is_available(pod)):
        raise Blocked
    if not (identity_matches(view.stateful_set, pod) and storage_matches(view.stateful_set, pod) and claims.settled(pod)):
        steps.append((UPDATE, pod))


def _condemned(view: View, pod: Tree, first_unavailable: Tree | None, steps: list[tuple[str, Tree]]) -> None:
    if meta.is_being_deleted(pod):
        raise Blocked
    healthy = is_ready(pod) and view.is_available(pod)
    if view.is_parallel or healthy or pod is first_unavailable:
        steps.append((DELETE, pod))
    raise Blocked


def _to_update(view: View, wanted: Sequence[Tree]) -> list[Tree]:
    """Pods of an old revision to remove now, within maxUnavailable (upstream: updateStatefulSetAfterInvariantEstablished)."""
    rolling = (spec_of(view.stateful_set).get("updateStrategy") or {}).get("rollingUpdate") or {}
    allowed = max(intstr.scaled_value(rolling.get("maxUnavailable", 1), replicas(view.stateful_set), False), 1)
    unavailable = sum(1 for pod in wanted if view.is_unavailable(pod))
    old = [
        pod
        for pod in reversed(wanted[rolling.get("partition") or 0 :])
        if revision_of(pod) != view.update_revision and not meta.is_being_deleted(pod)
    ]
    if not view.is_parallel:
        return old[: max(allowed - unavailable, 0)]
    broken = [pod for pod in old if not view.is_available(pod)]
    return broken + [pod for pod in old if view.is_available(pod)][: max(allowed - unavailable, 0)]


def decide_status(view: View, plan: Plan, collisions: int) -> Tree:
    """The counts and revisions that describe the pods (upstream: updateStatus, completeUpdate). Counts that are zero are left out."""
    wanted, condemned = sort_out(view)
    members = [pod for pod in [*wanted, *condemned] if is_created(pod)]
    ready = [pod for pod in members if is_ready(pod)]
    living = [pod for pod in members if not meta.is_being_deleted(pod)]
    updated = sum(1 for pod in living if revision_of(pod) == view.update_revision)
    counts = {
        "readyReplicas": len(ready),
        "currentReplicas": sum(1 for pod in living if revision_of(pod) == view.current_revision) - plan.updates,
        "updatedReplicas": updated,
        "observedGeneration": meta.generation(view.stateful_set),
    }
    current = view.current_revision
    if updated == len(ready) == len(members) == replicas(view.stateful_set):
        counts["currentReplicas"], current = updated, view.update_revision
    status = {
        "replicas": len(members),
        "availableReplicas": sum(1 for pod in ready if view.is_available(pod)),
        "currentRevision": current,
        "updateRevision": view.update_revision,
        "collisionCount": collisions,
    }
    status |= {name: count for name, count in counts.items() if count}
    if conditions := status_of(view.stateful_set).get("conditions"):
        status["conditions"] = conditions
    return status
