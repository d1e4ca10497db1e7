"""The controller of HorizontalPodAutoscalers: looks at each every few seconds, and at once when its spec changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.selectors import LabelSelector, SelectorError, parse_label_selector
from kcompat.client.discovery import discover
from kcompat.client.interface import Tree
from kcompat.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS, ResourceType
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of
from kcompat.controllers.horizontal_pod_autoscaler.limits import History, normalize
from kcompat.controllers.horizontal_pod_autoscaler.metrics import Metrics
from kcompat.controllers.horizontal_pod_autoscaler.proposals import CannotPropose, Proposals, Target

log = logging.getLogger(__name__)

HORIZONTAL_POD_AUTOSCALERS = ResourceType("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
DISCOVERY_SECONDS = 10.0
RETRIES = 5
_KNOWN = {(kind.group, kind.kind): kind for kind in (DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, REPLICATION_CONTROLLERS)}
_FAILED_GET = "the HPA controller was unable to get the target's current scale: "


class Failed(Exception):
    """The autoscaler cannot do its work now; its status says why."""


class Draft:
    """The status of one autoscaler while it is worked out."""

    def __init__(self, autoscaler: Tree, now: str) -> None:
        self.tree, self._now = autoscaler, now
        self.status: Tree = dict(status_of(autoscaler))

    def condition(self, kind: str, status: str, reason: str, message: str) -> None:
        new = {"type": kind, "status": status, "reason": reason, "message": message}
        self.status["conditions"] = list(meta.set_condition(self.status.get("conditions") or [], new, self._now))

    def is_true(self, kind: str) -> bool:
        return meta.is_condition_true(self.status.get("conditions") or (), kind)

    def measured(self, current: int, desired: int, metrics: list[Tree], *, rescaled: bool = False) -> None:
        """(upstream: setStatus)"""
        kept: Tree = {key: self.status[key] for key in ("lastScaleTime", "conditions") if key in self.status}
        self.status = {"currentReplicas": current, "desiredReplicas": desired, "observedGeneration": meta.generation(self.tree), **kept}
        if metrics:
            self.status["currentMetrics"] = metrics
        if rescaled:
            self.status["lastScaleTime"] = self._now

    @property
    def changed(self) -> bool:
        return bool(self.status != status_of(self.tree))


@controller("horizontal-pod-autoscaler-controller", account="horizontal-pod-autoscaler", workers=5)
class HorizontalPodAutoscalerController:
    """Keys are namespace/name of autoscalers."""

    def __init__(self, context: Context) -> None:
        self._context, self._clock, self._settings = context, context.clock, context.settings.autoscaling
        self._client = context.client.of(HORIZONTAL_POD_AUTOSCALERS)
        self._autoscalers = context.watch(HORIZONTAL_POD_AUTOSCALERS, self._changed)
        self._pods = context.watch(PODS)
        self._histories: dict[str, History] = {}
        self._selectors: dict[str, LabelSelector] = {}
        self._kinds: dict[tuple[str, str], ResourceType] = dict(_KNOWN)
        self._discovered_at = float("-inf")
        self._proposals = Proposals(Metrics(context.client, self._resource_of), context.clock.now, self._settings)

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        """Its own status calls for nothing: it is looked at again soon anyhow."""
        if new is None and old is not None:
            self._histories.pop(meta.key(old), None)
            self._selectors.pop(meta.key(old), None)
        elif new is not None and (old is None or meta.generation(old) != meta.generation(new)):
            self._context.queue.add(meta.key(new))

    async def reconcile(self, key: str) -> float | None:
        autoscaler = self._autoscalers.get(*split_key(key))
        if autoscaler is None:
            return None
        draft = Draft(autoscaler, rfc3339(self._clock.now()))
        try:
            await self._autoscale(draft, self._histories.setdefault(key, History()))
        except Failed as error:
            log.info("autoscaler %s: %s", key, error)
        if draft.changed:
            await self._write(draft)
        return self._settings.sync_period

    async def _autoscale(self, draft: Draft, history: History) -> None:
        """Fills the draft and scales. Raises Failed."""
        resource, scale = await self._scale_of(draft)
        draft.condition("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale")
        spec, now = spec_of(draft.tree), self._clock.monotonic()
        current, minimum, maximum = spec_of(scale).get("replicas", 0), spec.get("minReplicas", 1), spec["maxReplicas"]
        if not history.recommendations:
            history.recommend(now, current)
        metrics: list[Tree] = []
        was_scaled_to_zero = draft.is_true("ScaledToZero")
        if current == 0 and not (was_scaled_to_zero and (minimum or _measures_beyond_pods(spec))):
            told = "scaling is disabled since the replica count of the target is zero"
            draft.condition("ScalingActive", "False", "ScalingDisabled", told)
            draft.measured(current, current, metrics)
            return
        if current > maximum:
            desired, why = maximum, "Current number of replicas above Spec.MaxReplicas"
        elif 0 < current < minimum:
            desired, why = minimum, "Current number of replicas below Spec.MinReplicas"
        else:
            desired, why, metrics = await self._by_metrics(draft, history, scale, current, minimum)
        if desired != current:
            await self._rescale(draft, resource, scale, (current, desired, why), metrics)
            if spec.get("behavior"):
                history.rescaled(now, current, desired)
            self._note_zero(draft, to_zero=bool(current and not desired and not minimum and _measures_beyond_pods(spec)))
        draft.measured(current, desired, metrics, rescaled=desired != current)

    @staticmethod
    def _note_zero(draft: Draft, *, to_zero: bool) -> None:
        if to_zero:
            draft.condition("ScaledToZero", "True", "ScaledToZero", "the HPA controller scaled the workload to zero")
        else:
            draft.condition("ScaledToZero", "False", "NotScaledToZero", "the HPA controller did not scale the workload to zero")

    # -- what the metrics ask for --------------------------------------------------------------------------------------

    async def _by_metrics(self, draft: Draft, history: History, scale: Tree, current: int, minimum: int) -> tuple[int, str, list[Tree]]:
        """Replicas, why, and the metrics' statuses (upstream: computeReplicasForMetrics, normalizeDesiredReplicas…)."""
        proposed, metric, statuses = await self._highest(draft, scale, current)
        why = f"{metric} above target" if proposed > current else "All metrics below target" if proposed < current else ""
        window = self._settings.downscale_stabilization
        decision = normalize(spec_of(draft.tree), history, current, proposed, minimum, self._clock.monotonic(), window)
        draft.condition("AbleToScale", "True", *decision.able)
        draft.condition("ScalingLimited", "True" if decision.limits else "False", *decision.limited)
        if current == 0 and decision.replicas < minimum:
            return minimum, why or "Current number of replicas below Spec.MinReplicas", statuses
        return decision.replicas, why, statuses

    async def _highest(self, draft: Draft, scale: Tree, current: int) -> tuple[int, str, list[Tree]]:
        """The highest proposal; metrics that fail are passed over, unless all do or fewer replicas would be the result."""
        try:
            target = self._target(draft, scale)
        except Failed as error:
            raise self._cannot_compute(draft, current, [], str(error)) from error
        metrics: list[Any] = spec_of(draft.tree).get("metrics") or []
        statuses: list[Tree] = []
        failures: list[CannotPropose] = []
        highest, words = 0, ""
        for metric in metrics:
            try:
                proposal = await self._proposals.propose(draft.tree, metric, target)
            except CannotPropose as error:
                self._warn(draft.tree, error.reason, error.cause)
                failures.append(error)
                statuses.append({"type": ""})
                continue
            statuses.append(proposal.status)
            if not highest or proposal.replicas > highest:
                highest, words = proposal.replicas, proposal.metric
        if failures and (len(failures) == len(metrics) or highest < current):
            first = failures[0]
            draft.condition("ScalingActive", "False", first.reason, f"the HPA was unable to compute the replica count: {first.cause}")
            told = f"invalid metrics ({len(failures)} invalid out of {len(metrics)}), first error is: {first}"
            raise self._cannot_compute(draft, current, statuses, told)
        told = f"the HPA was able to successfully calculate a replica count from {words}"
        draft.condition("ScalingActive", "True", "ValidMetricFound", told)
        return highest, words, statuses

    def _cannot_compute(self, draft: Draft, current: int, statuses: list[Tree], why: str) -> Failed:
        draft.measured(current, draft.status.get("desiredReplicas", 0), statuses)
        self._warn(draft.tree, "FailedComputeMetricsReplicas", why)
        return Failed(f"failed to compute desired number of replicas based on listed metrics for {_reference(draft.tree)}: {why}")

    def _target(self, draft: Draft, scale: Tree) -> Target:
        """What the scale selects (upstream: validateAndParseSelector)."""
        text, status = status_of(scale).get("selector", ""), status_of(scale)
        if not text:
            told = "the HPA target's scale is missing a selector"
            raise self._bad_selector(draft, "SelectorRequired", "selector is required", "InvalidSelector", told)
        try:
            selector = parse_label_selector(text)
        except SelectorError as error:
            told = f"couldn't convert selector into a corresponding internal selector object: {error}"
            raise self._bad_selector(draft, "InvalidSelector", told) from error
        key, namespace = meta.key(draft.tree), meta.namespace(draft.tree)
        self._selectors[key] = selector
        pods = self._pods.list(namespace, selector)
        others = self._selecting(namespace, pods)
        if len(others) > 1:
            listed = " ".join(f"{{{split_key(other)[1]} {namespace}}}" for other in others[:2])
            told = f"pods by selector {text} are controlled by more than one HPA (e.g. [{listed}])"
            raise self._bad_selector(draft, "AmbiguousSelector", told)
        return Target(spec_of(scale).get("replicas", 0), status.get("replicas", 0), str(selector), pods)

    def _selecting(self, namespace: str, pods: Iterable[Tree]) -> list[str]:
        """Keys of the autoscalers that scale any of these pods."""
        near = {key: selector for key, selector in self._selectors.items() if key.startswith(f"{namespace}/")}
        if len(near) < 2:
            return list(near)
        labels = [meta.labels(pod) for pod in pods]
        return sorted(key for key, selector in near.items() if any(selector.matches(each) for each in labels))

    def _bad_selector(self, draft: Draft, event: str, told: str, reason: str = "", message: str = "") -> Failed:
        self._warn(draft.tree, event, told)
        draft.condition("ScalingActive", "False", reason or event, message or told)
        return Failed(told)

    # -- the target's scale --------------------------------------------------------------------------------------------

    async def _scale_of(self, draft: Draft) -> tuple[ResourceType, Tree]:
        reference = spec_of(draft.tree)["scaleTargetRef"]
        api_version, kind = reference.get("apiVersion", ""), reference["kind"]
        try:
            if api_version.count("/") > 1:
                raise Failed(f"unexpected GroupVersion string: {api_version}")
            resource = await self._resource_of(api_version, kind)
            if resource is None:
                raise Failed(f'no matches for kind "{kind}" in group "{api_version.rpartition("/")[0]}"')
            scale = await self._context.client.of(resource).get(reference["name"], meta.namespace(draft.tree), subresource="scale")
        except (Failed, StatusError, OSError) as error:
            self._warn(draft.tree, "FailedGetScale", str(error))
            draft.condition("AbleToScale", "False", "FailedGetScale", f"{_FAILED_GET}{error}")
            raise Failed(f"failed to query scale subresource for {_reference(draft.tree)}: {error}") from error
        return resource, scale

    async def _resource_of(self, api_version: str, kind: str) -> ResourceType | None:
        """The preferred version of what serves this kind, asked of the server when it is not known."""
        key, now = (api_version.rpartition("/")[0], kind), self._clock.monotonic()
        if key not in self._kinds and now - self._discovered_at >= DISCOVERY_SECONDS:
            self._discovered_at = now
            found = await discover(self._context.client)
            self._kinds = {(each.type.group, each.type.kind): each.type for each in found.preferred("get")} | _KNOWN
        return self._kinds.get(key)

    async def _rescale(self, draft: Draft, resource: ResourceType, scale: Tree, step: tuple[int, int, str], metrics: list[Tree]) -> None:
        """Writes the new number, again when somebody else was first. Raises Failed."""
        current, desired, why = step
        scales, namespace, name = self._context.client.of(resource), meta.namespace(draft.tree), meta.name(scale)
        for tries in range(RETRIES):
            try:
                await scales.put(name, "scale", {**scale, "spec": {**spec_of(scale), "replicas": desired}}, namespace)
                break
            except (StatusError, OSError) as error:
                if isinstance(error, StatusError) and error.reason == "Conflict" and tries + 1 < RETRIES:
                    scale = await scales.get(name, namespace, subresource="scale")
                    continue
                self._warn(draft.tree, "FailedRescale", f"New size: {desired}; reason: {why}; error: {error}")
                draft.condition("AbleToScale", "False", "FailedUpdateScale", f"the HPA controller was unable to update the target scale: {error}")
                draft.measured(current, draft.status.get("desiredReplicas", 0), metrics)
                raise Failed(f"failed to rescale {_reference(draft.tree)}: {error}") from error
        draft.condition("AbleToScale", "True", "SucceededRescale", f"the HPA controller was able to update the target scale to {desired}")
        self._tell(draft.tree, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {why}")

    # -- what is told --------------------------------------------------------------------------------------------------

    async def _write(self, draft: Draft) -> None:
        status = {"desiredReplicas": 0, **draft.status}
        try:
            await self._client.update_status({**draft.tree, "status": status})
        except StatusError as error:
            if error.reason != "NotFound":
                self._warn(draft.tree, "FailedUpdateStatus", str(error))
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def _warn(self, autoscaler: Tree, reason: str, message: str) -> None:
        self._tell(autoscaler, "Warning", reason, message)

    def _tell(self, autoscaler: Tree, kind: str, reason: str, message: str) -> None:
        self._context.recorder.event(autoscaler, kind, reason, message, resource=HORIZONTAL_POD_AUTOSCALERS)


def _measures_beyond_pods(spec: Any) -> bool:
    """Only such metrics can say something while there are no pods."""
    return any(metric["type"] in ("Object", "External") for metric in spec.get("metrics") or ())


def _reference(autoscaler: Tree) -> str:
    reference = spec_of(autoscaler)["scaleTargetRef"]
    return f"{reference['kind']}/{meta.namespace(autoscaler)}/{reference['name']}"
