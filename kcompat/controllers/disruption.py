"""PodDisruptionBudgets: how many pods are healthy, how many must be, and so how many evictions are allowed now
(upstream: pkg/controller/disruption).

Also takes back the DisruptionTarget condition of pods that were to be evicted and were not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kcompat.apimachinery import intstr, meta
from kcompat.apimachinery.clock import parse_rfc3339, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector, SelectorError, from_label_selector
from kcompat.client.discovery import discover
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS, ResourceType
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of

BUDGETS = ResourceType("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
DELETION_TIMEOUT = timedelta(minutes=2)
"""How long an evicted pod counts as gone though nobody deleted it."""
STALE_TIMEOUT = timedelta(minutes=2)
_POD = "pod:"
"""Before the keys of pods, which share the queue with budgets."""
_KNOWN = {
    ("apps", "ReplicaSet"): REPLICA_SETS,
    ("apps", "StatefulSet"): STATEFUL_SETS,
    ("", "ReplicationController"): REPLICATION_CONTROLLERS,
}


class NoScale(Exception):
    """How many pods are expected cannot be told."""


@dataclass(frozen=True, slots=True)
class Expected:
    """pods: how many there should be; healthy: how many of them must be; unmanaged: pods that nobody controls."""

    pods: int
    healthy: int
    unmanaged: Sequence[str] = ()


def needed(budget: Tree, pods: int) -> int:
    """How many of so many pods must be healthy. Raises ValueError for what is no percentage. Pure."""
    spec = spec_of(budget)
    if spec.get("maxUnavailable") is not None:
        return max(pods - intstr.scaled_value(spec["maxUnavailable"], pods, True), 0)
    return intstr.scaled_value(spec["minAvailable"], pods, True) if spec.get("minAvailable") is not None else 0


def still_disrupted(budget: Tree, pods: Iterable[Tree], now: datetime) -> tuple[dict[str, str], list[Tree]]:
    """Pods evicted and not deleted yet, by name with their time, and pods for which that took too long. Pure."""
    known: Mapping[str, str] = status_of(budget).get("disruptedPods") or {}
    waiting, overdue = {}, []
    for pod in pods:
        since = known.get(meta.name(pod))
        if since is None or meta.is_being_deleted(pod):
            continue
        if parse_rfc3339(since) + DELETION_TIMEOUT < now:
            overdue.append(pod)
        else:
            waiting[meta.name(pod)] = since
    return waiting, overdue


def decide_status(budget: Tree, pods: Sequence[Tree], expected: Expected, disrupted: Mapping[str, str], now: str) -> Tree:
    """The status that describes these pods (upstream: updatePdbStatus). Pure."""
    healthy = sum(1 for pod in pods if not meta.is_being_deleted(pod) and meta.name(pod) not in disrupted and podutil.is_ready(pod))
    allowed = max(healthy - expected.healthy, 0) if expected.pods > 0 else 0
    condition = {
        "type": "DisruptionAllowed",
        "status": "True" if allowed else "False",
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
        "observedGeneration": meta.generation(budget),
    }
    status = {
        "currentHealthy": healthy,
        "desiredHealthy": expected.healthy,
        "expectedPods": expected.pods,
        "disruptionsAllowed": allowed,
        "observedGeneration": meta.generation(budget),
        "conditions": list(meta.set_condition(meta.conditions(budget), condition, now)),
    }
    return status | ({"disruptedPods": dict(disrupted)} if disrupted else {})


def stale_for(pod: Tree, now: datetime) -> float | None:
    """Seconds until the pod's DisruptionTarget condition is stale, 0 if it is; None: it has none that could be. Pure."""
    condition = meta.find_condition(meta.conditions(pod), "DisruptionTarget")
    if meta.is_being_deleted(pod) or podutil.is_terminal(pod) or condition is None or condition["status"] != "True":
        return None
    if condition.get("reason") == "TerminationByKubelet" or not condition.get("lastTransitionTime"):
        return None
    return max((parse_rfc3339(condition["lastTransitionTime"]) + STALE_TIMEOUT - now).total_seconds(), 0.0)


@controller("disruption-controller", component="controllermanager")
class DisruptionController:
    """Keys are namespace/name of budgets, and of pods with a prefix."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client = context.client.of(BUDGETS)
        self._pods_client = context.client.of(PODS)
        self._budgets = context.watch(BUDGETS, context.enqueue)
        self._pods = context.watch(PODS, self._pod_changed)
        self._owners = {kind: context.watch(kind) for kind in (*_KNOWN.values(), DEPLOYMENTS)}

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        pod = new if new is not None else old
        assert pod is not None
        if (budget := self._budget_of(pod)) is not None:
            self._context.enqueue(None, budget)
        if new is not None and (wait := stale_for(new, self._context.clock.now())) is not None:
            self._context.queue.add_after(_POD + meta.key(new), wait)

    def _budget_of(self, pod: Tree) -> Tree | None:
        labels = meta.labels(pod)
        found = [b for b in self._budgets.list(meta.namespace(pod)) if (chosen := _selector(b)) is not None and chosen.matches(labels)]
        if len(found) > 1:
            message = (
                f'Pod "{meta.namespace(pod)}"/"{meta.name(pod)}" matches multiple PodDisruptionBudgets.  '
                f'Chose "{meta.name(found[0])}" arbitrarily.'
            )
            self._context.recorder.event(pod, WARNING, "MultiplePodDisruptionBudgets", message, resource=PODS)
        return found[0] if found else None

    async def reconcile(self, key: str) -> float | None:
        if key.startswith(_POD):
            return await self._clear_stale(*split_key(key.removeprefix(_POD)))
        budget = self._budgets.get(*split_key(key))
        if budget is None:
            return None
        try:
            return await self._sync(budget)
        except (NoScale, StatusError, ValueError) as error:
            if isinstance(error, StatusError) and error.reason == "Conflict":
                raise
            await self._fail_safe(budget, error)
            return None

    async def _sync(self, budget: Tree) -> float | None:
        selector = _selector(budget)
        pods = self._pods.list(meta.namespace(budget), selector) if selector is not None else []
        if not pods:
            self._tell(budget, NORMAL, "NoPods", "No matching pods found")
        expected = await self._expected(budget, pods)
        if expected.unmanaged:
            self._tell_unmanaged(budget)
        now = self._context.clock.now()
        disrupted, overdue = still_disrupted(budget, pods, now)
        for pod in overdue:
            message = f"Pod was expected by PDB {meta.namespace(budget)}/{meta.namespace(budget)} to be deleted but it wasn't"
            self._context.recorder.event(pod, WARNING, "NotDeleted", message, resource=PODS)
        await self._write(budget, decide_status(budget, pods, expected, disrupted, rfc3339(now)))
        ends = min((parse_rfc3339(since) for since in disrupted.values()), default=None)
        return None if ends is None else max((ends + DELETION_TIMEOUT - now).total_seconds(), 0.0)

    async def _expected(self, budget: Tree, pods: Sequence[Tree]) -> Expected:
        """Raises NoScale or ValueError."""
        if spec_of(budget).get("maxUnavailable") is None and isinstance(spec_of(budget).get("minAvailable"), int):
            return Expected(len(pods), spec_of(budget)["minAvailable"])
        if spec_of(budget).get("maxUnavailable") is None and spec_of(budget).get("minAvailable") is None:
            return Expected(0, 0)
        try:
            count, unmanaged = await self._scale_of(pods)
            return Expected(count, needed(budget, count), unmanaged)
        except (NoScale, StatusError, ValueError) as error:
            message = f"Failed to calculate the number of expected pods: {error}"
            self._tell(budget, WARNING, "CalculateExpectedPodCountFailed", message)
            raise

    async def _scale_of(self, pods: Iterable[Tree]) -> tuple[int, list[str]]:
        """How many pods the controllers of these pods want together, and pods without one (upstream: getExpectedScale)."""
        scales: dict[str, int] = {}
        unmanaged = []
        for pod in pods:
            owner = meta.controller_of(pod)
            if owner is None:
                unmanaged.append(meta.name(pod))
            elif owner["uid"] not in scales:
                uid, wanted = await self._scale(pod, owner)
                scales[uid] = wanted
        return sum(scales.values()), unmanaged

    async def _scale(self, pod: Tree, owner: Mapping[str, str]) -> tuple[str, int]:
        """The uid of the top controller of a pod and how many pods it wants."""
        kind = _KNOWN.get((owner["apiVersion"].rpartition("/")[0], owner["kind"]))
        found = self._owners[kind].get(meta.namespace(pod), owner["name"]) if kind is not None else None
        if found is not None and meta.uid(found) == owner["uid"]:
            above = meta.controller_of(found)
            if kind == REPLICA_SETS and above is not None and above["kind"] == DEPLOYMENTS.kind:
                found = self._owners[DEPLOYMENTS].get(meta.namespace(pod), above["name"])
            if found is not None and (above is None or kind != REPLICA_SETS or meta.uid(found) == above["uid"]):
                return meta.uid(found), int(spec_of(found).get("replicas", 1))
        return await self._scale_subresource(pod, owner)

    async def _scale_subresource(self, pod: Tree, owner: Mapping[str, str]) -> tuple[str, int]:
        """What a controller of any kind says in its scale subresource (upstream: getScaleController)."""
        kind = (await discover(self._context.client)).by_kind().get((owner["apiVersion"], owner["kind"]))
        if kind is None:
            raise NoScale(f'no matches for kind "{owner["kind"]}" in version "{owner["apiVersion"]}"')
        try:
            scale = await self._context.client.of(kind).get(owner["name"], meta.namespace(pod), subresource="scale")
        except StatusError as error:
            if error.code != 404:
                raise
            group = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
            raise NoScale(f"{group} does not implement the scale subresource") from error
        if meta.uid(scale) != owner["uid"]:
            raise NoScale(f'found no controllers for pod "{meta.name(pod)}"')
        return owner["uid"], int(spec_of(scale).get("replicas", 0))

    async def _write(self, budget: Tree, status: Tree) -> None:
        old = {**status_of(budget)}
        if status != {key: value for key, value in old.items() if value != {}}:
            await self._client.update_status({**budget, "status": status})

    async def _fail_safe(self, budget: Tree, error: Exception) -> None:
        """Allows no disruption while nothing is known."""
        condition = {
            "type": "DisruptionAllowed",
            "status": "False",
            "reason": "SyncFailed",
            "message": str(error),
            "observedGeneration": status_of(budget).get("observedGeneration") or 0,
        }
        found = meta.set_condition(meta.conditions(budget), condition, rfc3339(self._context.clock.now()))
        await self._write(budget, {**status_of(budget), "disruptionsAllowed": 0, "conditions": list(found)})

    async def _clear_stale(self, namespace: str, name: str) -> float | None:
        pod = self._pods.get(namespace, name)
        wait = stale_for(pod, self._context.clock.now()) if pod is not None else None
        if pod is None or wait is None or wait > 0:
            return wait
        condition = {"type": "DisruptionTarget", "status": "False", "reason": "", "message": ""}
        found = meta.set_condition(meta.conditions(pod), condition, rfc3339(self._context.clock.now()))
        await self._pods_client.update_status({**pod, "status": {**status_of(pod), "conditions": list(found)}})
        return None

    def _tell(self, budget: Tree, kind: str, reason: str, message: str) -> None:
        self._context.recorder.event(budget, kind, reason, message, resource=BUDGETS)

    def _tell_unmanaged(self, budget: Tree) -> None:
        message = (
            f"Pods selected by this PodDisruptionBudget (selector: {_printed(spec_of(budget).get('selector'))}) were found "
            "to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. "
            'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
        )
        self._tell(budget, WARNING, "UnmanagedPods", message)


def _printed(selector: Tree | None) -> str:
    """As Go prints it."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{item['key']},Operator:{item['operator']},Values:[{' '.join(item.get('values') or ())}],}},"
        for item in selector.get("matchExpressions") or ()
    )
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"


def _selector(budget: Tree) -> LabelSelector | None:
    """None: it selects nothing, or cannot be read."""
    try:
        return from_label_selector(spec_of(budget).get("selector"))
    except SelectorError:
        return None
