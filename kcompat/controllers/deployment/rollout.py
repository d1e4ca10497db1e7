"""How large each replica set of a deployment is to be. Pure: trees in, sizes out. Called by sync.

Upstream: pkg/controller/deployment/{rolling,sync}.go and util/deployment_util.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kcompat.apimachinery import meta
from kcompat.apimachinery.intstr import scaled_value
from kcompat.client.interface import Tree
from kcompat.controllers.controller import spec_of, status_of
from kcompat.controllers.deployment.revision import DESIRED_REPLICAS, MAX_REPLICAS

ROLLING_UPDATE = "RollingUpdate"
RECREATE = "Recreate"


@dataclass(frozen=True, slots=True)
class Scale:
    """One replica set is to have `size` replicas. force: its annotations are to be brought up to date even if the size fits."""

    name: str
    size: int
    force: bool = False


def size(tree: Tree) -> int:
    """spec.replicas of a deployment or replica set."""
    replicas = spec_of(tree).get("replicas")
    return 1 if replicas is None else int(replicas)


def available(replica_set: Tree) -> int:
    return status_of(replica_set).get("availableReplicas") or 0


def total(replica_sets: Iterable[Tree]) -> int:
    return sum(map(size, replica_sets))


def active(replica_sets: Iterable[Tree]) -> list[Tree]:
    """Those that ought to have pods."""
    return [replica_set for replica_set in replica_sets if size(replica_set) > 0]


def by_age(replica_set: Tree) -> tuple[str, str]:
    """Sort key: oldest first, then by name (upstream: ReplicaSetsByCreationTimestamp)."""
    return meta.creation_timestamp(replica_set), meta.name(replica_set)


def strategy(deployment: Tree) -> str:
    return (spec_of(deployment).get("strategy") or {}).get("type") or ROLLING_UPDATE


def _fenceposts(deployment: Tree) -> tuple[int, int]:
    """maxSurge and maxUnavailable as numbers; one unavailable where both round to nothing, for a surge may not fit the quota
    (upstream: ResolveFenceposts). Invalid values cannot have been stored; they count as zero."""
    rolling = (spec_of(deployment).get("strategy") or {}).get("rollingUpdate") or {}
    try:
        surge = scaled_value(rolling.get("maxSurge", 0), size(deployment), True)
        unavailable = scaled_value(rolling.get("maxUnavailable", 0), size(deployment), False)
    except ValueError:
        return 0, 0
    return (0, 1) if surge == 0 and unavailable == 0 else (surge, unavailable)


def max_surge(deployment: Tree) -> int:
    return _fenceposts(deployment)[0] if strategy(deployment) == ROLLING_UPDATE else 0


def max_unavailable(deployment: Tree) -> int:
    if strategy(deployment) != ROLLING_UPDATE or size(deployment) == 0:
        return 0
    return min(_fenceposts(deployment)[1], size(deployment))


def new_size(deployment: Tree, replica_sets: Iterable[Tree], current: int) -> int:
    """The size of the new replica set, now `current`, given all of them (upstream: NewRSNewReplicas)."""
    wanted = size(deployment)
    if strategy(deployment) == RECREATE:
        return wanted
    room = wanted + max_surge(deployment) - total(replica_sets)
    return current if room <= 0 else current + min(room, wanted - current)


def scale_up(deployment: Tree, new: Tree, replica_sets: Iterable[Tree]) -> list[Scale]:
    """The new replica set's next step (upstream: reconcileNewReplicaSet)."""
    wanted, current = size(deployment), size(new)
    if current == wanted:
        return []
    target = wanted if current > wanted else new_size(deployment, replica_sets, current)
    return [Scale(meta.name(new), target)] if target != current else []


def scale_down(deployment: Tree, new: Tree, old: Sequence[Tree]) -> list[Scale]:
    """The old replica sets' next steps: first away with what is not available anyway, then with what availability allows
    (upstream: reconcileOldReplicaSets). A replica set may be scaled twice."""
    old = sorted(active(old), key=by_age)
    if not old:
        return []
    min_available = size(deployment) - max_unavailable(deployment)
    room = total(old) + size(new) - min_available - (size(new) - available(new))
    if room <= 0:
        return []
    sizes = {meta.name(replica_set): size(replica_set) for replica_set in old}
    steps, settled = _unhealthy(old, sizes, room)
    if not settled:
        return steps
    spare = available(new) + sum(map(available, old)) - min_available
    return steps + _surplus(old, sizes, spare)


def _unhealthy(old: Sequence[Tree], sizes: dict[str, int], room: int) -> tuple[list[Scale], bool]:
    """Takes the sizes down with it; False: a replica set still counts pods it is about to remove, so that what is available is not known
    (upstream: cleanupUnhealthyReplicas)."""
    steps: list[Scale] = []
    for replica_set in old:
        name = meta.name(replica_set)
        gone = min(room, sizes[name] - available(replica_set))
        if gone < 0:
            return steps, False
        if gone > 0:
            sizes[name] -= gone
            room -= gone
            steps.append(Scale(name, sizes[name]))
        if room == 0:
            break
    return steps, True


def _surplus(old: Sequence[Tree], sizes: dict[str, int], spare: int) -> list[Scale]:
    """upstream: scaleDownOldReplicaSetsForRollingUpdate."""
    steps = []
    for replica_set in old:
        name = meta.name(replica_set)
        gone = min(sizes[name], spare)
        if gone > 0:
            sizes[name] -= gone
            spare -= gone
            steps.append(Scale(name, sizes[name]))
    return steps


def resize(deployment: Tree, new: Tree | None, old: Sequence[Tree]) -> list[Scale]:
    """The answer to a changed spec.replicas, also in the middle of a rollout or a pause (upstream: scale)."""
    wanted = size(deployment)
    only = active_or_latest(new, old)
    if only is not None:
        return [Scale(meta.name(only), wanted)] if size(only) != wanted else []
    if new is not None and is_saturated(deployment, new):
        return [Scale(meta.name(replica_set), 0) for replica_set in active(old)]
    if strategy(deployment) != ROLLING_UPDATE:
        return []
    return _proportionally(deployment, active([*old, *([new] if new else [])]))


def active_or_latest(new: Tree | None, old: Sequence[Tree]) -> Tree | None:
    """The only active replica set, or the newest if none is; None if several are (upstream: FindActiveOrLatest)."""
    newest_first = sorted(old, key=by_age, reverse=True)
    alive = active([*newest_first, *([new] if new else [])])
    if len(alive) > 1:
        return None
    if alive:
        return alive[0]
    return new or (newest_first[0] if newest_first else None)


def is_saturated(deployment: Tree, replica_set: Tree) -> bool:
    """It has all the replicas, knows that these are all, and they are available (upstream: IsSaturated)."""
    wanted = size(deployment)
    desired = meta.annotations(replica_set).get(DESIRED_REPLICAS, "")
    return size(replica_set) == wanted and _non_negative(desired) == wanted and available(replica_set) == wanted


def is_scaling(deployment: Tree, replica_sets: Iterable[Tree]) -> bool:
    """An active replica set was sized for another spec.replicas (upstream: isScalingEvent)."""
    known = (_non_negative(meta.annotations(item).get(DESIRED_REPLICAS, "")) for item in active(replica_sets))
    return any(desired is not None and desired != size(deployment) for desired in known)


def _proportionally(deployment: Tree, replica_sets: list[Tree]) -> list[Scale]:
    """Shares what is to be added or removed by size, the rounding going to the largest."""
    allowed = size(deployment) + max_surge(deployment) if size(deployment) > 0 else 0
    change = allowed - total(replica_sets)
    if change > 0:
        replica_sets.sort(key=by_age, reverse=True)
    elif change < 0:
        replica_sets.sort(key=by_age)
    if change:
        replica_sets.sort(key=size, reverse=True)
    sizes, changed = [], 0
    for replica_set in replica_sets:
        share = _share(deployment, replica_set, change, change - changed) if change else 0
        sizes.append(size(replica_set) + share)
        changed += share
    if sizes and change:
        sizes[0] = max(0, sizes[0] + change - changed)
    return [Scale(meta.name(item), wanted, force=True) for item, wanted in zip(replica_sets, sizes, strict=True)]


def _share(deployment: Tree, replica_set: Tree, change: int, left: int) -> int:
    """upstream: GetReplicaSetProportion."""
    if left == 0:
        return 0
    fraction = _fraction(deployment, replica_set)
    return min(fraction, left) if change > 0 else max(fraction, left)


def _fraction(deployment: Tree, replica_set: Tree) -> int:
    """By how much a replica set grows when it keeps its part of the deployment (upstream: getReplicaSetFraction)."""
    current = size(replica_set)
    if size(deployment) == 0:
        return -current
    before = _non_negative(meta.annotations(replica_set).get(MAX_REPLICAS, "")) or status_of(deployment).get("replicas") or 0
    if not before:
        return 0
    return int(current * (size(deployment) + max_surge(deployment)) / before + 0.5) - current


def _non_negative(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**31 else None
