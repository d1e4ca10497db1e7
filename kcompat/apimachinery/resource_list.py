"""Arithmetic of resource lists: maps of resource name to quantity. Called by quota, limits, the scheduler and node accounting.

Answers apiserver pkg/quota/v1/resources.go. `parse` and `render` cross between the JSON tree and quantities.
"""

from collections.abc import Iterable, Mapping

from kcompat.apimachinery import quantity
from kcompat.apimachinery.quantity import ZERO, Quantity

ResourceList = Mapping[str, Quantity]


def parse(tree: Mapping[str, str] | None) -> dict[str, Quantity]:
    return {name: quantity.parse(text) for name, text in (tree or {}).items()}


def render(resources: ResourceList) -> dict[str, str]:
    return {name: str(amount) for name, amount in resources.items()}


def equal(left: ResourceList, right: ResourceList) -> bool:
    return left.keys() == right.keys() and all(amount == right[name] for name, amount in left.items())


def exceeding(left: ResourceList, right: ResourceList) -> list[str]:
    """The resources of which left has more than right allows; what only one side names is not compared (upstream: LessThanOrEqual)."""
    return [name for name, amount in right.items() if name in left and left[name] > amount]


def add(left: ResourceList, right: ResourceList) -> dict[str, Quantity]:
    return {name: left.get(name, ZERO) + right.get(name, ZERO) for name in {**left, **right}}


def subtract(left: ResourceList, right: ResourceList) -> dict[str, Quantity]:
    return {name: left.get(name, ZERO) - right.get(name, ZERO) for name in {**left, **right}}


def subtract_not_below_zero(left: ResourceList, right: ResourceList) -> dict[str, Quantity]:
    return {name: amount if amount.sign >= 0 else ZERO for name, amount in subtract(left, right).items()}


def maximum(left: ResourceList, right: ResourceList) -> dict[str, Quantity]:
    """The larger amount of each resource that either names."""
    names = {**left, **right}
    return {name: max(each[name] for each in (left, right) if name in each) for name in names}


def mask(resources: ResourceList, names: Iterable[str]) -> dict[str, Quantity]:
    """Only the named resources."""
    return {name: resources[name] for name in names if name in resources}


def negative(resources: ResourceList) -> list[str]:
    return [name for name, amount in resources.items() if amount.sign < 0]


def without_zeros(resources: ResourceList) -> dict[str, Quantity]:
    return {name: amount for name, amount in resources.items() if not amount.is_zero}
