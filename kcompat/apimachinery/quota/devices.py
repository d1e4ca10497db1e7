"""What ResourceClaims use of a quota (upstream: pkg/quota/v1/evaluator/core/resource_claims.go). Called through `measuring.py`.

Quotas for extended resources that device classes stand for are measured by pods only: claims made for them are not counted twice here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from kcompat.apimachinery.quantity import new as quantity
from kcompat.apimachinery.quota.evaluator import CREATE, NONE, ONE, UPDATE, Evaluator, ResourceList, Tree

OF_CLASS = ".deviceclass.resource.k8s.io/devices"
MOST_DEVICES = 32
"""What `all` may come to (upstream: AllocationResultsMaxSize)."""


class DeviceClaimEvaluator(Evaluator):
    whole = True

    def __init__(self) -> None:
        super().__init__("resource.k8s.io", "resourceclaims")

    def handles(self, operation: str, subresource: str, new: Tree, old: Tree) -> bool:
        return not subresource and operation in (CREATE, UPDATE)

    def matching(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in self.names or name.endswith(OF_CLASS)]

    def usage(self, tree: Tree, now: datetime) -> ResourceList:
        used: ResourceList = {self.names[0]: ONE}
        for request in ((tree.get("spec") or {}).get("devices") or {}).get("requests") or ():
            for name, amount in _most(request).items():
                used[name] = used.get(name, NONE) + quantity(amount)
        return used


def _most(request: Tree) -> dict[str, int]:
    """Devices by class at worst: of alternatives the one with most counts."""
    most: dict[str, int] = {}
    exactly = request.get("exactly")
    for each in request.get("firstAvailable") or ((exactly,) if exactly is not None else ()):
        name = each.get("deviceClassName", "") + OF_CLASS
        amount = {"ExactCount": each.get("count", 0), "All": MOST_DEVICES}.get(each.get("allocationMode", ""), 0)
        most[name] = max(most.get(name, 0), amount)
    return most
