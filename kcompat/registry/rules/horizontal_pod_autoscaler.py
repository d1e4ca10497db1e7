"""HorizontalPodAutoscaler in the shape of autoscaling/v2 (upstream: pkg/registry/autoscaling, pkg/apis/autoscaling/validation)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, not_supported, required
from kcompat.apimachinery.quantity import parse
from kcompat.apimachinery.validation import group_version, nonnegative
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.fields import dns_label, path_segment
from kcompat.registry.rules.hpa_conversion import DEFAULT_UTILIZATION, ROUND_TRIP
from kcompat.registry.rules.limit_range import container_resource_name
from kcompat.registry.rules.quantities import nonnegative as nonnegative_amount

_SPEC, _STATUS = Path("spec"), Path("status")
_MAX_PERIOD, _MAX_WINDOW = 1800, 3600
_SCALE_UP: Final[Tree] = {
    "stabilizationWindowSeconds": 0, "selectPolicy": "Max",
    "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}],
}
_SCALE_DOWN: Final[Tree] = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
_SOURCES = {"Object": "object", "External": "external", "Pods": "pods", "Resource": "resource", "ContainerResource": "containerResource"}
_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_POPULATE = "must populate information for the given metric source"


def _api_version(text: str, needs_group: bool) -> str:
    """What is wrong with the apiVersion of a reference; "" for nothing (ValidateAPIVersion)."""
    group, _, well_formed = group_version(text)
    if not well_formed:
        return f"unexpected GroupVersion string: {text}"
    return "apiVersion must specify API group" if needs_group and not group else ""


def _reference(reference: Tree, path: Path, needs_group: bool, known: bool) -> list[FieldError]:
    """ValidateCrossVersionObjectReference."""
    errors: list[FieldError] = []
    for name in ("kind", "name"):
        value = reference.get(name, "")
        errors += path_segment(value, path.child(name)) if value else [required(path.child(name))]
    text = reference.get("apiVersion", "")
    if not known and (wrong := _api_version(text, needs_group)):
        errors.append(invalid(path.child("apiVersion"), text, wrong))
    return errors


def _metric_name(source: Tree, path: Path) -> list[FieldError]:
    name = meta.get(source, ("metric", "name"), "")
    at = path.child("metric", "name")
    return path_segment(name, at) if name else [required(at, "must specify a metric name")]


def _target(target: Tree, path: Path) -> list[FieldError]:
    kind, used = target.get("type", ""), target.get("averageUtilization")
    errors = [] if kind else [required(path.child("type"), "must specify a metric target type")]
    if kind not in ("Utilization", "Value", "AverageValue"):
        errors.append(invalid(path.child("type"), kind, "must be either Utilization, Value, or AverageValue"))
    for name in ("value", "averageValue"):
        if target.get(name) is not None and parse(target[name]).sign <= 0:
            errors.append(invalid(path.child(name), target[name], "must be positive"))
    return errors + ([invalid(path.child("averageUtilization"), used, "must be greater than 0")] if used is not None and used < 1 else [])


def _object(source: Tree, path: Path, known: bool) -> list[FieldError]:
    target = source.get("target") or {}
    errors = _reference(source.get("describedObject") or {}, path.child("describedObject"), needs_group=False, known=known)
    errors += _metric_name(source, path) + _target(target, path.child("target"))
    if target.get("value") is None and target.get("averageValue") is None:
        errors.append(required(path.child("target", "averageValue"), "must set either a target value or averageValue"))
    return errors


def _external(source: Tree, path: Path, known: bool) -> list[FieldError]:
    target, at = source.get("target") or {}, path.child("target")
    errors = _metric_name(source, path) + _target(target, at)
    present = [target.get(name) is not None for name in ("value", "averageValue")]
    if not any(present):
        errors.append(required(at.child("averageValue"), "must set either a target value for metric or a per-pod target"))
    if all(present):
        errors.append(forbidden(at.child("value"), "may not set both a target value for metric and a per-pod target"))
    return errors


def _pods(source: Tree, path: Path, known: bool) -> list[FieldError]:
    target, at = source.get("target") or {}, path.child("target")
    errors = _metric_name(source, path) + _target(target, at)
    missing = target.get("averageValue") is None
    return errors + ([required(at.child("averageValue"), "must specify a positive target averageValue")] if missing else [])


def _resource(source: Tree, path: Path, known: bool) -> list[FieldError]:
    errors = [] if source.get("name") else [required(path.child("name"), "must specify a resource name")]
    return errors + _usage(source.get("target") or {}, path.child("target"))


def _usage(target: Tree, path: Path) -> list[FieldError]:
    errors = _target(target, path)
    present = [target.get(name) is not None for name in ("averageUtilization", "averageValue")]
    if not any(present):
        errors.append(required(path.child("averageUtilization"), "must set either a target raw value or a target utilization"))
    if all(present):
        errors.append(forbidden(path.child("averageValue"), "may not set both a target raw value and a target utilization"))
    return errors


def _container_resource(source: Tree, path: Path, known: bool) -> list[FieldError]:
    name, container, at = source.get("name"), source.get("container"), path.child("container")
    errors = container_resource_name(name, path.child("name")) if name else [required(path.child("name"), "must specify a resource name")]
    errors += dns_label(container, at) if container else [required(at, "must specify a container")]
    return errors + _usage(source.get("target") or {}, path.child("target"))


_CHECKS: Final[dict[str, Callable[[Tree, Path, bool], list[FieldError]]]] = {
    "object": _object, "external": _external, "pods": _pods, "resource": _resource, "containerResource": _container_resource,
}


def _metric(metric: Tree, path: Path, known: bool) -> list[FieldError]:
    """One metric: of a known type, with that type's source and no other (validateMetricSpec)."""
    kind = metric.get("type", "")
    wanted = _SOURCES.get(kind)
    errors = [] if kind else [required(path.child("type"), "must specify a metric source type")]
    errors += [] if wanted else [not_supported(path.child("type"), kind, _TYPES)]
    present = [name for name in _CHECKS if metric.get(name) is not None]
    errors += _CHECKS[present[0]](metric[present[0]], path.child(present[0]), known) if present else []
    if wanted and wanted not in present:
        errors.append(required(path.child(wanted), _POPULATE))
    if len(present) != 1:
        errors += [forbidden(path.child(name), "must populate the given metric source only") for name in present if name != wanted]
    return errors


def _metrics(metrics: Sequence[Tree], least: int | None, known: bool) -> list[FieldError]:
    path = _SPEC.child("metrics")
    errors = [error for index, metric in enumerate(metrics) for error in _metric(metric, path.index(index), known)]
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        errors.append(forbidden(path, "must specify at least one Object or External metric to support scaling to zero replicas"))
    return errors


def _scaling_rules(rules: Tree | None, path: Path) -> list[FieldError]:
    if rules is None:
        return []
    window, select, policies = (rules.get(name) for name in ("stabilizationWindowSeconds", "selectPolicy", "policies"))
    errors = []
    if window is not None and window < 0:
        errors.append(invalid(path.child("stabilizationWindowSeconds"), window, "must be greater than or equal to zero"))
    if window is not None and window > _MAX_WINDOW:
        errors.append(invalid(path.child("stabilizationWindowSeconds"), window, f"must be less than or equal to {_MAX_WINDOW}"))
    if select is not None and select not in ("Disabled", "Max", "Min"):
        errors.append(not_supported(path.child("selectPolicy"), select, ("Disabled", "Max", "Min")))
    at = path.child("policies")
    errors += [] if policies else [required(at, "must specify at least one Policy")]
    errors += [error for index, policy in enumerate(policies or ()) for error in _policy(policy, at.index(index))]
    tolerance = rules.get("tolerance")
    return errors + (nonnegative_amount(tolerance, path.child("tolerance")) if tolerance is not None else [])


def _policy(policy: Tree, path: Path) -> list[FieldError]:
    kind, period = policy.get("type", ""), policy.get("periodSeconds", 0)
    errors = [] if kind in ("Pods", "Percent") else [not_supported(path.child("type"), kind, ("Percent", "Pods"))]
    for name in ("value", "periodSeconds"):
        if policy.get(name, 0) <= 0:
            errors.append(invalid(path.child(name), policy.get(name, 0), "must be greater than zero"))
    if period > _MAX_PERIOD:
        errors.append(invalid(path.child("periodSeconds"), period, f"must be less than or equal to {_MAX_PERIOD}"))
    return errors


def _default_behavior(behavior: Tree) -> None:
    for name, defaults in (("scaleUp", _SCALE_UP), ("scaleDown", _SCALE_DOWN)):
        given = {member: value for member, value in (behavior.get(name) or {}).items() if value is not None}
        behavior[name] = {**defaults, **given}


def _validate_spec(spec: Tree, old: Tree | None) -> list[FieldError]:
    """`old` lets through references like those it has."""
    least, most, target = spec.get("minReplicas"), spec.get("maxReplicas", 0), spec.get("scaleTargetRef") or {}
    errors = []
    if least is not None and most < least:
        errors.append(invalid(_SPEC.child("maxReplicas"), most, "must be greater than or equal to `minReplicas`"))
    before = (old or {}).get("scaleTargetRef") or {}
    same = old is not None and all(target.get(name) == before.get(name) for name in ("apiVersion", "kind"))
    errors += _reference(target, _SPEC.child("scaleTargetRef"), target.get("kind") != "ReplicationController", known=same)
    objects = [metric["object"] for metric in (old or {}).get("metrics") or () if metric.get("object") is not None]
    odd = any(_api_version(meta.get(source, ("describedObject", "apiVersion"), ""), False) for source in objects)
    errors += _metrics(spec.get("metrics") or (), least, known=odd)
    for name in ("scaleUp", "scaleDown"):
        errors += _scaling_rules((spec.get("behavior") or {}).get(name), _SPEC.child("behavior", name))
    return errors + _replicas(least, most)


def _replicas(least: int | None, most: int) -> list[FieldError]:
    """Declarative rules upstream, therefore after all others."""
    errors = [] if least is None else nonnegative(least, _SPEC.child("minReplicas"))
    if most == 0:
        errors.append(required(_SPEC.child("maxReplicas")))
    elif most < 0:
        errors.append(invalid(_SPEC.child("maxReplicas"), most, "must be greater than or equal to 1"))
    return errors


def _drop_round_trip(metadata: Tree) -> None:
    """v2 has fields for what v1 keeps in annotations (autoscaling: DropRoundTripHorizontalPodAutoscalerAnnotations)."""
    annotations = metadata.get("annotations")
    if annotations and not annotations.keys().isdisjoint(ROUND_TRIP):
        kept = {key: value for key, value in annotations.items() if key not in ROUND_TRIP}
        metadata.pop("annotations")
        metadata |= {"annotations": kept} if kept else {}


class HorizontalPodAutoscalerRules(Rules):
    has_generation = True

    def default(self, obj: Tree) -> None:
        spec: dict[str, Any] = obj["spec"]
        spec.setdefault("minReplicas", 1)
        if not spec.get("metrics"):
            target = {"type": "Utilization", "averageUtilization": DEFAULT_UTILIZATION}
            spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
        if spec.get("behavior") is not None:
            _default_behavior(spec["behavior"])
        _drop_round_trip(obj["metadata"])

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {"desiredReplicas": 0, "currentMetrics": None}

    def validate(self, obj: Tree) -> list[FieldError]:
        return _validate_spec(obj["spec"], None)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return _validate_spec(new["spec"], old["spec"])

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        status, errors = new["status"], []
        for index, condition in enumerate(status.get("conditions") or ()):
            observed = condition.get("observedGeneration") or 0
            errors += nonnegative(observed, _STATUS.child("conditions").index(index).child("observedGeneration"))
        for name in ("currentReplicas", "desiredReplicas"):
            errors += nonnegative(status.get(name) or 0, _STATUS.child(name))
        return errors


class HorizontalPodAutoscalerV1Rules(HorizontalPodAutoscalerRules):
    """Of autoscaling/v1: defaults of its own; everything else sees the shape stored."""

    converted_annotations = ROUND_TRIP

    def default(self, obj: Tree) -> None:
        obj["spec"].setdefault("minReplicas", 1)

    def canonicalize(self, obj: Tree) -> None:
        """What v2 defaults when it reads the stored object."""
        super().default(obj)
