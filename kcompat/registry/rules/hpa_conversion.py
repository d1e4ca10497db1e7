"""HorizontalPodAutoscalers between autoscaling/v1 and v2, the version stored (upstream: pkg/apis/autoscaling/v1/conversion.go). Pure.

v1 knows one metric, the CPU; the rest of v2 travels in annotations. Called by `registry/groups/autoscaling.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.quantity import parse
from kcompat.apimachinery.quote import json_text
from kcompat.apimachinery.schema import ordered
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.go_form import go_form

DEFAULT_UTILIZATION: Final = 80
_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR = (_PREFIX + name for name in ("metrics", "current-metrics", "conditions", "behavior"))
ROUND_TRIP = (_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR, _PREFIX + "scale-down-tolerance", _PREFIX + "scale-up-tolerance")
_KINDS = {"Object": "object", "Pods": "pods", "Resource": "resource", "ContainerResource": "containerResource", "External": "external"}


@dataclass(frozen=True, slots=True)
class _Shape:
    """How v1 writes what v2 gathers in `metric` and `target` (or `current`). Members in v1's order."""

    values: Mapping[str, str]
    """v1's names of the values, and v2's."""
    always: tuple[str, ...] = ()
    """Values that v1 always writes, "0" when unset."""
    names: tuple[str, ...] = ()
    """Members that are the same in both: the first stands before the values, the others after them."""
    selector: str = ""
    """v1's name of the metric's selector, of kinds that have a metric."""
    before_selector: int = 1
    """How many of the values stand before it."""
    reference: bool = False


def _shapes(average: str, value: str, utilization: str, always: bool) -> Mapping[str, _Shape]:
    """`always`: statuses, whose values are not optional in v1."""
    amounts = {utilization: "averageUtilization", average: "averageValue"}
    kept = (average,) if always else ()
    return {
        "object": _Shape({value: "value", "averageValue": "averageValue"}, (value,), selector="selector", reference=True),
        "pods": _Shape({average: "averageValue"}, (average,), selector="selector"),
        "resource": _Shape(amounts, kept, ("name",)),
        "containerResource": _Shape(amounts, kept, ("name", "container")),
        "external": _Shape({value: "value", average: "averageValue"}, (value,) if always else (), selector="metricSelector", before_selector=0),
    }


_TARGETS = _shapes("targetAverageValue", "targetValue", "targetAverageUtilization", always=False)
_CURRENTS = _shapes("currentAverageValue", "currentValue", "currentAverageUtilization", always=True)


def _metric_to_v1(metric: Tree, shapes: Mapping[str, _Shape], gathered: str) -> Tree:
    converted: Tree = {"type": metric.get("type", "")}
    for kind, shape in shapes.items():
        if metric.get(kind) is not None:
            converted[kind] = _source_to_v1(metric[kind], shape, metric[kind].get(gathered) or {})
    return converted


def _source_to_v1(source: Tree, shape: _Shape, amounts: Tree) -> Tree:
    result: Tree = {"target": source.get("describedObject") or {}} if shape.reference else {}
    result |= {name: source.get(name, "") for name in shape.names[:1]}
    metric = source.get("metric") or {}
    if shape.selector:
        result["metricName"] = metric.get("name", "")
    names = list(shape.values)
    result |= _amounts_to_v1(amounts, shape, names[: shape.before_selector])
    if shape.selector and metric.get("selector") is not None:
        result[shape.selector] = metric["selector"]
    result |= _amounts_to_v1(amounts, shape, names[shape.before_selector :])
    return result | {name: source.get(name, "") for name in shape.names[1:]}


def _amounts_to_v1(amounts: Tree, shape: _Shape, names: Sequence[str]) -> Tree:
    found = {name: amounts.get(shape.values[name]) for name in names}
    return {name: "0" if value is None else value for name, value in found.items() if value is not None or name in shape.always}


def _metric_to_v2(metric: Tree, shapes: Mapping[str, _Shape], gathered: str) -> Tree:
    converted: Tree = {"type": metric.get("type", "")}
    for kind, shape in shapes.items():
        if metric.get(kind) is not None:
            converted[kind] = _source_to_v2(metric[kind], kind, shape, gathered)
    return converted


def _source_to_v2(source: Tree, kind: str, shape: _Shape, gathered: str) -> Tree:
    result: Tree = {"describedObject": source.get("target") or {}} if shape.reference else {}
    result |= {name: source.get(name, "") for name in shape.names}
    if shape.selector:
        selector = {"selector": source[shape.selector]} if source.get(shape.selector) is not None else {}
        result["metric"] = {"name": source.get("metricName", ""), **selector}
    amounts = {own: source[name] if source.get(name) is not None else "0"
               for name, own in shape.values.items() if source.get(name) is not None or name in shape.always}
    result[gathered] = _target(kind, amounts) if gathered == "target" else amounts
    return result


def _target(kind: str, amounts: Tree) -> Tree:
    """The amounts with the type that v1 leaves to be guessed."""
    if kind == "object" and "averageValue" in amounts and parse(amounts["value"]).is_zero:
        amounts = {"averageValue": amounts["averageValue"]}
    if kind in ("resource", "containerResource"):
        guessed = "Utilization" if "averageUtilization" in amounts else "AverageValue"
    elif kind == "object":
        guessed = "AverageValue" if "averageValue" in amounts else "Value"
    else:
        guessed = "Value" if "value" in amounts else "AverageValue"
    return {"type": guessed, **amounts}


def _is_cpu(metric: Tree) -> bool:
    resource = metric.get("resource") or {}
    return metric.get("type") == "Resource" and resource.get("name") == "cpu"


def _utilization(metrics: Any, gathered: str) -> list[int]:
    """CPU utilizations among the metrics."""
    amounts = (metric["resource"].get(gathered) or {} for metric in metrics or () if _is_cpu(metric))
    return [amount["averageUtilization"] for amount in amounts if amount.get("averageUtilization") is not None]


def _cpu(utilization: int) -> Tree:
    target = {"type": "Utilization", "averageUtilization": utilization}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def to_v1(hpa: Tree) -> Tree:
    """A stored autoscaler in the shape of autoscaling/v1."""
    if hpa.get("apiVersion") == "autoscaling/v1":
        return hpa
    spec, status = hpa["spec"], hpa.get("status") or {}
    metrics = spec.get("metrics") or []
    targets, currents = _utilization(metrics, "target"), _utilization(status.get("currentMetrics"), "current")
    extra = _extra_annotations(spec, status)
    kept = {key: value for key, value in meta.annotations(hpa).items() if key not in ROUND_TRIP}
    tree: Tree = {
        **hpa,
        "apiVersion": "autoscaling/v1",
        "metadata": meta.with_metadata(hpa, annotations={**kept, **extra} or None)["metadata"],
        "spec": _members(spec, "scaleTargetRef", "minReplicas", "maxReplicas")
        | ({"targetCPUUtilizationPercentage": targets[0]} if targets else {}),
        "status": {"currentReplicas": 0, "desiredReplicas": 0}
        | _members(status, "observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
        | ({"currentCPUUtilizationPercentage": currents[-1]} if currents else {}),
    }
    return ordered(tree, "autoscaling", "v1", "HorizontalPodAutoscaler")


def _extra_annotations(spec: Tree, status: Tree) -> dict[str, str]:
    """What v1 has no fields for."""
    others = [metric for metric in spec.get("metrics") or () if not _utilization([metric], "target")]
    found = {_METRICS: json_text([_metric_to_v1(metric, _TARGETS, "target") for metric in others])} if others else {}
    if status.get("currentMetrics"):
        found[_CURRENT] = json_text([_metric_to_v1(metric, _CURRENTS, "current") for metric in status["currentMetrics"]])
    if spec.get("behavior") is not None:
        found[_BEHAVIOR] = json_text(go_form(spec["behavior"], "autoscaling/v2.HorizontalPodAutoscalerBehavior"))
    if status.get("conditions"):
        found[_CONDITIONS] = json_text([_condition(condition) for condition in status["conditions"]])
    return found


def _condition(condition: Tree) -> Tree:
    """In the order of v1's type."""
    changed = {"lastTransitionTime": condition.get("lastTransitionTime")}
    return _members(condition, "type", "status") | changed | _members(condition, "reason", "message")


def _members(tree: Tree, *names: str) -> Tree:
    return {name: tree[name] for name in names if name in tree}


def adopt(tree: Tree) -> Tree:
    """What a server stored in v1, as old releases did, in v2; the beta versions have v2's fields."""
    return to_v2(tree) if tree.get("apiVersion") == "autoscaling/v1" else tree


def to_v2(hpa: Tree) -> Tree:
    """An autoscaler of autoscaling/v1 in the shape stored; one in that shape already is returned as it is."""
    if hpa.get("apiVersion") == "autoscaling/v2":
        return hpa
    spec, status = hpa["spec"], hpa.get("status") or {}
    held = {key: _read(text) for key, text in meta.annotations(hpa).items() if key in ROUND_TRIP}
    kept = {key: value for key, value in meta.annotations(hpa).items() if key not in ROUND_TRIP}
    return {
        **hpa,
        "apiVersion": "autoscaling/v2",
        "metadata": meta.with_metadata(hpa, annotations=kept or None)["metadata"],
        "spec": _spec_to_v2(spec, held),
        "status": _status_to_v2(status, held),
    }


def _spec_to_v2(spec: Tree, held: Mapping[str, Any]) -> Tree:
    result = _members(spec, "scaleTargetRef", "minReplicas", "maxReplicas")
    percentage = spec.get("targetCPUUtilizationPercentage")
    metrics = [_metric_to_v2(metric, _TARGETS, "target") for metric in held.get(_METRICS) or ()]
    metrics += [_cpu(percentage)] if percentage is not None else []
    result["metrics"] = metrics or [_cpu(DEFAULT_UTILIZATION)]
    if behavior := held.get(_BEHAVIOR):
        result["behavior"] = _lowered(behavior)
    return result


def _status_to_v2(status: Tree, held: Mapping[str, Any]) -> Tree:
    members = _members(status, "observedGeneration", "lastScaleTime", "currentReplicas")
    result = {name: value for name, value in members.items() if value or name == "observedGeneration"}
    result |= {"desiredReplicas": status.get("desiredReplicas", 0), "currentMetrics": None}
    percentage = status.get("currentCPUUtilizationPercentage")
    if _CURRENT in held:
        result["currentMetrics"] = [_metric_to_v2(metric, _CURRENTS, "current") for metric in held[_CURRENT] or ()]
    elif percentage is not None:
        result["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": percentage}}}]
    if held.get(_CONDITIONS):
        result["conditions"] = held[_CONDITIONS]
    return result


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _lowered(tree: Any) -> Any:
    """Go's names back to JSON's; nulls are left out."""
    if isinstance(tree, dict):
        return {name[:1].lower() + name[1:]: _lowered(value) for name, value in tree.items() if value is not None}
    return [_lowered(item) for item in tree] if isinstance(tree, list) else tree
