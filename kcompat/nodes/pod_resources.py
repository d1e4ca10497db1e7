"""What a pod was given, as resource lists. Pure. Called by pod_status.py and for admission by simulated.py.

Answers component-helpers/resource/helpers.go: PodRequests, PodLimits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kcompat.apimachinery import quantity
from kcompat.apimachinery.quantity import Quantity

Tree = Mapping[str, Any]
Quantities = dict[str, Quantity]

_EMPTY: Mapping[str, Any] = {}


def is_sidecar(container: Tree) -> bool:
    return container.get("restartPolicy") == "Always"


def _amounts(container: Tree, kind: str) -> Quantities:
    found = (container.get("resources") or _EMPTY).get(kind) or _EMPTY
    return {name: quantity.from_json(value) for name, value in found.items()}


def _add(total: Quantities, more: Quantities) -> None:
    for name, value in more.items():
        total[name] = total[name] + value if name in total else value


def _maximum(total: Quantities, other: Quantities) -> None:
    for name, value in other.items():
        if name not in total or value > total[name]:
            total[name] = value


def total(spec: Tree, kind: str) -> Quantities:
    """kind: requests or limits. Overhead counts where the pod has an amount at all, or always for requests."""
    result: Quantities = {}
    for container in spec.get("containers") or ():
        _add(result, _amounts(container, kind))
    sidecars: Quantities = {}
    peak: Quantities = {}
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container, kind)
        if is_sidecar(container):
            _add(result, amounts)
            _add(sidecars, amounts)
            _maximum(peak, sidecars)
        else:
            _add(amounts, sidecars)
            _maximum(peak, amounts)
    _maximum(result, peak)
    result |= _amounts(spec, kind)
    overhead = {name: quantity.from_json(value) for name, value in (spec.get("overhead") or _EMPTY).items()}
    _add(result, overhead if kind == "requests" else {name: value for name, value in overhead.items() if name in result})
    return result


def as_list(quantities: Quantities) -> dict[str, str]:
    return {name: str(value) for name, value in quantities.items()}
