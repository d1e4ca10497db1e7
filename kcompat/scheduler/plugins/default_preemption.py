"""Makes room for a pod by deleting less important ones (plugins/defaultpreemption and framework/preemption)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.selectors import SelectorError, from_label_selector
from kcompat.client.resources import ResourceType
from kcompat.scheduler.diagnosis import histogram_of
from kcompat.scheduler.framework import (
    ASSIGNED_POD,
    Action,
    ClusterEvent,
    Code,
    CycleState,
    EventToRegister,
    Handle,
    PostFilterResult,
    Status,
    unresolvable,
    unschedulable,
)
from kcompat.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

Tree = dict[str, Any]

_NOT_HELPFUL = unresolvable("Preemption is not helpful for scheduling")
_NO_VICTIMS = unresolvable("No preemption victims found for incoming pod")
_LOWEST_PRIORITY = 2**31
_EMPTY: Mapping[str, Any] = {}

POD_DISRUPTION_BUDGETS = ResourceType("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node and whom to delete there, most important first; `violations` of disruption budgets."""

    node: NodeInfo
    victims: tuple[PodInfo, ...]
    violations: int


class DefaultPreemption:
    name = "DefaultPreemption"
    watches = (POD_DISRUPTION_BUDGETS,)

    def __init__(self, handle: Handle, args: Mapping[str, Any]) -> None:
        """args: DefaultPreemptionArgs (minCandidateNodesPercentage, minCandidateNodesAbsolute)."""
        self._handle = handle
        self._percentage = args.get("minCandidateNodesPercentage", 10)
        self._absolute = args.get("minCandidateNodesAbsolute", 100)

    def pre_enqueue(self, pod: Tree) -> Status | None:
        if meta.uid(pod) not in self._handle.preempting:
            return None
        return unresolvable("waiting for the preemption for this pod to be finished")

    def events_to_register(self) -> Sequence[EventToRegister]:
        """Never by itself: the plugins that rejected the pod know when the deletions help."""
        return (EventToRegister(ClusterEvent(ASSIGNED_POD, Action.DELETE), lambda pod, old, new: False),)

    def post_filter(
        self, state: CycleState, pod: Tree, snapshot: Snapshot, rejected: Mapping[int, Status]
    ) -> tuple[PostFilterResult | None, Status]:
        preemptor = PodInfo(pod)
        if (reason := self._ineligible(preemptor, snapshot, rejected)) is not None:
            return None, unschedulable(f"preemption: {reason}")
        nodes = [node for node in snapshot.rows if (status := rejected.get(node.row)) is not None and status.code is Code.UNSCHEDULABLE]
        candidates, statuses = self._dry_run(state, preemptor, nodes)
        if not candidates:
            reasons = histogram_of(len(snapshot), statuses, _NOT_HELPFUL)
            message = f"preemption: 0/{len(snapshot)} nodes are available: {reasons}."
            return PostFilterResult(""), unschedulable(message)
        best = pick(candidates)
        found = f"found a potential placement for pod on node {best.node.name}, preempting {len(best.victims)} victims"
        return PostFilterResult(best.node.name, best.victims), Status(Code.SUCCESS, (f"preemption: {found}",))

    def _ineligible(self, pod: PodInfo, snapshot: Snapshot, rejected: Mapping[int, Status]) -> str | None:
        """Why the pod may not preempt now (PodEligibleToPreemptOthers)."""
        if pod.pod["spec"].get("preemptionPolicy") == "Never":
            return "not eligible due to preemptionPolicy=Never."
        node = snapshot.node((pod.pod.get("status") or _EMPTY).get("nominatedNodeName") or "")
        if node is None:
            return None
        status = rejected.get(node.row)
        if status is not None and status.code is Code.UNSCHEDULABLE_AND_UNRESOLVABLE:
            return None
        if any(other.priority < pod.priority and _is_preempted(other) for other in node.pods.values()):
            return "not eligible due to a terminating pod on the nominated node."
        return None

    def _dry_run(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> tuple[list[Candidate], list[Status]]:
        """Candidates without violations first; stops when there are enough (DryRunPreemption)."""
        if not nodes:
            return [], []
        enough = min(max(len(nodes) * self._percentage // 100, self._absolute), len(nodes))
        offset = self._handle.choose(len(nodes))
        budgets = list(self._handle.listers.list("policy", "poddisruptionbudgets"))
        clean: list[Candidate] = []
        violating: list[Candidate] = []
        statuses: list[Status] = []
        for index in range(len(nodes)):
            outcome = self._select_victims(state.clone(), pod, nodes[(offset + index) % len(nodes)], budgets)
            if isinstance(outcome, Status):
                statuses.append(outcome)
                continue
            (violating if outcome.violations else clean).append(outcome)
            if clean and len(clean) + len(violating) >= enough:
                break
        return clean + violating, statuses

    def _select_victims(self, state: CycleState, pod: PodInfo, node: NodeInfo, budgets: Sequence[Tree]) -> Candidate | Status:
        """The fewest and least important pods whose removal lets the pod in (SelectVictimsOnNode)."""
        trial = node.clone()
        potential = [other for other in node.pods.values() if other.priority < pod.priority]
        if not potential:
            return _NO_VICTIMS
        for other in potential:
            self._remove(state, pod, other, trial)
        rejection = self._handle.run_filters(state, pod.pod, trial)
        if rejection is not None:
            return rejection
        potential.sort(key=_importance)
        violating, others = split_by_budgets(potential, budgets)
        kept = self._reprieve(state, pod, trial, [*violating, *others])
        victims = [other for other in [*violating, *others] if other.uid not in kept]
        if not victims:
            return Status(Code.ERROR, (f'expected at least one victim pod on node "{node.name}"',))
        violations = sum(other.uid not in kept for other in violating)
        return Candidate(node, tuple(sorted(victims, key=_importance)), violations)

    def _reprieve(self, state: CycleState, pod: PodInfo, trial: NodeInfo, potential: Sequence[PodInfo]) -> set[str]:
        """Puts back, one after the other, those beside whom the pod still fits."""
        kept = set()
        for other in potential:
            trial.add(other)
            self._handle.pod_added(state, pod.pod, other, trial)
            if self._handle.run_filters(state, pod.pod, trial) is None:
                kept.add(other.uid)
            else:
                self._remove(state, pod, other, trial)
        return kept

    def _remove(self, state: CycleState, pod: PodInfo, other: PodInfo, trial: NodeInfo) -> None:
        trial.remove(other.uid)
        self._handle.pod_removed(state, pod.pod, other, trial)


def _is_preempted(pod: PodInfo) -> bool:
    if not pod.terminating:
        return False
    condition = meta.find_condition(meta.conditions(pod.pod), "DisruptionTarget") or _EMPTY
    return bool(condition.get("status") == "True" and condition.get("reason") == "PreemptionByScheduler")


def _start_time(pod: PodInfo) -> str:
    """RFC 3339, which sorts by time; a pod that has not started is the youngest."""
    return (pod.pod.get("status") or _EMPTY).get("startTime") or "9"


def _importance(pod: PodInfo) -> tuple[int, str]:
    """Sorts the most important first: priority, then age (MoreImportantVictim)."""
    return (-pod.priority, _start_time(pod))


def split_by_budgets(pods: Sequence[PodInfo], budgets: Sequence[Tree]) -> tuple[list[PodInfo], list[PodInfo]]:
    """(those whose deletion would violate a PodDisruptionBudget, the others), orders kept (FilterVictimsWithPDBViolation)."""
    allowed = [(budget.get("status") or _EMPTY).get("disruptionsAllowed", 0) for budget in budgets]
    selectors = [_selects(budget) for budget in budgets]
    violating: list[PodInfo] = []
    others: list[PodInfo] = []
    for pod in pods:
        violates = False
        for index, selects in enumerate(selectors):
            if selects(pod):
                allowed[index] -= 1
                if allowed[index] < 0:
                    violates = True
                    break
        (violating if violates else others).append(pod)
    return violating, others


def _selects(budget: Tree) -> Callable[[PodInfo], bool]:
    namespace, done = meta.namespace(budget), (budget.get("status") or _EMPTY).get("disruptedPods") or _EMPTY
    try:
        selector = from_label_selector((budget.get("spec") or _EMPTY).get("selector"))
    except SelectorError:
        return lambda pod: False
    if selector.empty or selector.selects_nothing:
        return lambda pod: False
    return lambda pod: (
        bool(pod.labels) and pod.namespace == namespace and selector.matches(pod.labels) and meta.name(pod.pod) not in done
    )


def pick(candidates: Sequence[Candidate]) -> Candidate:
    """Fewest violations, least important victims, lowest sum of priorities, fewest pods, youngest (pickOneNodeForPreemption)."""
    rules: tuple[Callable[[Candidate], Any], ...] = (
        lambda candidate: -candidate.violations,
        lambda candidate: -candidate.victims[0].priority,
        lambda candidate: -sum(victim.priority + _LOWEST_PRIORITY for victim in candidate.victims),
        lambda candidate: -len(candidate.victims),
        lambda candidate: min(_start_time(v) for v in candidate.victims if v.priority == candidate.victims[0].priority),
    )
    remaining = list(candidates)
    for rule in rules:
        scores = [rule(candidate) for candidate in remaining]
        top = max(scores)
        remaining = [candidate for candidate, score in zip(remaining, scores, strict=True) if score == top]
        if len(remaining) == 1:
            break
    return remaining[0]
