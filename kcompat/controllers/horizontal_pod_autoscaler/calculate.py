"""How many replicas measurements ask for. Pure (upstream: pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go).

All amounts are thousandths. Pods that tell nothing, or nothing reliable yet, are counted so that they damp the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.pod_resources import has_pod_level, of_container, of_pod
from kcompat.client.interface import Tree
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import spec_of, status_of

MOST = 2**31 - 1


class CannotCompute(Exception):
    """Why there is no number of replicas, in upstream's words."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of a pod over the `window` seconds before `timestamp`."""

    value: int
    timestamp: datetime
    window: float = 60.0


@dataclass(frozen=True, slots=True)
class Tolerances:
    """By which part of the target the measurement may be off before anything is done."""

    down: float = 0.1
    up: float = 0.1

    def within(self, ratio: float) -> bool:
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True)
class Delays:
    """So long after its start a pod's use of CPU counts only when it is ready; and a pod that became unready within `readiness` of its
    start is taken to have never been ready (upstream: --horizontal-pod-autoscaler-cpu-initialization-period, …-initial-readiness-delay)."""

    initialization: timedelta = timedelta(minutes=5)
    readiness: timedelta = timedelta(seconds=30)


_DELAYS = Delays()


@dataclass(slots=True)
class Groups:
    ready: int = 0
    unready: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)


def group(pods: Iterable[Tree], samples: Mapping[str, Sample], resource: str, now: datetime, delays: Delays) -> Groups:
    groups = Groups()
    for pod in pods:
        name = meta.name(pod)
        if meta.is_being_deleted(pod) or podutil.phase(pod) == "Failed":
            groups.ignored.add(name)
        elif podutil.phase(pod) == "Pending":
            groups.unready.add(name)
        elif name not in samples:
            groups.missing.add(name)
        elif resource == "cpu" and _is_unready(pod, samples[name], now, delays):
            groups.unready.add(name)
        else:
            groups.ready += 1
    return groups


def _is_unready(pod: Tree, sample: Sample, now: datetime, delays: Delays) -> bool:
    """Whether what was measured of the pod's CPU may be that of its start."""
    condition, started = podutil.condition(pod, "Ready"), status_of(pod).get("startTime")
    if condition is None or started is None:
        return True
    start, changed = parse_rfc3339(started), condition.get("lastTransitionTime")
    since = parse_rfc3339(changed) if changed else start
    if start + delays.initialization > now:
        return condition["status"] == "False" or sample.timestamp < since + timedelta(seconds=sample.window)
    return condition["status"] == "False" and start + delays.readiness > since


def by_utilization(
    pods: list[Tree],
    samples: Mapping[str, Sample],
    resource: str,
    container: str,
    target: int,
    current: int,
    tolerances: Tolerances,
    now: datetime,
    delays: Delays = _DELAYS,
) -> tuple[int, int, int]:
    """Replicas, utilization in percent of the requests, and average use. Raises CannotCompute."""
    groups, values = _usable(pods, samples, resource, now, delays)
    requests = {meta.name(pod): request_of(pod, container, resource) for pod in pods}
    percent, average = _utilization(values, requests)
    replicas = _replicas(
        groups,
        values,
        current,
        tolerances,
        lambda measured: _utilization(measured, requests)[0] / target,
        lambda pod: requests[pod] * max(100, target) // 100,
    )
    return replicas, percent, average


def by_average(
    pods: list[Tree],
    samples: Mapping[str, Sample],
    resource: str,
    target: int,
    current: int,
    tolerances: Tolerances,
    now: datetime,
    delays: Delays = _DELAYS,
) -> tuple[int, int]:
    """Replicas and average use. Raises CannotCompute."""
    groups, values = _usable(pods, samples, resource, now, delays)
    replicas = _replicas(groups, values, current, tolerances, lambda measured: _average(measured) / target, lambda _pod: target)
    return replicas, _average(values)


def by_total(total: int, target: int, current: int, tolerances: Tolerances, pods: list[Tree]) -> int:
    """Replicas for one value that all pods share (upstream: getUsageRatioReplicaCount). Raises CannotCompute."""
    ratio = total / target
    if current == 0:
        return ceil(ratio)
    if tolerances.within(ratio):
        return current
    if not pods:
        raise CannotCompute("unable to calculate ready pods: no pods returned by selector while calculating replica count")
    ready = sum(podutil.phase(pod) == "Running" and podutil.is_ready(pod) for pod in pods)
    return min(MOST, ceil(ratio * ready))


def by_share(total: int, target: int, replicas: int, tolerances: Tolerances) -> tuple[int, int]:
    """Replicas for one value divided among all pods, and each one's share of it."""
    ratio = total / (target * replicas) if replicas else float("inf")
    wanted = replicas if tolerances.within(ratio) else min(MOST, ceil(total / target))
    return wanted, ceil(total / replicas) if replicas else 0


def _usable(
    pods: list[Tree], samples: Mapping[str, Sample], resource: str, now: datetime, delays: Delays
) -> tuple[Groups, dict[str, int]]:
    if not pods:
        raise CannotCompute("no pods returned by selector while calculating replica count")
    groups = group(pods, samples, resource, now, delays)
    dropped = groups.ignored | groups.unready
    values = {pod: sample.value for pod, sample in samples.items() if pod not in dropped}
    if not values:
        raise CannotCompute("did not receive metrics for targeted pods (pods might be unready)")
    return groups, values


def _replicas(
    groups: Groups,
    values: Mapping[str, int],
    current: int,
    tolerances: Tolerances,
    ratio_of: Callable[[Mapping[str, int]], float],
    fallback: Callable[[str], int],
) -> int:
    """Pods not measured count as using nothing when more are wanted, and as using what `fallback` says when fewer are."""
    ratio = ratio_of(values)
    damped = bool(groups.unready) and ratio > 1.0
    if not damped and not groups.missing:
        return current if tolerances.within(ratio) else ceil(ratio * groups.ready)
    supposed = dict(values)
    if ratio != 1.0:
        supposed |= {pod: fallback(pod) if ratio < 1.0 else 0 for pod in groups.missing}
    if damped:
        supposed |= dict.fromkeys(groups.unready, 0)
    again = ratio_of(supposed)
    if tolerances.within(again) or (ratio < 1.0 < again) or (again < 1.0 < ratio):
        return current
    wanted = ceil(again * len(supposed))
    reversed_ = (again < 1.0 and wanted > current) or (again > 1.0 and wanted < current)
    return current if reversed_ else wanted


def _utilization(values: Mapping[str, int], requests: Mapping[str, int]) -> tuple[int, int]:
    """Percent of what is requested, and the average used."""
    known = [pod for pod in values if pod in requests]
    used, requested = sum(values[pod] for pod in known), sum(requests[pod] for pod in known)
    if not requested:
        raise CannotCompute("no metrics returned matched known pods")
    return used * 100 // requested, used // len(known)


def _average(values: Mapping[str, int]) -> int:
    return sum(values.values()) // len(values)


def request_of(pod: Tree, container: str, resource: str) -> int:
    """What a pod, or one container of it, requests of a resource. Raises CannotCompute where something requests none."""
    spec, name = spec_of(pod), meta.name(pod)
    if not container and has_pod_level(spec) and (spec.get("resources") or {}).get("requests"):
        amounts = of_pod(spec, "requests")
        if resource not in amounts:
            raise CannotCompute(f"missing pod-level request for {resource} in Pod {name}")
        return amounts[resource].milli_value()
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    chosen = [each for each in [*spec["containers"], *sidecars] if container in ("", each["name"])]
    if not chosen:
        raise CannotCompute(f"container {container} not found in Pod {name}")
    total = 0
    for each in chosen:
        amounts = of_container(each, "requests")
        if resource not in amounts:
            raise CannotCompute(f"missing request for {resource} in container {each['name']} of Pod {name}")
        total += amounts[resource].milli_value()
    return total
