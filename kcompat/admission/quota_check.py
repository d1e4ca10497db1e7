"""Whether a write fits into the quotas of its namespace, and what it would use of them. Pure. Called by the ResourceQuota plugin.

Upstream: apiserver pkg/admission/plugin/resourcequota/controller.go:CheckRequest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kcompat.admission.denial import failure, forbidden
from kcompat.admission.interface import CREATE, UPDATE, Attributes
from kcompat.apimachinery import meta, resource_list
from kcompat.apimachinery.pod_resources import quantities
from kcompat.apimachinery.quota.evaluator import Evaluator, ResourceList, Tree, scope_selectors
from kcompat.apimachinery.quota.measuring import concerns


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota as the controller last measured it."""

    name: str
    tree: Tree
    hard: ResourceList
    used: ResourceList


def read(tree: Tree) -> Quota:
    status = tree.get("status") or {}
    return Quota(meta.name(tree), tree, quantities(status.get("hard")), quantities(status.get("used")))


@dataclass(frozen=True, slots=True)
class LimitedResource:
    """What may be consumed only where a quota limits it; part of the plugin's configuration."""

    group: str
    resource: str
    contains: Sequence[str] = ()
    scopes: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class _Covered:
    """What the quotas that concern an object limit."""

    quotas: list[Quota] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    scopes: list[Tree] = field(default_factory=list)


def demand(
    attributes: Attributes, evaluator: Evaluator, quotas: Iterable[Quota], limited: Sequence[LimitedResource], now: datetime
) -> dict[str, ResourceList]:
    """What the write adds to the use of each quota, by its name. Raises Forbidden for what no quota can count, or none covers."""
    tree = attributes.object or {}
    covered = _covered(attributes, evaluator, quotas, tree)
    usage = evaluator.usage(tree, now)
    if negative := resource_list.negative(usage):
        raise forbidden(attributes, f"quota usage is negative for resource(s): {','.join(sorted(negative))}")
    added, elsewhere = _added(attributes, evaluator, covered.quotas, usage, now)
    if not (any(added.values()) if covered.quotas else elsewhere):
        return {}
    _check_limited(attributes, evaluator, limited, covered, usage)
    return {name: amounts for name, amounts in added.items() if amounts}


def charge(attributes: Attributes, quota: Quota, used: ResourceList, added: ResourceList) -> ResourceList:
    """The use of a quota after the write. Raises Forbidden when it is exceeded."""
    requested = resource_list.mask(added, quota.hard)
    total = resource_list.add(used, requested)
    exceeded = resource_list.exceeding(resource_list.mask(total, requested), quota.hard)
    if exceeded and attributes.subresource != "status":
        shown = [_shown(resource_list.mask(amounts, exceeded)) for amounts in (requested, used, quota.hard)]
        raise forbidden(attributes, "exceeded quota: {}, requested: {}, used: {}, limited: {}".format(quota.name, *shown))
    return total


def _covered(attributes: Attributes, evaluator: Evaluator, quotas: Iterable[Quota], tree: Tree) -> _Covered:
    covered = _Covered()
    for quota in quotas:
        covered.scopes += evaluator.scopes_of(scope_selectors(quota.tree), tree)
        if not concerns(quota.tree, evaluator, tree):
            continue
        names = evaluator.matching(quota.hard)
        if missing := evaluator.missing(names, tree):
            raise forbidden(attributes, f"failed quota: {quota.name}: {missing}")
        if not all(name in quota.used for name in names):
            raise forbidden(attributes, f"status unknown for quota: {quota.name}, resources: {','.join(sorted(names))}")
        covered.quotas.append(quota)
        covered.names.update(names)
    return covered


def _added(
    attributes: Attributes, evaluator: Evaluator, quotas: Iterable[Quota], usage: ResourceList, now: datetime
) -> tuple[dict[str, ResourceList], ResourceList]:
    """By quota, and where there is none: all of it, or for an update what is new where the old object was counted already."""
    whole = resource_list.without_zeros(usage)
    if attributes.operation != UPDATE:
        return {quota.name: whole for quota in quotas}, whole if attributes.operation == CREATE else {}
    old = attributes.old_object
    if old is None:
        raise forbidden(attributes, "unable to get previous usage since prior version of object was not found")
    if not meta.resource_version(old):
        return {quota.name: whole for quota in quotas}, whole
    more = resource_list.without_zeros(resource_list.subtract_not_below_zero(usage, evaluator.usage(old, now)))
    return {quota.name: more if concerns(quota.tree, evaluator, old) else whole for quota in quotas}, more


def _check_limited(
    attributes: Attributes, evaluator: Evaluator, limited: Sequence[LimitedResource], covered: _Covered, usage: ResourceList
) -> None:
    """Raises Forbidden for what is limited by default and covered by no quota."""
    here = [each for each in limited if (each.group, each.resource) == (evaluator.group, evaluator.resource)]
    consumed = [name for name, amount in usage.items() if amount.sign > 0]
    names = {name for each in here for name in consumed if any(part in name for part in each.contains)}
    if uncovered := sorted(names - covered.names):
        raise forbidden(attributes, f"insufficient quota to consume: {','.join(uncovered)}")
    scopes = [scope for each in limited for scope in evaluator.scopes_of(each.scopes, attributes.object or {})]
    if missing := evaluator.uncovered(scopes, covered.scopes):
        raise failure(f"insufficient quota to match these scopes: [{' '.join(map(_scope_text, missing))}]")


def _scope_text(selector: Mapping[str, Any]) -> str:
    """As Go shows the struct."""
    return f"{{{selector.get('scopeName', '')} {selector.get('operator', '')} [{' '.join(selector.get('values') or ())}]}}"


def _shown(amounts: ResourceList) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in sorted(amounts))
