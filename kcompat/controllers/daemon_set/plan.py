"""Which daemon pods to make and to remove: to have one on every node that fits, and to roll a new template out. Pure. Called by controller.

Upstream: pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode, update.go rollingUpdate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kcompat.apimachinery import intstr, meta
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.interface import Tree
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import spec_of
from kcompat.controllers.daemon_set.placement import HASH_LABEL, Placement, is_updated, template_generation

ByNode = Mapping[str, Sequence[Tree]]
MayReplace = Callable[[str], bool]
"""May the failed pod of this node be removed now? False: it was done a moment ago, wait."""


@dataclass
class Plan:
    """Nodes that get a pod, pods that go, and what to tell about it: (type, reason, message)."""

    create: list[str] = field(default_factory=list)
    delete: list[Tree] = field(default_factory=list)
    events: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """A daemon set and what there is of it. pods: by the node they are on or for; digest: the current revision's hash."""

    daemon_set: Tree
    nodes: Sequence[Tree]
    pods: ByNode
    digest: str
    now: datetime

    def is_available(self, pod: Tree) -> bool:
        return podutil.is_available(pod, spec_of(self.daemon_set).get("minReadySeconds") or 0, self.now)


def by_age(pods: Iterable[Tree]) -> list[Tree]:
    """Scheduled ones first, then the oldest (upstream: podByCreationTimestampAndPhase)."""
    return sorted(pods, key=lambda pod: (not podutil.node_name(pod), meta.creation_timestamp(pod), meta.name(pod)))


# -- one pod on every node


def manage(view: View, placement: Placement, may_replace: MayReplace) -> Plan:
    """What is missing on nodes that fit and too much on others."""
    plan = Plan()
    for node in view.nodes:
        _manage_node(view, node, placement, may_replace, plan)
    known = {meta.name(node) for node in view.nodes}
    # The pod garbage collector sees only pods that were bound; these wait for a node that is gone.
    plan.delete += [pod for name, pods in view.pods.items() if name not in known for pod in pods if not podutil.node_name(pod)]
    return plan


def _manage_node(view: View, node: Tree, placement: Placement, may_replace: MayReplace, plan: Plan) -> None:
    should_run, should_stay = placement.judge(node)
    name = meta.name(node)
    pods = view.pods.get(name)
    if should_run and pods is None:
        plan.create.append(name)
    elif should_stay:
        running = _running(pods or (), name, may_replace, plan)
        if surge(view.daemon_set, 1) > 0:
            _prune_surge(view, name, running, should_run, plan)
        else:
            plan.delete += by_age(running)[1:]
    elif pods is not None:
        plan.delete += [pod for pod in pods if not meta.is_being_deleted(pod)]


def _running(pods: Sequence[Tree], node: str, may_replace: MayReplace, plan: Plan) -> list[Tree]:
    """The pods that have not ended; those that have are to be removed."""
    running = []
    for pod in pods:
        if meta.is_being_deleted(pod):
            continue
        phase, what = podutil.phase(pod), f"{meta.namespace(pod)}/{meta.name(pod)}"
        if phase == "Failed":
            if may_replace(node):
                plan.events.append((WARNING, "FailedDaemonPod", f"Found failed daemon pod {what} on node {node}, will try to kill it"))
                plan.delete.append(pod)
        elif phase == "Succeeded":
            plan.events.append((NORMAL, "SucceededDaemonPod", f"Found succeeded daemon pod {what} on node {node}, will try to delete it"))
            plan.delete.append(pod)
        else:
            running.append(pod)
    return running


def _prune_surge(view: View, node: str, running: list[Tree], should_run: bool, plan: Plan) -> None:
    """With surge, an old pod may stay beside a new one until the new one is available; everything else goes."""
    if len(running) <= 1:
        if not running and should_run:
            plan.create.append(node)
        return
    kept: dict[bool, Tree] = {}
    for pod in by_age(running):
        is_new = meta.labels(pod).get(HASH_LABEL) == view.digest
        if is_new in kept:
            plan.delete.append(pod)
        else:
            kept[is_new] = pod
    if len(kept) == 2 and (not podutil.is_ready(kept[False]) or view.is_available(kept[True])):
        plan.delete.append(kept[False])


# -- a new template


def surge(daemon_set: Tree, wanted: int) -> int:
    """How many pods more than wanted an update may have (upstream: SurgeCount)."""
    value = _rolling(daemon_set).get("maxSurge")
    return intstr.scaled_value(value, wanted, True) if value is not None else 0


def max_unavailable(daemon_set: Tree, wanted: int) -> int:
    rolling = _rolling(daemon_set)
    return intstr.scaled_value(rolling["maxUnavailable"], wanted, True) if "maxUnavailable" in rolling else 0


def _rolling(daemon_set: Tree) -> Mapping[str, intstr.IntOrString]:
    strategy = spec_of(daemon_set).get("updateStrategy") or {}
    found: Mapping[str, intstr.IntOrString] = (strategy.get("rollingUpdate") or {}) if strategy.get("type") == "RollingUpdate" else {}
    return found


def rolling_update(view: View, placement: Placement) -> Plan:
    """The next pods to replace, within what the strategy allows."""
    fitting = [meta.name(node) for node in view.nodes if placement.should_run(node)]
    pods: ByNode = {**dict.fromkeys(fitting, ()), **view.pods}
    surges, unavailable = surge(view.daemon_set, len(fitting)), max_unavailable(view.daemon_set, len(fitting))
    if surges == 0:
        return _replace(view, pods, unavailable or (1 if fitting else 0))
    return _surge(view, pods, placement, surges, len(fitting))


def _old_and_new(view: View, pods: Sequence[Tree]) -> tuple[Tree | None, Tree | None] | None:
    """The one old and the one new pod of a node; None where there are several of a kind (upstream: findUpdatedPodsOnNode)."""
    generation = template_generation(view.daemon_set)
    living = [pod for pod in pods if not meta.is_being_deleted(pod)]
    new = [pod for pod in living if is_updated(pod, view.digest, generation)]
    old = [pod for pod in living if not is_updated(pod, view.digest, generation)]
    if len(new) > 1 or len(old) > 1:
        return None
    return (old[0] if old else None), (new[0] if new else None)


def _replace(view: View, pods: ByNode, allowed: int) -> Plan:
    """Old pods go first, new ones follow; those not available go at once."""
    unavailable, broken, candidates = 0, [], []
    for on_node in pods.values():
        found = _old_and_new(view, on_node)
        old, new = found or (None, None)
        if (old is None) == (new is None):  # nothing, or too much: the main loop sees to it
            unavailable += 1
        elif new is not None:
            unavailable += not view.is_available(new)
        elif old is not None and not view.is_available(old):
            broken.append(old)
            unavailable += 1
        elif old is not None and unavailable < allowed:
            candidates.append(old)
    return Plan(delete=[*broken, *candidates[: max(allowed - unavailable, 0)]])


def _surge(view: View, pods: ByNode, placement: Placement, allowed: int, wanted: int) -> Plan:
    """New pods come beside old ones, which go when their new one is available."""
    nodes = {meta.name(node): node for node in view.nodes}
    plan, surging, available = Plan(), 0, 0
    candidates: list[str] = []
    unwelcome: list[Tree] = []
    for name, on_node in pods.items():
        found = _old_and_new(view, on_node)
        if found is None:
            surging += 1
            continue
        old, new = found
        counted = old if old is not None else new
        available += counted is not None and view.is_available(counted)
        if old is None:
            continue
        if new is not None:
            if view.is_available(new):
                plan.delete.append(old)
            else:
                surging += 1
        elif name in nodes and placement.should_run(nodes[name]):
            (candidates if view.is_available(old) else plan.create).append(name)
        elif view.is_available(old):
            unwelcome.append(old)
        else:
            plan.delete.append(old)
    plan.delete += unwelcome[: max(available - wanted, 0)]
    plan.create += candidates[: max(allowed - surging, 0)]
    return plan
