"""What pods use of a quota (upstream: pkg/quota/v1/evaluator/core/pods.go). Called through `measuring.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from kcompat.apimachinery import meta, pod_resources
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.quantity import Quantity
from kcompat.apimachinery.quota.evaluator import CREATE, ONE, UPDATE, ResourceList, ScopedEvaluator, Tree, selects

COUNT = "count/pods"
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_NAMES = frozenset((COUNT, "pods", *_COMPUTE, *(f"{kind}.{name}" for kind in ("requests", "limits") for name in _COMPUTE)))
_REQUIRED = frozenset(("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"))
"""Every container must state these when a quota limits them."""
_HUGE_PAGES = "hugepages-"
_DEVICE_CLASS = "deviceclass.resource.kubernetes.io/"


class PodEvaluator(ScopedEvaluator):
    def __init__(self) -> None:
        super().__init__("", "pods")

    def handles(self, operation: str, subresource: str, new: Tree, old: Tree) -> bool:
        if subresource == "resize":
            return operation == UPDATE
        if subresource:
            return False
        return operation == CREATE or is_terminating(new) != is_terminating(old)

    def matching(self, names: Iterable[str]) -> list[str]:
        names = list(names)
        return [*sorted(set(names) & _NAMES), *(name for name in names if _is_huge_pages(name) or _is_extended_request(name))]

    def missing(self, required: Iterable[str], tree: Tree) -> str:
        spec = tree.get("spec") or {}
        if pod_resources.has_pod_level(spec):
            return ""
        without: dict[str, set[str]] = {}
        wanted = _REQUIRED.intersection(required)
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            requests, limits = (pod_resources.of_container(container, kind) for kind in ("requests", "limits"))
            for name in wanted.difference(_compute_usage(requests, limits)):
                without.setdefault(name, set()).add(container.get("name", ""))
        if not without:
            return ""
        return "must specify " + "; ".join(f"{name} for: {','.join(sorted(without[name]))}" for name in sorted(without))

    def in_scope(self, selector: Tree, tree: Tree) -> bool:
        match selector.get("scopeName"):
            case "Terminating":
                return is_terminating(tree)
            case "NotTerminating":
                return not is_terminating(tree)
            case "BestEffort":
                return _is_best_effort(tree)
            case "NotBestEffort":
                return not _is_best_effort(tree)
            case "PriorityClass":
                return selects(selector, (tree.get("spec") or {}).get("priorityClassName") or "")
            case "CrossNamespacePodAffinity":
                return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in _affinity_terms(tree))
        return False

    def usage(self, tree: Tree, now: datetime) -> ResourceList:
        """Pods that are through count only as objects."""
        if not is_charged(tree, now):
            return {COUNT: ONE}
        return {COUNT: ONE, **_compute_usage(pod_resources.requests(tree), pod_resources.limits(tree))}

    def replenishes(self, old: Tree, new: Tree, now: datetime) -> bool:
        if _statuses(old) != _statuses(new) or is_terminating(old) != is_terminating(new):
            return True
        return is_charged(old, now) and not is_charged(new, now)


def is_terminating(pod: Tree) -> bool:
    """Whether the pod ends by itself, in the sense of the scopes of quotas."""
    deadline = (pod.get("spec") or {}).get("activeDeadlineSeconds")
    return deadline is not None and deadline >= 0


def is_charged(pod: Tree, now: datetime) -> bool:
    """Whether the pod uses anything: not once it ended, nor when it is still there after its grace period (upstream: QuotaV1Pod)."""
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return False
    metadata = meta.metadata(pod)
    grace = metadata.get("deletionGracePeriodSeconds")
    if not metadata.get("deletionTimestamp") or grace is None:
        return True
    return now <= parse_rfc3339(metadata["deletionTimestamp"]) + timedelta(seconds=grace)


def _compute_usage(requests: Mapping[str, Quantity], limits: Mapping[str, Quantity]) -> ResourceList:
    """In the names that quotas use (upstream: podComputeUsageHelper)."""
    used: ResourceList = {"pods": ONE}
    for name in _COMPUTE:
        if name in requests:
            used[name] = used[f"requests.{name}"] = requests[name]
        if name in limits:
            used[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith(_HUGE_PAGES):
            used[name] = used[f"requests.{name}"] = amount
        if _is_extended(name):
            used[f"requests.{name}"] = amount
    return used


def _is_huge_pages(name: str) -> bool:
    return name.startswith((_HUGE_PAGES, f"requests.{_HUGE_PAGES}"))


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _is_extended(name: str) -> bool:
    return name.startswith(_DEVICE_CLASS) or (not _is_native(name) and not name.startswith("requests."))


def _is_extended_request(name: str) -> bool:
    return name.startswith("requests.") and (not _is_native(name) or name.startswith(f"requests.{_DEVICE_CLASS}"))


def _is_best_effort(pod: Tree) -> bool:
    """By the class in its status, which every stored pod has."""
    return bool((pod.get("status") or {}).get("qosClass") == "BestEffort")


def _affinity_terms(pod: Tree) -> Iterator[Tree]:
    affinity = (pod.get("spec") or {}).get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        yield from rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for weighted in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield weighted.get("podAffinityTerm") or {}


def _statuses(pod: Tree) -> dict[str, Any]:
    """The resources of containers as the node gave them."""
    status = pod.get("status") or {}
    return {
        each["name"]: each.get("resources") for field in ("containerStatuses", "initContainerStatuses") for each in status.get(field) or ()
    }
