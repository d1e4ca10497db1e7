"""Whose evaluator is which, whether a quota concerns an object, and what all objects use together.

Called by the admission plugin and the controller. Upstream: pkg/quota/v1/evaluator/core/registry.go, apiserver pkg/quota/v1/resources.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache

from kcompat.apimachinery import resource_list
from kcompat.apimachinery.quota.claims import ClaimEvaluator
from kcompat.apimachinery.quota.devices import DeviceClaimEvaluator
from kcompat.apimachinery.quota.evaluator import NONE, Evaluator, ResourceList, Tree, scope_selectors
from kcompat.apimachinery.quota.pods import PodEvaluator
from kcompat.apimachinery.quota.services import ServiceEvaluator

_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"
IGNORED = frozenset(
    (("", "bindings"), ("", "componentstatuses"), ("", "events"), ("events.k8s.io", "events"))
    + ((_AUTHENTICATION, "tokenreviews"), (_AUTHENTICATION, "selfsubjectreviews"))
    + tuple((_AUTHORIZATION, f"{kind}s") for kind in ("subjectaccessreview", "selfsubjectaccessreview", "localsubjectaccessreview"))
    + ((_AUTHORIZATION, "selfsubjectrulesreviews"),)
)
"""Group and resource of what no quota limits (upstream: pkg/quota/v1/install/registry.go)."""

_ALIASED = ("configmaps", "resourcequotas", "replicationcontrollers", "secrets")
SPECIAL: tuple[Evaluator, ...] = (
    PodEvaluator(),
    ServiceEvaluator(),
    ClaimEvaluator(),
    DeviceClaimEvaluator(),
    *(Evaluator("", name, alias=name) for name in _ALIASED),
)
"""Those that do more than count, or count under two names."""
_BY_RESOURCE = {(evaluator.group, evaluator.resource): evaluator for evaluator in SPECIAL}


@cache
def evaluator_for(group: str, resource: str) -> Evaluator | None:
    """None: the resource is ignored by quotas."""
    if (group, resource) in IGNORED:
        return None
    return _BY_RESOURCE.get((group, resource)) or Evaluator(group, resource)


def concerned(names: Iterable[str]) -> list[Evaluator]:
    """The evaluators that measure any of a quota's names. A count names its resource itself."""
    names = list(names)
    counted = [evaluator for name in names if name.startswith("count/") and (evaluator := _counting(name)) is not None]
    return [evaluator for evaluator in dict.fromkeys((*SPECIAL, *counted)) if evaluator.matching(names)]


def _counting(name: str) -> Evaluator | None:
    resource, _, group = name.removeprefix("count/").partition(".")
    return evaluator_for(group, resource)


def concerns(quota: Tree, evaluator: Evaluator, tree: Tree) -> bool:
    """Whether a quota, as the controller last saw it, limits something of an object (upstream: generic.Matches)."""
    if not evaluator.matching((quota.get("status") or {}).get("hard") or ()):
        return False
    return all(evaluator.in_scope(selector, tree) for selector in scope_selectors(quota))


def used_together(quota: Tree, objects_of: Callable[[Evaluator], Iterable[Tree] | None], now: datetime) -> ResourceList:
    """What all objects of the quota's namespace use of what it limits; `objects_of` a resource is None where they are not known yet.

    Names that nothing measures are left out (upstream: CalculateUsage).
    """
    hard = (quota.get("spec") or {}).get("hard") or {}
    used: ResourceList = {}
    measured: set[str] = set()
    for evaluator in concerned(hard):
        objects = objects_of(evaluator)
        if objects is None:
            continue
        names = evaluator.matching(hard)
        measured.update(names)
        used = resource_list.add(used, _used(quota, evaluator, names, objects, now))
    return resource_list.mask(used, [name for name in hard if name in measured])


def _used(quota: Tree, evaluator: Evaluator, names: Iterable[str], objects: Iterable[Tree], now: datetime) -> ResourceList:
    selectors = scope_selectors(quota)
    used: ResourceList = dict.fromkeys(names, NONE)
    for tree in objects:
        if all(evaluator.in_scope(selector, tree) for selector in selectors):
            used = resource_list.add(used, resource_list.mask(evaluator.usage(tree, now), used))
    return used
