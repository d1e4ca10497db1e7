"""What each metric of an autoscaler proposes, and its status (upstream: horizontal.go, computeReplicasForMetric and the computeStatusFor… it calls).

Called by `controller.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.quantity import BINARY_SI, DECIMAL_SI, from_json, new_milli
from kcompat.apimachinery.selectors import from_label_selector
from kcompat.client.interface import Tree
from kcompat.controllers.controller import Autoscaling, spec_of
from kcompat.controllers.horizontal_pod_autoscaler.calculate import (
    CannotCompute,
    Delays,
    Tolerances,
    by_average,
    by_share,
    by_total,
    by_utilization,
)
from kcompat.controllers.horizontal_pod_autoscaler.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Target:
    """What is scaled: replicas wanted and had, the selector of its pods as text, and those pods."""

    wanted: int
    had: int
    selector: str
    pods: list[Tree]


@dataclass(frozen=True, slots=True)
class Proposal:
    """replicas, the metric in words, and its entry in status.currentMetrics."""

    replicas: int
    metric: str
    status: Tree


class CannotPropose(Exception):
    """`reason` of the condition; `cause` is what the condition and the event tell, the exception's own text what the caller tells."""

    def __init__(self, reason: str, cause: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.cause = reason, cause


def tolerances(autoscaler: Tree, default: float) -> Tolerances:
    behavior = spec_of(autoscaler).get("behavior") or {}

    def of(direction: str) -> float:
        stated = (behavior.get(direction) or {}).get("tolerance")
        return default if stated is None else float(from_json(stated))

    return Tolerances(of("scaleDown"), of("scaleUp"))


class Proposals:
    """Asks the metrics and computes."""

    def __init__(self, metrics: Metrics, now: Callable[[], datetime], settings: Autoscaling) -> None:
        self._metrics, self._now = metrics, now
        self._tolerance = settings.tolerance
        initialization, readiness = settings.cpu_initialization_period, settings.initial_readiness_delay
        self._delays = Delays(timedelta(seconds=initialization), timedelta(seconds=readiness))
        self._by_type: Mapping[str, Callable[[Tree, Any, Target], Awaitable[Proposal]]] = {
            "Resource": self._resource,
            "ContainerResource": self._container_resource,
            "Pods": self._pods,
            "Object": self._object,
            "External": self._external,
        }

    async def propose(self, autoscaler: Tree, metric: Tree, target: Target) -> Proposal:
        """Raises CannotPropose."""
        kind = metric["type"]
        if kind not in self._by_type:
            cause = f'unknown metric source type "{kind}"'
            raise CannotPropose("InvalidMetricSourceType", cause, cause)
        source = metric[kind[0].lower() + kind[1:]]
        try:
            return await self._by_type[kind](autoscaler, source, target)
        except CannotCompute as error:
            raise CannotPropose(f"FailedGet{kind}Metric", str(error), f"failed to get {_in_words(kind, source)}: {error}") from error

    async def _resource(self, autoscaler: Tree, source: Any, target: Target) -> Proposal:
        replicas, current, words = await self._use(autoscaler, source, "", target)
        status = {"type": "Resource", "resource": {"name": source["name"], "current": current}}
        return Proposal(replicas, words, status)

    async def _container_resource(self, autoscaler: Tree, source: Any, target: Target) -> Proposal:
        replicas, current, words = await self._use(autoscaler, source, source["container"], target)
        named = {"name": source["name"], "container": source["container"], "current": current}
        words = words.replace(" resource utilization", " container resource utilization")
        return Proposal(replicas, words, {"type": "ContainerResource", "containerResource": named})

    async def _use(self, autoscaler: Tree, source: Any, container: str, target: Target) -> tuple[int, Tree, str]:
        resource, wanted, allowed = source["name"], source["target"], tolerances(autoscaler, self._tolerance)
        by_value = wanted.get("averageValue") is not None
        try:
            samples = await self._samples(resource, meta.namespace(autoscaler), target.selector, container)
            if by_value:
                goal = from_json(wanted["averageValue"]).milli_value()
                replicas, average = by_average(target.pods, samples, resource, goal, target.wanted, allowed, self._now(), self._delays)
                return replicas, {"averageValue": _amount(average, resource)}, f"{resource} resource"
            goal = wanted["averageUtilization"]
            replicas, percent, average = by_utilization(
                target.pods, samples, resource, container, goal, target.wanted, allowed, self._now(), self._delays
            )
        except CannotCompute as error:
            raise CannotCompute(f"failed to get {resource} {'usage' if by_value else 'utilization'}: {error}") from error
        current = {"averageUtilization": percent, "averageValue": _amount(average, resource)}
        return replicas, current, f"{resource} resource utilization (percentage of request)"

    async def _samples(self, resource: str, namespace: str, selector: str, container: str) -> Any:
        try:
            return await self._metrics.of_resource(resource, namespace, selector, container)
        except CannotCompute as error:
            raise CannotCompute(f"unable to get metrics for resource {resource}: {error}") from error

    async def _pods(self, autoscaler: Tree, source: Any, target: Target) -> Proposal:
        metric, goal = source["metric"], from_json(source["target"]["averageValue"]).milli_value()
        name, selector = metric["name"], _selector(metric)
        try:
            samples = await self._metrics.of_pods(name, meta.namespace(autoscaler), target.selector, selector)
        except CannotCompute as error:
            raise CannotCompute(f"unable to get metric {name}: {error}") from error
        replicas, average = by_average(target.pods, samples, "", goal, target.wanted, tolerances(autoscaler, self._tolerance), self._now(), self._delays)
        current = {"averageValue": _amount(average)}
        return Proposal(replicas, f"pods metric {name}", {"type": "Pods", "pods": {"metric": metric, "current": current}})

    async def _object(self, autoscaler: Tree, source: Any, target: Target) -> Proposal:
        metric, described, wanted = source["metric"], source["describedObject"], source["target"]
        name, namespace, allowed = metric["name"], meta.namespace(autoscaler), tolerances(autoscaler, self._tolerance)
        by_value = wanted["type"] == "Value"
        try:
            total = await self._metrics.of_object(name, namespace, described, _selector(metric))
        except CannotCompute as error:
            told = f"unable to get metric {name} on {described['kind']} {namespace}/{described['name']}: {error}"
            raise CannotCompute(told if by_value else f"failed to get {name} object metric: {told}") from error
        if by_value:
            replicas = by_total(total, from_json(wanted["value"]).milli_value(), target.wanted, allowed, target.pods)
            current, words = {"value": _amount(total)}, f"{described['kind']} metric {name}"
        else:
            replicas, share = by_share(total, from_json(wanted["averageValue"]).milli_value(), target.had, allowed)
            current, words = {"averageValue": _amount(share)}, f"external metric {name}({_go(metric)})"
        return Proposal(replicas, words, {"type": "Object", "object": {"describedObject": described, "metric": metric, "current": current}})

    async def _external(self, autoscaler: Tree, source: Any, target: Target) -> Proposal:
        metric, wanted = source["metric"], source["target"]
        name, namespace, allowed = metric["name"], meta.namespace(autoscaler), tolerances(autoscaler, self._tolerance)
        by_average_value = wanted.get("averageValue") is not None
        try:
            total = sum(await self._metrics.external(name, namespace, _selector(metric)))
        except CannotCompute as error:
            outer = f"failed to get {name} external metric" if by_average_value else f"failed to get external metric {name}"
            raise CannotCompute(f"{outer}: unable to get external metric {namespace}/{name}/{_go(metric)}: {error}") from error
        if by_average_value:
            replicas, share = by_share(total, from_json(wanted["averageValue"]).milli_value(), target.had, allowed)
            current = {"averageValue": _amount(share)}
        else:
            replicas = by_total(total, from_json(wanted["value"]).milli_value(), target.wanted, allowed, target.pods)
            current = {"value": _amount(total)}
        status = {"type": "External", "external": {"metric": metric, "current": current}}
        return Proposal(replicas, f"external metric {name}({_go(metric)})", status)


def _in_words(kind: str, source: Any) -> str:
    match kind:
        case "Resource":
            return f"{source['name']} resource metric value"
        case "ContainerResource":
            return f"{source['container']} container metric value"
        case "External":
            return f"{source['metric']['name']} external metric value"
        case _:
            return f"{kind.lower()} metric value"


def _amount(thousandths: int, resource: str = "") -> str:
    return str(new_milli(thousandths, BINARY_SI if resource == "memory" else DECIMAL_SI))


def _selector(metric: Any) -> str:
    """The metric's own selector as text; none selects everything that has the metric."""
    return str(from_label_selector(metric["selector"])) if metric.get("selector") else ""


def _go(metric: Any) -> str:
    """A *metav1.LabelSelector as Go prints it."""
    selector = metric.get("selector")
    if selector is None:
        return "nil"
    labels = " ".join(f"{key}:{value}" for key, value in sorted((selector.get("matchLabels") or {}).items()))
    wanted = ",".join(
        f"LabelSelectorRequirement{{Key:{each['key']},Operator:{each['operator']},Values:[{' '.join(each.get('values') or ())}],}}"
        for each in selector.get("matchExpressions") or ()
    )
    expressions = f"[]LabelSelectorRequirement{{{wanted + ',' if wanted else ''}}}"
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels.replace(' ', ',') + ',' if labels else ''}}},MatchExpressions:{expressions},}}"
