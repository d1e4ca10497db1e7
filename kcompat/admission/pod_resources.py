"""What a pod asks for in all, from its spec (upstream: component-helpers/resource/helpers.go). Called by LimitRanger and ResourceQuota."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kcompat.apimachinery.quantity import Quantity, from_json

ResourceList = dict[str, Quantity]

_POD_LEVEL = frozenset(("cpu", "memory"))


def quantities(amounts: Mapping[str, Any] | None) -> ResourceList:
    return {name: from_json(amount) for name, amount in (amounts or {}).items()}


def of_container(container: Mapping[str, Any], kind: str) -> ResourceList:
    """kind: requests or limits."""
    return quantities((container.get("resources") or {}).get(kind))


def of_pod(spec: Mapping[str, Any], kind: str, pod_level: Iterable[str] = _POD_LEVEL) -> ResourceList:
    """Containers and sidecars together, at least what each init container needs beside the sidecars before it.

    What the pod itself states for the `pod_level` resources replaces the sum.
    """
    total: ResourceList = {}
    for container in spec.get("containers") or ():
        total = added(total, of_container(container, kind))
    sidecars: ResourceList = {}
    starting: ResourceList = {}
    for container in spec.get("initContainers") or ():
        own = of_container(container, kind)
        if container.get("restartPolicy") == "Always":
            total, sidecars = added(total, own), added(sidecars, own)
            starting = greatest(starting, sidecars)
        else:
            starting = greatest(starting, added(sidecars, own))
    total = greatest(total, starting)
    stated = quantities((spec.get("resources") or {}).get(kind))
    return total | {name: amount for name, amount in stated.items() if name in pod_level}


def added(left: ResourceList, right: ResourceList) -> ResourceList:
    return left | {name: left[name] + amount if name in left else amount for name, amount in right.items()}


def greatest(left: ResourceList, right: ResourceList) -> ResourceList:
    return left | {name: amount for name, amount in right.items() if name not in left or amount > left[name]}
