"""Defaults and bounds for what pods and claims ask for, by namespace (upstream: plugin/pkg/admission/limitranger)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kcompat.admission.denial import forbidden
from kcompat.admission.interface import CREATE, UPDATE, Attributes, MutatingPlugin, Services, Tree, ValidatingPlugin, on
from kcompat.apimachinery import meta, pod_resources
from kcompat.apimachinery.field import aggregate
from kcompat.apimachinery.following import Followed
from kcompat.apimachinery.pod_resources import ResourceList, quantities
from kcompat.apimachinery.quantity import ZERO, Quantity

ANNOTATION = "kubernetes.io/limit-ranger"
_MAX_MILLI = (2**63 - 1) // 1000
_Limits = list[Mapping[str, Any]]


class LimitRanger(MutatingPlugin, ValidatingPlugin):
    name = "LimitRanger"
    handles = on(CREATE, UPDATE)
    resources = ("pods", "pods/resize", "persistentvolumeclaims")

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._ranges = Followed(services.reader, "", "limitranges", _limits)

    async def admit(self, attributes: Attributes) -> None:
        if attributes.resource != "pods" or attributes.object is None:
            return
        for limits in await self._applying(attributes):
            _set_defaults(attributes.object, limits)

    async def validate(self, attributes: Attributes) -> None:
        if attributes.object is None:
            return
        spec = attributes.object.get("spec") or {}
        problems_of = _pod_problems if attributes.resource == "pods" else _claim_problems
        for limits in await self._applying(attributes):
            if problems := [problem for limit in limits for problem in problems_of(limit, spec)]:
                raise forbidden(attributes, aggregate(problems))

    async def _applying(self, attributes: Attributes) -> list[_Limits]:
        """The limits of every LimitRange of the namespace. A pod's resources change only on creation and resize."""
        if attributes.operation == UPDATE and attributes.resource == "pods" and not attributes.subresource:
            return []
        if meta.is_being_deleted(attributes.old_object or {}):
            return []
        await self._ranges.load()
        return list(self._ranges.of(attributes.namespace).values())


def _limits(limit_range: Mapping[str, Any]) -> _Limits:
    return (limit_range.get("spec") or {}).get("limits") or []


def _set_defaults(pod: Tree, limits: _Limits) -> None:
    defaults: dict[str, dict[str, Any]] = {"limits": {}, "requests": {}}
    for limit in limits:
        if limit.get("type") == "Container":
            defaults["limits"] |= limit.get("default") or {}
            defaults["requests"] |= limit.get("defaultRequest") or {}
    if not any(defaults.values()):
        return
    spec = pod.get("spec") or {}
    notes = [note for container in spec.get("containers") or () for note in _complete(container, "container", defaults)]
    notes += [note for container in spec.get("initContainers") or () for note in _complete(container, "init container", defaults)]
    if notes:
        metadata = pod.setdefault("metadata", {})
        metadata["annotations"] = {**(metadata.get("annotations") or {}), ANNOTATION: "LimitRanger plugin set: " + "; ".join(notes)}


def _complete(container: Tree, kind: str, defaults: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Fills in what is missing and says what (upstream: mergeContainerResources)."""
    for field, word in (("requests", "request"), ("limits", "limit")):
        resources = container.get("resources") or {}
        present = resources.get(field) or {}
        missing = {name: amount for name, amount in defaults[field].items() if name not in present}
        if missing:
            container["resources"] = {**resources, field: {**present, **missing}}
            yield f"{', '.join(sorted(missing))} {word} for {kind} {container.get('name', '')}"


def _pod_problems(limit: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """Everything the pod's spec breaks (upstream: PodValidateLimitFunc)."""
    kind = limit.get("type", "")
    if kind == "Container":
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            requests, limits = (pod_resources.of_container(container, field) for field in ("requests", "limits"))
            yield from _problems(limit, kind, requests, limits)
    if kind == "Pod":
        yield from _problems(limit, kind, pod_resources.of_pod(spec, "requests"), pod_resources.of_pod(spec, "limits"))


def _claim_problems(limit: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """Claims have requests only (upstream: PersistentVolumeClaimValidateLimitFunc)."""
    if limit.get("type") != "PersistentVolumeClaim":
        return
    requests = pod_resources.of_container(spec, "requests")
    for name, bound in quantities(limit.get("min")).items():
        yield from _below("PersistentVolumeClaim", name, bound, requests, {})
    for name, bound in quantities(limit.get("max")).items():
        subject = f"maximum {name} usage per PersistentVolumeClaim is {bound}"
        if name not in requests:
            yield f"{subject}.  No request is specified"
        elif _greater(requests[name], bound):
            yield f"{subject}, but request is {requests[name]}"


def _problems(limit: Mapping[str, Any], kind: str, requests: ResourceList, limits: ResourceList) -> Iterator[str]:
    checks: tuple[tuple[str, Callable[[str, str, Quantity, ResourceList, ResourceList], Iterator[str]]], ...] = (
        ("min", _below),
        ("max", _above),
        ("maxLimitRequestRatio", _ratio),
    )
    for field, check in checks:
        for name, bound in quantities(limit.get(field)).items():
            yield from check(kind, name, bound, requests, limits)


def _below(kind: str, name: str, bound: Quantity, requests: ResourceList, limits: ResourceList) -> Iterator[str]:
    subject = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        yield f"{subject}.  No request is specified"
    elif _greater(bound, requests[name]):
        yield f"{subject}, but request is {requests[name]}"
    elif name in limits and _greater(bound, limits[name]):
        yield f"{subject}, but limit is {limits[name]}"


def _above(kind: str, name: str, bound: Quantity, requests: ResourceList, limits: ResourceList) -> Iterator[str]:
    subject = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        yield f"{subject}.  No limit is specified"
    elif _greater(limits[name], bound):
        yield f"{subject}, but limit is {limits[name]}"
    elif name in requests and _greater(requests[name], bound):
        yield f"{subject}, but request is {requests[name]}"


def _ratio(kind: str, name: str, bound: Quantity, requests: ResourceList, limits: ResourceList) -> Iterator[str]:
    subject = f"{name} max limit to request ratio per {kind} is {bound}"
    request, limit = _units(requests.get(name, ZERO), limits.get(name, ZERO), bound)
    if not request:
        yield f"{subject}, but no request is specified or request is 0"
    elif not limit:
        yield f"{subject}, but no limit is specified or limit is 0"
    elif limit / request * 1000 > bound.milli_value():
        yield f"{subject}, but provided ratio is {limit / request:f}"


def _units(request: Quantity, limit: Quantity, bound: Quantity) -> tuple[int, int]:
    """At a precision both have (upstream: requestLimitEnforcedValues)."""
    if max(request.value(), limit.value(), bound.value()) <= _MAX_MILLI:
        return request.milli_value(), limit.milli_value()
    return request.value(), limit.value()


def _greater(left: Quantity, right: Quantity) -> bool:
    """In thousandths, as upstream compares; what is smaller does not count."""
    if max(left.value(), right.value()) <= _MAX_MILLI:
        return left.milli_value() > right.milli_value()
    return left.value() > right.value()
